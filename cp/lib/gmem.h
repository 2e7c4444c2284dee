/* Guest storage as a device sees it: regions of guest physical addresses, host memory
 * behind them, and no way to a pointer without a length.
 *
 * What the pointers lead to is written by the guest at any time: read a field once into
 * host memory, then check the copy. */
#ifndef CP_LIB_GMEM_H
#define CP_LIB_GMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t gpa_t; /* guest physical address: never met by pointer arithmetic */

#define GMEM_MAX_REGIONS 32

struct gmem_region {
	gpa_t base;
	uint64_t size;
	void *host;
};

struct gmem {
	int n;
	struct gmem_region region[GMEM_MAX_REGIONS]; /* by base, not overlapping */
};

/* Adds a region.  0; -EEXIST: overlaps; -ENOSPC; -EINVAL: empty, or reaches the
 * end of the address space. */
int gmem_add(struct gmem *g, gpa_t base, uint64_t size, void *host);
int gmem_remove(struct gmem *g, gpa_t base); /* 0 or -ENOENT */

/* The host address of [gpa, gpa+len), or NULL unless all of it lies in one region and
 * len > 0. */
void *gmem_at(const struct gmem *g, gpa_t gpa, uint64_t len);

/* The host address of `gpa` and in *run how many bytes, at most `len`, follow in one
 * piece; NULL where there is no storage, or len is 0. */
void *gmem_span(const struct gmem *g, gpa_t gpa, uint64_t len, uint64_t *run);

/* The region `gpa` is in, or NULL. */
const struct gmem_region *gmem_region(const struct gmem *g, gpa_t gpa);

/* Copies across regions.  0, or -EFAULT with nothing promised about what was copied. */
int gmem_read(const struct gmem *g, gpa_t gpa, void *to, uint64_t len);
int gmem_write(const struct gmem *g, gpa_t gpa, const void *from, uint64_t len);
int gmem_zero(const struct gmem *g, gpa_t gpa, uint64_t len);

uint64_t gmem_size(const struct gmem *g);

#endif
