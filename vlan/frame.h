/* A frame on its way through the switch.
 *
 * Its first bytes, which decide where it goes, are read once into host memory; the rest
 * stays where the sender has it and is copied once, into the receiver's buffer.  A tag of
 * 802.1Q that the LAN understands is taken out of the bytes and kept beside them. */
#ifndef VLAN_FRAME_H
#define VLAN_FRAME_H

#include "cp/lan_proto.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* not in headers before Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define FRAME_HEAD  64 /* bytes that are looked at and copied from host memory */
#define FRAME_MIN   14
#define FRAME_MAX   (65535 + 18) /* bytes, one tag included */
#define FRAME_BURST 32           /* that go through the switch together */

enum lan_drop {
#define DROP(NAME, key, what) DROP_##NAME,
#include "cp/lan_drops.def"
#undef DROP
	LAN_DROPS,
	DROP_NONE = LAN_DROPS
};

/* What virtio 1.2 (5.1.6) puts before a frame; offsets count from the frame's first byte,
 * a tag that was taken out not included. */
struct frame_offload {
	uint8_t flags;    /* VIRTIO_NET_HDR_F_* */
	uint8_t gso_type; /* VIRTIO_NET_HDR_GSO_*, _ECN included */
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
};

struct frame {
	uint32_t len;      /* bytes, without the tag */
	uint16_t head_len; /* of them in head: min(len, FRAME_HEAD) */
	uint16_t n_seg;
	const struct iovec *seg; /* the sender's memory: hostile, changing */
	uint32_t seg_at;         /* bytes of seg before the one that follows head */
	bool tagged;             /* there was a tag... */
	uint16_t tci;            /* ...this one: priority, DEI and VLAN; else 0 */
	uint16_t vlan; /* it is in, by the port's rules; 0 where LANs have none */
	struct frame_offload offload;
	uint8_t head[FRAME_HEAD];
};

/* Reads what a port got: `len` bytes at offset `at` of the segments, with what the sender
 * wants done to them (checked here).  `aware`: take an outer 802.1Q tag out.  DROP_NONE,
 * or why it is none: RUNT, OVERSIZE (over FRAME_MAX), MALFORMED. */
enum lan_drop frame_read(struct frame *f, const struct iovec *seg, int n_seg, size_t at,
	size_t len, const struct frame_offload *offload, bool aware);

/* A frame as one receiver gets it. */
struct egress {
	const struct frame *frame;
	bool tagged; /* with a tag... */
	uint16_t tci;
};

/* Bytes the receiver gets, tag included. */
static inline uint32_t egress_len(const struct egress *e)
{
	return e->frame->len + (e->tagged ? 4 : 0);
}

/* Copies bytes [from, from + len) of what the receiver gets. */
void egress_copy(const struct egress *e, size_t from, void *to, size_t len);

/* What goes into the receiver's virtio header: offsets moved by the tag. */
struct frame_offload egress_offload(const struct egress *e);

static inline bool frame_is_multicast(const struct frame *f)
{
	return f->head[0] & 1;
}

/* Do its bytes have a tag of 802.1Q (a further one, where one was taken out)? */
static inline bool frame_has_tag(const struct frame *f)
{
	return f->head[12] == 0x81 && !f->head[13];
}

#endif
