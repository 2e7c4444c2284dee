/* Frames through a NIC that copies them: from the guest's rings into the vnic's, and
 * back.
 *
 * Who is too slow is waited for by the other side: a guest without buffers leaves the
 * vnic full, which the LAN counts; a full LAN leaves frames in the guest's ring.
 *
 * Received frames go to the first pair of queues; the driver may send by all. */
#include "partitions/dev/net_bounce.h"

#include <errno.h>
#include <string.h>

#define TURN_BYTES (128 * 1024)
#define FRAME_COST 512 /* bytes that would be copied in the time of all else */

static int take_burst(struct bounce *b, struct vring *ring);
static int deliver_burst(struct bounce *b, const struct vnic_frame *frame, int n);

int bounce_transmit(struct bounce *b, unsigned q)
{
	struct virtio *v = &b->n->v;
	int n, all = 0;

	if (b->tx_full)
		return 0;
	b->left = TURN_BYTES;
	do {
		n = take_burst(b, &v->queue[q].ring);
		all += n;
	} while (n == VRING_BURST && b->left && virtio_live(v));
	virtio_call(v, q);
	return all;
}

int bounce_receive(struct bounce *b)
{
	struct vnic_frame frame[VNIC_BURST];
	int n, done, all = 0;

	b->left = TURN_BYTES;
	do {
		n = vnic_rx(b->vnic, frame, VNIC_BURST);
		if (n < 0)
			bounce_fail(b, n);
		if (n <= 0)
			break;
		done = deliver_burst(b, frame, n);
		b->starved = done < n;
		all += done;
	} while (!b->starved && b->left && virtio_live(&b->n->v));
	return all;
}

/* Each frame costs something, be it ever so short. */
static void charge(struct bounce *b, uint64_t bytes)
{
	bytes += FRAME_COST;
	b->left -= bytes < b->left ? (size_t)bytes : b->left;
}

static int put_frame(struct bounce *b, const struct vring_buffer *buf)
{
	struct virtio_net_hdr_v1 hdr;
	int err;

	iov_read(buf->out, buf->n_out, 0, &hdr, sizeof(hdr));
	hdr.num_buffers = 0;
	do
		err = vnic_tx(b->vnic, &hdr, buf->out, buf->n_out, NET_HEADER,
			buf->out_bytes - NET_HEADER);
	while (err == -EAGAIN && vnic_tx_wait(b->vnic));
	return err;
}

static void count_sent(struct virtio *v, const struct vring_buffer *buf, bool dropped)
{
	v->stat.out_ops++;
	v->stat.out_bytes += buf->out_bytes - NET_HEADER;
	v->stat.errors += dropped;
}

/* A frame that no LAN could take is dropped; one that this LAN cannot take now stays. */
static bool take_frame(
	struct bounce *b, struct vring *ring, const struct vring_buffer *buf)
{
	struct virtio *v = &b->n->v;
	int err;

	if (buf->out_bytes <= NET_HEADER) {
		virtio_break(v, "a frame is too short");
		return false;
	}
	err = put_frame(b, buf);
	b->tx_full = err == -EAGAIN;
	if (err == -EPROTO)
		bounce_fail(b, err);
	if (err == -EAGAIN || err == -EPROTO)
		return false;
	charge(b, buf->out_bytes);
	count_sent(v, buf, err);
	vring_put(ring, buf->head, 0);
	return true;
}

/* How many frames went. */
static int take_burst(struct bounce *b, struct vring *ring)
{
	int n = vring_pop_burst(ring, &b->burst, VRING_BURST), done = 0;

	if (n < 0)
		virtio_break(&b->n->v, "a queue holds what is no buffer chain");
	if (n <= 0)
		return 0;
	while (done < n && take_frame(b, ring, &b->burst.buf[done]))
		done++;
	vring_unpop_burst(ring, n - done);
	vring_publish(ring);
	vnic_tx_flush(b->vnic);
	return done;
}

/* ---- to the guest ---- */

/* A frame on its way into the guest's buffers. */
struct arrival {
	const struct vnic_frame *frame;
	size_t seg, seg_at; /* where it stands in the frame */
	size_t done;        /* bytes, the header included */
	uint16_t chains;    /* taken for it */
};

/* Fills what is left of a segment after its first `skip` bytes. */
static size_t fill(struct arrival *a, const struct iovec *to, size_t skip)
{
	size_t at = skip;

	while (at < to->iov_len && a->seg < (size_t)a->frame->n_seg) {
		const struct iovec *from = &a->frame->seg[a->seg];
		size_t room = to->iov_len - at, len = from->iov_len - a->seg_at;

		if (len > room)
			len = room;
		memcpy((char *)to->iov_base + at,
			(const char *)from->iov_base + a->seg_at, len);
		at += len;
		a->seg_at += len;
		if (a->seg_at == from->iov_len) {
			a->seg++;
			a->seg_at = 0;
		}
	}
	return at - skip;
}

/* As much as a chain takes; in the first, the header's place is left. */
static uint32_t fill_chain(struct arrival *a, const struct vring_chain *chain)
{
	size_t skip = a->done ? 0 : NET_HEADER, written = skip;

	for (int i = 0; i < chain->n_in; i++) {
		size_t here = skip < chain->in[i].iov_len ? skip : chain->in[i].iov_len;

		written += fill(a, &chain->in[i], here);
		skip -= here;
	}
	a->done += written;
	return (uint32_t)written;
}

/* The next chain for the frame: 1; 0: there is none; -EPROTO: the device broke. */
static int next_chain(struct bounce *b, struct arrival *a, struct vring_chain **chain)
{
	struct virtio *v = &b->n->v;
	int n;

	*chain = a->chains ? &v->chain : &b->first;
	n = vring_pop(&v->queue[BOUNCE_RX].ring, *chain);
	if (n <= 0) {
		if (n < 0)
			virtio_break(v, "a queue holds what is no buffer chain");
		return n;
	}
	a->chains++;
	if ((*chain)->n_out || (*chain)->in_bytes <= NET_HEADER) {
		virtio_break(v, "a receive buffer is none");
		return -EPROTO;
	}
	return 1;
}

/* The chains are as if they had not been taken. */
static void give_up(struct bounce *b, const struct arrival *a)
{
	struct vring *ring = &b->n->v.queue[BOUNCE_RX].ring;

	vring_unput(ring, a->chains);
	vring_unpop_burst(ring, a->chains);
}

/* A frame that fits none of the buffers a driver has, or all of them, will never fit. */
static bool never_fits(
	const struct bounce *b, const struct arrival *a, const struct vring_chain *chain)
{
	const struct virtio *v = &b->n->v;

	if (virtio_has(v, VIRTIO_NET_F_MRG_RXBUF))
		return a->chains == v->queue[BOUNCE_RX].ring.size;
	return chain->in_bytes < NET_HEADER + a->frame->len;
}

/* 1: delivered, or dropped as one that never will be; 0: the guest has no buffers now;
 * -EPROTO: the device broke. */
static int deliver(struct bounce *b, const struct vnic_frame *frame)
{
	struct virtio *v = &b->n->v;
	struct vring *ring = &v->queue[BOUNCE_RX].ring;
	struct arrival a = { .frame = frame };
	struct vring_chain *chain;

	while (a.done < NET_HEADER + frame->len) {
		int n = next_chain(b, &a, &chain);

		if (n <= 0) {
			give_up(b, &a);
			return n;
		}
		vring_put(ring, chain->head, fill_chain(&a, chain));
		if (a.done < NET_HEADER + frame->len && never_fits(b, &a, chain)) {
			give_up(b, &a);
			v->stat.errors++;
			return 1;
		}
	}
	frame->hdr->num_buffers = a.chains;
	iov_write(b->first.in, b->first.n_in, 0, frame->hdr, NET_HEADER);
	v->stat.in_ops++;
	v->stat.in_bytes += frame->len;
	return 1;
}

/* How many of the frames are through; the others stay where they are. */
static int deliver_burst(struct bounce *b, const struct vnic_frame *frame, int n)
{
	int done = 0;

	while (done < n && virtio_live(&b->n->v) && deliver(b, &frame[done]) == 1)
		charge(b, frame[done++].len);
	vring_publish(&b->n->v.queue[BOUNCE_RX].ring);
	vnic_rx_leave(b->vnic, done);
	vnic_rx_done(b->vnic);
	virtio_call(&b->n->v, BOUNCE_RX);
	return done;
}
