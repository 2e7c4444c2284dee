/* What a receiver cannot do for itself: cutting a segmentation offload into frames and
 * filling in checksums.  Pure.  (TCP over IPv4 and IPv6, UDP_L4; RFC 791, 8200, 9293,
 * 768, 1071)
 *
 * The frame's headers are found behind any tags that are still in its bytes (802.1Q,
 * 802.1ad).  Of IPv6, hop-by-hop and destination options go into each part; refused are
 * fragments, routing that is not done yet (whose checksum needs an address that is
 * elsewhere) and whatever hides the protocol.  A part gets its length, the next
 * identification of IPv4, its sequence number; FIN and PSH only the last, CWR only the
 * first (RFC 3168, 6.1.2); and all its checksums, made anew from its own bytes. */
#ifndef VLAN_SEGMENT_H
#define VLAN_SEGMENT_H

#include "vlan/frame.h"

/* What a sender can make of one frame costs others: so many parts at most, and those not
 * smaller than any sender needs. */
#define SEGMENTS_MAX     1024
#define SEGMENTS_MAX_UDP 128 /* of any size; no Linux sends more in one */
#define SEGMENT_MIN_TCP  36  /* bytes: the least that Linux agrees on, with timestamps */

struct segmenter {
	uint8_t *bytes; /* the whole frame as the receiver gets it, read once */
	uint32_t len;
	struct frame_offload offload;
	uint32_t header; /* bytes before the payload; all, where nothing is cut */
	uint32_t at;     /* of payload already given out */
	uint32_t n;      /* frames already given out */
	uint32_t l3, l4; /* where these headers begin */
};

/* Begins with a copy of what the receiver gets in `buf` (egress_len() bytes at least).
 * `csum`: the receiver fills in checksums itself, which is then left to it where nothing
 * is cut.  0; -EPROTO: not what its offload says, or too many parts or too small. */
int segment_begin(struct segmenter *s, const struct egress *e, uint8_t *buf, bool csum);

/* The next frame in `out` (FRAME_MAX bytes hold any) and its bytes; 0: that was all.
 * *offload is what is left to the receiver (NEEDS_CSUM, or nothing). */
uint32_t segment_next(struct segmenter *s, uint8_t *out, struct frame_offload *offload);

/* The Internet checksum of bytes, added to `sum`; folded by checksum_fold().  Of several
 * pieces only the last may have an odd length; up to 4 GiB in all. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len);
uint16_t checksum_fold(uint64_t sum); /* inverted, to be stored as it is */

#endif
