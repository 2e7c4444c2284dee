/* The operands of LANs and of impairments: what they mean.  What is refused is in the
 * tests of the system configuration and of the commands. */
#include "cp/clauses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

static struct operands split(const char *text)
{
	struct operands ops = { 0 };
	int column;

	assert_int_equal(words_split(&ops.words, text, &column), 0);
	return ops;
}

static struct lan_clause define(const char *text, bool vswitch)
{
	struct lan_clause c = { .def.vswitch = vswitch };
	struct operands ops = split(text);
	struct message m;

	if (scan_lan(&ops, &c, &m))
		fail_msg("%s: %s", text, m.text);
	assert_false(op_more(&ops));
	words_free(&ops.words);
	return c;
}

static struct lan_change change(const char *text, bool vswitch)
{
	struct lan_change c = { .vswitch = vswitch };
	struct operands ops = split(text);
	struct message m;

	if (scan_lan_change(&ops, &c, &m))
		fail_msg("%s: %s", text, m.text);
	assert_false(op_more(&ops));
	words_free(&ops.words);
	return c;
}

static void test_lan(void **state)
{
	struct lan_clause c = define("net", false);

	(void)state;
	assert_string_equal(c.def.name, "NET");
	assert_string_equal(c.def.owner, "SYSTEM");
	assert_false(c.owner_said);
	assert_true(c.def.protect);
	assert_false(c.def.restricted || c.def.bounce || c.def.aware || c.def.vswitch ||
		     c.def.isolation || c.def.memory_said || c.def.dhcp);
	assert_int_equal(c.def.mtu, 1500);
	assert_int_equal(c.def.max_conn, 0);
	assert_int_equal(c.def.native, 0);
	assert_int_equal(c.n_users, 0);

	c = define("own ownerid alpha maxconn 10 restricted vlan aware native 7 mtu 9000",
		false);
	assert_string_equal(c.def.owner, "ALPHA");
	assert_true(c.owner_said && c.def.restricted && c.def.aware);
	assert_true(c.def.bounce); /* as restricted */
	assert_false(c.def.memory_said);
	assert_int_equal(c.def.max_conn, 10);
	assert_int_equal(c.def.native, 7);
	assert_int_equal(c.def.mtu, 9000);
	assert_int_equal(c.n_users, 1);
	assert_int_equal(c.user_word[0], 2);
	c = define("net ownerid system restricted memory shared vlan aware", false);
	assert_true(c.owner_said && c.def.memory_said && !c.def.bounce);
	assert_int_equal(c.n_users, 0);
	assert_int_equal(c.def.native, 1);
	c = define("net mem bounce", false);
	assert_true(c.def.bounce && !c.def.restricted);
}

static void test_vswitch(void **state)
{
	struct lan_clause c = define("sw", true);

	(void)state;
	assert_true(c.def.vswitch && c.def.restricted && c.def.bounce);
	assert_int_equal(c.def.uplink.kind, UPLINK_NONE);
	c = define("sw unrestricted rdev nouplink", true);
	assert_false(c.def.restricted || c.def.bounce);
	c = define("sw rdev tap tap0", true);
	assert_int_equal(c.def.uplink.kind, UPLINK_TAP);
	assert_string_equal(c.def.uplink.name, "tap0");
	assert_false(c.def.uplink.trunk);
	c = define("sw vlan aware rdev if eth0 native 5", true);
	assert_int_equal(c.def.uplink.kind, UPLINK_IF);
	assert_true(c.def.uplink.trunk); /* where the VSWITCH is aware */
	assert_int_equal(c.def.uplink.native, 5);
	assert_int_equal(c.def.native, 5);
	c = define("sw vlan aware rdev if eth0 portt access", true);
	assert_false(c.def.uplink.trunk);
	c = define("sw rdev vde /run/x", true);
	assert_int_equal(c.def.uplink.kind, UPLINK_VDE);
	assert_string_equal(c.def.uplink.name, "/run/x");
	c = define("sw rdev udp 10.0.0.1:1 [::1]:65535", true);
	assert_int_equal(c.def.uplink.kind, UPLINK_UDP);
	assert_string_equal(c.def.uplink.here, "10.0.0.1:1");
	assert_string_equal(c.def.uplink.there, "[::1]:65535");
}

static void test_nat(void **state)
{
	struct lan_clause c = define(
		"sw vlan aware rdev nat forward 80:alpha:8080 forward 65535:b:1 mtu 576",
		true);
	char many[1024] = "sw rdev nat";
	struct operands ops;
	struct message m;

	(void)state;
	assert_int_equal(c.def.uplink.kind, UPLINK_NAT);
	assert_false(c.def.uplink.trunk); /* NAT takes no tags */
	assert_int_equal(c.def.uplink.n_forwards, 2);
	assert_int_equal(c.def.uplink.forward[0].host_port, 80);
	assert_string_equal(c.def.uplink.forward[0].userid, "ALPHA");
	assert_int_equal(c.def.uplink.forward[0].port, 8080);
	assert_int_equal(c.def.uplink.forward[1].host_port, 65535);
	assert_int_equal(c.n_users, 2);
	assert_int_equal(c.user_word[1], 8);
	assert_int_equal(c.def.mtu, 576);

	for (int i = 0; i < LAN_MAX_FORWARDS; i++)
		sprintf(many + strlen(many), " forward %d:alpha:80", 80 + i);
	c = define(many, true);
	assert_int_equal(c.n_users, LAN_MAX_FORWARDS);
	strcat(many, " forward 8080:alpha:80");
	ops = split(many);
	c.def.vswitch = true;
	assert_int_equal(scan_lan(&ops, &c, &m), MSG_TOO_MANY);
	words_free(&ops.words);
	ops = split("sw rdev nat forward 80:alpha:80 forward 80:b:81");
	assert_int_equal(scan_lan(&ops, &c, &m), MSG_INVALID_OPERAND);
	assert_non_null(strstr(m.text, "80:b:81"));
	words_free(&ops.words);
}

/* What does not fit where it is kept is refused. */
static void test_long(void **state)
{
	char text[160] = "sw rdev vde /";
	struct lan_clause c = { .def.vswitch = true };
	struct operands ops;
	struct message m;

	(void)state;
	memset(text + strlen(text), 'x', 106);
	define(text, true);
	strcat(text, "x");
	ops = split(text);
	assert_int_equal(scan_lan(&ops, &c, &m), MSG_OPERAND_TOO_LONG);
	words_free(&ops.words);
	snprintf(text, sizeof(text), "sw rdev udp %070d:1 1.2.3.4:5", 1);
	ops = split(text);
	assert_int_equal(scan_lan(&ops, &c, &m), MSG_OPERAND_TOO_LONG);
	words_free(&ops.words);
}

static void test_change(void **state)
{
	struct lan_change c = change(
		"net ownerid alpha grant beta porttype trunk vlan 1-3 promiscuous "
		"community 9",
		false);

	(void)state;
	assert_int_equal(c.kind, CHANGE_GRANT);
	assert_string_equal(c.owner, "ALPHA");
	assert_string_equal(c.name, "NET");
	assert_string_equal(c.grant.userid, "BETA");
	assert_string_equal(c.grant.vlans, "1-3");
	assert_true(c.grant.trunk && c.grant.promiscuous && c.vlan_said && c.owner_said);
	assert_int_equal(c.grant.community, 9);
	assert_int_equal(c.n_users, 2);
	assert_int_equal(c.user_word[0], 2);
	assert_int_equal(c.user_word[1], 4);
	c = change("net grant beta porttype access", false);
	assert_false(c.grant.trunk || c.vlan_said || c.owner_said);
	c = change("sw isol on", true);
	assert_true(c.kind == CHANGE_ISOLATION && c.on);
	c = change("sw macprotect off", true);
	assert_true(c.kind == CHANGE_PROTECT && !c.on);
	c = change("net mirror alpha 600 to beta 61f", false);
	assert_true(c.kind == CHANGE_MIRROR && c.on);
	assert_int_equal(c.vdev, 0x600);
	assert_int_equal(c.to_vdev, 0x61f);
	assert_string_equal(c.grant.userid, "ALPHA");
	assert_string_equal(c.to, "BETA");
	assert_int_equal(c.n_users, 2);
	c = change("net mirror alpha 600 off", false);
	assert_true(c.kind == CHANGE_MIRROR && !c.on);
	c = change("net dhcp 10.0.0.0/8", false);
	assert_true(c.kind == CHANGE_DHCP && c.on);
	assert_string_equal(c.net, "10.0.0.0/8");
	change("net dhcp 255.255.255.248/29", false);
	c = change("net dhcp off", false);
	assert_true(c.kind == CHANGE_DHCP && !c.on);
}

static void test_impair(void **state)
{
	struct operands ops = split("loss 1%");
	struct impair_clause c, again;
	struct message m;

	(void)state;
	assert_int_equal(scan_impair(&ops, &c, &m), 0);
	assert_true(c.in && c.out && c.line && !c.link && !c.off && !c.seed);
	assert_int_equal(c.impair.loss_burst, 0);
	words_free(&ops.words);
	ops = split("link down");
	assert_int_equal(scan_impair(&ops, &again, &m), 0);
	assert_true(again.link && again.link_down && !again.line);
	assert_int_equal(again.impair.seed, 0);
	words_free(&ops.words);
	ops = split("off in");
	assert_int_equal(scan_impair(&ops, &again, &m), 0);
	assert_true(again.off && again.in && !again.out);
	words_free(&ops.words);
	ops = split("seed 4294967295 delay 60s both");
	assert_int_equal(scan_impair(&ops, &again, &m), 0);
	assert_true(again.seed && again.in && again.out);
	assert_true(again.impair.seed == UINT32_MAX);
	words_free(&ops.words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lan),
		cmocka_unit_test(test_vswitch),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_impair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
