/* PCI: one bus of 32 devices, function 0 each, configured through ECAM.
 *
 * `ecam` is ordinary memory of GUEST_ECAM_SIZE bytes that the guest reads without an exit
 * (a read-only memory slot); only its writes come here, as bus accesses in BUS_MEMORY.
 * Base addresses are assigned and decoding is on after reset, so that a guest without
 * firmware finds a configured machine. (PCI Local Bus 3.0, 6; PCIe 5.0, 7.2.2, 7.7.2) */
#ifndef PARTITIONS_DEV_PCI_H
#define PARTITIONS_DEV_PCI_H

#include "partitions/dev/bus.h"
#include "partitions/dev/device.h"

#define PCI_SLOTS       32
#define PCI_SLOT_SIZE   0x8000u /* of ECAM: eight functions */
#define PCI_PAGE_SIZE   0x1000u /* of ECAM: one function */
#define PCI_BAR_SIZE    0x8000u /* one 32-bit memory BAR per device */
#define PCI_MAX_VECTORS 32

struct pci_function;

/* What a PCI device gives its function. */
struct pci_ident {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* base << 16 | sub << 8 | interface */
	uint8_t revision;
	uint16_t n_vectors; /* MSI-X entries, at most PCI_MAX_VECTORS */
};

struct pci_function_ops {
	/* An access to BAR 0 below the MSI-X area (the last 4 KiB of it are the table and
	 * the pending bits and are served by pci.c). */
	void (*read)(void *ctx, uint64_t offset, void *data, unsigned len);
	void (*write)(void *ctx, uint64_t offset, const void *data, unsigned len);
	/* The function's BAR 0 is at `base` from now on; 0: not decoded.  May be NULL. */
	void (*moved)(void *ctx, gpa_t base);
	/* MSI-X vector `v` was masked, unmasked or given another message.  May be
	 * NULL. */
	void (*vector_changed)(void *ctx, unsigned v);
	/* A write to capability bytes [offset, offset + len) of the configuration space,
	 * already merged by the writable mask.  May be NULL. */
	void (*config_written)(void *ctx, unsigned offset, unsigned len);
};

/* `ecam`: GUEST_ECAM_SIZE bytes, owned by the caller: ones in the first page of each
 * slot, which says that nobody is there.  0 or -errno. */
int pci_bus_create(struct machine *m, uint8_t *ecam, struct pci_bus **out);
void pci_bus_destroy(struct pci_bus *b);
void pci_bus_reset(struct pci_bus *b);
int pci_bus_snap(struct pci_bus *b, struct snap *s);

/* Plugs a function into `slot`.  0, -EEXIST, -EINVAL, -ENOMEM. */
int pci_function_create(struct pci_bus *b, unsigned slot, const struct pci_ident *ident,
	const struct pci_function_ops *ops, void *ctx, struct pci_function **out);
void pci_function_destroy(struct pci_function *f);
void pci_function_reset(struct pci_function *f);

/* Adds a vendor capability (id 9) of `len` bytes, header included; `writable` masks the
 * bytes the guest may write, or NULL.  Its offset, or -ENOSPC. */
int pci_add_capability(
	struct pci_function *f, const void *cap, unsigned len, const void *writable);

uint8_t *pci_config(struct pci_function *f); /* the 4 KiB of configuration space */
gpa_t pci_bar(const struct pci_function *f); /* where BAR 0 is, 0: not decoded */

/* Interrupts the guest with MSI-X vector `v`, or marks it pending while masked. */
void pci_msix_send(struct pci_function *f, unsigned v);

/* The message of a vector.  False while MSI-X is off or the vector masked. */
bool pci_msix_message(
	const struct pci_function *f, unsigned v, uint64_t *addr, uint32_t *data);

#endif
