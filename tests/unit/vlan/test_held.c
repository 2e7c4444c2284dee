/* Frames that wait: order, copies, bounds, and that nothing is left of a port. */
#include "vlan/held.h"
#include "vlan/switch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NO_FLIP UINT32_MAX

static struct port ports[3];

static int make(void **state)
{
	return held_create((struct held **)state);
}

static int unmake(void **state)
{
	held_destroy(*state);
	return 0;
}

/* A frame as frame_read() would have it: `before` bytes of the segments precede it. */
static struct frame frame_of(const struct iovec *seg, uint16_t n, uint32_t before,
	const uint8_t *bytes, uint32_t len)
{
	struct frame f = { .len = len, .n_seg = n, .seg = seg, .vlan = 7 };

	f.head_len = (uint16_t)(len < FRAME_HEAD ? len : FRAME_HEAD);
	f.seg_at = before + f.head_len;
	memcpy(f.head, bytes, f.head_len);
	return f;
}

static struct frame numbered(uint8_t *bytes, uint32_t len, struct iovec *iov)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	*iov = (struct iovec) { bytes, len };
	return frame_of(iov, 1, 0, bytes, len);
}

static void by_time_then_as_they_came(void **state)
{
	struct held *h = *state;
	struct iovec iov;
	uint8_t bytes[64];
	struct frame f = numbered(bytes, sizeof(bytes), &iov);
	uint64_t last = 0, seq = 0;
	unsigned x = 1;

	assert_int_equal(held_next(h), UINT64_MAX);
	assert_null(held_take(h, UINT64_MAX));
	for (int i = 0; i < 5000; i++) {
		x = x * 1103515245 + 12345;
		assert_int_equal(held_add(h, &f, &ports[0], NULL, x >> 24, NO_FLIP), 0);
	}
	assert_int_equal(held_count(h), 5000);
	for (int i = 0; i < 5000; i++) {
		uint64_t due = held_next(h);
		struct held_frame *got;

		if (due)
			assert_null(held_take(h, due - 1));
		got = held_take(h, due);
		assert_non_null(got);
		assert_int_equal(got->due, due);
		assert_true(i == 0 || due > last || (due == last && got->seq > seq));
		last = due;
		seq = got->seq;
		held_free(h, got);
	}
	assert_int_equal(held_count(h), 0);
}

/* What the sender's memory becomes later is nothing to a copy. */
static void the_whole_frame_is_copied(void **state)
{
	struct held *h = *state;
	struct iovec all, seg[3];
	uint8_t bytes[300], want[300], got_bytes[300];
	struct frame f = numbered(bytes, sizeof(bytes), &all);
	struct held_frame *got;

	seg[0] = (struct iovec) { bytes, 5 };
	seg[1] = (struct iovec) { bytes + 5, 195 };
	seg[2] = (struct iovec) { bytes + 200, 100 };
	f.seg = seg;
	f.n_seg = 3;
	f.offload = (struct frame_offload) { .flags = 1, .csum_start = 34 };
	memcpy(want, bytes, sizeof(bytes));
	assert_int_equal(held_add(h, &f, &ports[1], &(struct egress) { &f, true, 0x2064 },
				 9, NO_FLIP),
		0);
	memset(bytes, 0xee, sizeof(bytes));
	memset(seg, 0, sizeof(seg));

	got = held_take(h, 9);
	assert_non_null(got);
	assert_true(got->port == &ports[1] && got->in && got->tagged);
	assert_int_equal(got->tci, 0x2064);
	assert_int_equal(got->frame.len, 300);
	assert_int_equal(got->frame.vlan, 7);
	assert_int_equal(got->frame.offload.csum_start, 34);
	assert_ptr_equal(got->frame.seg, &got->iov);
	assert_memory_equal(got->frame.head, want, FRAME_HEAD);
	memcpy(got_bytes, got->frame.head, got->frame.head_len);
	memcpy(got_bytes + FRAME_HEAD, (uint8_t *)got->iov.iov_base + got->frame.seg_at,
		300 - FRAME_HEAD);
	assert_memory_equal(got_bytes, want, 300);
	held_free(h, got);
}

/* A sender that has less than it says gives zeros. */
static void what_is_not_there_is_zero(void **state)
{
	struct held *h = *state;
	struct iovec iov;
	uint8_t bytes[100];
	struct frame f = numbered(bytes, sizeof(bytes), &iov);
	struct held_frame *got;

	f.len = 200;
	assert_int_equal(held_add(h, &f, &ports[0], NULL, 1, NO_FLIP), 0);
	got = held_take(h, 1);
	assert_memory_equal(got->iov.iov_base, bytes, 100);
	for (int i = 100; i < 200; i++)
		assert_int_equal(((uint8_t *)got->iov.iov_base)[i], 0);
	assert_false(got->in);
	held_free(h, got);
}

static void flipped(struct held *h, uint32_t flip, uint32_t at, uint8_t bit)
{
	struct iovec iov;
	uint8_t bytes[100];
	struct frame f = numbered(bytes, sizeof(bytes), &iov);
	struct held_frame *got;

	assert_int_equal(held_add(h, &f, &ports[0], NULL, 1, flip), 0);
	got = held_take(h, 1);
	bytes[at] ^= bit;
	assert_memory_equal(got->iov.iov_base, bytes, 100);
	assert_memory_equal(got->frame.head, bytes, FRAME_HEAD);
	held_free(h, got);
}

static void one_bit_is_inverted(void **state)
{
	flipped(*state, 0, 0, 1);
	flipped(*state, 63 * 8 + 7, 63, 0x80);
	flipped(*state, 64 * 8 + 3, 64, 8);
	flipped(*state, 799, 99, 0x80);
	flipped(*state, 800, 0, 1);
}

static void bounded_by_port_and_direction(void **state)
{
	const uint64_t each = 60000 + sizeof(struct held_frame);
	const uint64_t fit = HELD_PORT_BYTES / each;
	struct held *h = *state;
	struct iovec iov;
	uint8_t *bytes = malloc(60000);
	struct frame f = numbered(bytes, 60000, &iov);
	struct egress e = { &f, false, 0 };
	struct held_frame *got;

	for (uint64_t n = 0; n < fit; n++) {
		assert_int_equal(held_bytes(h, &ports[0], true), n * each);
		assert_int_equal(held_add(h, &f, &ports[0], &e, 5, NO_FLIP), 0);
	}
	assert_int_equal(held_add(h, &f, &ports[0], &e, 5, NO_FLIP), -ENOSPC);
	assert_int_equal(held_bytes(h, &ports[0], true), fit * each);
	assert_int_equal(held_bytes(h, &ports[0], false), 0);
	assert_int_equal(held_add(h, &f, &ports[0], NULL, 6, NO_FLIP), 0);
	assert_int_equal(held_add(h, &f, &ports[1], &e, 6, NO_FLIP), 0);

	got = held_take(h, 5);
	assert_int_equal(held_bytes(h, &ports[0], true), (fit - 1) * each);
	held_free(h, got);
	assert_int_equal(held_add(h, &f, &ports[0], &e, 5, NO_FLIP), 0);
	free(bytes);
}

/* Short frames take more memory than their bytes. */
static void short_frames_are_no_way_round(void **state)
{
	struct held *h = *state;
	struct iovec iov;
	uint8_t bytes[14];
	struct frame f = numbered(bytes, sizeof(bytes), &iov);

	while (!held_add(h, &f, &ports[0], NULL, 5, NO_FLIP))
		assert_true(held_count(h) * sizeof(struct held_frame) <= HELD_PORT_BYTES);
	assert_true(held_count(h) > 10000);
}

/* What many ports keep leaves room for one more, and comes back with them. */
static void bounded_in_all(void **state)
{
	enum { MANY = 100 };
	struct held *h = *state;
	struct port *many = calloc(MANY, sizeof(*many));
	uint8_t *bytes = malloc(60000);
	struct iovec iov;
	struct frame f = numbered(bytes, 60000, &iov);
	uint64_t sum = 0;

	for (int i = 0; i < MANY - 1; i++) {
		while (!held_add(h, &f, &many[i], NULL, 5, NO_FLIP))
			;
		sum += held_bytes(h, &many[i], false);
	}
	assert_true(sum > HELD_BYTES / 2 && sum < HELD_BYTES + MANY * HELD_LEAST);
	assert_int_equal(held_bytes(h, &many[MANY - 1], false), 0);
	assert_int_equal(held_add(h, &f, &many[MANY - 1], NULL, 5, NO_FLIP), 0);
	for (int i = 0; i < MANY; i++)
		held_forget(h, &many[i]);
	while (!held_add(h, &f, &ports[0], NULL, 5, NO_FLIP))
		;
	assert_true(held_bytes(h, &ports[0], false) > HELD_PORT_BYTES - 2 * 60000);
	free(bytes);
	free(many);
}

static void a_port_is_forgotten(void **state)
{
	struct held *h = *state;
	struct iovec iov;
	uint8_t bytes[64];
	struct frame f = numbered(bytes, sizeof(bytes), &iov);
	struct egress e = { &f, false, 0 };
	uint64_t last = 0;

	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(held_add(h, &f, &ports[i % 3], i & 1 ? &e : NULL,
					 (i * 7919) % 1000, NO_FLIP),
			0);
	assert_int_equal(held_forget(h, &ports[1]), 100);
	assert_int_equal(held_forget(h, &ports[1]), 0);
	assert_int_equal(held_bytes(h, &ports[1], true), 0);
	assert_int_equal(held_bytes(h, &ports[1], false), 0);
	assert_int_equal(
		held_bytes(h, &ports[2], false), 50 * (64 + sizeof(struct held_frame)));
	assert_int_equal(held_count(h), 200);
	for (int i = 0; i < 200; i++) {
		struct held_frame *got = held_take(h, UINT64_MAX);

		assert_true(got->due >= last && got->port != &ports[1]);
		last = got->due;
		held_free(h, got);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
	const struct CMUnitTest tests[] = {
		TEST(by_time_then_as_they_came),
		TEST(the_whole_frame_is_copied),
		TEST(what_is_not_there_is_zero),
		TEST(one_bit_is_inverted),
		TEST(bounded_by_port_and_direction),
		TEST(short_frames_are_no_way_round),
		TEST(bounded_in_all),
		TEST(a_port_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
