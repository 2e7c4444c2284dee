/* COUPLE and UNCOUPLE: what is asked of the engine, and how it is answered. */
#include "tests/unit/cp/front.h"

#include "cp/lan.h"

/* ALPHA with a NIC 0600, and a LAN of SYSTEM's. */
static struct ear *user(struct front *f)
{
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	twin_system_lan(&f->cp, "LABNET");
	ear_type(e, "define nic 600");
	twin.log[0] = '\0';
	return e;
}

static void test_couple(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "couple 600 to system labnet"), 0);
	ear_heard(e, "out 7: NIC 0600 is connected to LAN SYSTEM LABNET\n");
	assert_int_equal(ear_type(e, "query virtual 600"), 0);
	ear_heard(e, "NIC  0600 MAC 02:00:01:00:06:00  LAN SYSTEM LABNET\n");
	assert_int_equal(ear_type(e, "uncouple 600"), 0);
	ear_heard(e, "out 7: NIC 0600 is disconnected from LAN SYSTEM LABNET\n");
	assert_int_equal(ear_type(e, "query virtual 600"), 0);
	ear_heard(e, "LAN * NONE");
	assert_string_equal(
		twin.log, "couple ALPHA 0600 to SYSTEM LABNET\nuncouple ALPHA 0600\n");
	ear_free(e);
}

/* By its name alone a LAN is one's own, else SYSTEM's. */
static void test_names(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "couple 600 labnet"), 0);
	ear_heard(e, "LAN SYSTEM LABNET");
	assert_int_equal(ear_type(e, "uncouple 600"), 0);
	assert_int_equal(ear_type(e, "define lan labnet"), 0);
	assert_int_equal(ear_type(e, "couple 600 to labnet"), 0);
	ear_heard(e, "LAN ALPHA LABNET");
	assert_int_equal(ear_type(e, "uncouple 600"), 0);
	assert_int_equal(ear_type(e, "couple 600 alpha labnet"), 0);
	ear_heard(e, "LAN ALPHA LABNET");
	assert_int_equal(ear_type(e, "uncouple 600"), 0);
	lan_find(&f->cp, "SYSTEM", "LABNET")->def.vswitch = true;
	assert_int_equal(ear_type(e, "couple 600 to system labnet"), 0);
	ear_heard(e, "NIC 0600 is connected to VSWITCH SYSTEM LABNET");
	ear_free(e);
}

static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	session_command(&e->s, 7, true, "couple 600 to system labnet");
	ear_heard(e, "\"command\":\"COUPLE\",\"rc\":0");
	ear_heard(e, "\"records\":[{\"userid\":\"ALPHA\",\"vdev\":\"0600\","
		     "\"lan\":\"LABNET\",\"lan_owner\":\"SYSTEM\",\"connected\":true}]");
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "uncouple 600");
	ear_heard(e, "\"lan_owner\":\"SYSTEM\",\"connected\":false}]");
	ear_free(e);
}

static void test_operands(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "couple"), 22);
	assert_int_equal(ear_type(e, "couple eth0 to labnet"), 22);
	assert_int_equal(ear_type(e, "couple 600"), 26);
	assert_int_equal(ear_type(e, "couple 600 to"), 26);
	assert_int_equal(ear_type(e, "couple 600 to system a.b"), 2);
	assert_int_equal(ear_type(e, "couple 600 to system labnet now"), 3);
	assert_int_equal(ear_type(e, "uncouple"), 22);
	assert_int_equal(ear_type(e, "uncouple 600 labnet"), 3);
	assert_int_equal(ear_type(e, "coupl 600 labnet"), 1);
	assert_string_equal(twin.log, "");
	ear_free(e);
}

/* In this order: no such NIC, coupled already, no such LAN. */
static void test_refusals(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "couple 610 to nowhere"), 40);
	assert_int_equal(ear_type(e, "couple 191 to labnet"), 40);
	assert_int_equal(ear_type(e, "uncouple 191"), 40);
	assert_int_equal(ear_type(e, "couple 600 to nowhere"), 1530);
	ear_heard(e, "CP1530E LAN SYSTEM NOWHERE does not exist");
	assert_int_equal(ear_type(e, "couple 600 to beta net"), 1530);
	ear_heard(e, "LAN BETA NET does not exist");
	assert_int_equal(ear_type(e, "uncouple 600"), 1535);
	ear_heard(e, "CP1535E ALPHA 0600 is not connected to a LAN");
	assert_int_equal(ear_type(e, "couple 600 to labnet"), 0);
	assert_int_equal(ear_type(e, "couple 600 to nowhere"), 1534);
	ear_heard(e, "CP1534E ALPHA 0600 is connected to LAN SYSTEM LABNET already");
	ear_free(e);
}

/* Whether one may use it is the engine's. */
static void test_restricted(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f), *b = ear_create(f, "MAINT", "B");

	lan_find(&f->cp, "SYSTEM", "LABNET")->def.restricted = true;
	assert_int_equal(ear_type(e, "couple 600 to system labnet"), 6011);
	ear_heard(e, "CP6011E You are not authorized to COUPLE to SYSTEM LABNET");
	assert_int_equal(ear_type(b, "set lan labnet grant alpha"), 0);
	assert_int_equal(ear_type(e, "couple 600 to system labnet"), 0);
	ear_free(e);
	ear_free(b);
}

static void test_engine_refuses(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	lan_twin.fail = MSG_NO_MEMORY;
	assert_int_equal(ear_type(e, "couple 600 to labnet"), 1001);
	ear_did_not_hear(e, "connected");
	lan_twin.fail = 0;
	lan_twin.refuse = MSG_PART_BUSY;
	assert_int_equal(ear_type(e, "couple 600 to labnet"), 1321);
	ear_did_not_hear(e, "connected");
	ear_free(e);
}

static void test_answered_later(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	twin.late = true;
	assert_int_equal(ear_type(e, "couple 600 to labnet"), -1);
	twin_go_on();
	ear_heard(e, "NIC 0600 is connected to LAN SYSTEM LABNET\n");
	assert_int_equal(ear_type(e, "uncouple 600"), -1);
	ear_free(e);
	twin_go_on();
}

/* The LAN of a NIC has gone, but the NIC does not know yet. */
static void test_lan_gone(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);
	struct partition *p = partition_find(&f->cp, "ALPHA");

	snprintf(twin_nic(p, 0x600)->nic.lan, USERID_MAX + 1, "OLDNET");
	snprintf(twin_nic(p, 0x600)->nic.lan_owner, USERID_MAX + 1, "SYSTEM");
	assert_int_equal(ear_type(e, "uncouple 600"), 0);
	ear_heard(e, "NIC 0600 is disconnected from LAN SYSTEM OLDNET\n");
	ear_free(e);
}

static void test_for_another(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f), *c = ear_create(f, "MAINT", "C");

	assert_int_equal(ear_type(c, "couple 600 to labnet"), 1);
	assert_int_equal(ear_type(c, "for alpha cmd couple 600 to system labnet"), 0);
	ear_heard(c, "NIC 0600 is connected to LAN SYSTEM LABNET\n");
	assert_int_equal(ear_type(c, "for alpha cmd uncouple 600"), 0);
	assert_int_equal(ear_type(c, "for beta cmd couple 600 to labnet"), 45);
	ear_free(e);
	ear_free(c);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_couple),
		TEST(test_names),
		TEST(test_json),
		TEST(test_operands),
		TEST(test_refusals),
		TEST(test_restricted),
		TEST(test_engine_refuses),
		TEST(test_answered_later),
		TEST(test_lan_gone),
		TEST(test_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
