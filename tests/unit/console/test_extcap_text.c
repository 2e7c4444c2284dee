/* What Wireshark and bulkhead-extcap say to each other. */
#include "console/extcap_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_interfaces(void **state)
{
	static const char answer[] =
		"{\"records\":[{\"name\":\"LABNET\",\"owner\":\"SYSTEM\",\"type\":\"LAN\"},"
		"{\"name\":7},{\"name\":\"X\",\"owner\":\"ALPHA\"}]}\n";
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(extcap_interfaces(out, answer), 0);
	assert_int_equal(extcap_interfaces(out, "{\"records\":7}"), -EPROTO);
	assert_int_equal(extcap_interfaces(out, ""), -EPROTO);
	fclose(out);
	assert_string_equal(text,
		"interface {value=bulkhead-SYSTEM.LABNET}{display=LAN SYSTEM LABNET}\n"
		"interface {value=bulkhead-ALPHA.X}{display=LAN ALPHA X}\n");
	free(text);
}

static void commands(const struct extcap_choice *choice, const char *expected)
{
	char buf[256];

	assert_int_equal(extcap_command(buf, sizeof(buf), choice, 0x1234), 0);
	assert_string_equal(buf, expected);
}

static void test_commands(void **state)
{
	struct extcap_choice c = { .interface = "bulkhead-SYSTEM.LABNET" };

	(void)state;
	commands(
		&c, "TRSOURCE ID X0001234 TYPE LAN OWNERID SYSTEM LANNAME LABNET FILE -");
	c.filter = "udp port \"53\" # dns";
	c.vlan = "10";
	c.only = "dropped";
	c.nic = "";
	commands(&c,
		"TRSOURCE ID X0001234 TYPE LAN OWNERID SYSTEM LANNAME LABNET DROPPED "
		"VLAN \"10\" FILTER \"udp port \"\"53\"\" # dns\" FILE -");
	c = (struct extcap_choice) {
		.interface = "bulkhead-a.b", .nic = "ALPHA 0600", .length = "96"
	};
	commands(&c, "TRSOURCE ID X0001234 TYPE LAN OWNERID A LANNAME B NIC ALPHA 0600 "
		     "LENGTH \"96\" FILE -");
}

static void test_what_is_no_choice(void **state)
{
	static const char *const bad[] = { "eth0", "bulkhead-", "bulkhead-SYSTEM",
		"bulkhead-.LABNET", "bulkhead-ALPHABETA.X", "bulkhead-A.B.C",
		"bulkhead-A B.C", NULL };
	struct extcap_choice c = { .interface = NULL };
	char buf[64];

	(void)state;
	assert_int_equal(extcap_command(buf, sizeof(buf), &c, 1), -EINVAL);
	for (int i = 0; bad[i]; i++) {
		c.interface = bad[i];
		assert_int_equal(extcap_command(buf, sizeof(buf), &c, 1), -EINVAL);
	}
	c = (struct extcap_choice) { .interface = "bulkhead-A.B", .only = "some" };
	assert_int_equal(extcap_command(buf, sizeof(buf), &c, 1), -EINVAL);
	/* Another command is no NIC. */
	c = (struct extcap_choice) { .interface = "bulkhead-A.B",
		.nic = "A 600#FORCE A" };
	assert_int_equal(extcap_command(buf, sizeof(buf), &c, 1), -EINVAL);
	c.nic = NULL;
	assert_int_equal(extcap_command(buf, 32, &c, 1), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_what_is_no_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
