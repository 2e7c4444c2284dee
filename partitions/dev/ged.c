/* One byte of pending events and a level interrupt (ACPI 6.5, 5.6.9; what the guest does
 * with it is the method _EVT of partitions/acpi/dsdt.asl). */
#include "partitions/dev/ged.h"

#include "cp/guest_abi.h"
#include "partitions/dev/bus.h"

#include <string.h>

struct ged {
	struct device dev;
	uint8_t pending;
	bool listens; /* the guest will look */
	bool there;   /* on the bus */
	struct device_stat stat;
};

static void set_pending(struct ged *g, uint8_t pending)
{
	struct machine *m = g->dev.machine;

	if (!pending != !g->pending)
		m->ops->line(m, GUEST_EVENT_GSI, pending != 0);
	g->pending = pending;
}

static void set_listens(struct ged *g, bool listens)
{
	struct machine *m = g->dev.machine;

	g->listens = listens;
	m->ops->acpi_enable(m, listens);
}

void ged_event(struct device *d, uint8_t events)
{
	struct ged *g = (struct ged *)d;

	g->stat.in_ops++;
	set_pending(g, g->pending | events);
}

static void ged_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	struct ged *g = ctx;

	(void)offset;
	memset(data, 0, len);
	*(uint8_t *)data = g->pending;
	set_pending(g, 0);
}

static void ged_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct ged *g = ctx;

	(void)offset, (void)len;
	g->stat.out_ops++;
	set_listens(g, *(const uint8_t *)data & GUEST_EVENT_LISTEN);
}

static const struct bus_handler handler = { ged_read, ged_write };

static int ged_create(struct device *d, const struct device_conf *conf)
{
	struct ged *g = (struct ged *)d;
	int err;

	(void)conf;
	err = bus_add(d->machine->bus, BUS_PORT, GUEST_EVENT_PORT, 1, &handler, g);
	g->there = !err;
	return err;
}

static void ged_destroy(struct device *d)
{
	if (((struct ged *)d)->there)
		bus_del(d->machine->bus, BUS_PORT, GUEST_EVENT_PORT);
}

static void ged_reset(struct device *d)
{
	struct ged *g = (struct ged *)d;

	set_pending(g, 0);
	set_listens(g, false);
}

/* The line goes with the state of the interrupt controllers. */
static int ged_snap(struct device *d, struct snap *s)
{
	struct ged *g = (struct ged *)d;

	if (!snap_begin(s, "ged", 1))
		return s->err;
	snap_u8(s, "pending", &g->pending);
	snap_bool(s, "listens", &g->listens);
	snap_end(s);
	if (s->loading && !s->err)
		set_listens(g, g->listens);
	return s->err;
}

static void ged_stat(const struct device *d, struct device_stat *out)
{
	const struct ged *g = (const struct ged *)d;

	*out = g->stat;
	out->driver = g->listens;
}

const struct device_ops ged_ops = {
	.name = "ged",
	.size = sizeof(struct ged),
	.create = ged_create,
	.destroy = ged_destroy,
	.reset = ged_reset,
	.snap = ged_snap,
	.stat = ged_stat,
};
