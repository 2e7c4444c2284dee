/* The device side of a split virtqueue (virtio 1.2, 2.7): the one descriptor walker.
 *
 * The driver side is hostile.  Every ring field is read once into host memory and the
 * copy is checked; a queue that breaks a rule is `broken` from then on and answers
 * -EPROTO until it is set up again.  Used by one thread at a time.
 *
 * Devices that answer each request take chains one by one; a switch takes and returns
 * them in bursts, by the same walker. */
#ifndef CP_LIB_VRING_H
#define CP_LIB_VRING_H

#include "cp/lib/gmem.h"

#include <sys/uio.h>

#define VRING_MAX_SIZE 1024 /* entries of a queue */
#define VRING_MAX_SEGS 1024 /* descriptors of one chain, indirect ones included */
#define VRING_BURST    32   /* chains of a burst */

struct vring {
	const struct gmem *gmem;
	uint16_t size;           /* entries, a power of two; 0: not set up */
	gpa_t desc, avail, used; /* guest addresses, checked by vring_start() */
	void *desc_host, *avail_host, *used_host;
	uint16_t next_avail;  /* of the next chain to take */
	uint16_t next_used;   /* of the next chain to return */
	uint16_t called_used; /* next_used when the driver was last told */
	uint16_t seen_avail;  /* the driver's index when it was last looked at */
	bool unpopped;  /* chains seen were given back: only further ones are news */
	bool no_kicks;  /* the device asked for none */
	bool event_idx; /* VIRTIO_RING_F_EVENT_IDX was negotiated */
	bool indirect;  /* VIRTIO_RING_F_INDIRECT_DESC was negotiated */
	bool running, broken;
};

/* One buffer chain, as host addresses: first what the device reads, then what it writes.
 * A segment that crosses storage regions is split. */
struct vring_chain {
	uint16_t head;
	int n_out, n_in;
	uint64_t out_bytes, in_bytes;
	struct iovec *out, *in; /* into seg */
	struct iovec seg[VRING_MAX_SEGS];
};

/* A chain of a burst: as vring_chain, its segments in the burst's. */
struct vring_buffer {
	uint16_t head;
	uint16_t n_out, n_in;
	uint64_t out_bytes, in_bytes;
	const struct iovec *out, *in;
};

/* Chains that are taken together. */
struct vring_burst {
	int n;
	struct vring_buffer buf[VRING_BURST];
	struct iovec seg[VRING_MAX_SEGS];
};

/* Starts a queue whose size and addresses are set, where next_avail and next_used say: at
 * 0, or as they were saved.  Kicks are asked for.  0, -EINVAL (size), -EFAULT (a ring
 * outside storage, not in one region, or misaligned). */
int vring_start(struct vring *r);

/* Starts a queue on which another device has worked: it would have taken `next_avail`
 * next; what it returned stands in the ring.  As vring_start(). */
int vring_resume(struct vring *r, uint16_t next_avail);
void vring_stop(struct vring *r); /* forgets everything but gmem */

/* Takes the next chain.  1 and *chain; 0: nothing there, or not running; -EPROTO: broken.
 * Unless kicks are disabled, the driver kicks for what arrives after a 0. */
int vring_pop(struct vring *r, struct vring_chain *chain);

/* Gives the latest popped chain back unread: the next pop returns it again.  Who waits
 * for more chains to go with it calls vring_enable_kicks(). */
void vring_unpop(struct vring *r);

/* Takes up to `max` chains (at most VRING_BURST) with one look at the driver's index:
 * fewer where there are fewer, or their segments are many.  How many; 0 as vring_pop();
 * -EPROTO: broken, and none of them is there. */
int vring_pop_burst(struct vring *r, struct vring_burst *b, int max);

/* Gives the latest `n` chains of a burst back unread. */
void vring_unpop_burst(struct vring *r, int n);

/* Returns a chain: the device wrote `written` bytes. */
void vring_push(struct vring *r, uint16_t head, uint32_t written);

/* The same in two steps, the second for several of the first.  vring_unput() takes the
 * latest `n`, not yet published, back: they are as popped. */
void vring_put(struct vring *r, uint16_t head, uint32_t written);
void vring_unput(struct vring *r, int n);
void vring_publish(struct vring *r);

/* After one or more pushes: must the driver be interrupted? (2.7.7, 2.7.10) */
bool vring_should_call(struct vring *r);

/* Asks the driver for (no) kicks.  vring_enable_kicks() returns true if there are chains
 * not yet taken (after vring_unpop(): not yet seen): the caller looks again. */
void vring_disable_kicks(struct vring *r);
bool vring_enable_kicks(struct vring *r);

/* Copies out of, or into, the segments of a chain from byte `offset` on; the bytes
 * copied. */
size_t iov_read(const struct iovec *iov, int n, size_t offset, void *to, size_t len);
size_t iov_write(
	const struct iovec *iov, int n, size_t offset, const void *from, size_t len);

#endif
