/* Frames in pieces, with tags and offloads, in and out. */
#include "vlan/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES 200
#define CSUM  VIRTIO_NET_HDR_F_NEEDS_CSUM
#define ECN   VIRTIO_NET_HDR_GSO_ECN

static const struct frame_offload none;

/* No two bytes near each other are the same. */
static void fill(uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
}

static void put_tag(uint8_t *bytes, uint16_t tci)
{
	bytes[12] = 0x81;
	bytes[13] = 0;
	bytes[14] = (uint8_t)(tci >> 8);
	bytes[15] = (uint8_t)tci;
}

/* The same bytes in segments of `size`, the first of them behind `at` others. */
static int cut(uint8_t *bytes, size_t n, size_t size, struct iovec *seg)
{
	int k = 0;

	for (size_t i = 0; i < n; i += size)
		seg[k++] = (struct iovec) { bytes + i, n - i < size ? n - i : size };
	return k;
}

static void assert_gives(
	const struct frame *f, bool tagged, uint16_t tci, const uint8_t *want, size_t len)
{
	const struct egress e = { .frame = f, .tagged = tagged, .tci = tci };
	uint8_t got[BYTES + 4];

	assert_int_equal(egress_len(&e), len);
	egress_copy(&e, 0, got, len);
	assert_memory_equal(got, want, len);
	for (size_t from = 0; from < len; from += 5) { /* and in any part */
		size_t n = (from * 3) % (len - from + 1);

		memset(got, 0, sizeof(got));
		egress_copy(&e, from, got, n);
		assert_memory_equal(got, want + from, n);
		assert_int_equal(got[n], 0);
	}
}

static void test_any_length_in_any_pieces(void **state)
{
	uint8_t bytes[BYTES], host[8 + BYTES];
	struct iovec seg[8 + BYTES];
	struct frame f;

	(void)state;
	fill(bytes, BYTES);
	for (size_t len = FRAME_MIN; len < BYTES; len += 3) {
		for (size_t size = 1; size < BYTES; size += 11) {
			size_t at = len % 8;
			int n;

			memcpy(host + at, bytes, len);
			n = cut(host, at + len, size, seg);
			assert_int_equal(
				frame_read(&f, seg, n, at, len, &none, false), DROP_NONE);
			assert_int_equal(f.len, len);
			assert_int_equal(f.head_len, len < FRAME_HEAD ? len : FRAME_HEAD);
			assert_memory_equal(f.head, bytes, f.head_len);
			assert_gives(&f, false, 0, bytes, len);
		}
	}
}

static void test_head_is_read_once(void **state)
{
	uint8_t bytes[BYTES], want[BYTES];
	struct iovec seg = { bytes, BYTES };
	struct frame f;

	(void)state;
	fill(bytes, BYTES);
	memcpy(want, bytes, BYTES);
	assert_int_equal(frame_read(&f, &seg, 1, 0, BYTES, &none, false), DROP_NONE);
	memset(bytes, 0xee, FRAME_HEAD); /* the sender thinks otherwise */
	assert_gives(&f, false, 0, want, BYTES);
}

static void test_tag_is_taken_out_and_put_in(void **state)
{
	uint8_t bytes[BYTES], plain[BYTES], other[BYTES];
	struct iovec seg[BYTES];
	struct frame f;

	(void)state;
	for (size_t len = FRAME_MIN + 4; len < BYTES; len += 7) {
		for (size_t size = 1; size < BYTES; size += 23) {
			int n = cut(bytes, len, size, seg);

			fill(bytes, len);
			put_tag(bytes, 0xa123);
			memcpy(plain, bytes, 12);
			memcpy(plain + 12, bytes + 16, len - 16);
			memcpy(other, bytes, len);
			put_tag(other, 0x6045);
			assert_int_equal(
				frame_read(&f, seg, n, 0, len, &none, true), DROP_NONE);
			assert_true(f.tagged);
			assert_int_equal(f.tci, 0xa123);
			assert_int_equal(f.len, len - 4);
			assert_int_equal(
				f.head_len, len - 4 < FRAME_HEAD ? len - 4 : FRAME_HEAD);
			assert_gives(&f, false, 0, plain, len - 4);
			assert_gives(&f, true, 0x6045, other, len);
			/* one that is not looked for is bytes like others */
			assert_int_equal(
				frame_read(&f, seg, n, 0, len, &none, false), DROP_NONE);
			assert_false(f.tagged);
			assert_true(frame_has_tag(&f));
			assert_gives(&f, false, 0, bytes, len);
		}
	}
}

static void test_refused(void **state)
{
	static uint8_t bytes[FRAME_MAX + 1];
	struct iovec seg[2] = { { bytes, 100 }, { bytes + 100, sizeof(bytes) - 100 } };
	struct frame f;

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(frame_read(&f, seg, 2, 0, 0, &none, false), DROP_RUNT);
	assert_int_equal(frame_read(&f, seg, 2, 0, 13, &none, false), DROP_RUNT);
	assert_int_equal(
		frame_read(&f, seg, 2, 0, FRAME_MAX + 1, &none, false), DROP_OVERSIZE);
	assert_int_equal(
		frame_read(&f, seg, 2, 0, SIZE_MAX, &none, false), DROP_OVERSIZE);
	/* a tag must still fit in */
	assert_int_equal(
		frame_read(&f, seg, 2, 0, FRAME_MAX - 3, &none, true), DROP_OVERSIZE);
	assert_int_equal(
		frame_read(&f, seg, 2, 0, FRAME_MAX - 4, &none, true), DROP_NONE);
	/* less than is said */
	assert_int_equal(frame_read(&f, seg, 1, 0, 101, &none, false), DROP_MALFORMED);
	assert_int_equal(frame_read(&f, seg, 1, 50, 51, &none, false), DROP_MALFORMED);
	assert_int_equal(frame_read(&f, seg, 1, 50, 50, &none, false), DROP_NONE);
	assert_int_equal(frame_read(&f, seg, 0, 0, 50, &none, false), DROP_MALFORMED);
	/* a tag and nothing behind it */
	put_tag(bytes, 5);
	assert_int_equal(frame_read(&f, seg, 1, 0, 17, &none, true), DROP_MALFORMED);
	assert_int_equal(frame_read(&f, seg, 1, 0, 18, &none, true), DROP_NONE);
}

static void test_offloads(void **state)
{
	static const struct {
		struct frame_offload o;
		bool good;
	} cases[] = {
		{ { 0 }, true },
		{ { .flags = CSUM, .csum_start = 34, .csum_offset = 16 }, true },
		{ { .flags = CSUM, .csum_start = 14, .csum_offset = 0 }, true },
		{ { .flags = CSUM, .csum_start = 13, .csum_offset = 0 }, false },
		{ { .flags = CSUM, .csum_start = 100, .csum_offset = 98 }, true },
		{ { .flags = CSUM, .csum_start = 100, .csum_offset = 99 }, false },
		{ { .flags = CSUM, .csum_start = 65535, .csum_offset = 65535 }, false },
		{ { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 9 }, false },
		{ { CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 54, 1460, 34, 16 }, true },
		{ { CSUM, VIRTIO_NET_HDR_GSO_TCPV6 | ECN, 74, 1440, 54, 16 }, true },
		{ { CSUM, VIRTIO_NET_HDR_GSO_UDP_L4, 42, 1472, 34, 6 }, true },
		{ { CSUM, VIRTIO_NET_HDR_GSO_UDP_L4 | ECN, 42, 1472, 34, 6 }, false },
		{ { CSUM, VIRTIO_NET_HDR_GSO_UDP, 42, 1472, 34, 6 }, false },
		{ { CSUM, ECN, 42, 1472, 34, 6 }, false },
		{ { CSUM, 2, 42, 1472, 34, 6 }, false },
		{ { CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 54, 0, 34, 16 }, false },
	};
	uint8_t bytes[BYTES];
	struct iovec seg = { bytes, BYTES };
	struct frame f;

	(void)state;
	fill(bytes, BYTES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(frame_read(&f, &seg, 1, 0, BYTES, &cases[i].o, false),
			cases[i].good ? DROP_NONE : DROP_MALFORMED);
		if (cases[i].good)
			assert_memory_equal(&f.offload, &cases[i].o, sizeof(f.offload));
	}
}

/* Flags that are the device's, and what belongs to none, go no further. */
static void test_offloads_are_cleaned(void **state)
{
	const struct frame_offload dirty = { VIRTIO_NET_HDR_F_DATA_VALID | 0xf0, 0, 1, 2,
		3, 4 };
	const struct frame_offload hint = { CSUM, VIRTIO_NET_HDR_GSO_TCPV4, BYTES + 1, 9,
		34, 6 };
	uint8_t bytes[BYTES];
	struct iovec seg = { bytes, BYTES };
	struct frame f;

	(void)state;
	fill(bytes, BYTES);
	assert_int_equal(frame_read(&f, &seg, 1, 0, BYTES, &dirty, false), DROP_NONE);
	assert_memory_equal(&f.offload, &none, sizeof(none));
	assert_int_equal(frame_read(&f, &seg, 1, 0, BYTES, &hint, false), DROP_NONE);
	assert_int_equal(f.offload.hdr_len, 0);
}

static void test_offloads_move_with_the_tag(void **state)
{
	const struct frame_offload o = { CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 58, 1000, 38,
		16 };
	uint8_t bytes[BYTES];
	struct iovec seg = { bytes, BYTES };
	struct frame_offload out;
	struct frame f;

	(void)state;
	fill(bytes, BYTES);
	put_tag(bytes, 7);
	assert_int_equal(frame_read(&f, &seg, 1, 0, BYTES, &o, true), DROP_NONE);
	assert_int_equal(f.offload.csum_start, 34);
	assert_int_equal(f.offload.hdr_len, 54);
	out = egress_offload(&(struct egress) { .frame = &f });
	assert_memory_equal(&out, &f.offload, sizeof(out));
	out = egress_offload(&(struct egress) { .frame = &f, .tagged = true });
	assert_memory_equal(&out, &o, sizeof(out));
	bytes[12] = 8;
	assert_int_equal(frame_read(&f, &seg, 1, 0, BYTES, &none, true), DROP_NONE);
	out = egress_offload(&(struct egress) { .frame = &f, .tagged = true });
	assert_memory_equal(&out, &none, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_length_in_any_pieces),
		cmocka_unit_test(test_head_is_read_once),
		cmocka_unit_test(test_tag_is_taken_out_and_put_in),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_offloads),
		cmocka_unit_test(test_offloads_are_cleaned),
		cmocka_unit_test(test_offloads_move_with_the_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
