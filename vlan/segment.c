/* Segmentation and checksums.  Everything is looked at in the copy, never in the sender's
 * memory: what was checked is what is sent. */
#include "vlan/segment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define MAX_TAGS    4
#define MAX_OPTIONS 8 /* extension headers before TCP or UDP */
#define L3_MAX      65535

#define TCP_SEQ   4 /* where in its header things are */
#define TCP_DOFF  12
#define TCP_FLAGS 13
#define TCP_CHECK 16
#define UDP_LEN   4
#define UDP_CHECK 6

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

static int find_headers(struct segmenter *s);
static void finish_part(const struct segmenter *s, uint8_t *out, uint32_t len, bool last);

static bool is_tcp(const struct segmenter *s)
{
	return s->offload.gso_type != VIRTIO_NET_HDR_GSO_UDP_L4;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* Of TCP or UDP: what comes out as 0 is sent as the other zero, for in UDP 0 is none. */
static void put_l4_sum(uint8_t *p, uint64_t sum)
{
	uint16_t folded = checksum_fold(sum);

	if (!folded)
		folded = 0xffff;
	memcpy(p, &folded, sizeof(folded));
}

static int check_offload(const struct segmenter *s)
{
	const struct frame_offload *o = &s->offload;

	if (!(o->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return o->gso_type == VIRTIO_NET_HDR_GSO_NONE ? 0 : -EPROTO;
	if ((uint32_t)o->csum_start + o->csum_offset + 2 > s->len)
		return -EPROTO;
	return 0;
}

/* The sender left the sum of the pseudo header in the field. */
static void fill_in(struct segmenter *s)
{
	uint32_t start = s->offload.csum_start;
	uint64_t sum = checksum_add(0, s->bytes + start, s->len - start);

	put_l4_sum(s->bytes + start + s->offload.csum_offset, sum);
	s->offload = (struct frame_offload) { 0 };
}

static int begin_whole(struct segmenter *s, bool csum)
{
	s->header = s->len;
	if (!(s->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		s->offload = (struct frame_offload) { 0 };
	} else if (!csum) {
		fill_in(s);
	} else {
		s->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		s->offload.hdr_len = s->offload.gso_size = 0;
	}
	return 0;
}

/* One part of whatever size is nobody's burden. */
static bool too_many(const struct segmenter *s)
{
	uint32_t size = s->offload.gso_size, payload = s->len - s->header;
	uint32_t max = is_tcp(s) ? SEGMENTS_MAX : SEGMENTS_MAX_UDP;

	if (payload <= size)
		return false;
	return (is_tcp(s) && size < SEGMENT_MIN_TCP) || (payload - 1) / size >= max;
}

static int begin_cutting(struct segmenter *s)
{
	uint32_t size = s->offload.gso_size;
	int err = find_headers(s);

	if (err)
		return err;
	if (!size || too_many(s))
		return -EPROTO;
	if (size > s->len - s->header)
		size = s->len - s->header;
	return s->header - s->l3 + size > L3_MAX ? -EPROTO : 0;
}

int segment_begin(struct segmenter *s, const struct egress *e, uint8_t *buf, bool csum)
{
	int err;

	*s = (struct segmenter) {
		.bytes = buf, .len = egress_len(e), .offload = egress_offload(e)
	};
	egress_copy(e, 0, buf, s->len);
	err = check_offload(s);
	if (err)
		return err;
	return s->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE ? begin_whole(s, csum)
							      : begin_cutting(s);
}

uint32_t segment_next(struct segmenter *s, uint8_t *out, struct frame_offload *offload)
{
	uint32_t left = s->len - s->header - s->at, take = left;

	if (s->n && !left)
		return 0;
	*offload = (struct frame_offload) { 0 };
	if (s->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		*offload = s->offload;
	} else if (take > s->offload.gso_size) {
		take = s->offload.gso_size;
	}
	memcpy(out, s->bytes, s->header);
	memcpy(out + s->header, s->bytes + s->header + s->at, take);
	if (s->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		finish_part(s, out, s->header + take, take == left);
	s->at += take;
	s->n++;
	return s->header + take;
}

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, p, len);
	return sum + word;
}

uint16_t checksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* ---- Where the headers are --------------------------------------------------------- */

static bool has(const struct segmenter *s, uint32_t at, uint32_t bytes)
{
	return at <= s->len && bytes <= s->len - at;
}

static bool is_tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* The EtherType behind all tags, or -EPROTO; sets l3. */
static int find_l3(struct segmenter *s)
{
	uint32_t at = 2 * ETH_ALEN;

	for (int tags = 0; tags <= MAX_TAGS && has(s, at, 2); tags++, at += 4) {
		uint16_t type = get16(s->bytes + at);

		s->l3 = at + 2;
		if (!is_tag(type))
			return type;
	}
	return -EPROTO;
}

/* The protocol, or -EPROTO; sets l4. */
static int find_l4_ipv4(struct segmenter *s)
{
	const uint8_t *ip = s->bytes + s->l3;
	uint32_t bytes;

	if (!has(s, s->l3, 20) || ip[0] >> 4 != 4)
		return -EPROTO;
	bytes = (ip[0] & 15u) * 4;
	if (bytes < 20 || !has(s, s->l3, bytes) || get16(ip + 6) & 0x3fff)
		return -EPROTO;
	s->l4 = s->l3 + bytes;
	return ip[9];
}

static bool is_option(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_ROUTING;
}

/* As find_l4_ipv4().  A length of 0 with options is that of a jumbogram (RFC 2675). */
static int find_l4_ipv6(struct segmenter *s)
{
	const uint8_t *ip = s->bytes + s->l3;
	uint8_t next;

	if (!has(s, s->l3, 40) || ip[0] >> 4 != 6)
		return -EPROTO;
	next = ip[6];
	if (next == IPPROTO_HOPOPTS && !get16(ip + 4))
		return -EPROTO;
	s->l4 = s->l3 + 40;
	for (int n = 0; n < MAX_OPTIONS && is_option(next); n++) {
		const uint8_t *option = s->bytes + s->l4;

		if (!has(s, s->l4, 8) || (next == IPPROTO_ROUTING && option[3]))
			return -EPROTO;
		next = option[0];
		s->l4 += (option[1] + 1u) * 8;
	}
	return next;
}

/* Does the type of offload go with this network protocol?  Then the transport protocol,
 * else -EPROTO. */
static int wanted(uint8_t gso_type, int ether_type)
{
	switch (gso_type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
		return ether_type == ETH_P_IP ? IPPROTO_TCP : -EPROTO;
	case VIRTIO_NET_HDR_GSO_TCPV6:
	case VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN:
		return ether_type == ETH_P_IPV6 ? IPPROTO_TCP : -EPROTO;
	case VIRTIO_NET_HDR_GSO_UDP_L4: return IPPROTO_UDP;
	default: return -EPROTO;
	}
}

static int find_payload(struct segmenter *s, int protocol)
{
	uint32_t bytes = 8, check = UDP_CHECK;

	if (protocol == IPPROTO_TCP) {
		if (!has(s, s->l4, 20))
			return -EPROTO;
		bytes = (s->bytes[s->l4 + TCP_DOFF] >> 4) * 4u;
		check = TCP_CHECK;
		if (bytes < 20)
			return -EPROTO;
	}
	if (!has(s, s->l4, bytes) || s->offload.csum_start != s->l4 ||
		s->offload.csum_offset != check)
		return -EPROTO;
	s->header = s->l4 + bytes;
	return 0;
}

static int find_headers(struct segmenter *s)
{
	int type = find_l3(s), protocol;

	if (type == ETH_P_IP)
		protocol = find_l4_ipv4(s);
	else if (type == ETH_P_IPV6)
		protocol = find_l4_ipv6(s);
	else
		return -EPROTO;
	if (protocol < 0 || protocol != wanted(s->offload.gso_type, type))
		return -EPROTO;
	return find_payload(s, protocol);
}

/* ---- One part ------------------------------------------------------------------------
 */

/* Returns the sum of the addresses: what of the pseudo header depends on the family. */
static uint64_t finish_l3(const struct segmenter *s, uint8_t *ip, uint32_t len)
{
	uint16_t sum;

	if (ip[0] >> 4 == 6) {
		put16(ip + 4, len - 40);
		return checksum_add(0, ip + 8, 32);
	}
	put16(ip + 2, len);
	put16(ip + 4, get16(ip + 4) + s->n);
	put16(ip + 10, 0);
	sum = checksum_fold(checksum_add(0, ip, s->l4 - s->l3));
	memcpy(ip + 10, &sum, sizeof(sum));
	return checksum_add(0, ip + 12, 8);
}

static void finish_tcp(const struct segmenter *s, uint8_t *tcp, bool last)
{
	uint32_t seq;

	memcpy(&seq, tcp + TCP_SEQ, sizeof(seq));
	seq = htonl(ntohl(seq) + s->at);
	memcpy(tcp + TCP_SEQ, &seq, sizeof(seq));
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (s->n)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

/* `out` has the headers of the whole and its own payload. */
static void finish_part(const struct segmenter *s, uint8_t *out, uint32_t len, bool last)
{
	uint64_t sum = finish_l3(s, out + s->l3, len - s->l3);
	uint8_t *l4 = out + s->l4, *check = l4 + (is_tcp(s) ? TCP_CHECK : UDP_CHECK);
	uint16_t rest[2] = { htons((uint16_t)(len - s->l4)),
		htons(is_tcp(s) ? IPPROTO_TCP : IPPROTO_UDP) };

	if (is_tcp(s))
		finish_tcp(s, l4, last);
	else
		put16(l4 + UDP_LEN, len - s->l4);
	put16(check, 0);
	sum = checksum_add(sum, rest, sizeof(rest));
	put_l4_sum(check, checksum_add(sum, l4, len - s->l4));
}
