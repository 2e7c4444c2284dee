/* BEGIN, and what there is to go on with: what was IPLed since the last reset, or stored
 * by hand. */
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reset(struct engine *e, enum part_reset_kind kind)
{
	struct message err;

	assert_int_equal(partition_reset(e->p, kind, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_RESET), NULL, 0);
}

/* Begins it if it can be begun, and stops it again. */
static int begin(struct engine *e)
{
	struct message err;
	int rc = partition_begin(e->p, PART_ALL_CPUS, NULL, NULL, &err);

	if (rc)
		return rc;
	peer_send(e, PART_OK, peer_asked(e, PART_BEGIN), NULL, 0);
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(partition_stop(e->p, PART_ALL_CPUS, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_STOP), NULL, 0);
	return 0;
}

static void ipl(struct engine *e)
{
	const struct ipl cms = { .kind = IPL_CMS };
	struct message err;

	assert_int_equal(partition_ipl(e->p, &cms, true, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_IPL), NULL, 0);
}

static void test_nothing_to_begin(void **state)
{
	const enum part_reset_kind kinds[] = { PART_RESET_SYSTEM, PART_RESET_CLEAR };
	struct engine *e = *state;

	e->p->loaded = false; /* as after the logon */
	e->p->state = PS_STOPPED;
	assert_int_equal(begin(e), MSG_NOTHING_LOADED);
	for (int i = 0; i < 2; i++) {
		ipl(e);
		assert_int_equal(begin(e), 0);
		reset(e, kinds[i]);
		assert_int_equal(begin(e), MSG_NOTHING_LOADED);
	}
	assert_int_equal(peer_receive(e, NULL, NULL, NULL), 0);
}

/* A failed IPL has put the vCPUs back to where nothing is, whoever asked for it. */
static void test_nothing_to_begin_after_a_failed_ipl(void **state)
{
	struct engine *e = *state;
	const struct ipl cms = { .kind = IPL_CMS };
	struct message err;

	assert_int_equal(partition_ipl(e->p, &cms, false, NULL, NULL, &err), 0);
	peer_fail(e, peer_asked(e, PART_IPL), PART_R_IMAGE, "no");
	assert_int_equal(begin(e), MSG_NOTHING_LOADED);
	ipl(e);
	assert_int_equal(begin(e), 0);
	e->p->state = PS_RUNNING;
	peer_event(e, PART_EV_IPL_FAILED, PART_STOPPED);
	assert_int_equal(begin(e), MSG_NOTHING_LOADED);
}

/* Whoever stores a program by hand knows what to begin; the record says it too. */
static void test_begin_what_was_stored(void **state)
{
	struct engine *e = *state;
	const struct part_regs regs = { .rip = 0x1000 };
	struct message err;

	reset(e, PART_RESET_CLEAR);
	assert_int_equal(partition_write(e->p, 0x1000, "\xf4", 1, NULL, NULL, &err), 0);
	peer_fail(e, peer_asked(e, PART_STORAGE_WRITE), PART_R_ADDRESS, "outside");
	assert_int_equal(begin(e), MSG_NOTHING_LOADED);
	assert_int_equal(partition_write(e->p, 0x1000, "\xf4", 1, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_STORAGE_WRITE), NULL, 0);
	assert_int_equal(begin(e), 0);

	reset(e, PART_RESET_SYSTEM);
	assert_int_equal(begin(e), MSG_NOTHING_LOADED);
	assert_int_equal(partition_set_regs(e->p, &regs, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_REGS_WRITE), NULL, 0);
	assert_int_equal(begin(e), 0);
}

int main(void)
{
#define WITH_ENGINE(name) \
	cmocka_unit_test_setup_teardown(name, engine_setup_running, engine_teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_nothing_to_begin),
		WITH_ENGINE(test_nothing_to_begin_after_a_failed_ipl),
		WITH_ENGINE(test_begin_what_was_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
