/* The descriptor walker: chains as the driver means them, and each rule it may break. */
#include "tests/unit/lib/ring_driver.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static int setup(void **state)
{
	struct driver *d = malloc(sizeof(*d));

	*state = d;
	return !d || driver_init(d, 8) ? -1 : 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

struct desc_case {
	uint64_t addr;
	uint32_t len;
	unsigned flags, next;
};

/* What a chain must come to. */
struct outcome {
	int popped; /* 1 or -EPROTO */
	int n_out, n_in;
	uint64_t out_bytes, in_bytes;
};

static const struct outcome broken = { .popped = -EPROTO };

/* Puts a table of descriptors where `table` is, and takes the chain that starts at main
 * descriptor 0. */
static void expect(struct driver *d, gpa_t table, const struct desc_case *c, unsigned n,
	const struct outcome *o)
{
	for (unsigned i = 0; i < n; i++)
		put_desc(d, table, i, c[i].addr, c[i].len, c[i].flags, c[i].next);
	offer(d, 0);
	assert_int_equal(vring_pop(&d->ring, &d->chain), o->popped);
	assert_int_equal(d->ring.broken, o->popped < 0);
	if (o->popped < 0)
		return;
	assert_int_equal(d->chain.n_out, o->n_out);
	assert_int_equal(d->chain.n_in, o->n_in);
	assert_true(d->chain.out_bytes == o->out_bytes);
	assert_true(d->chain.in_bytes == o->in_bytes);
}

#define EXPECT(d, table, outcome, ...)                                   \
	do {                                                             \
		const struct desc_case c_[] = { __VA_ARGS__ };           \
		expect(d, table, c_, sizeof(c_) / sizeof(*c_), outcome); \
	} while (0)
#define MAIN(d, outcome, ...) EXPECT(d, DESC_GPA, outcome, __VA_ARGS__)

#define A BUF_GPA
#define B (BUF_GPA + 0x100)
#define C (BUF_GPA + 0x200)

/* ---- chains as they should be ---- */

static void test_out_then_in(void **state)
{
	static const struct outcome o = { 1, 2, 1, 24, 512 };
	struct driver *d = *state;

	MAIN(d, &o, { A, 16, NEXT, 3 }, { 0 }, { C, 512, WRITE, 7 }, { B, 8, NEXT, 2 });
	assert_ptr_equal(d->chain.out[0].iov_base, gmem_at(&d->gmem, A, 16));
	assert_int_equal(d->chain.out[0].iov_len, 16);
	assert_ptr_equal(d->chain.out[1].iov_base, gmem_at(&d->gmem, B, 8));
	assert_ptr_equal(d->chain.in[0].iov_base, gmem_at(&d->gmem, C, 512));
	assert_int_equal(d->chain.in[0].iov_len, 512);
}

static void test_in_only(void **state)
{
	static const struct outcome o = { 1, 0, 2, 0, 3 };
	struct driver *d = *state;

	MAIN(d, &o, { A, 1, NEXT | WRITE, 1 }, { B, 2, WRITE, 0 });
	assert_ptr_equal(d->chain.in[1].iov_base, gmem_at(&d->gmem, B, 2));
}

static void test_whole_queue(void **state)
{
	static const struct outcome o = { 1, 8, 0, 8, 0 };

	MAIN(*state, &o, { A, 1, NEXT, 1 }, { A, 1, NEXT, 2 }, { A, 1, NEXT, 3 },
		{ A, 1, NEXT, 4 }, { A, 1, NEXT, 5 }, { A, 1, NEXT, 6 },
		{ A, 1, NEXT, 7 }, { A, 1, 0, 0 });
}

/* Nothing is said about where a buffer of no bytes lies, or in which order. */
static void test_zero_length(void **state)
{
	static const struct outcome o = { 1, 1, 1, 4, 4 };

	MAIN(*state, &o, { UINT64_MAX, 0, NEXT | WRITE, 1 }, { A, 4, NEXT, 2 },
		{ B, 4, NEXT | WRITE, 3 }, { 0, 0, 0, 0 });
}

static void test_nothing_at_all(void **state)
{
	static const struct outcome o = { 1, 0, 0, 0, 0 };

	MAIN(*state, &o, { 0, 0, 0, 0 });
}

static void test_across_regions(void **state)
{
	static const struct outcome o = { 1, 2, 0, 16, 0 };
	struct driver *d = *state;

	MAIN(d, &o, { SECOND_BASE - 6, 16, 0, 0 });
	assert_ptr_equal(d->chain.out[0].iov_base, d->storage + STORAGE_SIZE - 6);
	assert_int_equal(d->chain.out[0].iov_len, 6);
	assert_ptr_equal(d->chain.out[1].iov_base, d->second);
	assert_int_equal(d->chain.out[1].iov_len, 10);
}

static void test_four_gib(void **state)
{
	static const struct outcome o = { 1, 2, 0, UINT64_C(1) << 32, 0 };

	MAIN(*state, &o, { HUGE_BASE, UINT32_MAX, NEXT, 1 }, { A, 1, 0, 0 });
}

/* ---- indirect tables ---- */

static void test_indirect(void **state)
{
	static const struct outcome o = { 1, 1, 1, 4, 8 };
	struct driver *d = *state;

	put_main(d, 0, TABLE_GPA, 3 * 16, INDIRECT | WRITE, 0);
	EXPECT(d, TABLE_GPA, &o, { A, 4, NEXT, 2 }, { 0 }, { B, 8, WRITE, 0 });
	assert_ptr_equal(d->chain.in[0].iov_base, gmem_at(&d->gmem, B, 8));
}

static void test_indirect_after_others(void **state)
{
	static const struct outcome o = { 1, 2, 1, 5, 8 };
	struct driver *d = *state;

	put_main(d, 0, C, 1, NEXT, 1);
	put_main(d, 1, TABLE_GPA, 2 * 16, INDIRECT, 0);
	EXPECT(d, TABLE_GPA, &o, { A, 4, NEXT, 1 }, { B, 8, WRITE, 0 });
}

/* A table may be longer than the queue. */
static void test_indirect_long(void **state)
{
	static const struct outcome o = { 1, 1024, 0, 1024, 0 };
	struct driver *d = *state;

	for (unsigned i = 0; i < 1024; i++)
		put_desc(d, TABLE_GPA, i, B, 1, i < 1023 ? NEXT : 0, i + 1);
	MAIN(d, &o, { TABLE_GPA, 1024 * 16, INDIRECT, 0 });
}

/* ---- each rule broken ---- */

static void test_loop(void **state)
{
	MAIN(*state, &broken, { A, 1, NEXT, 1 }, { A, 1, NEXT, 0 });
}

static void test_loop_of_one(void **state)
{
	MAIN(*state, &broken, { A, 0, NEXT, 0 });
}

static void test_next_outside(void **state)
{
	MAIN(*state, &broken, { A, 1, NEXT, 8 });
}

static void test_read_after_write(void **state)
{
	MAIN(*state, &broken, { A, 1, WRITE | NEXT, 1 }, { A, 1, 0, 0 });
}

static void test_outside_storage(void **state)
{
	static const struct desc_case cases[] = {
		{ 0, 1, 0, 0 },
		{ STORAGE_BASE - 1, 2, WRITE, 0 },
		{ SECOND_BASE + SECOND_SIZE - 1, 2, 0, 0 },
		{ SECOND_BASE + SECOND_SIZE, 1, 0, 0 },
		{ STORAGE_BASE, UINT32_MAX, 0, 0 },
		{ UINT64_MAX, 1, 0, 0 },
		{ UINT64_MAX, UINT32_MAX, 0, 0 },
		{ UINT64_MAX - STORAGE_BASE, UINT32_MAX, WRITE, 0 },
	};
	struct driver *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(driver_init(d, 8), 0);
		expect(d, DESC_GPA, &cases[i], 1, &broken);
	}
}

static void test_over_four_gib(void **state)
{
	MAIN(*state, &broken, { HUGE_BASE, UINT32_MAX, NEXT, 1 }, { A, 2, 0, 0 });
}

static void test_over_four_gib_in_and_out(void **state)
{
	MAIN(*state, &broken, { HUGE_BASE, UINT32_MAX, NEXT, 1 }, { A, 2, WRITE, 0 });
}

/* A segment that is split counts twice. */
static void test_too_many_segments(void **state)
{
	struct driver *d = *state;

	for (unsigned i = 0; i < 1024; i++)
		put_desc(d, TABLE_GPA, i, SECOND_BASE - 1, 2, i < 1023 ? NEXT : 0, i + 1);
	MAIN(d, &broken, { TABLE_GPA, 1024 * 16, INDIRECT, 0 });
}

static void test_indirect_not_negotiated(void **state)
{
	struct driver *d = *state;

	d->ring.indirect = false;
	put_desc(d, TABLE_GPA, 0, A, 1, 0, 0);
	MAIN(d, &broken, { TABLE_GPA, 16, INDIRECT, 0 });
}

static void test_indirect_table(void **state)
{
	static const struct desc_case cases[] = {
		{ TABLE_GPA, 0, INDIRECT, 0 },
		{ TABLE_GPA, 8, INDIRECT, 0 },
		{ TABLE_GPA, 17, INDIRECT, 0 },
		{ TABLE_GPA, 16, INDIRECT | NEXT, 1 },
		{ TABLE_GPA, 1025 * 16, INDIRECT, 0 },
		{ HUGE_BASE, UINT32_MAX - 15, INDIRECT, 0 },
		{ SECOND_BASE - 16, 32, INDIRECT, 0 },
		{ SECOND_BASE + SECOND_SIZE, 16, INDIRECT, 0 },
		{ UINT64_MAX - 15, 16, INDIRECT, 0 },
		{ UINT64_MAX - 7, 16, INDIRECT, 0 },
	};
	struct driver *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(driver_init(d, 8), 0);
		put_desc(d, TABLE_GPA, 0, A, 1, 0, 0);
		expect(d, DESC_GPA, &cases[i], 1, &broken);
	}
}

static void test_indirect_in_indirect(void **state)
{
	struct driver *d = *state;

	put_main(d, 0, TABLE_GPA, 2 * 16, INDIRECT, 0);
	EXPECT(d, TABLE_GPA, &broken, { TABLE_GPA + 16, 16, INDIRECT, 0 },
		{ A, 1, 0, 0 });
}

static void test_indirect_loop(void **state)
{
	struct driver *d = *state;

	put_main(d, 0, TABLE_GPA, 2 * 16, INDIRECT, 0);
	EXPECT(d, TABLE_GPA, &broken, { A, 1, NEXT, 1 }, { A, 1, NEXT, 0 });
}

static void test_indirect_next_outside(void **state)
{
	struct driver *d = *state;

	put_main(d, 0, TABLE_GPA, 2 * 16, INDIRECT, 0);
	EXPECT(d, TABLE_GPA, &broken, { A, 1, NEXT, 2 }, { 0 }, { A, 1, 0, 0 });
}

/* What the device writes comes last, over both tables. */
static void test_indirect_read_after_write(void **state)
{
	struct driver *d = *state;

	put_main(d, 0, A, 1, WRITE | NEXT, 1);
	put_main(d, 1, TABLE_GPA, 16, INDIRECT, 0);
	EXPECT(d, TABLE_GPA, &broken, { A, 1, 0, 0 });
}

/* ---- bytes in and out of segments ---- */

static void test_iov(void **state)
{
	char a[] = "abc", b[] = "defg", c[] = "hi", buf[16];
	struct iovec iov[] = { { a, 3 }, { b, 0 }, { b, 4 }, { c, 2 } };

	(void)state;
	memset(buf, '.', sizeof(buf));
	assert_int_equal(iov_read(iov, 4, 0, buf, 9), 9);
	assert_memory_equal(buf, "abcdefghi.", 10);
	assert_int_equal(iov_read(iov, 4, 2, buf, 3), 3);
	assert_memory_equal(buf, "cdedef", 6);
	assert_int_equal(iov_read(iov, 4, 7, buf, 16), 2);
	assert_memory_equal(buf, "hi", 2);
	assert_int_equal(iov_read(iov, 4, 9, buf, 16), 0);
	assert_int_equal(iov_read(iov, 4, SIZE_MAX, buf, 16), 0);
	assert_int_equal(iov_read(iov, 4, 0, buf, 0), 0);
	assert_int_equal(iov_read(iov, 0, 0, buf, 1), 0);

	assert_int_equal(iov_write(iov, 4, 2, "XYZ", 3), 3);
	assert_string_equal(a, "abX");
	assert_string_equal(b, "YZfg");
	assert_int_equal(iov_write(iov, 4, 6, "12345678", 8), 3);
	assert_string_equal(b, "YZf1");
	assert_string_equal(c, "23");
	assert_int_equal(iov_write(iov, 4, 9, "!", 1), 0);
}

#define WALK_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WALK_TEST(test_out_then_in),
		WALK_TEST(test_in_only),
		WALK_TEST(test_whole_queue),
		WALK_TEST(test_zero_length),
		WALK_TEST(test_nothing_at_all),
		WALK_TEST(test_across_regions),
		WALK_TEST(test_four_gib),
		WALK_TEST(test_indirect),
		WALK_TEST(test_indirect_after_others),
		WALK_TEST(test_indirect_long),
		WALK_TEST(test_loop),
		WALK_TEST(test_loop_of_one),
		WALK_TEST(test_next_outside),
		WALK_TEST(test_read_after_write),
		WALK_TEST(test_outside_storage),
		WALK_TEST(test_over_four_gib),
		WALK_TEST(test_over_four_gib_in_and_out),
		WALK_TEST(test_too_many_segments),
		WALK_TEST(test_indirect_not_negotiated),
		WALK_TEST(test_indirect_table),
		WALK_TEST(test_indirect_in_indirect),
		WALK_TEST(test_indirect_loop),
		WALK_TEST(test_indirect_next_outside),
		WALK_TEST(test_indirect_read_after_write),
		WALK_TEST(test_iov),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
