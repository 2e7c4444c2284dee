/* The kept end of a console's output (struct conring of cp/partition.h). */
#ifndef CP_CONRING_H
#define CP_CONRING_H

#include <stddef.h>
#include <stdint.h>

struct conring;

/* Adds bytes whose first has this offset.  A jump forward drops what is kept: it no
 * longer joins.  0; -EINVAL: the offset goes back, or the end wraps; -ENOMEM: the bytes
 * are lost and the ring is empty, its end after them. */
int conring_write(struct conring *r, uint64_t offset, const void *bytes, size_t len);

/* The bytes from `offset` on that lie together; *len is 0 at the end.  `offset` is
 * begin..end. */
const void *conring_at(const struct conring *r, uint64_t offset, size_t *len);

void conring_free(struct conring *r); /* accepts zeroed */

#endif
