/* The frontend of a vhost-user backend: the exchange of messages that hands rings over
 * and takes them back.  Who has the rings (a guest, or cp/lib/vnic.h) is the caller's.
 *
 * The backend is trusted with what is handed over, but not with our time nor with what it
 * says: nothing here waits longer than the caller allows. */
#ifndef CP_LIB_VHOST_FRONT_H
#define CP_LIB_VHOST_FRONT_H

#include "cp/lib/vhost_user.h"

struct vhost_front {
	int fd; /* the caller's; -1: none */
	int answer_ms;
	uint64_t
		features; /* virtio features of the backend, without the protocol's bit */
	uint64_t protocol;  /* protocol features both have, VHU_P_ bits */
	uint32_t max_pairs; /* pairs of queues the backend can have, at least 1 */
	bool enables;       /* rings are enabled one by one */
};

struct vhost_front_ring {
	uint32_t index;
	uint16_t size, base;
	uint64_t desc, avail, used; /* as the memory table's user addresses */
	int kick_fd, call_fd;       /* passed on, the caller's */
	bool disabled;              /* not to be worked on until it is enabled */
};

/* Asks what the backend at `fd` can, and becomes its owner.  0; -EOPNOTSUPP: it does not
 * speak virtio 1; or -errno as vhost_user_ask(). */
int vhost_front_greet(struct vhost_front *f, int fd, int answer_ms);

/* `features` as the driver accepted them; `fds` are the regions' descriptors, `n` at most
 * VHU_MAX_REGIONS.  0; -EREMOTEIO: the backend cannot have the memory; else -errno. */
int vhost_front_begin(struct vhost_front *f, uint64_t features,
	const struct vhost_user_region *region, const int *fds, int n);
int vhost_front_ring_start(struct vhost_front *f, const struct vhost_front_ring *r);

/* With f->enables: whether a ring that was started is worked on. */
int vhost_front_ring_enable(struct vhost_front *f, uint32_t index, bool enabled);

/* Ends a ring; *base is the next chain the backend would have taken. */
int vhost_front_ring_stop(struct vhost_front *f, uint32_t index, uint16_t *base);

/* After its descriptor became readable: has the backend gone, or might as well have?
 * Nothing comes without being asked for; an answer may have been seen by a loop, and been
 * read by who waited for it since. */
bool vhost_front_gone(const struct vhost_front *f);

#endif
