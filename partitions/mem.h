/* The storage of a partition: banks of host memory, committed in full when they are made.
 *
 * A bank is a file of its own, so that it can be handed to another process (a switch), be
 * mapped from a saved system, or be one of several.  It is sealed: nobody who holds it
 * can change its size under us. */
#ifndef PARTITIONS_MEM_H
#define PARTITIONS_MEM_H

#include "cp/lib/gmem.h"
#include "partitions/dev/device.h"
#include "partitions/fail.h"
#include "partitions/kvm.h"

#define MEM_MAX_BANKS 2 /* below and above the PCI hole */

enum bank_kind {
	BANK_MEMFD,   /* pages as the kernel chooses, huge ones where it likes to */
	BANK_HUGE_2M, /* hugetlb */
	BANK_HUGE_1G,
};

struct bank {
	int fd;
	enum bank_kind kind;
	uint64_t offset, size; /* within fd, bytes */
	gpa_t base;
	void *host; /* where it is mapped; aligned to the page size of its kind */
};

struct mem {
	int n_banks;
	struct bank bank[MEM_MAX_BANKS];
	struct machine_bank share[MEM_MAX_BANKS]; /* the banks, for other processes */
	uint8_t *ecam; /* GUEST_ECAM_SIZE bytes: the guest reads them, the bus writes */
	struct gmem gmem; /* the banks, as devices see them */
	bool clear;       /* nothing was written since it was committed */
};

/* Where storage of `size` bytes lies: base and size of the banks it takes, and their
 * number. */
int mem_layout(uint64_t size, struct gmem_region bank[MEM_MAX_BANKS]);

/* Commits `size` bytes of storage; `flags`: PART_ACT_HUGE_*.  0, or -errno with *why
 * (then mem_destroy() is not needed). */
int mem_create(struct mem *m, uint64_t size, uint32_t flags, struct fail *why);
void mem_destroy(struct mem *m); /* accepts a zeroed one */

/* Shows the banks and the configuration space to the guest.  0 or -errno. */
int mem_plug(const struct mem *m, struct kvm *kvm);

/* Makes storage zeros. */
void mem_clear(struct mem *m);

uint64_t mem_size(const struct mem *m);

#endif
