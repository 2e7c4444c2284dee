/* A virtio-net driver without a guest: the frontend of a vhost-user socket, with rings
 * and buffers in memory of its own.
 *
 * By it a process that is no virtual machine plugs into a guest LAN: the bounce plug of a
 * partition, an uplink, a generator of traffic.  The LAN maps this memory and nothing
 * else of the process.  What the LAN writes into it is hostile: indices and lengths are
 * read once and checked. */
#ifndef CP_LIB_VNIC_H
#define CP_LIB_VNIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define VNIC_BURST     32
#define VNIC_MAX_QUEUE 1024 /* entries of a ring */

struct vnic;

/* struct virtio_net_hdr_v1 of linux/virtio_net.h, 12 bytes. */
struct virtio_net_hdr_v1;

struct vnic_conf {
	uint16_t queue_size; /* entries of each ring: a power of two */
	uint32_t buffer; /* bytes of a receive buffer with the header in it, a multiple of
			    64; a frame takes several if it must.  As much is there for
			    each entry to send from */
	uint64_t features; /* wanted of virtio-net: offloads.  VERSION_1 and MRG_RXBUF are
			      asked for anyway, EVENT_IDX if it is to be had */
	int answer_ms;     /* the LAN has this long for an answer */
};

/* Greets the backend at `fd`, which it owns from here on also on failure, sets up one
 * pair of queues and starts them.  0 and *out; -EOPNOTSUPP: the backend lacks one of
 * conf->features, or VERSION_1 or MRG_RXBUF; -EINVAL: conf; -ETIMEDOUT; -EPIPE; or
 * -errno. */
int vnic_create(int fd, const struct vnic_conf *conf, struct vnic **out);
void vnic_destroy(struct vnic *v); /* accepts NULL */

/* The same in steps, for who starts and stops more than once: between them there is no
 * memory and only vnic_offers(), vnic_sock_fd() and vnic_destroy().  A failure of
 * vnic_start() or vnic_stop() leaves what only vnic_destroy() may be called for. */
int vnic_open(int fd, int answer_ms, struct vnic **out);
int vnic_start(struct vnic *v, const struct vnic_conf *conf);
int vnic_stop(struct vnic *v); /* waits until the backend has let go of the rings */
uint64_t vnic_offers(const struct vnic *v); /* virtio features of the backend */

/* Readable: frames came (or: frames were sent, and there is room again), or the backend
 * has gone. */
int vnic_rx_fd(const struct vnic *v);   /* eventfd */
int vnic_tx_fd(const struct vnic *v);   /* eventfd */
int vnic_sock_fd(const struct vnic *v); /* the vhost-user socket */
bool vnic_gone(const struct vnic *v);   /* that is readable: is it of no use any more? */

/* Reads the eventfd after poll(2). */
void vnic_rx_seen(struct vnic *v);
void vnic_tx_seen(struct vnic *v);

/* A frame that came: segments in our memory, header apart, that the LAN may still change.
 * Valid until vnic_rx_done() or the next vnic_rx(). */
struct vnic_frame {
	const struct iovec *seg;
	int n_seg;
	uint32_t len;                  /* bytes of the frame, not 0 */
	struct virtio_net_hdr_v1 *hdr; /* a copy of ours, not shared */
};

/* Up to `max` (at most VNIC_BURST) frames that came; 0: none; -EPROTO: the LAN broke the
 * ring, which is of no use any more. */
int vnic_rx(struct vnic *v, struct vnic_frame *out, int max);

/* Leaves the frames of the last vnic_rx() from number `from` on in the ring: the next
 * vnic_rx() has them again. */
void vnic_rx_leave(struct vnic *v, int from);
void vnic_rx_done(struct vnic *v); /* gives the buffers of the last vnic_rx() back */

/* Puts a frame into the transmit ring: `len` bytes copied out of `seg` from byte `at` on.
 * `hdr` NULL: no offload.  0; -EAGAIN: no room (vnic_tx_wait() then has tx_fd tell when
 * there is); -EMSGSIZE: larger than the ring; -EINVAL: `seg` is shorter; -EPROTO.
 * vnic_tx_flush() tells the LAN, once for several. */
int vnic_tx(struct vnic *v, const struct virtio_net_hdr_v1 *hdr, const struct iovec *seg,
	int n_seg, size_t at, size_t len);
void vnic_tx_flush(struct vnic *v);

/* Flushes.  True: what vnic_tx() had no room for fits now, or the ring is broken; else
 * tx_fd becomes readable once frames were taken. */
bool vnic_tx_wait(struct vnic *v);

/* Asks for calls when frames come (true: some are there already), or for none. */
bool vnic_rx_wait(struct vnic *v);
void vnic_rx_quiet(struct vnic *v);

uint64_t vnic_features(const struct vnic *v); /* that were negotiated */

#endif
