/* The commands of the system configuration, issued at the start. */
#include "tests/unit/cp/front.h"

#include "cp/configure.h"
#include "cp/lan.h"

static int configure_by(struct front *f, const char *text)
{
	struct source src;
	struct message m;

	sysconfig_free(f->cp.config);
	assert_int_equal(source_from(&src, "system.config", text, strlen(text)), 0);
	f->cp.config = sysconfig_parse(&src);
	source_close(&src);
	assert_non_null(f->cp.config);
	return configure(&f->cp, &m);
}

static void test_in_order(void **state)
{
	struct front *f = *state;

	assert_int_equal(configure_by(f, "DEFINE LAN NET VLAN AWARE\n"
					 "DEFINE CPUPOOL P CAPACITY 1\n"
					 "MODIFY LAN NET GRANT ALPHA VLAN 10\n"
					 "DEFINE VSWITCH SW RDEV NAT\n"
					 "MODIFY VSWITCH SW MACPROTECT OFF\n"
					 "DEFINE LAN OWN OWNERID BETA\n"
					 "MODIFY LAN OWN OWNERID BETA ISOLATION ON\n"),
		0);
	assert_string_equal(twin.log,
		"define lan SYSTEM NET\n"
		"grant SYSTEM NET ALPHA trunk 0 vlans <10> promiscuous 0 community 0\n"
		"define lan SYSTEM SW vswitch restricted\n"
		"set SYSTEM SW isolation 0 protect 0\n"
		"define lan BETA OWN\n"
		"set BETA OWN isolation 1 protect 1\n"
		"configured\n");
}

/* It is waited for until the process of a LAN is ready, or is not to be had. */
static void go_on(struct loop_timer *timer)
{
	(void)timer;
	twin.late = false;
	twin_go_on();
}

static void test_waits(void **state)
{
	struct front *f = *state;
	struct loop_timer timer = { 0 };

	twin.late = true;
	assert_int_equal(
		loop_timer_set(f->cp.loop, &timer, loop_now(f->cp.loop), go_on, NULL), 0);
	assert_int_equal(configure_by(f, "DEFINE LAN NET\nDEFINE LAN NET2\n"), 0);
	assert_null(timer.loop);
	assert_string_equal(twin.log, "define lan SYSTEM NET\ndefine lan SYSTEM NET2\n"
				      "configured\n");
}

/* The operator is told, and the start goes on. */
static void test_failures(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "A");

	assert_int_equal(configure_by(f, "DEFINE LAN NET OWNERID NOBODY\n"
					 "DEFINE LAN NET2\n"
					 "MODIFY LAN NET2 GRANT ALPHA VLAN 10\n"),
		0);
	ear_heard(e,
		"CP1424W System configuration, line 1: DEFINE LAN NET OWNERID NOBODY "
		"failed: CP0053E NOBODY not in CP directory\n");
	ear_heard(e, "line 3: SET LAN NET2 GRANT ALPHA VLAN 10 failed: CP1536E ");
	assert_string_equal(twin.log, "define lan SYSTEM NET2\n"
				      "configured\n");
	ear_free(e);
}

/* A LAN that outlived an earlier cpd stays as it is, whatever the file says of it. */
static void test_adopted(void **state)
{
	struct front *f = *state;

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(configure_by(f, "DEFINE LAN NET\n"
					 "MODIFY LAN NET ISOLATION ON\n"
					 "DEFINE LAN NET2\n"
					 "MODIFY LAN NET2 ISOLATION ON\n"),
		0);
	assert_string_equal(twin.log,
		"define lan SYSTEM NET2\nset SYSTEM NET2 isolation 1 protect 1\n"
		"configured\n");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_in_order),
		TEST(test_waits),
		TEST(test_failures),
		TEST(test_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
