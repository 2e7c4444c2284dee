/* A guest speaks to CP through its cp port: as itself, with its own classes, and hostile.
 */
#include "tests/unit/cp/front.h"

#include "cp/guest_abi.h"

static void type(struct partition *p, uint32_t id, uint16_t flags, const char *text)
{
	guest_command(p, id, flags, text, strlen(text));
}

static void test_command(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	type(p, 4, 0, "query userid#force alpha");
	assert_string_equal(twin.log,
		"guest ALPHA 4 out: ALPHA    AT BULKHEAD\n\n"
		"guest ALPHA 4 err: CP0001E Unknown CP command: force\n\n"
		"guest ALPHA 4 done 1\n");
	type(p, 5, CP_F_JSON, "query userid");
	twin_was_asked("guest ALPHA 5 out: {\"command\":\"QUERY USERID\",\"rc\":0,");
}

/* The classes are the partition's, as they were at logon. */
static void test_classes(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	snprintf(p->classes, sizeof(p->classes), "AG");
	twin_partition(&f->cp, "BETA");
	type(p, 4, 0, "force beta");
	twin_was_asked("force BETA by ALPHA\nguest ALPHA 4 done 0\n");
}

static void test_hostile_text(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	char text[CP_COMMAND_MAX + 1];

	memset(text, 'q', sizeof(text));
	guest_command(p, 1, 0, text, sizeof(text));
	twin_was_asked("guest ALPHA 1 done 1402\n");
	guest_command(p, 2, 0, "query\0userid", 12);
	twin_was_asked("guest ALPHA 2 done 1400\n");
	guest_command(p, 3, 0, "", 0);
	twin_was_asked("guest ALPHA 3 done 0\n");
	guest_command(p, 0xffffffff, 0xffff, "\377\376", 2);
	twin_was_asked("guest ALPHA 4294967295 done ");
}

/* The port is opened anew: answers to what was asked before are dropped. */
static void test_reset(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	twin.late = true;
	type(p, 1, 0, "stop");
	guest_reset(p);
	twin_go_on();
	assert_null(strstr(twin.log, "done"));
	type(p, 2, 0, "query time");
	twin_was_asked("guest ALPHA 2 done 0\n");
}

static void test_too_many(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	twin.late = true;
	for (uint32_t i = 0; i < SESSION_MAX_REQUESTS; i++)
		type(p, i, 0, "stop");
	type(p, 1000, 0, "stop");
	twin_was_asked("guest ALPHA 1000 done 1401\n");
	twin_go_on();
}

/* It cannot be told anything: it has no terminal of its own. */
static void test_is_not_told(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	type(p, 1, 0, "query time");
	assert_int_equal(ear_type(e, "msg alpha hello"), 57);
	assert_int_equal(ear_type(e, "msg all hello"), 0);
	ear_free(e);
}

/* Everybody is told only so much by one guest, and how much more there was. */
static void test_chatter(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct partition *beta = twin_partition(&f->cp, "BETA");

	for (int i = 0; i < 100; i++)
		type(p, 1, 0, i % 2 ? "msg op flood" : "msgnoh operator flood");
	assert_int_equal(heard(e, "flood"), 20);
	twin_was_asked("CP1420E OPERATOR was not told");
	ear_did_not_hear(e, "left out");
	/* SMSG is of the same allowance, and another guest has one of its own. */
	type(p, 2, 0, "smsg beta x");
	assert_null(strstr(twin.log, "smsg BETA"));
	type(beta, 3, 0, "msg op from beta");
	ear_heard(e, "from beta");
	front_second(f);
	ear_heard(e, "CP1421W ALPHA: 80 of its messages to you were left out");
	e->text[0] = '\0';

	for (int i = 0; i < 100; i++)
		type(p, 1, 0, "msg op again");
	assert_int_equal(heard(e, "again"), 2);
	front_second(f);
	ear_heard(e, "CP1421W ALPHA: 98 of its messages to you were left out");
	type(p, 1, 0, "msg op at last");
	ear_heard(e, "at last");
	ear_free(e);
}

/* Each receiver learns how many of its own were left out, and once; a userid that nobody
 * has changes nothing. */
static void test_chatter_to_several(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	for (int i = 0; i < 30; i++) {
		type(p, 1, 0, "msg op flood");
		type(p, 1, 0, "msg gamma flood");
		type(p, 1, 0, "msg gamma flood");
	}
	twin.log[0] = '\0';
	type(p, 2, 0, "msg nobody x");
	type(p, 3, 0, "msg all x");
	twin_was_asked("guest ALPHA 2 done 45\n");
	twin_was_asked("guest ALPHA 3 done 1\n");
	front_second(f);
	ear_heard(e, "CP1421W ALPHA: 23 of its messages to you were left out");
	ear_heard(gamma, "CP1421W ALPHA: 47 of its messages to you were left out");
	assert_int_equal(heard(e, "left out"), 1);
	assert_int_equal(heard(gamma, "left out"), 1);
	ear_free(e);
	ear_free(gamma);
}

/* It turns to more than are told apart: the operator learns of the others. */
static void test_chatter_to_many(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct ear *user[TALK_RECEIVERS + 2];
	const int n = TALK_RECEIVERS + 2;
	char line[32];

	for (int i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "U%d", i);
		user[i] = ear_create(f, line, "G");
	}
	for (int i = 0; i < 20; i++)
		type(p, 1, 0, "msg u0 flood");
	for (int i = 0; i < 5 * n; i++) {
		snprintf(line, sizeof(line), "msg u%d flood", i % n);
		type(p, 1, 0, line);
	}
	front_second(f);
	for (int i = 0; i < n; i++) {
		assert_int_equal(heard(user[i], "ALPHA: 5 of its messages"),
			i < TALK_RECEIVERS - 1);
		ear_free(user[i]);
	}
	ear_heard(e, "CP1421W ALPHA: 15 of its messages");
	ear_free(e);
}

/* It ends while it is silenced. */
static void test_chatter_ends(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	for (int i = 0; i < 30; i++)
		type(p, 1, 0, "msg op flood");
	twin_end(p, "FORCED");
	ear_heard(e, "CP1421W ALPHA: 10 of its messages to you were left out");
	front_second(f);
	assert_int_equal(heard(e, "left out"), 1);
	ear_free(e);
}

/* Who asks is the sender, whoever it is for; an operator is not limited. */
static void test_operators_are_not_limited(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	for (int i = 0; i < 100; i++)
		assert_int_equal(ear_type(e, "for alpha cmd msg op x"), 0);
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_command),
		TEST(test_classes),
		TEST(test_hostile_text),
		TEST(test_reset),
		TEST(test_too_many),
		TEST(test_is_not_told),
		TEST(test_chatter),
		TEST(test_chatter_to_several),
		TEST(test_chatter_to_many),
		TEST(test_chatter_ends),
		TEST(test_operators_are_not_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
