/* Reading a frame once, and giving it out with or without a tag. */
#include "vlan/frame.h"

#include <assert.h>
#include <string.h>

#define MACS      12 /* bytes of the two addresses, before a tag */
#define TAG       4
#define TPID_HIGH 0x81 /* 802.1Q: 0x8100 */

static void read_segs(
	const struct iovec *seg, int n_seg, size_t at, uint8_t *to, size_t len);
static bool segs_hold(const struct iovec *seg, int n_seg, size_t bytes);
static bool take_tag(struct frame *f, size_t at);
static void skip_segs(struct frame *f);
static bool offload_ok(struct frame *f, const struct frame_offload *o);

enum lan_drop frame_read(struct frame *f, const struct iovec *seg, int n_seg, size_t at,
	size_t len, const struct frame_offload *offload, bool aware)
{
	if (len < FRAME_MIN)
		return DROP_RUNT;
	if (len > FRAME_MAX) /* what is checked below must not overflow */
		return DROP_OVERSIZE;
	if (!segs_hold(seg, n_seg, at + len))
		return DROP_MALFORMED;
	f->len = (uint32_t)len;
	f->seg = seg;
	f->n_seg = (uint16_t)n_seg;
	f->tagged = false;
	f->tci = f->vlan = 0;
	if (len >= FRAME_HEAD && seg->iov_len >= at + FRAME_HEAD) {
		f->head_len = FRAME_HEAD;
		memcpy(f->head, (const uint8_t *)seg->iov_base + at, FRAME_HEAD);
	} else {
		f->head_len = (uint16_t)(len < FRAME_HEAD ? len : FRAME_HEAD);
		read_segs(seg, n_seg, at, f->head, f->head_len);
	}
	f->seg_at = (uint32_t)(at + f->head_len);
	if (aware && frame_has_tag(f) && !take_tag(f, at))
		return DROP_MALFORMED;
	if (f->len > FRAME_MAX - TAG)
		return DROP_OVERSIZE;
	skip_segs(f);
	return offload_ok(f, offload) ? DROP_NONE : DROP_MALFORMED;
}

void egress_copy(const struct egress *e, size_t from, void *to, size_t len)
{
	const struct frame *f = e->frame;
	uint8_t *out = to;

	assert(from + len <= egress_len(e));
	if (e->tagged && from < MACS + TAG) {
		uint8_t start[MACS + TAG] = {
			[MACS] = TPID_HIGH, 0, (uint8_t)(e->tci >> 8), (uint8_t)e->tci
		};
		size_t n = sizeof(start) - from;

		memcpy(start, f->head, MACS);
		n = n < len ? n : len;
		memcpy(out, start + from, n);
		out += n;
		from += n;
		len -= n;
	}
	if (e->tagged)
		from -= TAG;
	if (len && from < f->head_len) {
		size_t n = f->head_len - from;

		n = n < len ? n : len;
		memcpy(out, f->head + from, n);
		out += n;
		from += n;
		len -= n;
	}
	if (len)
		read_segs(f->seg, f->n_seg, f->seg_at + from - f->head_len, out, len);
}

struct frame_offload egress_offload(const struct egress *e)
{
	struct frame_offload o = e->frame->offload;

	if (!e->tagged)
		return o;
	if (o.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		o.csum_start = (uint16_t)(o.csum_start + TAG);
	if (o.hdr_len)
		o.hdr_len = (uint16_t)(o.hdr_len + TAG);
	return o;
}

/* The segments hold what is asked for, frame_read() saw to that. */
static void read_segs(
	const struct iovec *seg, int n_seg, size_t at, uint8_t *to, size_t len)
{
	for (; len && n_seg; seg++, n_seg--) {
		size_t n = seg->iov_len;

		if (at >= n) {
			at -= n;
			continue;
		}
		n -= at;
		n = n < len ? n : len;
		memcpy(to, (const uint8_t *)seg->iov_base + at, n);
		to += n;
		len -= n;
		at = 0;
	}
	assert(!len);
}

static bool segs_hold(const struct iovec *seg, int n_seg, size_t bytes)
{
	for (; n_seg > 0; seg++, n_seg--) {
		if (seg->iov_len >= bytes)
			return true;
		bytes -= seg->iov_len;
	}
	return false;
}

/* Takes the tag out of the head, and as many bytes in as there are. */
static bool take_tag(struct frame *f, size_t at)
{
	size_t more;

	if (f->len < FRAME_MIN + TAG)
		return false;
	f->tagged = true;
	f->tci = (uint16_t)(f->head[MACS + 2] << 8 | f->head[MACS + 3]);
	f->len -= TAG;
	memmove(f->head + MACS, f->head + MACS + TAG, f->head_len - MACS - TAG);
	f->head_len = (uint16_t)(f->head_len - TAG);
	more = f->len - f->head_len;
	more = more < TAG ? more : TAG;
	read_segs(f->seg, f->n_seg, f->seg_at, f->head + f->head_len, more);
	f->head_len = (uint16_t)(f->head_len + more);
	f->seg_at = (uint32_t)(at + f->head_len + TAG);
	return true;
}

static void skip_segs(struct frame *f)
{
	while (f->n_seg && f->seg_at >= f->seg->iov_len) {
		f->seg_at -= (uint32_t)f->seg->iov_len;
		f->seg++;
		f->n_seg--;
	}
}

/* What a driver may ask for (virtio 1.2, 5.1.6.2): flags that are the device's to set are
 * not taken over, nor is what belongs to a flag that is not set. */
static bool offload_ok(struct frame *f, const struct frame_offload *o)
{
	struct frame_offload *to = &f->offload;
	uint8_t type = o->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	uint16_t tag = f->tagged ? TAG : 0;

	*to = (struct frame_offload) { .flags = o->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM };
	if (!to->flags)
		return o->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	to->csum_start = (uint16_t)(o->csum_start - tag);
	to->csum_offset = o->csum_offset;
	if (o->csum_start < FRAME_MIN + tag || o->csum_start > UINT16_MAX - TAG)
		return false;
	if ((uint32_t)to->csum_start + to->csum_offset + 2 > f->len)
		return false;
	if (o->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return true;
	if (!o->gso_size)
		return false;
	to->gso_type = o->gso_type;
	to->gso_size = o->gso_size;
	to->hdr_len = (uint16_t)(o->hdr_len > tag ? o->hdr_len - tag : 0);
	if (to->hdr_len > f->len || to->hdr_len > UINT16_MAX - TAG)
		to->hdr_len = 0; /* a hint only, and none */
	if (type == VIRTIO_NET_HDR_GSO_UDP_L4)
		return o->gso_type == type;
	return type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6;
}
