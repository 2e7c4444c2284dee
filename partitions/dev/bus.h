/* The buses of a machine: ranges of ports and of guest physical addresses, and who
 * answers them.  An address nobody answers reads as all ones; writes there are lost. */
#ifndef PARTITIONS_DEV_BUS_H
#define PARTITIONS_DEV_BUS_H

#include <stdint.h>

enum bus_space { BUS_PORT, BUS_MEMORY };

struct bus;

/* An access of 1, 2, 4 or 8 bytes within the range; `offset` is from its base. */
struct bus_handler {
	void (*read)(void *ctx, uint64_t offset, void *data, unsigned len);
	void (*write)(void *ctx, uint64_t offset, const void *data, unsigned len);
};

int bus_create(struct bus **out); /* 0 or -ENOMEM */
void bus_destroy(struct bus *b);

/* 0; -EEXIST: overlaps another range; -EINVAL: empty or wraps; -ENOMEM. */
int bus_add(struct bus *b, enum bus_space space, uint64_t base, uint64_t size,
	const struct bus_handler *handler, void *ctx);
void bus_del(struct bus *b, enum bus_space space, uint64_t base);

/* An access by the guest; one that crosses the end of its range counts as nobody's. */
void bus_read(
	struct bus *b, enum bus_space space, uint64_t addr, void *data, unsigned len);
void bus_write(struct bus *b, enum bus_space space, uint64_t addr, const void *data,
	unsigned len);

#endif
