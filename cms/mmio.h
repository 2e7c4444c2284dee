/* Device registers, many for the price of one.
 *
 * An access from ring 3 costs an exit of up to 60 us where ring 0 is emulated, one by
 * the shim 8 us: so a driver lists its accesses and lets the shim do the list.  Reads of
 * configuration space and of what is kicked often are done directly. */
#ifndef CMS_MMIO_H
#define CMS_MMIO_H

#include <stdint.h>

/* Also known to trap.S, in this order. */
enum mmio_kind {
	MMIO_WRITE8,
	MMIO_WRITE16,
	MMIO_WRITE32,
	MMIO_READ8,
	MMIO_READ16,
	MMIO_READ32,
};

struct mmio_op {
	uint32_t addr;
	uint32_t kind;
	uint32_t value; /* to write; after mmio_run(): read */
};

#define MMIO_MAX 128

struct mmio {
	unsigned n;
	struct mmio_op op[MMIO_MAX];
};

void mmio_begin(struct mmio *m);

/* Adds an access.  The index of its value after mmio_run(). */
unsigned mmio_add(struct mmio *m, enum mmio_kind kind, uint32_t addr, uint32_t value);

/* Does them in order.  The list is empty then, its values stay until the next add. */
void mmio_run(struct mmio *m);

#endif
