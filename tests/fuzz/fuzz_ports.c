/* The machine's ports as a guest sees them: COM1, ACPI's registers, the keyboard
 * controller, and what is between them.  Input: records of 4 bytes {kind and length,
 * port, value}. */
#include "cp/guest_abi.h"
#include "cp/lib/log.h"
#include "partitions/dev/console_port.h"
#include "partitions/dev/ged.h"
#include "tests/fake/machine.h"

#include <stdlib.h>
#include <string.h>

struct record {
	uint8_t kind, port;
	uint16_t value;
};

enum kind { OUT, IN, TYPED, EVENT, RESET, KINDS };

static const enum device_model models[] = { DEVICE_power, DEVICE_ged, DEVICE_uart };
#define N (sizeof(models) / sizeof(models[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint16_t port_of(uint8_t code)
{
	static const uint16_t base[] = { GUEST_COM1_PORT - 2, GUEST_SLEEP_PORT - 2,
		GUEST_I8042_PORT - 2, 0xffff - 12 };

	return (uint16_t)(base[code >> 6] + (code & 15));
}

static void act(struct fake_machine *f, struct device **d, const struct record *r)
{
	const unsigned len = 1u << (r->kind >> 4 & 3);
	uint64_t value = r->value;

	switch (r->kind % 16 % KINDS) {
	case OUT: bus_write(f->m.bus, BUS_PORT, port_of(r->port), &value, len); break;
	case IN: bus_read(f->m.bus, BUS_PORT, port_of(r->port), &value, len); break;
	case TYPED: uart_input(d[2], &value, 2); break;
	case EVENT: ged_event(d[1], (uint8_t)r->value); break;
	default: d[r->port % N]->ops->reset(d[r->port % N]);
	}
}

/* An event that is pending has its line on, and only then. */
static void check(struct fake_machine *f, const struct record *r)
{
	if (r->kind % 16 % KINDS == EVENT && (uint8_t)r->value &&
		!f->line[GUEST_EVENT_GSI])
		abort();
	fake_in(f, GUEST_EVENT_PORT);
	if (f->line[GUEST_EVENT_GSI])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct device_conf conf = { .fd = -1 };
	struct device *d[N];
	struct fake_machine *f;
	struct record r;

	log_init("fuzz", NULL, LOG_LVL_ERROR);
	if (fake_machine_create(&f))
		abort();
	for (size_t i = 0; i < N; i++) {
		if (device_create(&f->m, models[i], &conf, &d[i]))
			abort();
	}
	for (; size >= sizeof(r); data += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		act(f, d, &r);
		if (r.port & 1)
			check(f, &r);
	}
	for (size_t i = 0; i < N; i++)
		device_destroy(d[i]);
	fake_machine_destroy(f);
	return 0;
}
