/* From the head of a chain to host addresses.  Only for vring.c and vring_walk.c. */
#ifndef CP_LIB_VRING_WALK_H
#define CP_LIB_VRING_WALK_H

#include "cp/lib/vring.h"

/* A descriptor as it stands in guest storage (virtio 1.2, 2.7.5). */
struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* Where the segments of a chain go. */
struct vring_room {
	struct iovec *seg;
	int n;
	const struct gmem_region *near; /* of the latest buffer: the next is there, too */
};

/* Fills in *b from descriptor `head` of a running queue; *room is what is left of it.  0;
 * -ENOSPC: more segments than there is room for; -EPROTO: it breaks a rule. */
int vring_walk(const struct vring *r, uint16_t head, struct vring_room *room,
	struct vring_buffer *b);

#endif
