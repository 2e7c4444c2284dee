/* A PCI function from the inside.  Only for pci.c, pci_config.c and pci_msix.c. */
#ifndef PARTITIONS_DEV_PCI_FUNCTION_H
#define PARTITIONS_DEV_PCI_FUNCTION_H

#include "cp/lib/log.h"
#include "partitions/dev/pci.h"

#define PCI_HEADER_MAX 256 /* the bytes of it that hold anything */

#define PCI_BAR_MASK   (~(PCI_BAR_SIZE - 1)) /* the bits of BAR 0 that are an address */
#define PCI_MSIX_AREA  0x7000u               /* of BAR 0: the vector table... */
#define PCI_MSIX_PBA   0x7800u               /* ...and the pending bits */
#define PCI_MSIX_ENTRY 16

/* MSI-X (PCI Local Bus 3.0, 6.8.2).  The table has the form the guest sees. */
struct pci_msix {
	unsigned n;
	unsigned cap;     /* its capability's offset in configuration space */
	uint16_t control; /* as last acted upon */
	uint32_t pending; /* a bit per vector */
	uint8_t table[PCI_MAX_VECTORS * PCI_MSIX_ENTRY];
};

struct pci_function {
	struct pci_bus *bus;
	unsigned slot;
	const struct pci_function_ops *ops;
	void *ctx;

	uint8_t *config;                  /* its page of ECAM */
	uint8_t initial[PCI_HEADER_MAX];  /* what that holds after reset */
	uint8_t writable[PCI_HEADER_MAX]; /* the bits the guest may change */
	unsigned last_cap, free_cap;      /* offsets: newest capability, room for more */
	unsigned vendor_caps;             /* offset of the first vendor capability */

	gpa_t base; /* where BAR 0 is decoded; 0: nowhere */
	struct pci_msix msix;
	struct log_limit limit;
};

struct pci_bus {
	struct machine *machine;
	uint8_t *ecam;
	struct pci_function *function[PCI_SLOTS];
	gpa_t gone[PCI_SLOTS]; /* where BAR 0 of one that was taken away was; 0: none */
};

/* pci_config.c: fills in the configuration space of a new function. */
void pci_config_init(struct pci_function *f, const struct pci_ident *ident);
void pci_config_reset(struct pci_function *f);
void pci_config_snap(struct pci_function *f, struct snap *s);

/* The guest writes configuration bytes; the caller then has BAR 0 decoded anew. */
void pci_config_write(
	struct pci_function *f, unsigned reg, const void *data, unsigned len);

/* Where the configuration says that BAR 0 is; 0 while memory space is off. */
gpa_t pci_config_bar(const struct pci_function *f);

/* Adds `len` bytes to the list of capabilities.  Their offset, or -ENOSPC. */
int pci_config_add_cap(struct pci_function *f, uint8_t id, const void *cap, unsigned len,
	const void *writable);

/* pci_msix.c: an access to the MSI-X area, `offset` from its start. */
void pci_msix_init(struct pci_function *f, unsigned n);
void pci_msix_reset(struct pci_function *f);
void pci_msix_snap(struct pci_function *f, struct snap *s);
void pci_msix_read(struct pci_function *f, uint64_t offset, void *data, unsigned len);
void pci_msix_write(
	struct pci_function *f, uint64_t offset, const void *data, unsigned len);

/* The message control word may have changed. */
void pci_msix_control(struct pci_function *f);

#endif
