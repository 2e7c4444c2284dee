/* What a NIC gets: frames from the switch, into buffers of its receive rings.
 *
 * A frame is there whole or not at all: what is put into a ring is published after the
 * burst, and can be taken back until then. */
#include "vlan/flow.h"
#include "vlan/segment.h"
#include "vlan/vhost_port.h"

#include <stdlib.h>
#include <string.h>

#define LINE       64 /* bytes of the cache */
#define HEADER_MAX sizeof(struct virtio_net_hdr_v1)
#define CUT_BYTES  (FRAME_MAX + 64) /* room for a frame that is cut, and each piece */

/* Buffers of a ring, one after the other. */
struct cursor {
	struct vhost_port *p;
	struct vhost_queue *q;
	struct vring_burst *b; /* the latest that were popped... */
	int at;                /* ...and the next of them */
	int used;              /* buffers that frames were put into */
	int wanted;            /* frames that are still to come */
};

/* Bytes for a receiver: a frame of the switch's, or one that was cut. */
struct source {
	const struct egress *e;
	const uint8_t *bytes;
	uint32_t len;
	struct frame_offload offload;
};

static int send_run(struct vhost_port *p, struct vhost_queue *q, const struct egress *e,
	int n, enum lan_drop *why);
static enum lan_drop send_one(struct cursor *c, const struct egress *e);
static enum lan_drop send_cut(struct cursor *c, const struct egress *e);
static enum lan_drop put(struct cursor *c, const struct source *s);
static enum lan_drop put_spread(
	struct cursor *c, const struct source *s, const struct vring_buffer *first);
static void take_back(struct cursor *c, int used);
static bool takes(const struct vhost_port *p, const struct frame_offload *off);
static unsigned queue_for(const struct vhost_port *p, const struct frame *f);

/* A flow keeps its queue.  Runs of frames for one queue go together. */
int vhost_send(struct port *port, const struct egress *e, int n, enum lan_drop *why)
{
	struct vhost_port *p = vhost_of(port);
	int done = 0;

	*why = DROP_DETACHED;
	while (done < n && p->n_rx) {
		unsigned to = queue_for(p, e[done].frame);
		int run = 1, took;

		while (done + run < n &&
			(p->n_rx == 1 || queue_for(p, e[done + run].frame) == to))
			run++;
		took = send_run(p, &p->queue[p->rx[to]], e + done, run, why);
		done += took;
		if (took < run)
			break;
	}
	return done;
}

void vhost_flush(struct port *port)
{
	struct vhost_port *p = vhost_of(port);

	p->full = 0;
	for (; p->dirty; p->dirty &= (uint16_t)(p->dirty - 1))
		vhost_publish(p, &p->queue[__builtin_ctz(p->dirty)]);
	vhost_check(p);
}

static int send_run(struct vhost_port *p, struct vhost_queue *q, const struct egress *e,
	int n, enum lan_drop *why)
{
	struct cursor c = { .p = p, .q = q, .b = &p->shared->rx };
	uint16_t self = (uint16_t)(1u << (q - p->queue));
	int done = 0;

	*why = DROP_FULL;
	if (p->full & self)
		return 0;
	c.b->n = 0;
	for (; done < n; done++) {
		enum lan_drop drop;

		c.wanted = n - done;
		drop = send_one(&c, &e[done]);
		if (drop != DROP_NONE) {
			*why = drop;
			break;
		}
	}
	vring_unpop_burst(&q->ring, c.b->n - c.at);
	p->dirty |= self;
	if (done < n && *why == DROP_FULL)
		p->full |= self;
	return done;
}

static enum lan_drop send_one(struct cursor *c, const struct egress *e)
{
	struct source s = { .e = e, .len = egress_len(e) };

	if (e->frame->offload.flags | e->frame->offload.gso_type) {
		s.offload = egress_offload(e);
		if (!takes(c->p, &s.offload))
			return send_cut(c, e);
	}
	return put(c, &s);
}

static bool make_room(struct vhost_shared *s)
{
	if (!s->whole)
		s->whole = malloc(CUT_BYTES);
	if (!s->piece)
		s->piece = malloc(CUT_BYTES);
	return s->whole && s->piece;
}

/* All of its pieces, or none. */
static enum lan_drop send_cut(struct cursor *c, const struct egress *e)
{
	struct vhost_shared *shared = c->p->shared;
	struct source s = { .bytes = shared->piece };
	enum lan_drop drop = DROP_NONE;
	struct segmenter cut;
	int used = c->used;

	if (!make_room(shared) || segment_begin(&cut, e, shared->whole, c->p->csum))
		return DROP_UNSUPPORTED;
	s.bytes = shared->piece;
	while (drop == DROP_NONE) {
		s.len = segment_next(&cut, shared->piece, &s.offload);
		if (!s.len)
			return DROP_NONE;
		drop = put(c, &s);
	}
	take_back(c, used);
	return drop;
}

/* For writing: the compiler's own means to bring near is for reading, on most x86. */
static void bring(const char *line)
{
	__asm__ volatile("prefetchw %0" : : "m"(*line));
}

/* The driver had these lines last: by the time they are written to they are ours. */
static void fetch(const struct vring_burst *b)
{
	for (int i = 0; i < b->n; i++) {
		const struct iovec *first = b->buf[i].in;

		if (!b->buf[i].n_in)
			continue;
		bring(first->iov_base);
		if (first->iov_len > LINE)
			bring((const char *)first->iov_base + LINE);
	}
}

/* Takes buffers for what is still to come.  Who has more than the ring holds, while none
 * of them came back, would keep us here for ever. */
static bool pop_more(struct cursor *c)
{
	int n = c->wanted < VRING_BURST ? c->wanted : VRING_BURST;

	c->at = 0;
	if (c->used > c->q->ring.size || vring_pop_burst(&c->q->ring, c->b, n) < 0)
		vhost_fail(c->p, "its driver broke a receive ring");
	if (c->p->why)
		c->b->n = 0;
	fetch(c->b);
	return c->b->n;
}

/* The next buffer, with `header` bytes of room at least; NULL: there is none. */
static const struct vring_buffer *next_buffer(struct cursor *c, uint32_t header)
{
	const struct vring_buffer *buf;

	if (c->at == c->b->n && !pop_more(c))
		return NULL;
	buf = &c->b->buf[c->at];
	if (buf->in_bytes < header) {
		vhost_fail(c->p, "its driver has a buffer with no room for a header");
		return NULL;
	}
	c->at++;
	c->used++;
	return buf;
}

/* Gives back all buffers but the first `used`. */
static void take_back(struct cursor *c, int used)
{
	int n = c->used - used;

	vring_unpop_burst(&c->q->ring, c->b->n - c->at + n);
	vring_unput(&c->q->ring, n);
	c->b->n = c->at = 0;
	c->used = used;
}

static void copy(const struct source *s, size_t from, void *to, size_t len)
{
	if (s->e)
		egress_copy(s->e, from, to, len);
	else
		memcpy(to, s->bytes + from, len);
}

static struct virtio_net_hdr_v1 header_of(const struct source *s, int buffers)
{
	return (struct virtio_net_hdr_v1) {
		.flags = s->offload.flags,
		.gso_type = s->offload.gso_type,
		.hdr_len = s->offload.hdr_len,
		.gso_size = s->offload.gso_size,
		.csum_start = s->offload.csum_start,
		.csum_offset = s->offload.csum_offset,
		.num_buffers = (uint16_t)buffers,
	};
}

/* Most frames fit into one buffer, and that is one piece. */
static enum lan_drop put(struct cursor *c, const struct source *s)
{
	uint32_t header = c->p->header;
	const struct vring_buffer *buf = next_buffer(c, header);
	struct virtio_net_hdr_v1 hdr;

	if (!buf)
		return c->p->why ? DROP_DETACHED : DROP_FULL;
	if (!c->p->merge && buf->in_bytes < header + s->len) {
		c->at--;
		c->used--;
		return DROP_UNSUPPORTED;
	}
	if (buf->in->iov_len < header + s->len)
		return put_spread(c, s, buf);
	hdr = header_of(s, 1);
	memcpy(buf->in->iov_base, &hdr, header);
	copy(s, 0, (char *)buf->in->iov_base + header, s->len);
	vring_put(&c->q->ring, buf->head, header + s->len);
	return DROP_NONE;
}

/* Fills a buffer from byte `skip` on; how many bytes of the frame. */
static uint32_t fill(const struct vring_buffer *buf, size_t skip, const struct source *s,
	uint32_t from)
{
	uint32_t done = 0;

	for (int i = 0; i < buf->n_in && from + done < s->len; i++) {
		size_t room = buf->in[i].iov_len, left = s->len - from - done;

		if (skip >= room) {
			skip -= room;
			continue;
		}
		room -= skip;
		if (room > left)
			room = left;
		copy(s, from + done, (char *)buf->in[i].iov_base + skip, room);
		done += (uint32_t)room;
		skip = 0;
	}
	return done;
}

/* Over several pieces and, where the driver merges, buffers.  Their number is known when
 * the frame ends: the header's place is kept. */
static enum lan_drop put_spread(
	struct cursor *c, const struct source *s, const struct vring_buffer *first)
{
	const struct vring_buffer *buf = first;
	uint32_t header = c->p->header, done = 0, skip = header;
	struct iovec place[HEADER_MAX];
	int n_place = first->n_in < (int)HEADER_MAX ? first->n_in : (int)HEADER_MAX;
	int used = c->used - 1;
	struct virtio_net_hdr_v1 hdr;

	memcpy(place, first->in, (size_t)n_place * sizeof(*place));
	while (buf) {
		uint32_t n = fill(buf, skip, s, done);

		vring_put(&c->q->ring, buf->head, skip + n);
		done += n;
		skip = 0;
		if (done == s->len)
			break;
		c->wanted += (int)((s->len - done) / (n ? n : s->len));
		buf = next_buffer(c, 0);
	}
	if (!buf) {
		take_back(c, used);
		return c->p->why ? DROP_DETACHED : DROP_FULL;
	}
	hdr = header_of(s, c->used - used);
	iov_write(place, n_place, 0, &hdr, header);
	return DROP_NONE;
}

/* UFO was not offered, and nobody can ask for it. */
static bool takes(const struct vhost_port *p, const struct frame_offload *off)
{
	unsigned gso = off->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;

	if ((off->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && !p->csum)
		return false;
	if ((off->gso_type & VIRTIO_NET_HDR_GSO_ECN) && !p->ecn)
		return false;
	return gso == VIRTIO_NET_HDR_GSO_NONE || (gso < 8 && p->gso & 1u << gso);
}

static unsigned queue_for(const struct vhost_port *p, const struct frame *f)
{
	return p->n_rx == 1 ? 0 : (unsigned)((uint64_t)flow_hash(f) * p->n_rx >> 32);
}
