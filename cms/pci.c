/* PCI devices: function 0 of each slot of bus 0. */
#include "cms/pci.h"

#include "cms/layout.h"
#include "cp/guest_abi.h"

#define VENDOR           0x00
#define DEVICE           0x02
#define COMMAND          0x04
#define BAR              0x10
#define CAPABILITIES     0x34
#define VENDOR_VIRTIO    0x1af4
#define DEVICE_VIRTIO    0x1040 /* plus the type */
#define COMMAND_ON       0x0006 /* memory space, bus master */
#define BAR_TYPE         0x0007u
#define MAX_CAPABILITIES 48 /* of 4 bytes, after the header */
#define CAP_MSIX         0x11
#define MSIX_CONTROL     2 /* in the capability */
#define MSIX_TABLE       4
#define MSIX_SIZE        0x07ff
#define MSIX_ENABLE      0x8000

static uint32_t config_addr(const struct pci *p, unsigned at);

void pci_at(struct pci *p, unsigned slot)
{
	p->slot = slot;
	p->config = (const void *)(uint64_t)config_addr(p, 0);
}

bool pci_find(struct pci *p, unsigned virtio_type, unsigned from)
{
	for (unsigned slot = from; slot < PCI_SLOTS; slot++) {
		pci_at(p, slot);
		if (pci_read16(p, VENDOR) == VENDOR_VIRTIO &&
			pci_read16(p, DEVICE) == DEVICE_VIRTIO + virtio_type)
			return true;
	}
	return false;
}

uint8_t pci_read8(const struct pci *p, unsigned at)
{
	return p->config[at];
}

uint16_t pci_read16(const struct pci *p, unsigned at)
{
	return *(volatile const uint16_t *)(p->config + at);
}

uint32_t pci_read32(const struct pci *p, unsigned at)
{
	return *(volatile const uint32_t *)(p->config + at);
}

unsigned pci_capability(const struct pci *p, uint8_t id, unsigned after)
{
	unsigned at = after ? after + 1 : CAPABILITIES;

	/* Where no function is, the list is one of ones that leads nowhere. */
	for (int i = 0; i < MAX_CAPABILITIES; i++) {
		at = pci_read8(p, at) & ~3u;
		if (!at || pci_read8(p, at) == id)
			return at;
		at++;
	}
	return 0;
}

uint32_t pci_bar(const struct pci *p, unsigned bar)
{
	uint32_t value = bar < 6 ? pci_read32(p, BAR + 4 * bar) : 0;

	return value & 1 ? 0 : value & ~0xfu;
}

uint32_t pci_vectors(const struct pci *p, unsigned *n)
{
	unsigned cap = pci_capability(p, CAP_MSIX, 0);
	uint32_t where = cap ? pci_read32(p, cap + MSIX_TABLE) : 0;
	uint32_t base = cap ? pci_bar(p, where & BAR_TYPE) : 0;

	*n = cap ? (pci_read16(p, cap + MSIX_CONTROL) & MSIX_SIZE) + 1 : 0;
	return base ? base + (where & ~BAR_TYPE) : 0;
}

bool pci_start(const struct pci *p, uint8_t vector, struct mmio *list)
{
	unsigned n, cap = pci_capability(p, CAP_MSIX, 0);
	uint32_t entry = pci_vectors(p, &n);

	if (!entry)
		return false;
	mmio_add(list, MMIO_WRITE16, config_addr(p, COMMAND), COMMAND_ON);
	mmio_add(list, MMIO_WRITE32, entry, LAPIC_BASE);
	mmio_add(list, MMIO_WRITE32, entry + 4, 0);
	mmio_add(list, MMIO_WRITE32, entry + 8, vector);
	mmio_add(list, MMIO_WRITE32, entry + 12, 0);
	mmio_add(list, MMIO_WRITE16, config_addr(p, cap + MSIX_CONTROL), MSIX_ENABLE);
	return true;
}

static uint32_t config_addr(const struct pci *p, unsigned at)
{
	return GUEST_ECAM_BASE + p->slot * 0x8000u + at;
}
