/* DEFINE NIC and DETACH NIC: what is asked of the engine, and how it is answered. */
#include "tests/unit/cp/front.h"

static struct ear *user(struct front *f)
{
	twin_partition(&f->cp, "ALPHA");
	return ear_create(f, "ALPHA", "G");
}

static void test_define_and_detach(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "define nic 610"), 0);
	ear_heard(e, "out 7: NIC 0610 is created\n");
	assert_int_equal(ear_type(e, "query virtual 610"), 0);
	ear_heard(e, "NIC  0610 MAC 02:00:01:00:06:10  LAN * NONE");
	assert_int_equal(ear_type(e, "det nic 0610"), 0);
	ear_heard(e, "out 7: NIC 0610 is destroyed\n");
	assert_int_equal(ear_type(e, "query virtual 610"), 40);
	assert_string_equal(twin.log, "define nic ALPHA 0610\ndetach nic ALPHA 0610\n");
	ear_free(e);
}

static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	session_command(&e->s, 8, true, "def nic f");
	ear_heard(e, "\"command\":\"DEFINE NIC\"");
	ear_heard(e, "\"records\":[{\"userid\":\"ALPHA\",\"vdev\":\"000F\","
		     "\"mac\":\"02:00:01:00:00:0f\"}]");
	e->text[0] = '\0';
	session_command(&e->s, 8, true, "det nic f");
	ear_heard(e, "\"command\":\"DETACH NIC\"");
	ear_heard(e, "\"records\":[{\"userid\":\"ALPHA\",\"vdev\":\"000F\","
		     "\"mac\":\"02:00:01:00:00:0f\"}]");
	ear_free(e);
}

static void test_operands(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "define"), 26);
	assert_int_equal(ear_type(e, "detach"), 26);
	assert_int_equal(ear_type(e, "define nic"), 22);
	assert_int_equal(ear_type(e, "define nic 12345"), 22);
	assert_int_equal(ear_type(e, "define nic eth0"), 22);
	assert_int_equal(ear_type(e, "define nic 610 620"), 3);
	assert_int_equal(ear_type(e, "detach nic 610 user beta"), 3);
	assert_int_equal(ear_type(e, "define frob 610"), 1);
	ear_heard(e, "CP0001E Unknown CP command: DEFINE frob");
	assert_int_equal(ear_type(e, "detach 610"), 1);
	assert_string_equal(twin.log, "");
	ear_free(e);
}

/* At once, or when the process has answered. */
static void test_refusals(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	twin.fail_plug = MSG_DEVICE_EXISTS;
	assert_int_equal(ear_type(e, "define nic 610"), 92);
	ear_did_not_hear(e, "created");
	assert_int_equal(ear_type(e, "detach nic 610"), 92);
	ear_did_not_hear(e, "destroyed");
	twin.fail_plug = 0;
	twin.refuse_plug = MSG_PART_BUSY;
	session_command(&e->s, 8, true, "define nic 610");
	ear_heard(e, "\"rc\":1321");
	ear_heard(e, "\"records\":[]");
	ear_free(e);
}

static void test_answered_later(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	twin.late = true;
	assert_int_equal(ear_type(e, "define nic 610"), -1);
	twin_go_on();
	ear_heard(e, "NIC 0610 is created\n");
	/* Who asked has gone meanwhile: nobody is answered. */
	assert_int_equal(ear_type(e, "detach nic 610"), -1);
	ear_free(e);
	twin_go_on();
}

static void test_who_has_none(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "BETA", "G");

	assert_int_equal(ear_type(e, "define nic 610"), 45);
	assert_int_equal(ear_type(e, "detach nic 610"), 45);
	ear_free(e);
}

static void test_for_another(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "C");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "define nic 610"), 1);
	assert_int_equal(ear_type(e, "for alpha cmd define nic 610"), 0);
	ear_heard(e, "NIC 0610 is created\n");
	twin_was_asked("define nic ALPHA 0610\n");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_define_and_detach),
		TEST(test_json),
		TEST(test_operands),
		TEST(test_refusals),
		TEST(test_answered_later),
		TEST(test_who_has_none),
		TEST(test_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
