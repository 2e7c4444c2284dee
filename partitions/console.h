/* What a guest's console wrote, kept for whoever comes: the last PART_CONSOLE_KEEP bytes,
 * named by their offset from the first byte ever written. */
#ifndef PARTITIONS_CONSOLE_H
#define PARTITIONS_CONSOLE_H

#include "cp/part_proto.h"

#include <stddef.h>
#include <stdint.h>

struct console {
	uint64_t end;                    /* offset after the newest byte */
	uint8_t ring[PART_CONSOLE_KEEP]; /* the byte at offset o is ring[o % size] */
};

void console_write(struct console *c, const void *bytes, size_t len);

/* The oldest offset that is kept. */
uint64_t console_begin(const struct console *c);

/* The bytes from *offset on that lie together: a pointer into the ring and their number,
 * at most `max`; 0 at the end.  *offset moves up to what is kept, or down to the end. */
size_t console_piece(
	const struct console *c, uint64_t *offset, const void **bytes, size_t max);

#endif
