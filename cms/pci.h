/* PCI: finding virtio devices, as the machine has configured them (PCIe 5.0, 7).
 *
 * Configuration space is read directly: it is storage the machine shows.  Writes and
 * the registers behind base addresses go on a list (mmio.h). */
#ifndef CMS_PCI_H
#define CMS_PCI_H

#include "cms/mmio.h"

#include <stdbool.h>
#include <stdint.h>

#define PCI_SLOTS 32

struct pci {
	unsigned slot;
	volatile const uint8_t *config; /* 4 KiB */
};

/* The function at `slot`, whether one is there or not. */
void pci_at(struct pci *p, unsigned slot);

/* The first virtio device of this type (virtio 1.2, 5) at slot `from` or later. */
bool pci_find(struct pci *p, unsigned virtio_type, unsigned from);

uint8_t pci_read8(const struct pci *p, unsigned at);
uint16_t pci_read16(const struct pci *p, unsigned at);
uint32_t pci_read32(const struct pci *p, unsigned at);

/* The next capability of this id after offset `after` (0: the first); 0: none. */
unsigned pci_capability(const struct pci *p, uint8_t id, unsigned after);

/* Where base address register `bar` points; 0: nowhere below 4 GiB. */
uint32_t pci_bar(const struct pci *p, unsigned bar);

/* Where the MSI-X table is, and its number of entries; 0: there is none. */
uint32_t pci_vectors(const struct pci *p, unsigned *n);

/* Lets the device use storage, and interrupt by message: its MSI-X entry 0 becomes
 * `vector` on this CPU.  False: it has no MSI-X. */
bool pci_start(const struct pci *p, uint8_t vector, struct mmio *list);

#endif
