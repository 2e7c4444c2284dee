/* DEFINE, DETACH and SET of LANs and VSWITCHes: who may, what is asked of the engine, and
 * how it is answered. */
#include "tests/unit/cp/front.h"

#include "cp/lan.h"

static struct ear *operator(struct front *f)
{
	return ear_create(f, "MAINT", "B");
}

static struct ear *user(struct front *f)
{
	return ear_create(f, "ALPHA", "G");
}

static void test_define(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	const struct lan_def *def;

	assert_int_equal(ear_type(e, "define lan labnet"), 0);
	ear_heard(e, "out 7: LAN SYSTEM LABNET is created\n");
	twin_was_asked("define lan SYSTEM LABNET\n");
	def = &lan_find(&f->cp, "SYSTEM", "LABNET")->def;
	assert_true(def->protect && !def->restricted && !def->bounce && !def->aware);
	assert_int_equal(def->mtu, 1500);
	assert_int_equal(ear_type(e, "def lan own ownerid alpha restr"), 0);
	ear_heard(e, "out 7: LAN ALPHA OWN is created\n");
	def = &lan_find(&f->cp, "ALPHA", "OWN")->def;
	assert_true(def->restricted && def->bounce);
	assert_int_equal(ear_type(e, "def vswitch out rdev nat forward 80:beta:8080"), 0);
	ear_heard(e, "out 7: VSWITCH SYSTEM OUT is created\n");
	twin_was_asked("define lan SYSTEM OUT vswitch restricted\n");
	ear_free(e);
}

static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	session_command(&e->s, 7, true, "define lan labnet");
	ear_heard(e, "\"command\":\"DEFINE LAN\",\"rc\":0");
	ear_heard(e, "\"records\":[{\"name\":\"LABNET\",\"owner\":\"SYSTEM\","
		     "\"type\":\"lan\"}]");
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "set lan labnet isol on");
	ear_heard(e, "\"command\":\"SET LAN\",\"rc\":0,\"messages\":[],"
		     "\"records\":[{\"name\":\"LABNET\"");
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "detach lan labnet");
	ear_heard(e, "\"command\":\"DETACH LAN\",\"rc\":0");
	ear_heard(e, "\"records\":[{\"name\":\"LABNET\",\"owner\":\"SYSTEM\"");
	ear_free(e);
}

/* Without class B a LAN is one's own. */
static void test_own(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "define lan mine"), 0);
	ear_heard(e, "LAN ALPHA MINE is created");
	assert_int_equal(ear_type(e, "define lan yours ownerid alpha"), 0);
	assert_int_equal(ear_type(e, "define lan theirs ownerid beta"), 1);
	assert_int_equal(ear_type(e, "define lan theirs ownerid system"), 1);
	assert_int_equal(ear_type(e, "define vswitch out"), 1);
	assert_int_equal(ear_type(e, "detach lan mine"), 0);
	ear_heard(e, "LAN ALPHA MINE is destroyed");
	assert_string_equal(twin.log, "define lan ALPHA MINE\ndefine lan ALPHA YOURS\n"
				      "detach lan ALPHA MINE\n");
	ear_free(e);
}

static void test_own_limit(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f), *b = operator(f);
	char line[32];

	for (int i = 0; i < 8; i++) {
		snprintf(line, sizeof(line), "define lan n%d", i);
		assert_int_equal(ear_type(e, line), 0);
	}
	assert_int_equal(ear_type(e, "define lan n8"), 1533);
	ear_heard(e, "CP1533E ALPHA has 8 LANs already");
	assert_int_equal(ear_type(b, "define lan n8 ownerid alpha"), 0);
	assert_int_equal(ear_type(b, "define lan n8"), 0);
	ear_free(e);
	ear_free(b);
}

static void test_refusals(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	assert_int_equal(ear_type(e, "define lan"), 26);
	assert_int_equal(ear_type(e, "define lan a.b"), 2);
	assert_int_equal(ear_type(e, "define lan prom"), 2);
	ear_heard(e,
		"CP0002E Invalid operand prom: not a name: it is a keyword of QUERY LAN");
	assert_int_equal(ear_type(e, "define lan all"), 2);
	assert_int_equal(ear_type(e, "define lan a native 7"), 26);
	ear_heard(e, "CP0026E Operand missing: VLAN AWARE, without which");
	assert_int_equal(ear_type(e, "define vswitch a porttype trunk"), 26);
	assert_int_equal(ear_type(e, "define lan a frob"), 3);
	assert_int_equal(ear_type(e, "define lan a rdev nat"), 3);
	assert_int_equal(ear_type(e, "define lan a ownerid nobody"), 53);
	assert_int_equal(ear_type(e, "define vswitch a rdev nat forward 1:nobody:1"), 53);
	assert_int_equal(ear_type(e, "define lan a mtu 1 "), 2);
	assert_int_equal(ear_type(e, "detach lan"), 26);
	assert_int_equal(ear_type(e, "detach lan a b"), 3);
	assert_int_equal(ear_type(e, "detach lan a"), 1530);
	ear_heard(e, "CP1530E LAN SYSTEM A does not exist");
	assert_string_equal(twin.log, "");
	assert_int_equal(ear_type(e, "define lan a"), 0);
	assert_int_equal(ear_type(e, "define lan a"), 1531);
	ear_heard(e, "CP1531E LAN SYSTEM A exists already");
	assert_int_equal(ear_type(e, "define vswitch a"), 1531);
	assert_int_equal(ear_type(e, "detach vswitch a"), 1530);
	ear_heard(e, "CP1530E VSWITCH SYSTEM A does not exist");
	ear_free(e);
}

/* The engine refuses, at once or later. */
static void test_engine_refuses(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	lan_twin.fail = MSG_NO_MEMORY;
	assert_int_equal(ear_type(e, "define lan a"), 1001);
	ear_did_not_hear(e, "created");
	lan_twin.fail = 0;
	lan_twin.refuse = MSG_START_FAILED;
	session_command(&e->s, 7, true, "define lan a");
	ear_heard(e, "\"rc\":1332");
	ear_heard(e, "\"records\":[]");
	lan_twin.refuse = 0;
	twin_system_lan(&f->cp, "A");
	lan_twin.refuse = MSG_START_FAILED;
	assert_int_equal(ear_type(e, "detach lan a"), 1332);
	ear_did_not_hear(e, "destroyed");
	lan_twin.refuse = 0;
	lan_twin.fail = MSG_NO_MEMORY;
	assert_int_equal(ear_type(e, "detach lan a"), 1001);
	assert_int_equal(ear_type(e, "set lan a isolation on"), 1001);
	ear_did_not_hear(e, "isolation is");
	ear_free(e);
}

static void test_answered_later(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin.late = true;
	assert_int_equal(ear_type(e, "define lan a"), -1);
	twin_go_on();
	ear_heard(e, "LAN SYSTEM A is created\n");
	assert_int_equal(ear_type(e, "detach lan a"), -1);
	ear_free(e); /* who asked has gone: nobody is answered */
	twin_go_on();
}

static void test_warned(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	lan_twin.warn = MSG_LINK_RO_BY_RO;
	assert_int_equal(ear_type(e, "define lan a"), 0);
	ear_heard(e, "LAN SYSTEM A is created\n");
	ear_heard(e, "CP0101W");
	ear_free(e);
}

static struct lan *aware(struct front *f, const char *name)
{
	struct lan *lan = twin_system_lan(&f->cp, name);

	lan->def.aware = true;
	return lan;
}

static void test_grant(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	aware(f, "NET");
	assert_int_equal(ear_type(e, "set lan net grant alpha"), 0);
	ear_heard(e, "out 7: LAN SYSTEM NET: ALPHA is authorized\n");
	twin_was_asked(
		"grant SYSTEM NET ALPHA trunk 0 vlans <> promiscuous 0 community 0\n");
	assert_int_equal(
		ear_type(e, "set lan net gra beta portt trunk vlan 1-10,20 pro comm 7"),
		0);
	twin_was_asked("grant SYSTEM NET BETA trunk 1 vlans <1-10,20> promiscuous 1 "
		       "community 7\n");
	assert_int_equal(ear_type(e, "set lan net rev alpha"), 0);
	ear_heard(e, "LAN SYSTEM NET: ALPHA is not authorized any more\n");
	twin_was_asked("revoke SYSTEM NET ALPHA\n");
	assert_int_equal(ear_type(e, "set lan net grant nobody"), 53);
	assert_int_equal(ear_type(e, "set lan net grant"), 20);
	assert_int_equal(ear_type(e, "set lan net grant alpha vlan 4095"), 2);
	assert_int_equal(ear_type(e, "set lan net revoke alpha beta"), 3);
	ear_free(e);
}

/* What would have no effect is refused. */
static void test_grant_unaware(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "set lan net grant alpha vlan 10"), 1536);
	ear_heard(e, "CP1536E LAN SYSTEM NET is VLAN UNAWARE");
	assert_int_equal(ear_type(e, "set lan net grant alpha porttype trunk"), 1536);
	assert_string_equal(twin.log, "");
	assert_int_equal(ear_type(e, "set lan net grant alpha porttype access"), 0);
	ear_free(e);
}

static void test_switches(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "set lan net isolation on"), 0);
	ear_heard(e, "LAN SYSTEM NET: isolation is ON\n");
	twin_was_asked("set SYSTEM NET isolation 1 protect 1\n");
	assert_int_equal(ear_type(e, "set lan net macp off"), 0);
	ear_heard(e, "LAN SYSTEM NET: MAC protection is OFF\n");
	twin_was_asked("set SYSTEM NET isolation 1 protect 0\n");
	assert_int_equal(ear_type(e, "set lan net isolation"), 26);
	assert_int_equal(ear_type(e, "set lan net isolation maybe"), 3);
	ear_free(e);
}

static void test_mirror_and_dhcp(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan = twin_system_lan(&f->cp, "NET");

	assert_int_equal(ear_type(e, "set lan net mirror alpha 600 to beta 610"), 0);
	ear_heard(e, "LAN SYSTEM NET: ALPHA 0600 is mirrored to BETA 0610\n");
	twin_was_asked("mirror SYSTEM NET ALPHA 0600 to BETA 0610\n");
	assert_int_equal(ear_type(e, "set lan net mirror alpha 600 off"), 0);
	ear_heard(e, "LAN SYSTEM NET: ALPHA 0600 is not mirrored\n");
	twin_was_asked("mirror SYSTEM NET ALPHA 0600 to nobody 0000\n");
	assert_int_equal(ear_type(e, "set lan net dhcp 10.1.2.0/24"), 0);
	ear_heard(e, "LAN SYSTEM NET: addresses are served in 10.1.2.0/24\n");
	twin_was_asked("dhcp SYSTEM NET 10.1.2.0/24\n");
	assert_int_equal(ear_type(e, "set lan net dhcp off"), 0);
	ear_heard(e, "LAN SYSTEM NET: addresses are served no more\n");
	twin_was_asked("dhcp SYSTEM NET off\n");
	assert_int_equal(ear_type(e, "set lan net dhcp 10.1.2.3/24"), 2);
	assert_int_equal(ear_type(e, "set lan net dhcp"), 26);
	lan->def.uplink.kind = UPLINK_NAT;
	assert_int_equal(ear_type(e, "set lan net dhcp 10.1.2.0/24"), 1537);
	ear_free(e);
}

/* One's own may be changed, SYSTEM's may be seen, what is not for one is not there. */
static void test_owner(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	twin_system_lan(&f->cp, "NET");
	twin_system_lan(&f->cp, "HIDDEN")->def.restricted = true;
	assert_int_equal(ear_type(e, "set lan net isolation on"), 1532);
	ear_heard(e, "CP1532E LAN SYSTEM NET is not yours to change");
	assert_int_equal(ear_type(e, "detach lan net"), 1532);
	assert_int_equal(ear_type(e, "set lan hidden isolation on"), 1530);
	assert_int_equal(ear_type(e, "detach lan hidden"), 1530);
	assert_int_equal(ear_type(e, "set vswitch net isolation on"), 1);
	assert_string_equal(twin.log, "");
	assert_int_equal(ear_type(e, "define lan net"), 0);
	assert_int_equal(ear_type(e, "set lan net isolation on"), 0);
	ear_heard(e, "LAN ALPHA NET: isolation is ON");
	assert_int_equal(ear_type(e, "set lan net ownerid system isolation on"), 1532);
	ear_free(e);
}

/* A VSWITCH is a LAN, but not every LAN is a VSWITCH. */
static void test_vswitch(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	assert_int_equal(ear_type(e, "define vswitch sw"), 0);
	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "set vswitch sw macprotect off"), 0);
	ear_heard(e, "VSWITCH SYSTEM SW: MAC protection is OFF");
	assert_int_equal(ear_type(e, "set lan sw macprotect on"), 0);
	assert_int_equal(ear_type(e, "set vswitch net macprotect off"), 1530);
	assert_int_equal(ear_type(e, "detach vswitch net"), 1530);
	assert_int_equal(ear_type(e, "detach vswitch sw ownerid system"), 3);
	assert_int_equal(ear_type(e, "detach vswitch sw"), 0);
	ear_heard(e, "VSWITCH SYSTEM SW is destroyed");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_define),
		TEST(test_json),
		TEST(test_own),
		TEST(test_own_limit),
		TEST(test_refusals),
		TEST(test_engine_refuses),
		TEST(test_answered_later),
		TEST(test_warned),
		TEST(test_grant),
		TEST(test_grant_unaware),
		TEST(test_switches),
		TEST(test_mirror_and_dhcp),
		TEST(test_owner),
		TEST(test_vswitch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
