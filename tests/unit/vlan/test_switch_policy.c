/* Who may reach whom, and who hears what: isolation, protection, storms, uplinks. */
#include "tests/unit/vlan/switch_fixture.h"

/* A further tag is a trunk's business; it would choose a VLAN behind an uplink. */
static void test_tags_behind_tags(void **state)
{
	struct lan *l = lan_new(LAN_AWARE);
	struct sent s = { .tag = 1, .type = 0x8100 };
	struct lan_port conf;

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_UPLINK);
	lan_port(l, 4, LAN_PORT_UPLINK | LAN_PORT_TRUNK);
	for (uint32_t id = 1; id <= 4; id += 3) {
		conf = l->port[id].port.conf;
		conf.flags |= LAN_PORT_TRUNK;
		conf.native = 0;
		conf.vlans[0] = 1 << 1;
		switch_port_set(l->sw, &l->port[id].port, &conf);
	}
	memset(s.to, 0xff, 6);
	mac_of(1, s.from);
	send_frame(l, &l->port[1], &s);
	assert_got(l, "0101");
	assert_int_equal(in_drops(l, 3, DROP_VLAN), 1);
	assert_int_equal(l->port[4].got[0].len, 64);
	send_to(l, 1, 0, 1);
	assert_got(l, "0111");
	assert_adds_up(l);
	lan_end(l);
}

static void test_protection(void **state)
{
	struct lan *l = lan_new(LAN_PROTECT);
	struct sent s = from_to(77, 2);

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_UPLINK);
	lan_port(l, 4, LAN_PORT_OPEN);
	for (uint32_t id = 1; id <= 4; id++) {
		if (id != 2)
			send_frame(l, &l->port[id], &s);
	}
	assert_got(l, "0200");
	assert_int_equal(out_drops(l, 1, DROP_SPOOFED), 1);
	send_to(l, 1, 2, -1);
	assert_got(l, "0100");
	lan_end(l);
}

static void test_isolation(void **state)
{
	struct lan *l = lan_new(LAN_ISOLATION);
	struct lan_port conf;

	(void)state;
	lan_ports(l, 4);
	lan_port(l, 5, LAN_PORT_UPLINK);
	for (uint32_t id = 3; id <= 4; id++) { /* a community */
		conf = l->port[id].port.conf;
		conf.community = 7;
		switch_port_set(l->sw, &l->port[id].port, &conf);
	}
	send_to(l, 1, 2, -1);
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 1);
	send_to(l, 1, 3, -1);
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 2);
	assert_got(l, "00000");
	send_to(l, 3, 4, -1);
	assert_got(l, "00010");
	send_to(l, 1, 0, -1);
	assert_got(l, "00001");
	send_to(l, 3, 0, -1);
	assert_got(l, "00011");
	send_to(l, 1, 99, -1);
	assert_got(l, "00001");
	send_to(l, 5, 0, -1);
	assert_got(l, "11110");
	send_to(l, 5, 1, -1);
	assert_got(l, "10000");
	assert_adds_up(l);
	lan_end(l);
}

/* What reaches nobody for that reason alone says so. */
static void test_isolated_from_all(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 1, 2, 3 };
	struct sent to_group = { .tag = -1, .type = 0x0800 };
	struct lan *l = lan_new(LAN_ISOLATION);

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_NO_UNKNOWN);
	send_to(l, 1, 0, -1);
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 1);
	send_to(l, 1, 99, -1);
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 2);
	memcpy(to_group.to, group, 6);
	mac_of(1, to_group.from);
	send_frame(l, &l->port[1], &to_group);
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 3);
	switch_port_remove(l->sw, &l->port[2].port);
	send_to(l, 1, 99, -1); /* 3 would not get it anyway */
	assert_int_equal(out_drops(l, 1, DROP_UNKNOWN), 1);
	send_to(l, 1, 0, -1);
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 4);
	switch_port_remove(l->sw, &l->port[3].port);
	send_to(l, 1, 0, -1);
	assert_int_equal(out_drops(l, 1, DROP_UNKNOWN), 2);
	assert_got(l, "000");
	assert_adds_up(l);
	lan_end(l);
}

static void test_no_unknown(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_NO_UNKNOWN);
	send_to(l, 1, 99, -1);
	assert_got(l, "010");
	send_to(l, 1, 0, -1);
	assert_got(l, "011");
	send_to(l, 1, 3, -1);
	assert_got(l, "001");
	switch_port_remove(l->sw, &l->port[2].port);
	send_to(l, 1, 99, -1);
	assert_int_equal(out_drops(l, 1, DROP_UNKNOWN), 1);
	lan_end(l);
}

static void test_promiscuous_gets_all_once(void **state)
{
	struct lan *l = lan_new(LAN_ISOLATION);
	struct lan_stat st;

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_PROMISCUOUS | LAN_PORT_NO_UNKNOWN);
	lan_port(l, 4, LAN_PORT_UPLINK);
	send_to(l, 1, 4, -1);
	assert_got(l, "0011");
	send_to(l, 1, 0, -1);
	assert_got(l, "0011");
	send_to(l, 1, 99, -1);
	assert_got(l, "0011");
	send_to(l, 4, 3, -1);
	assert_got(l, "0010");
	send_to(l, 1, 2, -1); /* dropped and seen */
	assert_got(l, "0010");
	assert_int_equal(out_drops(l, 1, DROP_ISOLATED), 1);
	send_to(l, 3, 4, -1);
	assert_got(l, "0001");
	switch_stat(l->sw, &st);
	assert_int_equal(st.received, 6);
	assert_int_equal(st.copies, 4);
	assert_adds_up(l);
	lan_end(l);
}

/* What only sends counts for nobody who could have had a frame. */
static void test_deaf(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 1, 2, 3 };
	struct sent s = { .tag = -1, .type = 0x0800 };
	struct lan *l = lan_new(LAN_ISOLATION);

	(void)state;
	lan_ports(l, 1);
	lan_port(l, 2, LAN_PORT_UPLINK | LAN_PORT_DEAF);
	send_to(l, 1, 0, -1);
	send_to(l, 1, 99, -1);
	memcpy(s.to, group, 6);
	mac_of(1, s.from);
	send_frame(l, &l->port[1], &s);
	assert_got(l, "00");
	assert_int_equal(out_drops(l, 1, DROP_UNKNOWN), 3);
	send_to(l, 2, 0, -1);
	assert_got(l, "10");
	assert_adds_up(l);
	lan_end(l);
}

static void test_storm(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	l->conf.storm_fps = 3;
	switch_set(l->sw, &l->conf);
	lan_ports(l, 2);
	for (int i = 0; i < 5; i++)
		send_to(l, 1, i % 2 ? 0 : 99, -1);
	assert_got(l, "03");
	assert_int_equal(out_drops(l, 1, DROP_STORM), 2);
	send_to(l, 1, 2,
		-1); /* who is known gets it, and another port is not held for it */
	send_to(l, 2, 0, -1);
	assert_got(l, "11");
	l->now += S(1) / 3;
	send_to(l, 1, 0, -1);
	assert_got(l, "00");
	l->now += 1;
	send_to(l, 1, 0, -1);
	send_to(l, 1, 0, -1);
	assert_got(l, "01");
	l->now += S(100);
	for (int i = 0; i < 5; i++)
		send_to(l, 1, 0, -1);
	assert_got(l, "03");
	assert_adds_up(l);
	lan_end(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_behind_tags),
		cmocka_unit_test(test_protection),
		cmocka_unit_test(test_isolation),
		cmocka_unit_test(test_isolated_from_all),
		cmocka_unit_test(test_no_unknown),
		cmocka_unit_test(test_promiscuous_gets_all_once),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
