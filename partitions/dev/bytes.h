/* A bounded queue of bytes. */
#ifndef PARTITIONS_DEV_BYTES_H
#define PARTITIONS_DEV_BYTES_H

#include "cp/lib/snap.h"

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *buf;
	size_t max;       /* bytes there is room for */
	size_t head, len; /* the oldest byte, how many there are */
};

int bytes_init(struct bytes *b, size_t max); /* 0 or -ENOMEM */
void bytes_fini(struct bytes *b);            /* accepts a zeroed one */

size_t bytes_room(const struct bytes *b);

/* Appends as many bytes as there is room for, and returns their number. */
size_t bytes_put(struct bytes *b, const void *from, size_t len);

/* The oldest byte; b->len bytes can be read from there on. */
const uint8_t *bytes_front(const struct bytes *b);
void bytes_drop(struct bytes *b, size_t len); /* forgets the `len` oldest */
void bytes_clear(struct bytes *b);

void bytes_snap(struct bytes *b, struct snap *s, const char *name);

#endif
