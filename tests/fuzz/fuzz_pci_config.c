/* PCI as a guest sees it: accesses of any kind to configuration space, and to wherever
 * the base addresses are.  Input: records of 8 bytes {kind and length, slot, place,
 * value}. */
#include "cp/guest_abi.h"
#include "cp/lib/log.h"
#include "tests/fake/machine.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 4 /* of them 1 and 2 are in use */

struct record {
	uint8_t kind, slot;
	uint16_t at;
	uint32_t value;
};

enum kind { CONFIG_WRITE, CONFIG_READ, BAR_WRITE, BAR_READ, RUN, RESET };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void act(struct fake_machine *f, const struct record *r)
{
	const unsigned len = 1u << (r->kind >> 4 & 3), slot = r->slot % SLOTS;
	const gpa_t config = GUEST_ECAM_BASE + slot * 0x8000 + r->at;
	const uint64_t value = r->value | (uint64_t)r->value << 32;
	uint32_t bar;

	memcpy(&bar, f->ecam + slot * 0x8000 + 0x10, sizeof(bar));
	switch (r->kind & 15) {
	case CONFIG_WRITE: fake_write(f, config, value, len); break;
	case CONFIG_READ: fake_read(f, config, len); break;
	case BAR_WRITE: fake_write(f, bar + r->at % PCI_BAR_SIZE, value, len); break;
	case BAR_READ: fake_read(f, bar + r->at % PCI_BAR_SIZE, len); break;
	case RUN: fake_run(f); break;
	case RESET: pci_bus_reset(f->m.pci); break;
	}
}

/* What a guest cannot change is as it was. */
static void check(const struct fake_machine *f, const uint8_t *before)
{
	for (unsigned slot = 0; slot < SLOTS; slot++)
		if (memcmp(f->ecam + slot * 0x8000, before + slot * 4, 4) ||
			f->ecam[slot * 0x8000 + 0x1000])
			abort();
	if (f->n_kicks > 8)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct device_conf console = { .vdev = 9, .slot = 1, .fd = -1 };
	const struct device_conf nic = { .vdev = 0x600, .slot = 2, .fd = -1 };
	struct device *d[2];
	struct fake_machine *f;
	uint8_t ids[SLOTS * 4];
	struct record r;

	log_init("fuzz", NULL, LOG_LVL_ERROR);
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_console, &console, &d[0]) ||
		device_create(&f->m, DEVICE_virtio_net, &nic, &d[1]))
		abort();
	for (unsigned slot = 0; slot < SLOTS; slot++)
		memcpy(ids + slot * 4, f->ecam + slot * 0x8000, 4);
	for (; size >= sizeof(r); data += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		act(f, &r);
		check(f, ids);
	}
	device_destroy(d[0]);
	device_destroy(d[1]);
	fake_machine_destroy(f);
	return 0;
}
