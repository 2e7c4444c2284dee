/* How a guest turns itself off and resets itself: the sleep and reset registers of
 * hardware-reduced ACPI (ACPI 6.5, 4.8.3.6, 4.8.3.7) and the keyboard controller's port,
 * of which only the reset command is there.  Keeps no state. */
#include "partitions/dev/device.h"

#include "cp/guest_abi.h"
#include "partitions/dev/bus.h"

#include <string.h>

#define ACPI_PORTS    3    /* sleep control, sleep status, reset */
#define SLEEP_DEFINED 0x3c /* SLP_EN and SLP_TYP */
#define I8042_RESET   0xfe
#define SLEEP_OFFSET  0
#define RESET_OFFSET  (GUEST_RESET_PORT - GUEST_SLEEP_PORT)

struct power {
	struct device dev;
	bool acpi_there, i8042_there; /* on the bus */
};

/* Nothing waits to be read: the sleep status has no wake bit, the keyboard controller no
 * data and an empty input buffer. */
static void power_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	(void)ctx, (void)offset;
	memset(data, 0, len);
}

static void acpi_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct machine *m = ((struct power *)ctx)->dev.machine;
	const uint8_t *byte = data;

	for (unsigned i = 0; i < len; i++) {
		if (offset + i == SLEEP_OFFSET &&
			(byte[i] & SLEEP_DEFINED) == GUEST_SLEEP_OFF)
			m->ops->power_off(m);
		if (offset + i == RESET_OFFSET && byte[i] == GUEST_RESET_VALUE)
			m->ops->reset(m);
	}
}

static void i8042_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct machine *m = ((struct power *)ctx)->dev.machine;

	(void)offset, (void)len;
	if (*(const uint8_t *)data == I8042_RESET)
		m->ops->reset(m);
}

static const struct bus_handler acpi_handler = { power_read, acpi_write };
static const struct bus_handler i8042_handler = { power_read, i8042_write };

static int power_create(struct device *d, const struct device_conf *conf)
{
	struct power *p = (struct power *)d;
	struct bus *bus = d->machine->bus;
	int err;

	(void)conf;
	err = bus_add(bus, BUS_PORT, GUEST_SLEEP_PORT, ACPI_PORTS, &acpi_handler, p);
	if (err)
		return err;
	p->acpi_there = true;
	err = bus_add(bus, BUS_PORT, GUEST_I8042_PORT, 1, &i8042_handler, p);
	p->i8042_there = !err;
	return err;
}

static void power_destroy(struct device *d)
{
	const struct power *p = (struct power *)d;

	if (p->acpi_there)
		bus_del(d->machine->bus, BUS_PORT, GUEST_SLEEP_PORT);
	if (p->i8042_there)
		bus_del(d->machine->bus, BUS_PORT, GUEST_I8042_PORT);
}

static void power_reset(struct device *d)
{
	(void)d;
}

static int power_snap(struct device *d, struct snap *s)
{
	(void)d;
	return s->err;
}

static void power_stat(const struct device *d, struct device_stat *out)
{
	(void)d;
	*out = (struct device_stat) { .driver = true };
}

const struct device_ops power_ops = {
	.name = "power",
	.size = sizeof(struct power),
	.create = power_create,
	.destroy = power_destroy,
	.reset = power_reset,
	.snap = power_snap,
	.stat = power_stat,
};
