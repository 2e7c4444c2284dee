/* DEFINE PORT and DETACH PORT: who may, what is asked of the engine, and how it is
 * answered. */
#include "tests/unit/cp/front.h"

#include "cp/clauses.h"

static struct ear *operator(struct front *f)
{
	return ear_create(f, "MAINT", "B");
}

static void test_define(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "define port qemu1 to system net"), 0);
	twin_was_asked("define port QEMU1 of SYSTEM NET at <> mac <> trunk 0 vlans <> "
		       "community 0\n");
	ear_heard(e, "out 7: Port QEMU1 of LAN SYSTEM NET is created, socket "
		     "/run/QEMU1\n");
	assert_int_equal(ear_type(e, "def port b to system net portt trunk vlan 1-3,7 "
				     "mac 02:00:00:aB:Cd:0f comm 9"),
		0);
	twin_was_asked("define port B of SYSTEM NET at <> mac <02:00:00:ab:cd:0f> "
		       "trunk 1 vlans <1-3,7> community 9\n");
	session_command(&e->s, 7, true, "define port c to system net");
	ear_heard(e, "\"records\":[{\"name\":\"C\",\"lan\":\"NET\","
		     "\"lan_owner\":\"SYSTEM\",\"socket\":\"/run/C\"}]");
	ear_free(e);
}

static void test_detach(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "define port a to system net"), 0);
	assert_int_equal(ear_type(e, "detach port a from system net"), 0);
	twin_was_asked("detach port A of SYSTEM NET\n");
	ear_heard(e, "out 7: Port A of LAN SYSTEM NET is destroyed\n");
	assert_int_equal(ear_type(e, "detach port a from system net"), 1581);
	ear_heard(e, "CP1581E LAN SYSTEM NET has no port A");
	assert_int_equal(ear_type(e, "detach port a to system net"), 3);
	assert_int_equal(ear_type(e, "detach port a from system net all"), 3);
	assert_int_equal(ear_type(e, "detach port a from system"), 26);
	assert_int_equal(ear_type(e, "detach port a from system other"), 1530);
	ear_free(e);
}

/* Another's LAN is named by its owner. */
static void test_owner(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan = twin_system_lan(&f->cp, "NET");

	snprintf(lan->def.owner, sizeof(lan->def.owner), "ALPHA");
	assert_int_equal(ear_type(e, "define port a to system net"), 1530);
	assert_int_equal(ear_type(e, "define port a to beta net"), 1530);
	assert_int_equal(ear_type(e, "define port a to alpha net"), 0);
	ear_heard(e, "Port A of LAN ALPHA NET is created");
	assert_int_equal(ear_type(e, "detach port a from alpha net"), 0);
	ear_free(e);
}

static void test_class(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "define port a to system net"), 1);
	assert_int_equal(ear_type(e, "detach port a from system net"), 1);
	assert_string_equal(twin.log, "");
	ear_free(e);
}

/* A path is the host's: only its operator names one. */
static void test_socket(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	char line[256], path[112];

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "define port a to system net socket /tmp/a"), 1583);
	ear_heard(e, "CP1583E Port A: you may not say where its socket is");
	assert_string_equal(twin.log, "");
	e->s.host_operator = true;
	assert_int_equal(ear_type(e, "define port a to system net socket /tmp/a"), 0);
	twin_was_asked("define port A of SYSTEM NET at </tmp/a> mac <> trunk 0 vlans <> "
		       "community 0\n");
	assert_int_equal(ear_type(e, "define port b to system net socket tmp/a"), 2);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	snprintf(line, sizeof(line), "define port b to system net socket %s", path);
	assert_int_equal(ear_type(e, line), MSG_OPERAND_TOO_LONG);
	path[107] = '\0';
	snprintf(line, sizeof(line), "define port b to system net socket %s", path);
	assert_int_equal(ear_type(e, line), 0);
	ear_free(e);
}

static void test_refusals(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "define port"), 26);
	assert_int_equal(ear_type(e, "define port a"), 26);
	assert_int_equal(ear_type(e, "define port a to"), 20);
	assert_int_equal(ear_type(e, "define port a to system"), 26);
	assert_int_equal(ear_type(e, "define port a.b to system net"), 2);
	assert_int_equal(ear_type(e, "define port a to system net frob"), 3);
	assert_int_equal(ear_type(e, "define port a to system net mac"), 26);
	assert_int_equal(ear_type(e, "define port a to system net mac 02:00"), 2);
	assert_int_equal(
		ear_type(e, "define port a to system net mac 03:00:00:00:00:01"), 2);
	assert_int_equal(ear_type(e, "define port a to system net vlan 4095"), 2);
	assert_int_equal(ear_type(e, "define port a to system net community 0"), 2);
	assert_int_equal(ear_type(e, "define port a to system net vlan 1 vlan 2"), 13);
	assert_string_equal(twin.log, "");
	lan_twin.fail = MSG_NO_MEMORY;
	assert_int_equal(ear_type(e, "define port a to system net"), 1001);
	ear_did_not_hear(e, "created");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_define),
		TEST(test_detach),
		TEST(test_owner),
		TEST(test_class),
		TEST(test_socket),
		TEST(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
