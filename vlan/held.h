/* Frames that wait: copies, by the time they are due, and in the order they came for the
 * same time. */
#ifndef VLAN_HELD_H
#define VLAN_HELD_H

#include "vlan/frame.h"

struct port;
struct held;
struct held_share; /* what waits of one port and direction */

/* Bytes of memory, what a frame takes beside its own included.  One port and direction
 * may have HELD_PORT_BYTES, but no more than all together leave of HELD_BYTES; so much as
 * HELD_LEAST it may always have, whatever others keep. */
#define HELD_PORT_BYTES (UINT64_C(4) << 20)
#define HELD_BYTES      (UINT64_C(64) << 20)
#define HELD_LEAST      (UINT64_C(64) << 10)

struct held_frame {
	struct frame frame; /* its seg is `iov`, its bytes are behind this struct */
	struct iovec iov;
	struct port *port; /* it came from, or goes to */
	struct held_share *share;
	bool in;     /* goes to */
	bool tagged; /* of the egress, where `in` */
	uint16_t tci;
	uint64_t due, seq;
};

int held_create(struct held **out); /* 0 or -ENOMEM */
void held_destroy(struct held *h);

/* Copies a frame that waits until `due`; the whole of it is read once, and where `flip`
 * is not UINT32_MAX this bit of it is inverted (of its bytes without a tag of the egress;
 * counted round where it has fewer).  With `in` it goes to the port, by that egress, else
 * it came from it.  0; -ENOSPC: more would wait than may; -ENOMEM. */
int held_add(struct held *h, const struct frame *f, struct port *port,
	const struct egress *in, uint64_t due, uint32_t flip);

uint64_t held_next(const struct held *h); /* when the first is due; UINT64_MAX: none */

/* Takes the first one that is due, which then waits no more; free it with held_free().
 * NULL: none is. */
struct held_frame *held_take(struct held *h, uint64_t now);
void held_free(struct held *h, struct held_frame *f);

/* Drops what waits for or from a port; how many. */
uint64_t held_forget(struct held *h, const struct port *port);
uint64_t held_count(const struct held *h);
uint64_t held_bytes(const struct held *h, const struct port *port, bool in); /* memory */

#endif
