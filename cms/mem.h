/* Storage: what there is, and who has it.
 *
 * Allocation only ever grows: CMS allocates for devices, once each.  What is left is
 * free storage, for programs of the moment (EXERCISE STORAGE). */
#ifndef CMS_MEM_H
#define CMS_MEM_H

#include <stddef.h>
#include <stdint.h>

struct mem {
	uint64_t total;     /* bytes of storage, all banks */
	uint64_t next, end; /* the free part of the bank CMS is in */
	const char *parm;   /* what IPL PARM said; "" if nothing */
};

/* Reads the start information of the loader. */
void mem_start(struct mem *m, uint64_t start_info);

/* Zeroed storage, aligned to a power of two; NULL when there is none left. */
void *mem_alloc(struct mem *m, size_t size, size_t align);

#endif
