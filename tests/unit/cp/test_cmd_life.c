/* XAUTOLOG, LOGON, LOGOFF, DISCONN, FORCE, SIGNAL and SHUTDOWN, and what they ask of the
 * engine. */
#include "tests/unit/cp/front.h"

#include "cp/bringup.h"
#include "cp/lib/words.h"

static void test_xautolog(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "xautolog alpha"), 0);
	assert_string_equal(twin.log, "logon ALPHA storage 0 ipl 0 by OPERATOR\n"
				      "later ALPHA kind 1\n"
				      "ipl ALPHA kind 1 parm <> absolute 1\n");
	assert_int_equal(ear_type(e, "xautolog alpha"), 54);
	assert_int_equal(ear_type(e, "xautolog nobody"), 53);
	ear_free(e);
}

static void test_xautolog_operands(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	e->s.host_operator = true;
	assert_int_equal(
		ear_type(e, "xautolog alpha storage 32M synch ipl kernel /k parm a b"),
		0);
	twin_was_asked("logon ALPHA storage 33554432 ipl 0 by OPERATOR\n");
	twin_was_asked("ipl ALPHA kind 2 parm <a b> absolute 1\n");
	assert_int_equal(ear_type(e, "xautolog maint noipl"), 0);
	assert_null(strstr(twin.log, "ipl MAINT"));
	assert_int_not_equal(ear_type(e, "xautolog gamma storage 5"), 0);
	assert_int_equal(ear_type(e, "xautolog gamma frob"), 3);
	ear_free(e);
}

/* Absolute file names are for host operators and the directory. */
static void test_absolute_names(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");

	assert_int_equal(ear_type(e, "xautolog alpha ipl kernel /k"), 0);
	twin_was_asked("ipl ALPHA kind 2 parm <> absolute 0\n");
	ear_free(e);
}

static void test_xautolog_by_class_g(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");

	assert_int_equal(ear_type(gamma, "xautolog beta"), 1);
	assert_int_equal(ear_type(gamma, "xautolog nobody"), 1);
	assert_int_equal(ear_type(alpha, "xautolog beta"), 0);
	twin_was_asked("logon BETA");
	ear_free(alpha);
	ear_free(gamma);
}

static void test_synch_waits_for_the_ipl(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin.late = true;
	assert_int_equal(ear_type(e, "xautolog alpha synch"), -1);
	twin_go_on();
	assert_int_equal(e->done, 0);
	twin_go_on();
	assert_int_equal(e->done, 1);
	assert_int_equal(ear_type(e, "xautolog maint"), -1);
	twin_go_on();
	assert_int_equal(e->done, 2);
	twin_go_on();
	ear_free(e);
}

/* What fails is undone, and answered when it is. */
static void test_failures(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin.fail_logon = MSG_NO_MEMORY;
	assert_int_equal(ear_type(e, "xautolog alpha"), MSG_NO_MEMORY);
	twin.fail_logon = 0;
	twin.fail_ipl = MSG_INVALID_OPTION;
	assert_int_equal(ear_type(e, "xautolog alpha synch"), 3);
	twin_was_asked("give up ALPHA: Invalid option: TWIN\n");
	assert_null(partition_find(&f->cp, "ALPHA"));
	assert_int_equal(ear_type(e, "xautolog alpha"), 0);
	ear_heard(e, "note 0: CP0003E");
	assert_null(partition_find(&f->cp, "ALPHA"));
	ear_free(e);
}

/* COMMAND statements come before the IPL, with the directory's authority. */
static void test_command_statements(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "xautolog gamma"), 0);
	assert_string_equal(partition_find(&f->cp, "GAMMA")->observer, "ALPHA");
	ear_heard(e, "CP1406W COMMAND of GAMMA failed: SET FROB (return code 1)");
	twin_was_asked("later GAMMA kind 1, after more\n");
	twin_was_asked("commands done GAMMA kind 1\n"
		       "ipl GAMMA kind 1 parm <query time> absolute 1\n");
	ear_free(e);
}

static void test_force(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "force alpha"), 0);
	twin_was_asked("force ALPHA by OPERATOR\n");
	assert_int_equal(ear_type(e, "force alpha"), 45);
	assert_int_equal(ear_type(e, "force"), 20);
	assert_int_equal(ear_type(e, "force a b"), 45);
	ear_free(e);
}

static void test_signal(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct ear *alpha = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	twin_partition(&f->cp, "BETA");
	assert_int_equal(ear_type(e, "signal shutdown alpha"), 0);
	twin_was_asked("signal ALPHA 30\n");
	ear_heard(e, "CP2114I ALPHA termination may be delayed for up to 30 seconds");
	assert_int_equal(ear_type(alpha, "sig shut alpha within 5"), 0);
	twin_was_asked("signal ALPHA 5\n");
	assert_int_equal(ear_type(alpha, "signal shutdown beta"), 1);
	assert_int_equal(ear_type(e, "signal frob beta"), 3);
	assert_int_equal(ear_type(e, "signal shutdown beta within x"), 2);
	twin.fail_signal = MSG_NOT_RECEIVING;
	assert_int_equal(ear_type(e, "signal shutdown beta"), 57);
	ear_free(e);
	ear_free(alpha);
}

/* Refused only by the process of the partition: who asked is told that, and not that it
 * will end. */
static void test_signal_refused_later(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.refuse_signal = MSG_PART_BUSY;
	assert_int_equal(ear_type(e, "signal shutdown alpha"), MSG_PART_BUSY);
	ear_heard(e, "err 7: CP1321E ");
	ear_did_not_hear(e, "CP2114I");
	ear_free(e);
}

/* Who is to be shut down does not put it off. */
/* Its time was over, or it obeyed, before its process answered. */
static void test_signal_and_gone(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.refuse_signal = MSG_PART_GONE;
	assert_int_equal(ear_type(e, "signal shutdown alpha within 0"), 0);
	ear_heard(e, "CP2114I ALPHA termination may be delayed for up to 0 seconds");
	ear_did_not_hear(e, "CP1304E");
	ear_free(e);
}

static void test_signal_again(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	p->state = PS_SIGNALLED;
	p->signal_deadline = loop_now(f->cp.loop) + UINT64_C(20000000000);
	assert_int_equal(ear_type(alpha, "signal shutdown alpha within 21"), 361);
	assert_null(strstr(twin.log, "signal"));
	assert_int_equal(ear_type(alpha, "signal shutdown alpha within 20"), 0);
	assert_int_equal(ear_type(e, "signal shutdown alpha within 60"), 0);
	twin_was_asked("signal ALPHA 20\nsignal ALPHA 60\n");
	ear_free(e);
	ear_free(alpha);
}

static void test_logoff(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "logoff#query userid"), 0);
	twin_was_asked("force ALPHA by ALPHA\n");
	ear_heard(e, "done 7: 0\nend 0: LOGOFF AT ");
	ear_did_not_hear(e, "AT BULKHEAD");
	ear_free(e);
}

static void test_logoff_without_partition(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "log"), 0);
	assert_string_equal(twin.log, "");
	ear_heard(e, "end 0: LOGOFF AT ");
	ear_free(e);
}

/* FOR u CMD LOGOFF ends u, not who asks. */
static void test_for_logoff(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "for alpha cmd logoff"), 0);
	twin_was_asked("force ALPHA by OPERATOR\n");
	ear_did_not_hear(e, "end");
	ear_free(e);
}

static void test_disconn(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "dis"), 1);
	assert_int_equal(ear_type(e, "disc"), 0);
	ear_heard(e, "end 0: DISCONNECT AT ");
	assert_string_equal(twin.log, "");
	ear_free(e);
}

/* The guest says DISCONN: who is at its console as its user leaves. */
static void test_guest_disconn(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct ear *at = ear_create(f, "ALPHA", "G");
	struct ear *elsewhere = ear_create(f, "ALPHA", "G");
	struct watcher w = { .partition = p };
	struct watcher other = { .partition = twin_partition(&f->cp, "BETA") };

	at->s.watcher = &w;
	elsewhere->s.watcher = &other;
	guest_command(p, 3, 0, "DISCONN", 7);
	twin_was_asked("guest ALPHA 3 done 0\n");
	ear_heard(at, "end 0: DISCONNECT AT ");
	ear_did_not_hear(elsewhere, "end");
	ear_free(at);
	ear_free(elsewhere);
}

static void test_guest_logoff(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	guest_command(p, 3, 0, "LOGOFF#QUERY TIME", 17);
	twin_was_asked("force ALPHA by ALPHA\n");
	assert_null(partition_find(&f->cp, "ALPHA"));
	assert_null(strstr(twin.log, "guest ALPHA 3 done"));
}

static void test_shutdown_names_the_system(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "shutdown"), 26);
	assert_int_equal(ear_type(e, "shutdown now"), 3);
	assert_int_equal(ear_type(e, "shutdown system wrong"), 963);
	assert_false(f->cp.stopping);
	ear_free(e);
}

/* Those that listen are signalled, the others forced; when the last has gone, CP ends. */
static void test_shutdown(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin_partition(&f->cp, "BETA")->signal_enabled = false;
	twin.late = true;
	assert_int_equal(ear_type(e, "shutdown system bulkhead within 7"), 0);
	ear_heard(e, "out 7: CP0960I System shutdown may be delayed for up to 7 seconds");
	ear_heard(e, "note 0: CP0962I System BULKHEAD is being shut down by OPERATOR");
	twin_was_asked("signal ALPHA 7\nforce BETA by OPERATOR\n");
	assert_int_equal(ear_type(e, "xautolog gamma"), 964);
	assert_int_equal(ear_type(e, "shutdown system bulkhead"), 964);
	assert_null(strstr(e->text, "CP0961I"));
	twin_go_on();
	assert_int_equal(loop_run(f->cp.loop), 0); /* it stops the loop */
	ear_heard(e, "note 0: CP0961I System shutdown complete");
	ear_free(e);
}

static void test_shutdown_of_nothing(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "shutdown system bulkhead"), 0);
	assert_int_equal(loop_run(f->cp.loop), 0);
	ear_heard(e, "CP0961I");
	ear_free(e);
}

static void test_shutdown_forces_who_cannot_be_signalled(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.fail_signal = MSG_NOT_RECEIVING;
	assert_int_equal(ear_type(e, "shutdown system bulkhead"), 0);
	twin_was_asked("signal ALPHA 30\nforce ALPHA by OPERATOR\n");
	assert_int_equal(loop_run(f->cp.loop), 0);
	ear_free(e);
}

/* It took the signal, and then did not listen after all. */
static void test_shutdown_forces_who_refuses_the_signal(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.late = true;
	assert_int_equal(ear_type(e, "shutdown system bulkhead"), 0);
	twin_was_asked("signal ALPHA 30\n");
	twin.n_wait = 0;
	twin_answer(twin.wait[0].done, twin.wait[0].ctx, MSG_NOT_RECEIVING);
	twin_was_asked("force ALPHA by OPERATOR\n");
	assert_null(strstr(e->text, "CP0961I"));
	twin_go_on();
	assert_int_equal(loop_run(f->cp.loop), 0);
	ear_heard(e, "note 0: CP0961I System shutdown complete");
	ear_free(e);
}

static void autolog(struct front *f, const char *userid)
{
	struct cfg_name *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	snprintf(n->userid, sizeof(n->userid), "%s", userid);
	n->next = f->cp.config->autolog;
	f->cp.config->autolog = n;
}

/* Whoever outlived an earlier CP is left alone. */
static void test_autolog_at_the_start(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	autolog(f, "NOBODY");
	autolog(f, "MAINT");
	autolog(f, "ALPHA");
	twin_partition(&f->cp, "ALPHA");
	bringup_autolog(&f->cp);
	assert_null(strstr(twin.log, "logon ALPHA"));
	twin_was_asked("logon MAINT storage 0 ipl 0 by OPERATOR\n");
	ear_heard(e, "note 0: CP0053E NOBODY not in CP directory");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_xautolog),
		TEST(test_xautolog_operands),
		TEST(test_absolute_names),
		TEST(test_xautolog_by_class_g),
		TEST(test_synch_waits_for_the_ipl),
		TEST(test_failures),
		TEST(test_command_statements),
		TEST(test_force),
		TEST(test_signal),
		TEST(test_signal_refused_later),
		TEST(test_signal_and_gone),
		TEST(test_signal_again),
		TEST(test_logoff),
		TEST(test_logoff_without_partition),
		TEST(test_for_logoff),
		TEST(test_disconn),
		TEST(test_guest_disconn),
		TEST(test_guest_logoff),
		TEST(test_shutdown_names_the_system),
		TEST(test_shutdown),
		TEST(test_shutdown_of_nothing),
		TEST(test_shutdown_forces_who_cannot_be_signalled),
		TEST(test_shutdown_forces_who_refuses_the_signal),
		TEST(test_autolog_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
