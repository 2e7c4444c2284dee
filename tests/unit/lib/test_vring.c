/* The rings of a virtqueue: starting, taking, returning, telling each other. */
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

/* Descriptor i is a buffer of its own, 16 bytes to read. */
static void simple_table(struct driver *d)
{
	for (unsigned i = 0; i < d->ring.size; i++)
		put_main(d, i, BUF_GPA + 16 * i, 16, 0, 0);
}

/* ---- starting ---- */

static void test_start(void **state)
{
	static const struct {
		uint16_t size;
		gpa_t desc, avail, used;
		int err;
	} cases[] = {
		{ 8, DESC_GPA, AVAIL_GPA, USED_GPA, 0 },
		{ 1, DESC_GPA, AVAIL_GPA, USED_GPA, 0 },
		{ 1024, DESC_GPA, AVAIL_GPA, USED_GPA, 0 },
		{ 0, DESC_GPA, AVAIL_GPA, USED_GPA, -EINVAL },
		{ 3, DESC_GPA, AVAIL_GPA, USED_GPA, -EINVAL },
		{ 2048, DESC_GPA, AVAIL_GPA, USED_GPA, -EINVAL },
		{ 32768, DESC_GPA, AVAIL_GPA, USED_GPA, -EINVAL },
		{ 8, DESC_GPA + 8, AVAIL_GPA, USED_GPA, -EFAULT },
		{ 8, DESC_GPA, AVAIL_GPA + 1, USED_GPA, -EFAULT },
		{ 8, DESC_GPA, AVAIL_GPA, USED_GPA + 2, -EFAULT },
		{ 8, 0, AVAIL_GPA, USED_GPA, -EFAULT },
		{ 8, DESC_GPA, 0, USED_GPA, -EFAULT },
		{ 8, DESC_GPA, AVAIL_GPA, 0, -EFAULT },
		{ 8, UINT64_MAX - 15, AVAIL_GPA, USED_GPA, -EFAULT },
		{ 8, SECOND_BASE - 128, AVAIL_GPA, USED_GPA, 0 },
		{ 8, SECOND_BASE - 112, AVAIL_GPA, USED_GPA, -EFAULT },
		{ 8, DESC_GPA, SECOND_BASE - 22, USED_GPA, 0 },
		{ 8, DESC_GPA, SECOND_BASE - 20, USED_GPA, -EFAULT },
		{ 8, DESC_GPA, AVAIL_GPA, SECOND_BASE - 72, 0 },
		{ 8, DESC_GPA, AVAIL_GPA, SECOND_BASE - 68, -EFAULT },
	};
	struct driver *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		driver_prepare(d, cases[i].size);
		d->ring.desc = cases[i].desc;
		d->ring.avail = cases[i].avail;
		d->ring.used = cases[i].used;
		assert_int_equal(vring_start(&d->ring), cases[i].err);
		assert_int_equal(d->ring.running, !cases[i].err);
	}
}

/* Guest addresses say nothing of where storage is here. */
static void test_storage_that_begins_anywhere(void **state)
{
	static _Alignas(16) uint8_t bytes[0x1000 + 16];
	struct gmem gmem = { 0 };
	struct vring r = {
		.gmem = &gmem, .size = 8, .desc = 0x1000, .avail = 0x1100, .used = 0x1200
	};

	(void)state;
	assert_int_equal(gmem_add(&gmem, 0x1000, 0x1000, bytes + 1), 0);
	assert_int_equal(vring_start(&r), -EFAULT);
	gmem.region[0].host = bytes + 8;
	assert_int_equal(vring_start(&r), -EFAULT);
	gmem.region[0].host = bytes + 16;
	assert_int_equal(vring_start(&r), 0);
}

static void test_stop(void **state)
{
	struct driver *d = *state;
	const struct gmem *gmem = d->ring.gmem;

	offer(d, 0);
	vring_stop(&d->ring);
	assert_ptr_equal(d->ring.gmem, gmem);
	assert_false(d->ring.running);
	assert_int_equal(d->ring.size, 0);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 0);
	vring_push(&d->ring, 0, 0);
	assert_false(vring_should_call(&d->ring));
	vring_disable_kicks(&d->ring);
	assert_false(vring_enable_kicks(&d->ring));
}

/* A saved queue goes on where it was. */
static void test_start_again(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	for (uint16_t i = 0; i < 4; i++)
		offer(d, i);
	d->ring.running = false;
	d->ring.next_avail = 3;
	d->ring.next_used = 2;
	USED_FLAGS(d) = 1;
	assert_int_equal(vring_start(&d->ring), 0);
	assert_int_equal(USED_FLAGS(d), 0);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(d->chain.head, 3);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 0);
	vring_push(&d->ring, 3, 7);
	assert_int_equal(USED_IDX(d), 3);
	assert_int_equal(used_entry(d, 2).id, 3);
}

/* ---- taking and returning ---- */

static void test_pop(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 0);
	offer(d, 5);
	offer(d, 2);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(d->chain.head, 5);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(d->chain.head, 2);
	assert_int_equal(d->chain.n_out, 1);
	assert_int_equal(d->chain.n_in, 0);
	assert_ptr_equal(d->chain.out[0].iov_base, d->storage + 0xc000 + 32);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 0);
}

static void test_unpop(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	offer(d, 5);
	offer(d, 2);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	vring_unpop(&d->ring);
	vring_unpop(&d->ring);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(d->chain.head, 5);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(d->chain.head, 2);
}

static void test_push(void **state)
{
	struct driver *d = *state;

	vring_push(&d->ring, 5, 100);
	assert_int_equal(USED_IDX(d), 1);
	vring_push(&d->ring, 2, UINT32_MAX);
	assert_int_equal(USED_IDX(d), 2);
	assert_int_equal(used_entry(d, 0).id, 5);
	assert_int_equal(used_entry(d, 0).len, 100);
	assert_int_equal(used_entry(d, 1).id, 2);
	assert_true(used_entry(d, 1).len == UINT32_MAX);
}

/* More often round than the 16-bit indices are wide. */
static void test_wrap(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	for (unsigned i = 0; i < 70000; i++) {
		uint16_t head = i * 3 % 8;

		offer(d, head);
		assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
		assert_int_equal(d->chain.head, head);
		vring_push(&d->ring, head, i);
		assert_int_equal(USED_IDX(d), (uint16_t)(i + 1));
		assert_int_equal(used_entry(d, i % 8).id, head);
		assert_int_equal(used_entry(d, i % 8).len, i);
		assert_true(vring_should_call(&d->ring));
	}
	assert_int_equal(vring_pop(&d->ring, &d->chain), 0);
}

/* ---- rings that break a rule ---- */

static void assert_broken(struct driver *d)
{
	assert_int_equal(vring_pop(&d->ring, &d->chain), -EPROTO);
	assert_true(d->ring.broken);
}

static void test_full_ring(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	for (uint16_t i = 0; i < 8; i++)
		offer(d, i);
	for (uint16_t i = 0; i < 8; i++)
		assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 0);
}

static void test_index_too_far(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	AVAIL_IDX(d) = 9;
	assert_broken(d);
}

static void test_index_goes_back(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	offer(d, 0);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	AVAIL_IDX(d) = 0;
	assert_broken(d);
}

static void test_head_outside(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	offer(d, 8);
	assert_broken(d);
}

static void test_broken_stays(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	offer(d, 0xffff);
	assert_broken(d);
	d->avail_idx = 0;
	offer(d, 0);
	assert_broken(d);
	vring_push(&d->ring, 0, 1);
	assert_int_equal(USED_IDX(d), 0);
	assert_false(vring_should_call(&d->ring));
	assert_false(vring_enable_kicks(&d->ring));
	d->ring.next_avail = 0;
	assert_int_equal(vring_start(&d->ring), 0);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
}

/* ---- telling the driver ---- */

static void test_call(void **state)
{
	struct driver *d = *state;

	assert_false(vring_should_call(&d->ring));
	vring_push(&d->ring, 0, 0);
	assert_true(vring_should_call(&d->ring));
	assert_false(vring_should_call(&d->ring));
	AVAIL_FLAGS(d) = 1;
	vring_push(&d->ring, 0, 0);
	assert_false(vring_should_call(&d->ring));
	AVAIL_FLAGS(d) = 0;
	vring_push(&d->ring, 0, 0);
	vring_push(&d->ring, 0, 0);
	assert_true(vring_should_call(&d->ring));
}

/* 2.7.7.2: told when the used index passes used_event. */
static void test_call_event_idx(void **state)
{
	static const struct {
		uint16_t from; /* used index before */
		uint16_t event;
		int pushes;
		bool call;
	} cases[] = {
		{ 0, 0, 1, true },
		{ 0, 1, 1, false },
		{ 0, 1, 2, true },
		{ 0, 7, 3, false },
		{ 5, 4, 1, false },
		{ 5, 5, 1, true },
		{ 5, 0xffff, 3, false },
		{ 0xffff, 0xffff, 1, true },
		{ 0xfffe, 1, 3, false },
		{ 0xfffe, 0, 3, true },
		{ 0xfffe, 0xfffd, 3, false },
	};
	struct driver *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(driver_init(d, 8), 0);
		d->ring.event_idx = true;
		d->ring.next_used = d->ring.called_used = cases[i].from;
		USED_EVENT(d) = cases[i].event;
		AVAIL_FLAGS(d) = 1; /* means nothing now */
		for (int j = 0; j < cases[i].pushes; j++)
			vring_push(&d->ring, 0, 0);
		assert_int_equal(vring_should_call(&d->ring), cases[i].call);
		assert_false(vring_should_call(&d->ring));
	}
}

/* ---- being told by the driver ---- */

static void test_kicks(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	vring_disable_kicks(&d->ring);
	assert_int_equal(USED_FLAGS(d), 1);
	offer(d, 0);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(USED_FLAGS(d), 1);
	assert_false(vring_enable_kicks(&d->ring));
	assert_int_equal(USED_FLAGS(d), 0);
	vring_disable_kicks(&d->ring);
	offer(d, 1);
	assert_true(vring_enable_kicks(&d->ring));
}

static void test_kicks_event_idx(void **state)
{
	struct driver *d = *state;

	simple_table(d);
	d->ring.event_idx = true;
	vring_disable_kicks(&d->ring);
	assert_int_equal(USED_FLAGS(d), 0);
	for (uint16_t i = 0; i < 3; i++) {
		offer(d, i);
		assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	}
	assert_int_equal(AVAIL_EVENT(d), 0);
	assert_false(vring_enable_kicks(&d->ring));
	assert_int_equal(AVAIL_EVENT(d), 3);
	offer(d, 3);
	assert_true(vring_enable_kicks(&d->ring));
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(AVAIL_EVENT(d), 4); /* while enabled, each pop asks anew */
}

/* Chains given back are no news: only further ones make the device look again. */
static void kicks_after_unpop(struct driver *d)
{
	simple_table(d);
	offer(d, 0);
	offer(d, 1);
	vring_disable_kicks(&d->ring);
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	vring_unpop(&d->ring);
	assert_false(vring_enable_kicks(&d->ring));
	if (d->ring.event_idx)
		assert_int_equal(AVAIL_EVENT(d), 2);
	offer(d, 2);
	assert_true(vring_enable_kicks(&d->ring));
	assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
	assert_int_equal(d->chain.head, 0);
	assert_true(vring_enable_kicks(&d->ring));
}

static void test_kicks_after_unpop(void **state)
{
	struct driver *d = *state;

	kicks_after_unpop(d);
	assert_int_equal(driver_init(d, 8), 0);
	d->ring.event_idx = true;
	kicks_after_unpop(d);
}

#define RING_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_start),
		RING_TEST(test_storage_that_begins_anywhere),
		RING_TEST(test_stop),
		RING_TEST(test_start_again),
		RING_TEST(test_pop),
		RING_TEST(test_unpop),
		RING_TEST(test_push),
		RING_TEST(test_wrap),
		RING_TEST(test_full_ring),
		RING_TEST(test_index_too_far),
		RING_TEST(test_index_goes_back),
		RING_TEST(test_head_outside),
		RING_TEST(test_broken_stays),
		RING_TEST(test_call),
		RING_TEST(test_call_event_idx),
		RING_TEST(test_kicks),
		RING_TEST(test_kicks_event_idx),
		RING_TEST(test_kicks_after_unpop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
