/* The rings of a vnic from the inside.  Only for vnic.c and vnic_ring.c. */
#ifndef CP_LIB_VNIC_RING_H
#define CP_LIB_VNIC_RING_H

#include "cp/lib/vhost_front.h"
#include "cp/lib/vnic.h"

#include <linux/virtio_net.h>

enum { VNIC_RX, VNIC_TX, VNIC_RINGS };

/* As the rings lie in memory (virtio 1.2, 2.7.5, 2.7.6, 2.7.8). */
struct vnic_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct vnic_avail {
	uint16_t flags, idx, ring[]; /* after the ring: used_event */
};

struct vnic_used {
	uint16_t flags, idx;
	struct {
		uint32_t id, len;
	} ring[]; /* after the ring: avail_event, a uint16_t */
};

/* The driver side of a split ring.  Of the shared memory only the backend's half is
 * read, each field once. */
struct vnic_ring {
	struct vnic_desc *desc;
	struct vnic_avail *avail;
	struct vnic_used *used;
	uint16_t size, mask;
	uint16_t added;  /* entries put into the ring so far */
	uint16_t kicked; /* `added` when the backend was last told */
	uint16_t taken;  /* used entries looked at so far */
	bool event_idx;
	int kick, call; /* eventfds */
};

/* A descriptor of the transmit ring: frames go through it in order, each of one piece. */
struct vnic_sent {
	size_t end; /* where in tx_data the next frame may begin */
	bool done;  /* the backend has returned it, but not yet one before it */
};

struct vnic {
	struct vhost_front front;
	struct vnic_ring ring[VNIC_RINGS];
	uint64_t features;
	bool broken;

	/* Where byte 0 of the memory is for the backend: another place at each start, for
	 * a backend may take one that looks the same for the one it has. */
	uint64_t base;
	char *memory; /* shared: the rings, then the data */
	size_t memory_size;
	int memory_fd;

	/* transmit: free is from `tx_head` on, up to `tx_tail` */
	char *tx_data;
	size_t tx_size, tx_head, tx_tail;
	size_t tx_need;   /* bytes that the last frame had no room for */
	uint16_t tx_done; /* frames that are through, as ring[VNIC_TX].added counts */
	struct vnic_sent *sent;

	/* receive: buffer i belongs to descriptor i */
	char *rx_data;
	uint32_t buffer;
	bool *posted;   /* the backend has the buffer */
	uint16_t *held; /* buffers of the last vnic_rx(), in order */
	uint16_t n_held;
	struct iovec *seg;
	uint16_t first[VNIC_BURST]; /* of each frame, in `held` */
	int n_frames;
	struct virtio_net_hdr_v1 hdr[VNIC_BURST];
};

/* Gives the backend all receive buffers, for the first time. */
void vnic_ring_fill(struct vnic *v);

/* Asks for no more calls when frames were taken. */
void vnic_tx_quiet(struct vnic *v);

#endif
