/* One queue of a vhost-user frontend: its ring, and the descriptors by which the two
 * sides wake each other. */
#ifndef VLAN_VHOST_QUEUE_H
#define VLAN_VHOST_QUEUE_H

#include "cp/lib/loop.h"
#include "cp/lib/vring.h"
#include "vlan/vhost_memory.h"

struct vhost_queue {
	struct vring ring;
	struct loop_fd kick; /* of transmit queues, while there is a descriptor */
	int kick_fd, call_fd, err_fd; /* -1: none */
	bool placed;                  /* its addresses are known */
	bool begun;                   /* SET_VRING_KICK came: it runs as soon as it can */
	bool enabled;                 /* by SET_VRING_ENABLE */
	bool polled;                  /* it begun without a descriptor for kicks */
	uint16_t size, base;
	uint64_t desc, avail, used; /* in the frontend's address space */
};

/* Empty, over this memory. */
void vhost_queue_init(struct vhost_queue *q, const struct vhost_memory *m);

/* Stops it and closes its descriptors. */
void vhost_queue_fini(struct vhost_queue *q);

/* Starts it where it stopped, if everything is there that it takes; features are those
 * that were negotiated.  0, or -errno as vring_start(): its ring is not in memory. */
int vhost_queue_start(
	struct vhost_queue *q, const struct vhost_memory *m, uint64_t features);

/* Stops it until it begins anew.  The next chain it would have taken. */
uint16_t vhost_queue_stop(struct vhost_queue *q);

/* The memory or an address has changed: starts it again where it is, if it runs. */
int vhost_queue_move(
	struct vhost_queue *q, const struct vhost_memory *m, uint64_t features);

/* Takes over a descriptor (-1: none) in place of the one there was.  0; -EINVAL: that is
 * a file, which could make us wait; -errno of watching it, in which case it is closed. */
int vhost_queue_kick(struct vhost_queue *q, struct loop *loop, int fd,
	void (*fn)(struct loop_fd *, uint32_t), void *ctx);
int vhost_queue_give(int *place, int fd);

#endif
