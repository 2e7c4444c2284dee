/* Chains in bursts: taken with one look, returned with one publication, taken back. */
#include "tests/unit/lib/ring_driver.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct both {
	struct driver d;
	struct vring_burst b;
};

static int setup(void **state)
{
	struct both *t = malloc(sizeof(*t));

	*state = t;
	return !t || driver_init(&t->d, 64) ? -1 : 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* Descriptor i is a buffer of its own, 16 bytes to read; the first n are offered. */
static void offer_simple(struct driver *d, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		put_main(d, i, BUF_GPA + 16 * i, 16, 0, 0);
		offer(d, (uint16_t)i);
	}
}

static void test_take(void **state)
{
	struct both *t = *state;

	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), 0);
	offer_simple(&t->d, 40);
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, 5), 5);
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), 32);
	for (int i = 0; i < 32; i++) {
		assert_int_equal(t->b.buf[i].head, 5 + i);
		assert_int_equal(t->b.buf[i].n_out, 1);
		assert_int_equal(t->b.buf[i].n_in, 0);
		assert_int_equal(t->b.buf[i].out_bytes, 16);
		assert_ptr_equal(t->b.buf[i].out->iov_base,
			t->d.storage + (BUF_GPA - STORAGE_BASE) + 16 * (5 + i));
	}
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), 3);
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), 0);
	assert_int_equal(t->b.n, 0);
}

/* As the same chains are one by one. */
static void test_chains(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	put_main(d, 0, BUF_GPA, 10, NEXT, 1);
	put_main(d, 1, SECOND_BASE - 8, 16, NEXT, 2); /* over two regions */
	put_main(d, 2, BUF_GPA + 100, 30, WRITE, 0);
	offer(d, 0);
	put_desc(d, TABLE_GPA, 0, BUF_GPA + 200, 7, 0, 0);
	put_main(d, 3, TABLE_GPA, 16, INDIRECT, 0);
	offer(d, 3);
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), 2);
	vring_unpop_burst(&d->ring, 2);
	for (int i = 0; i < 2; i++) {
		const struct vring_buffer *b = &t->b.buf[i];

		assert_int_equal(vring_pop(&d->ring, &d->chain), 1);
		assert_int_equal(b->head, d->chain.head);
		assert_int_equal(b->n_out, d->chain.n_out);
		assert_int_equal(b->n_in, d->chain.n_in);
		assert_int_equal(b->out_bytes, d->chain.out_bytes);
		assert_int_equal(b->in_bytes, d->chain.in_bytes);
		assert_memory_equal(
			b->out, d->chain.out, sizeof(*b->out) * (size_t)b->n_out);
		assert_memory_equal(b->in, d->chain.in, sizeof(*b->in) * (size_t)b->n_in);
	}
}

/* Chains of many pieces: as many as there is room for, the rest the next time. */
static void test_room(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	for (unsigned i = 0; i < 600; i++)
		put_desc(d, TABLE_GPA, i, BUF_GPA, 1, i < 599 ? NEXT : 0, i + 1);
	for (unsigned i = 0; i < 3; i++) {
		put_main(d, i, TABLE_GPA, 600 * 16, INDIRECT, 0);
		offer(d, (uint16_t)i);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), 1);
		assert_int_equal(t->b.buf[0].head, i);
		assert_int_equal(t->b.buf[0].n_out, 600);
	}
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), 0);
}

static void test_more_than_is_room_for(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	d->ring.size = 8;
	for (unsigned i = 0; i < 1024; i++)
		put_desc(d, TABLE_GPA, i, BUF_GPA, 1, i < 1023 ? NEXT : 0, i + 1);
	put_desc(d, TABLE_GPA, 9, SECOND_BASE - 8, 16, NEXT, 10); /* one more */
	put_main(d, 0, TABLE_GPA, 1024 * 16, INDIRECT, 0);
	offer(d, 0);
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), -EPROTO);
}

/* One that breaks a rule takes the burst with it. */
static void test_broken(void **state)
{
	struct both *t = *state;

	offer_simple(&t->d, 8);
	put_main(&t->d, 5, 0, 16, 0, 0);
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), -EPROTO);
	assert_int_equal(t->b.n, 0);
	assert_true(t->d.ring.broken);
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), -EPROTO);
}

static void test_more_than_there_are(void **state)
{
	struct both *t = *state;

	AVAIL_IDX(&t->d) = 65;
	assert_int_equal(vring_pop_burst(&t->d.ring, &t->b, VRING_BURST), -EPROTO);
}

static void test_publish(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	offer_simple(d, 4);
	vring_pop_burst(&d->ring, &t->b, VRING_BURST);
	for (int i = 0; i < 4; i++)
		vring_put(&d->ring, t->b.buf[i].head, 100);
	assert_int_equal(USED_IDX(d), 0);
	vring_unput(&d->ring, 2);
	vring_unpop_burst(&d->ring, 2);
	vring_publish(&d->ring);
	assert_int_equal(USED_IDX(d), 2);
	assert_int_equal(used_entry(d, 1).id, 1);
	assert_true(vring_should_call(&d->ring));
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), 2);
	assert_int_equal(t->b.buf[0].head, 2);
}

/* A burst asks for one kick, at its end. */
static void test_kicks(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	d->ring.event_idx = true;
	offer_simple(d, 10);
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, 4), 4);
	assert_int_equal(AVAIL_EVENT(d), 4);
	vring_disable_kicks(&d->ring);
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, 4), 4);
	assert_int_equal(AVAIL_EVENT(d), 4);
	assert_true(vring_enable_kicks(&d->ring));
	assert_int_equal(AVAIL_EVENT(d), 8);
}

static void test_resume(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	USED_IDX(d) = 0xfff0;
	AVAIL_IDX(d) = d->avail_idx = 0xfff5;
	assert_int_equal(vring_resume(&d->ring, 0xfff4), 0);
	*avail_at(d, 2u + 0xfff4 % 64) = 7;
	put_main(d, 7, BUF_GPA, 16, 0, 0);
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), 1);
	assert_false(vring_should_call(&d->ring));
	vring_push(&d->ring, t->b.buf[0].head, 0);
	assert_int_equal(USED_IDX(d), 0xfff1);
	assert_true(vring_should_call(&d->ring));
}

/* The region of the buffer before is a guess, not an answer: storage may have gone. */
static void test_storage_goes(void **state)
{
	struct both *t = *state;
	struct driver *d = &t->d;

	offer_simple(d, 1);
	gmem_remove(&d->gmem, HUGE_BASE);
	gmem_remove(&d->gmem, SECOND_BASE);
	gmem_remove(&d->gmem, STORAGE_BASE);
	assert_int_equal(vring_pop_burst(&d->ring, &t->b, VRING_BURST), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_more_than_is_room_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_more_than_there_are, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kicks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storage_goes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
