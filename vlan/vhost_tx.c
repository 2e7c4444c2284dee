/* What a NIC sends: chains of its transmit rings, as frames, to the switch. */
#include "vlan/vhost_port.h"

#include <string.h>

#define LINE 64 /* bytes of the cache */

static int take_queue(struct vhost_port *p, struct vhost_queue *q, uint64_t now);
static void forward(struct vhost_port *p, const struct vring_burst *b, uint64_t now);

/* Each queue in its turn. */
int vhost_take(struct poll_port *poll, uint64_t now)
{
	struct vhost_port *p = container_of(poll, struct vhost_port, poll);

	for (unsigned i = p->n_tx; i && !p->why; i--) {
		unsigned at = p->next_tx < p->n_tx ? p->next_tx : 0;
		int n = take_queue(p, &p->queue[p->tx[at]], now);

		p->next_tx = (uint8_t)(at + 1);
		if (n)
			return n;
	}
	return 0;
}

/* What a queue that is not enabled sends is discarded. */
static int take_queue(struct vhost_port *p, struct vhost_queue *q, uint64_t now)
{
	struct vring_burst *b = &p->shared->tx;
	int n = vring_pop_burst(&q->ring, b, VRING_BURST);

	if (n > 0 && q->enabled)
		forward(p, b, now);
	for (int i = 0; i < n; i++)
		vring_put(&q->ring, b->buf[i].head, 0);
	if (n > 0)
		vhost_publish(p, q);
	else if (n < 0)
		vhost_fail(p, "its driver broke a transmit ring");
	vhost_check(p);
	return n > 0 ? n : 0;
}

static void fetch(const struct vring_burst *b)
{
	for (int i = 0; i < b->n; i++) {
		const struct iovec *first = b->buf[i].out;

		if (!b->buf[i].n_out)
			continue;
		__builtin_prefetch(first->iov_base);
		__builtin_prefetch((const char *)first->iov_base + LINE);
	}
}

/* The first fields of a header are those of struct frame_offload. */
static struct frame_offload read_header(const struct vring_buffer *b)
{
	struct virtio_net_hdr hdr;
	struct frame_offload off;

	_Static_assert(sizeof(off) == sizeof(hdr), "fields as in the header");
	if (b->out[0].iov_len >= sizeof(hdr))
		memcpy(&off, b->out[0].iov_base, sizeof(off));
	else
		iov_read(b->out, b->n_out, 0, &off, sizeof(off));
	off.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return off;
}

static enum lan_drop read_frame(const struct vhost_port *p, const struct vring_buffer *b,
	bool aware, struct frame *f)
{
	struct frame_offload off;

	if (b->out_bytes < p->header)
		return DROP_RUNT;
	off = read_header(b);
	return frame_read(
		f, b->out, b->n_out, p->header, b->out_bytes - p->header, &off, aware);
}

/* Those that are refused are counted in their place. */
static void forward(struct vhost_port *p, const struct vring_burst *b, uint64_t now)
{
	struct lan_switch *sw = p->plug.host->sw;
	bool aware = switch_conf(sw)->flags & LAN_AWARE;
	struct frame *f = p->shared->frame;
	int n = 0;

	fetch(b);
	for (int i = 0; i < b->n; i++) {
		enum lan_drop why = read_frame(p, &b->buf[i], aware, &f[n]);

		if (why == DROP_NONE) {
			n++;
			continue;
		}
		if (n)
			switch_input(sw, &p->plug.port, f, n, now);
		n = 0;
		switch_refuse(sw, &p->plug.port, why, now);
	}
	if (n)
		switch_input(sw, &p->plug.port, f, n, now);
}
