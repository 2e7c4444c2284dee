/* Allowances, and lines limited by one. */
#include "cp/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static const struct allowance_rule rule = { 3, SECOND };

static int take(struct allowance *a, int tries, uint64_t now)
{
	int n = 0;

	while (tries--)
		n += allowance_take(a, &rule, now);
	return n;
}

static void test_allowance(void **state)
{
	struct allowance a = { 0 };
	const uint64_t begin = 1000 * SECOND + 5;

	(void)state;
	assert_int_equal(take(&a, 10, begin), 3);
	assert_int_equal(allowance_left_out(&a), 7);
	assert_int_equal(allowance_left_out(&a), 0);
	assert_int_equal(take(&a, 10, begin + SECOND), 1);
	assert_int_equal(take(&a, 10, begin + 3 * SECOND), 2);
	assert_int_equal(take(&a, 10, begin + 100 * SECOND), 3);
}

/* However often it is asked, time is not lost by asking. */
static void test_small_steps(void **state)
{
	struct allowance a = { 0 };
	const uint64_t begin = 1000 * SECOND;
	int n = 0;

	(void)state;
	take(&a, 10, begin);
	for (int i = 1; i <= 100; i++)
		n += take(&a, 1, begin + (uint64_t)i * SECOND / 10);
	assert_int_equal(n, 10);
}

struct fixture {
	struct loop *loop;
	struct chatter chatter;
	int said;
	uint32_t left_out;
};

static struct fixture fixture;

static void on_said(struct chatter *c, uint32_t left_out)
{
	assert_ptr_equal(c, &fixture.chatter);
	fixture.said++;
	fixture.left_out += left_out;
}

static int setup(void **state)
{
	(void)state;
	fixture = (struct fixture) { .chatter = {
					     .rule = &rule,
					     .pause_ns = 2 * SECOND,
					     .said = on_said,
				     } };
	if (loop_create(&fixture.loop))
		return -1;
	loop_clock_stop(fixture.loop);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chatter_stop(&fixture.chatter);
	loop_destroy(fixture.loop);
	return 0;
}

static int pass(int tries)
{
	int n = 0;

	while (tries--)
		n += chatter_passes(&fixture.chatter, fixture.loop);
	return n;
}

/* Once it is too much nothing passes until the pause is over; then it is said. */
static void test_chatter(void **state)
{
	(void)state;
	assert_int_equal(pass(3), 3);
	loop_clock_warp(fixture.loop, 10 * SECOND);
	assert_int_equal(pass(10), 3);
	loop_clock_warp(fixture.loop, SECOND);
	assert_int_equal(pass(5), 0);
	assert_int_equal(fixture.said, 0);
	loop_clock_warp(fixture.loop, SECOND);
	assert_true(loop_once(fixture.loop, 0) > 0);
	assert_int_equal(fixture.said, 1);
	assert_int_equal(fixture.left_out, 12);
	assert_int_equal(pass(5), 2);
	assert_int_equal(fixture.said, 1);
}

/* The next line may come before the loop has run the timer. */
static void test_before_the_timer(void **state)
{
	(void)state;
	assert_int_equal(pass(4), 3);
	loop_clock_warp(fixture.loop, 2 * SECOND);
	assert_int_equal(pass(1), 1);
	assert_int_equal(fixture.said, 1);
	assert_int_equal(loop_once(fixture.loop, 0), 0);
	assert_int_equal(fixture.said, 1);
}

/* What is counted is said once, now or when the pause is over; the pause goes on. */
static void test_tell(void **state)
{
	struct chatter zero = { 0 };

	(void)state;
	chatter_tell(&zero);
	assert_int_equal(pass(8), 3);
	chatter_tell(&fixture.chatter);
	chatter_tell(&fixture.chatter);
	assert_int_equal(fixture.said, 1);
	assert_int_equal(fixture.left_out, 5);
	assert_int_equal(pass(2), 0);
	chatter_tell(&fixture.chatter);
	assert_int_equal(fixture.left_out, 7);
	loop_clock_warp(fixture.loop, 2 * SECOND);
	assert_true(loop_once(fixture.loop, 0) > 0);
	assert_int_equal(fixture.said, 2);
	assert_int_equal(pass(1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowance),
		cmocka_unit_test(test_small_steps),
		cmocka_unit_test_setup_teardown(test_chatter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_the_timer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tell, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
