/* SIGNAL SHUTDOWN: guests that obey, that do not, and that do not listen. */
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_signal_not_enabled(void **state)
{
	struct engine *e = *state;
	struct message err;

	e->p->signal_enabled = false;
	assert_int_equal(
		partition_signal(e->p, 5, NULL, NULL, &err), MSG_SIGNAL_NOT_ENABLED);
	peer_event(e, PART_EV_SIGNAL_ENABLED, 1);
	assert_int_equal(partition_signal(e->p, 5, NULL, NULL, &err), 0);
}

static void test_signal_obeyed(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	assert_int_equal(partition_signal(e->p, 5, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_SIGNAL), NULL, 0);
	assert_int_equal(told.times, 0);
	peer_event(e, PART_EV_POWER_OFF, PART_STOPPED);
	assert_true(list_empty(&e->cp.partitions));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, 0);
	assert_int_equal(front_twin_said(MSG_LOGGED_OFF), 1);
	assert_int_equal(front_twin_said(MSG_GUEST_POWER_OFF), 0);
}

static void test_signal_ignored(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	loop_clock_stop(e->cp.loop);
	assert_int_equal(partition_signal(e->p, 5, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_SIGNAL), NULL, 0);
	loop_clock_warp(e->cp.loop, 4 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(e->p->state, PS_SIGNALLED);
	/* A second one gives it more time. */
	assert_int_equal(partition_signal(e->p, 10, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_SIGNAL), NULL, 0);
	loop_clock_warp(e->cp.loop, 9 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.times, 0);
	loop_clock_warp(e->cp.loop, NS_PER_S);
	engine_settle(e);
	assert_true(list_empty(&e->cp.partitions));
	assert_int_equal(told.times, 2);
	assert_int_equal(front_twin_said(MSG_SIGNAL_EXPIRED), 1);
}

static void test_signal_refused_by_the_guest(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	loop_clock_stop(e->cp.loop);
	assert_int_equal(partition_signal(e->p, 5, told_done, &told, &err), 0);
	peer_fail(e, peer_asked(e, PART_SIGNAL), PART_R_BUSY, "port closed");
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(told.number, MSG_PART_BUSY);
	loop_clock_warp(e->cp.loop, 100 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(e->p->state, PS_RUNNING);
}

/* Who does not wait for the end learns what became of the signal itself. */
static void test_signal_sent(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	assert_int_equal(partition_signal_sent(e->p, 5, told_done, &told, &err), 0);
	assert_int_equal(told.times, 0);
	peer_fail(e, peer_asked(e, PART_SIGNAL), PART_R_BUSY, "port closed");
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_BUSY);
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(partition_signal_sent(e->p, 5, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_SIGNAL), NULL, 0);
	assert_int_equal(told.times, 2);
	assert_int_equal(told.number, 0);
	assert_int_equal(e->p->state, PS_SIGNALLED);
	peer_event(e, PART_EV_POWER_OFF, PART_STOPPED);
	assert_true(list_empty(&e->cp.partitions));
	assert_int_equal(told.times, 2);
}

/* Its time may be over before its process has answered. */
static void test_signal_sent_too_late(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	loop_clock_stop(e->cp.loop);
	assert_int_equal(partition_signal_sent(e->p, 0, told_done, &told, &err), 0);
	engine_settle(e);
	assert_true(list_empty(&e->cp.partitions));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_GONE);
	assert_int_equal(front_twin_said(MSG_SIGNAL_EXPIRED), 1);
}

int main(void)
{
#define WITH_ENGINE(name) \
	cmocka_unit_test_setup_teardown(name, engine_setup_running, engine_teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_signal_not_enabled),
		WITH_ENGINE(test_signal_obeyed),
		WITH_ENGINE(test_signal_ignored),
		WITH_ENGINE(test_signal_refused_by_the_guest),
		WITH_ENGINE(test_signal_sent),
		WITH_ENGINE(test_signal_sent_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
