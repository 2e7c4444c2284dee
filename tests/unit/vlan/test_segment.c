/* Segmentation: each part is compared with a frame built from nothing for the same bytes,
 * with checksums summed up the slow way. */
#include "tests/unit/vlan/made_frame.h"
#include "vlan/segment.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CSUM VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCP4 VIRTIO_NET_HDR_GSO_TCPV4
#define TCP6 VIRTIO_NET_HDR_GSO_TCPV6
#define USO  VIRTIO_NET_HDR_GSO_UDP_L4
#define ECN  VIRTIO_NET_HDR_GSO_ECN

#define FIN 0x01
#define PSH 0x08
#define ACK 0x10
#define ECE 0x40
#define CWR 0x80

/* ---- What the segmenter makes of it ---- */

struct cutting {
	struct iovec iov;
	struct frame frame;
	struct egress egress;
	struct segmenter s;
	uint8_t buf[FRAME_MAX + 4], out[FRAME_MAX + 4];
	struct frame_offload left;
};

static struct frame_offload offload_of(const struct made *m, uint16_t gso_size)
{
	return (struct frame_offload) { .flags = CSUM,
		.gso_type = m->udp           ? USO
			    : m->family == 4 ? TCP4
					     : TCP6,
		.hdr_len = (uint16_t)m->header,
		.gso_size = gso_size,
		.csum_start = (uint16_t)m->l4,
		.csum_offset = m->udp ? 6 : 16 };
}

/* Without frame_read(): what it would refuse must not do harm here either. */
static int begin(struct cutting *c, const void *bytes, uint32_t len,
	const struct frame_offload *offload, bool csum)
{
	c->iov = (struct iovec) { (void *)(uintptr_t)bytes, len };
	c->frame = (struct frame) { .len = len, .n_seg = 1, .seg = &c->iov };
	c->frame.head_len = (uint16_t)(len < FRAME_HEAD ? len : FRAME_HEAD);
	c->frame.seg_at = c->frame.head_len;
	memcpy(c->frame.head, bytes, c->frame.head_len);
	c->frame.offload = *offload;
	c->egress = (struct egress) { &c->frame, false, 0 };
	return segment_begin(&c->s, &c->egress, c->buf, csum);
}

/* A sender leaves the sum of the pseudo header, which is not to be relied upon. */
static void cut_and_compare(struct made *m, uint32_t payload, uint16_t gso_size)
{
	struct cutting *c = malloc(sizeof(*c));
	struct made *part = malloc(sizeof(*part));
	struct frame_offload offload;
	uint32_t n = 0, len;

	build(m, 0, payload);
	offload = offload_of(m, gso_size);
	poke(m, check_at(m), 0x5a5a);
	assert_int_equal(begin(c, m->bytes, m->len, &offload, payload & 1), 0);
	for (uint32_t at = 0; at < payload || !n; at += gso_size, n++) {
		bool last = payload - at <= gso_size;

		memcpy(part, m, sizeof(*part));
		part->ip_id = (uint16_t)(m->ip_id + n);
		part->seq = m->seq + at;
		part->flags &= (uint8_t)((last ? 0xff : ~(FIN | PSH)) &
					 (n ? ~CWR : 0xff));
		build(part, at, last ? payload - at : gso_size);
		len = segment_next(&c->s, c->out, &c->left);
		assert_int_equal(len, part->len);
		assert_memory_equal(c->out, part->bytes, len);
		assert_int_equal(c->left.flags | c->left.gso_type, 0);
	}
	assert_int_equal(segment_next(&c->s, c->out, &c->left), 0);
	assert_int_equal(segment_next(&c->s, c->out, &c->left), 0);
	free(part);
	free(c);
}

static void cut_by_all_sizes(struct made *m)
{
	static const uint16_t sizes[] = { 1448, 1000, 999, 72, 65535 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cut_and_compare(m, 9000, sizes[i]);
		cut_and_compare(m, 9001, sizes[i]);
		cut_and_compare(m, sizes[i] < 9000 ? sizes[i] : 9000, sizes[i]);
		cut_and_compare(m, 1, sizes[i]);
		cut_and_compare(m, 0, sizes[i]);
	}
	cut_and_compare(m, 65000, 1448);
	if (m->udp)
		cut_and_compare(m, SEGMENTS_MAX_UDP, 1);
	else
		cut_and_compare(m, SEGMENTS_MAX * SEGMENT_MIN_TCP, SEGMENT_MIN_TCP);
}

static void tcp_over_ipv4(void **state)
{
	static struct made m = { .family = 4, .flags = ACK | PSH | FIN | ECE | CWR };

	(void)state;
	m.ip_id = 0xfffe; /* both wrap */
	m.seq = 0xfffff000;
	cut_by_all_sizes(&m);
	m.tcp_options = 12;
	m.ip_options = 8;
	cut_by_all_sizes(&m);
	m.tcp_options = m.ip_options = 40;
	cut_by_all_sizes(&m);
}

static void tcp_over_ipv6(void **state)
{
	static struct made m = { .family = 6, .flags = ACK | PSH, .tcp_options = 12 };

	(void)state;
	cut_by_all_sizes(&m);
}

/* The numbers are kept one higher: 0 is hop-by-hop. */
static void options_of_ipv6_go_into_each_part(void **state)
{
	static struct made m = { .family = 6, .flags = ACK };

	(void)state;
	m.extensions = "\001";
	cut_by_all_sizes(&m);
	m.extensions = "\001\075\054";
	m.ext_words = 3;
	cut_by_all_sizes(&m);
	m.udp = true;
	cut_by_all_sizes(&m);
}

static void udp(void **state)
{
	static struct made m = { .udp = true };

	(void)state;
	m.family = 4;
	m.ip_id = 77;
	cut_by_all_sizes(&m);
	m.family = 6;
	cut_by_all_sizes(&m);
}

static void behind_tags(void **state)
{
	static const uint16_t one[] = { 0x8100, 0x6064, 0 };
	static const uint16_t two[] = { 0x88a8, 0x0014, 0x8100, 0x0064, 0 };
	static const uint16_t old[] = { 0x9100, 1, 0x8100, 2, 0x8100, 3, 0x8100, 4, 0 };
	static struct made m = { .flags = ACK | PSH, .tcp_options = 12 };

	(void)state;
	for (m.family = 4; m.family <= 6; m.family += 2) {
		m.tags = one;
		cut_by_all_sizes(&m);
		m.tags = two;
		cut_by_all_sizes(&m);
		m.tags = old;
		m.udp = !m.udp;
		cut_by_all_sizes(&m);
	}
}

/* The tag of a port that gets tagged frames is not in the sender's bytes. */
static void a_tag_of_the_egress_is_in_each_part(void **state)
{
	static const uint16_t tag[] = { 0x8100, 0x2005, 0 };
	static struct made m = { .family = 4, .flags = ACK }, tagged;
	static struct cutting c;
	struct frame_offload offload;

	(void)state;
	build(&m, 0, 2000);
	offload = offload_of(&m, 1000);
	assert_int_equal(begin(&c, m.bytes, m.len, &offload, false), 0);
	c.egress.tagged = true;
	c.egress.tci = 0x2005;
	assert_int_equal(segment_begin(&c.s, &c.egress, c.buf, false), 0);
	tagged = m;
	tagged.tags = tag;
	build(&tagged, 0, 1000);
	assert_int_equal(segment_next(&c.s, c.out, &c.left), tagged.len);
	assert_memory_equal(c.out, tagged.bytes, tagged.len);
}

static void the_ecn_flag_changes_nothing(void **state)
{
	static struct made m = { .family = 4, .flags = ACK | CWR };
	static struct cutting c;
	struct frame_offload offload;

	(void)state;
	build(&m, 0, 3000);
	offload = offload_of(&m, 1000);
	offload.gso_type |= ECN;
	assert_int_equal(begin(&c, m.bytes, m.len, &offload, false), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(segment_next(&c.s, c.out, &c.left), m.header + 1000);
		assert_int_equal(c.out[m.l4 + 13], i ? ACK : ACK | CWR);
	}
}

/* ---- Checksums alone ---- */

static void whole(struct made *m, bool csum)
{
	static struct cutting c;
	static struct made want;
	struct frame_offload offload;

	build(m, 0, 777);
	want = *m;
	poke(m, check_at(m), slow_sum(pseudo_sum(m, m->len - m->l4), NULL, 0));
	if (pseudo_sum(m, m->len - m->l4) > 0xffff)
		poke(m, check_at(m), (pseudo_sum(m, m->len - m->l4) & 0xffff) + 1);
	offload = offload_of(m, 0);
	offload.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	assert_int_equal(begin(&c, m->bytes, m->len, &offload, csum), 0);
	assert_int_equal(segment_next(&c.s, c.out, &c.left), m->len);
	assert_int_equal(c.left.flags, csum ? CSUM : 0);
	assert_int_equal(c.left.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	if (csum) {
		assert_int_equal(c.left.csum_start, m->l4);
		assert_int_equal(c.left.csum_offset, offload.csum_offset);
	}
	assert_memory_equal(c.out, csum ? m->bytes : want.bytes, m->len);
	assert_int_equal(segment_next(&c.s, c.out, &c.left), 0);
}

static void checksums_are_filled_in_or_left(void **state)
{
	static const uint16_t tags[] = { 0x8100, 5, 0 };
	static struct made m = { .flags = ACK };

	(void)state;
	for (int i = 0; i < 16; i++) {
		m.family = i & 1 ? 4 : 6;
		m.udp = i & 2;
		m.tags = i & 4 ? tags : NULL;
		whole(&m, i & 8);
	}
}

static void a_frame_without_wishes_is_left_alone(void **state)
{
	static struct made m = { .family = 4, .flags = ACK };
	static struct cutting c;

	(void)state;
	build(&m, 0, 100);
	assert_int_equal(
		begin(&c, m.bytes, m.len, &(struct frame_offload) { 0 }, false), 0);
	assert_int_equal(segment_next(&c.s, c.out, &c.left), m.len);
	assert_memory_equal(c.out, m.bytes, m.len);
	assert_int_equal(c.left.flags, 0);
	assert_int_equal(segment_next(&c.s, c.out, &c.left), 0);
}

/* The example of RFC 1071, 3, and pieces of it. */
static void the_internet_checksum(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	static const uint8_t want[] = { 0xff ^ 0xdd, 0xff ^ 0xf2 };
	uint16_t sum = checksum_fold(checksum_add(0, bytes, sizeof(bytes)));

	(void)state;
	assert_memory_equal(&sum, want, 2);
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 2) {
		sum = checksum_fold(checksum_add(
			checksum_add(0, bytes, cut), bytes + cut, sizeof(bytes) - cut));
		assert_memory_equal(&sum, want, 2);
	}
	sum = checksum_fold(checksum_add(0, bytes, 7));
	assert_int_equal(((uint8_t *)&sum)[0], 0xff ^ 0xdc);
	assert_int_equal(((uint8_t *)&sum)[1], 0xff ^ 0xfb);
}

/* UDP: a checksum of 0 would say that there is none. */
static void no_checksum_is_zero(void **state)
{
	uint8_t bytes[] = { [14] = 0xff, 0xfe, 0, 1, 0, 0 };
	struct frame_offload offload = {
		.flags = CSUM, .csum_start = 14, .csum_offset = 4
	};
	static struct cutting c;

	(void)state;
	assert_int_equal(begin(&c, bytes, sizeof(bytes), &offload, false), 0);
	assert_int_equal(segment_next(&c.s, c.out, &c.left), sizeof(bytes));
	assert_int_equal(c.out[18] << 8 | c.out[19], 0xffff);
}

/* ---- What is refused ---- */

static struct made good;

static int refused(const struct frame_offload *offload, uint32_t len)
{
	static struct cutting c;
	int err = begin(&c, good.bytes, len, offload, false);

	assert_true(err == 0 || err == -EPROTO);
	return err == -EPROTO;
}

/* A change of one byte of the good frame. */
static int refused_with(uint32_t at, uint8_t value)
{
	struct frame_offload offload = offload_of(&good, 500);
	uint8_t before = good.bytes[at];
	int ret;

	good.bytes[at] = value;
	ret = refused(&offload, good.len);
	good.bytes[at] = before;
	assert_false(refused(&offload, good.len));
	return ret;
}

static void make_good(int family, bool is_udp)
{
	good = (struct made) { .family = family, .udp = is_udp, .flags = ACK };
	build(&good, 0, 2000);
}

static void offloads_that_do_not_fit(void **state)
{
	struct frame_offload o;

	(void)state;
	make_good(4, false);
#define BAD(change)                                  \
	do {                                         \
		o = offload_of(&good, 500);          \
		assert_false(refused(&o, good.len)); \
		change;                              \
		assert_true(refused(&o, good.len));  \
	} while (0)
	BAD(o.gso_size = 0);
	BAD(o.flags = 0);
	BAD(o.gso_type = TCP6);
	BAD(o.gso_type = TCP6 | ECN);
	BAD(o.gso_type = USO);
	BAD(o.gso_type = VIRTIO_NET_HDR_GSO_UDP);
	BAD(o.gso_type = USO | ECN);
	BAD(o.gso_type = ECN);
	BAD(o.gso_type = 2);
	BAD(o.csum_start += 2);
	BAD(o.csum_start = 65535);
	BAD(o.csum_offset = 6);
	BAD(o.csum_offset = 65535);
	make_good(6, true);
	BAD(o.gso_type = TCP6);
	BAD(o.csum_offset = 16);
	make_good(6, false);
	BAD(o.gso_type = TCP4);
	BAD(o.gso_type = VIRTIO_NET_HDR_GSO_NONE; o.csum_offset = 65000);
}

static void headers_that_do_not_fit(void **state)
{
	(void)state;
	make_good(4, false);
	assert_true(refused_with(12, 0x07));          /* no IP */
	assert_true(refused_with(good.l3, 0x65));     /* version */
	assert_true(refused_with(good.l3, 0x44));     /* header too short */
	assert_true(refused_with(good.l3, 0x4f));     /* ...or elsewhere */
	assert_true(refused_with(good.l3 + 6, 0x20)); /* a fragment with more to come */
	assert_true(refused_with(good.l3 + 7, 0x01)); /* ...or a later one */
	assert_true(refused_with(good.l3 + 9, 17));   /* no TCP */
	assert_true(refused_with(good.l4 + 12, 0x40));
	make_good(6, false);
	assert_true(refused_with(good.l3, 0x40));
	assert_true(refused_with(good.l3 + 6, 44)); /* fragment */
	assert_true(refused_with(good.l3 + 6, 51)); /* AH */
	assert_true(refused_with(good.l3 + 6, 59)); /* nothing */
}

static void extensions_that_do_not_fit(void **state)
{
	(void)state;
	good = (struct made) { .family = 6, .flags = ACK, .extensions = "\001\054" };
	build(&good, 0, 2000);
	assert_true(refused_with(good.l3 + 40 + 8 + 3, 1)); /* not there yet */
	assert_true(refused_with(good.l3 + 40 + 1, 255));   /* beyond the end */
	assert_true(refused_with(good.l3 + 40, 17));
	poke(&good, good.l3 + 4, 0); /* a jumbogram */
	assert_true(refused(
		&(struct frame_offload) { CSUM, TCP6, 0, 500, (uint16_t)good.l4, 16 },
		good.len));
	good = (struct made) { .family = 6,
		.extensions = "\001\001\001\001\001\001\001\001\001" };
	build(&good, 0, 2000);
	assert_true(refused(
		&(struct frame_offload) { CSUM, TCP6, 0, 500, (uint16_t)good.l4, 16 },
		good.len));
}

/* A frame that is cut off anywhere before its payload. */
static void frames_that_end_early(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct frame_offload offload;

		make_good(i & 1 ? 6 : 4, i & 2);
		offload = offload_of(&good, 500);
		for (uint32_t len = 0; len < good.header; len++)
			assert_true(refused(&offload, len));
		assert_false(refused(&offload, good.header));
	}
}

static void parts_that_are_too_many_or_too_large(void **state)
{
	static const uint16_t tags[] = { 0x8100, 1, 0x8100, 2, 0x8100, 3, 0x8100, 4,
		0x8100, 5, 0 };
	struct frame_offload o;

	(void)state;
	make_good(4, false);
	build(&good, 0, SEGMENTS_MAX * SEGMENT_MIN_TCP + 1);
	o = offload_of(&good, SEGMENT_MIN_TCP);
	assert_true(refused(&o, good.len));
	o = offload_of(&good, SEGMENT_MIN_TCP + 1);
	assert_false(refused(&o, good.len));
	build(&good, 0, SEGMENT_MIN_TCP);
	o = offload_of(&good, SEGMENT_MIN_TCP - 1);
	assert_true(refused(&o, good.len));
	build(&good, 0, SEGMENT_MIN_TCP - 1); /* one part: nothing is cut */
	assert_false(refused(&o, good.len));
	make_good(4, true);
	build(&good, 0, SEGMENTS_MAX_UDP + 1);
	o = offload_of(&good, 1);
	assert_true(refused(&o, good.len));
	make_good(4, false);
	build(&good, 0, 65481); /* the largest there is */
	o = offload_of(&good, 65535);
	assert_false(refused(&o, good.len));
	build(&good, 0, 65499); /* of more than 65535 bytes of IP, in one */
	o = offload_of(&good, 65535);
	assert_true(refused(&o, good.len));
	o = offload_of(&good, 1448);
	assert_false(refused(&o, good.len));
	good = (struct made) { .family = 4, .flags = ACK, .tags = tags };
	build(&good, 0, 2000);
	o = offload_of(&good, 500);
	assert_true(refused(&o, good.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_over_ipv4),
		cmocka_unit_test(tcp_over_ipv6),
		cmocka_unit_test(options_of_ipv6_go_into_each_part),
		cmocka_unit_test(udp),
		cmocka_unit_test(behind_tags),
		cmocka_unit_test(a_tag_of_the_egress_is_in_each_part),
		cmocka_unit_test(the_ecn_flag_changes_nothing),
		cmocka_unit_test(checksums_are_filled_in_or_left),
		cmocka_unit_test(a_frame_without_wishes_is_left_alone),
		cmocka_unit_test(the_internet_checksum),
		cmocka_unit_test(no_checksum_is_zero),
		cmocka_unit_test(offloads_that_do_not_fit),
		cmocka_unit_test(headers_that_do_not_fit),
		cmocka_unit_test(extensions_that_do_not_fit),
		cmocka_unit_test(frames_that_end_early),
		cmocka_unit_test(parts_that_are_too_many_or_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
