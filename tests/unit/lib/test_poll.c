/* The poller: who is looked at, for how long in vain, and what that does not cost. */
#include "cp/lib/poll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NS_PER_US 1000
#define T0        UINT64_C(1000000)

struct fake {
	struct poll_port port;
	int frames; /* there are */
	int looks, sleeps;
	bool late; /* something comes while it falls asleep */
};

static struct poller *poller;
static struct fake a, b;

static struct fake *of(struct poll_port *p)
{
	return container_of(p, struct fake, port);
}

static int take(struct poll_port *p, uint64_t now)
{
	struct fake *f = of(p);
	int n = f->frames < 32 ? f->frames : 32;

	(void)now;
	f->looks++;
	f->frames -= n;
	return n;
}

static bool fall_asleep(struct poll_port *p)
{
	struct fake *f = of(p);

	f->sleeps++;
	return f->late;
}

static int setup(void **state)
{
	(void)state;
	poller = poller_create();
	a = b = (struct fake) { .port = { .take = take, .sleep = fall_asleep } };
	poll_add(poller, &a.port);
	poll_add(poller, &b.port);
	return !poller;
}

static int teardown(void **state)
{
	(void)state;
	poll_del(&a.port);
	poll_del(&b.port);
	poller_destroy(poller);
	return 0;
}

/* Wakes it, and looks until it sleeps, each us; how long that was. */
static uint64_t look_in_vain(struct fake *f, uint64_t *now)
{
	uint64_t from = *now;

	poll_wake(&f->port);
	while (poller_round(poller, *now))
		*now += NS_PER_US;
	return *now - from;
}

static void test_only_who_is_awake(void **state)
{
	(void)state;
	assert_false(poller_round(poller, T0 + 1));
	a.frames = 40;
	poll_wake(&a.port);
	poll_wake(&a.port);
	assert_true(poller_round(poller, T0 + 2));
	assert_int_equal(a.frames, 8);
	assert_int_equal(a.looks, 1);
	assert_true(poller_round(poller, T0 + 3));
	assert_false(poller_round(poller, T0 + 4));
	assert_int_equal(a.sleeps, 1);
	assert_int_equal(b.looks, 0);
}

/* What came while it asked for kicks is taken. */
static void test_something_came(void **state)
{
	(void)state;
	a.late = true;
	poll_wake(&a.port);
	assert_true(poller_round(poller, T0 + 1));
	a.late = false;
	a.frames = 1;
	assert_true(poller_round(poller, T0 + 2));
	assert_int_equal(a.frames, 0);
	assert_false(poller_round(poller, T0 + 3));
}

/* A port that is busy now and then, a few us apart, is looked at all the time; and not
 * for longer than the bound. */
static void test_a_window_that_pays(void **state)
{
	uint64_t now = T0;
	int sleeps;

	(void)state;
	for (int i = 0; i < 10000; i++, now += NS_PER_US) {
		if (i % 3 == 0) {
			a.frames = 1;
			poll_wake(&a.port);
		}
		poller_round(poller, now);
	}
	sleeps = a.sleeps;
	for (int i = 0; i < 10000; i++, now += NS_PER_US) {
		a.frames = i % 20 == 0;
		poller_round(poller, now);
	}
	assert_int_equal(a.sleeps, sleeps);
	assert_true(sleeps < 10);
	assert_true(a.port.window <= POLL_MAX_NS);
	assert_true(look_in_vain(&a, &now) <= POLL_MAX_NS + NS_PER_US);
}

/* Looking in vain soon ends: where nothing comes for as long as we look, because the
 * driver needs our core or because there is nothing, next to no time is lost. */
static void test_a_window_that_does_not(void **state)
{
	uint64_t now = T0, lost = 0;

	(void)state;
	a.port.window = POLL_MAX_NS;
	for (int i = 0; i < 8; i++)
		look_in_vain(&a, &now);
	assert_int_equal(a.port.window, 0);
	for (int i = 0; i < 1000; i++) {
		a.frames = 1;
		lost += look_in_vain(&a, &now);
		now += NS_PER_US; /* the driver works, and kicks */
	}
	assert_true(lost < 1000 * 2 * NS_PER_US);
}

/* Long pauses bring no trials. */
static void test_pauses(void **state)
{
	uint64_t now = T0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		a.frames = 1;
		assert_true(look_in_vain(&a, &now) <= NS_PER_US);
		now += 1000 * NS_PER_US;
	}
	assert_int_equal(a.port.window, 0);
}

/* That the kernel let us wait is nobody's merit. */
static void test_waiting_too_long(void **state)
{
	uint64_t now = T0;

	(void)state;
	a.port.window = 10 * NS_PER_US;
	poll_wake(&a.port);
	assert_true(poller_round(poller, now));
	a.frames = 1;
	assert_true(poller_round(poller, now + 1000 * NS_PER_US));
	assert_int_equal(a.port.window, 10 * NS_PER_US);
}

static void test_gone(void **state)
{
	(void)state;
	a.frames = b.frames = 1;
	poll_wake(&a.port);
	poll_wake(&b.port);
	poll_del(&a.port);
	poll_del(&a.port);
	poll_wake(&a.port);
	poller_round(poller, T0 + 1);
	assert_int_equal(a.looks, 0);
	assert_int_equal(b.looks, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_who_is_awake, setup, teardown),
		cmocka_unit_test_setup_teardown(test_something_came, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_window_that_pays, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_window_that_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
