/* The driver side of a split virtqueue, as far as the tests of the device side need it:
 * rings in fake guest storage, written field by field, rules broken on demand. */
#ifndef TESTS_UNIT_LIB_RING_DRIVER_H
#define TESTS_UNIT_LIB_RING_DRIVER_H

#include "cp/lib/vring.h"

#include <string.h>

#define STORAGE_BASE UINT64_C(0x10000)
#define STORAGE_SIZE UINT64_C(0x10000)
#define SECOND_BASE  (STORAGE_BASE + STORAGE_SIZE) /* touches the first */
#define SECOND_SIZE  UINT64_C(0x1000)
#define HUGE_BASE    UINT64_C(0x100000000) /* never looked into */
#define HUGE_SIZE    (UINT64_C(1) << 40)

#define DESC_GPA  (STORAGE_BASE + 0x0000)
#define AVAIL_GPA (STORAGE_BASE + 0x4000)
#define USED_GPA  (STORAGE_BASE + 0x5000)
#define TABLE_GPA (STORAGE_BASE + 0x8000) /* of indirect descriptors */
#define BUF_GPA   (STORAGE_BASE + 0xc000)

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

struct driver {
	struct gmem gmem;
	struct vring ring;
	struct vring_chain chain;
	uint16_t avail_idx;
	_Alignas(16) uint8_t storage[STORAGE_SIZE];
	uint8_t second[SECOND_SIZE];
};

static inline uint16_t *avail_at(struct driver *d, unsigned i)
{
	return (uint16_t *)(d->storage + (AVAIL_GPA - STORAGE_BASE)) + i;
}

static inline uint16_t *used_at(struct driver *d, unsigned i)
{
	return (uint16_t *)(d->storage + (USED_GPA - STORAGE_BASE)) + i;
}

#define AVAIL_FLAGS(d) (*avail_at(d, 0))
#define AVAIL_IDX(d)   (*avail_at(d, 1))
#define USED_EVENT(d)  (*avail_at(d, 2u + (d)->ring.size))
#define USED_FLAGS(d)  (*used_at(d, 0))
#define USED_IDX(d)    (*used_at(d, 1))
#define AVAIL_EVENT(d) (*used_at(d, 2u + 4u * (d)->ring.size))

struct used_entry {
	uint32_t id, len;
};

static inline struct used_entry used_entry(struct driver *d, unsigned i)
{
	struct used_entry e;

	memcpy(&e, used_at(d, 2 + 4 * i), sizeof(e));
	return e;
}

/* Writes descriptor `i` of the table at `table`. */
static inline void put_desc(struct driver *d, gpa_t table, unsigned i, uint64_t addr,
	uint32_t len, unsigned flags, unsigned next)
{
	uint8_t *at = d->storage + (table - STORAGE_BASE) + 16 * i;
	uint16_t tail[2] = { (uint16_t)flags, (uint16_t)next };

	memcpy(at, &addr, 8);
	memcpy(at + 8, &len, 4);
	memcpy(at + 12, tail, 4);
}

static inline void put_main(struct driver *d, unsigned i, uint64_t addr, uint32_t len,
	unsigned flags, unsigned next)
{
	put_desc(d, DESC_GPA, i, addr, len, flags, next);
}

/* Makes the chain that begins at `head` available. */
static inline void offer(struct driver *d, uint16_t head)
{
	*avail_at(d, 2u + d->avail_idx % d->ring.size) = head;
	__atomic_store_n(&AVAIL_IDX(d), ++d->avail_idx, __ATOMIC_RELEASE);
}

/* A queue of `size` entries, not yet started. */
static inline void driver_prepare(struct driver *d, uint16_t size)
{
	memset(d, 0, sizeof(*d));
	gmem_add(&d->gmem, STORAGE_BASE, STORAGE_SIZE, d->storage);
	gmem_add(&d->gmem, SECOND_BASE, SECOND_SIZE, d->second);
	gmem_add(&d->gmem, HUGE_BASE, HUGE_SIZE, d->second);
	d->ring = (struct vring) {
		.gmem = &d->gmem,
		.size = size,
		.desc = DESC_GPA,
		.avail = AVAIL_GPA,
		.used = USED_GPA,
		.indirect = true,
	};
}

static inline int driver_init(struct driver *d, uint16_t size)
{
	driver_prepare(d, size);
	return vring_start(&d->ring);
}

#endif
