/* Multicast in the switch: who joined, who asks, and how long that holds. */
#include "tests/unit/vlan/igmp_maker.h"
#include "tests/unit/vlan/switch_fixture.h"

#include "vlan/snoop.h"

static const uint8_t group4[4] = { 239, 1, 2, 3 };
static const uint8_t other4[4] = { 239, 1, 2, 4 };
static const uint8_t group6[16] = { 0xff, 0x0e, [12] = 9, 8, 7, 6 };

static void send_packet(struct lan *l, uint32_t from, struct packet p)
{
	static const struct frame_offload none;

	p.bytes[11] = (uint8_t)from; /* its own address */
	send_bytes(l, &l->port[from], p.bytes, p.len, &none);
}

/* Data for a group, by the MAC address it has. */
static void send_data(struct lan *l, uint32_t from, const uint8_t *mac, int tag)
{
	struct sent s = { .tag = tag, .type = mac[0] == 1 ? 0x0800 : 0x86dd };

	memcpy(s.to, mac, 6);
	mac_of(from, s.from);
	send_frame(l, &l->port[from], &s);
}

static void send_group(struct lan *l, uint32_t from, const uint8_t *g)
{
	const uint8_t mac[6] = { 1, 0, 0x5e, g[1] & 0x7f, g[2], g[3] };

	send_data(l, from, mac, -1);
}

static void send_group6(struct lan *l, uint32_t from)
{
	static const uint8_t mac[6] = { 0x33, 0x33, 9, 8, 7, 6 };

	send_data(l, from, mac, -1);
}

/* 1 asks, and everybody had time to answer. */
static struct lan *asked_lan(uint32_t flags)
{
	struct lan *l = lan_new(flags);

	lan_ports(l, 5);
	send_packet(l, 1, igmp_query(1, 100));
	send_packet(l, 1, mld_query(1, 10000, 28));
	assert_got(l, "02222");
	l->now += S(10);
	return l;
}

static void test_all_goes_to_all_where_nobody_asks(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	send_packet(l, 2, igmp_report(2, 0x16, group4));
	assert_got(l, "101");
	send_group(l, 1, group4);
	send_group(l, 1, other4);
	assert_got(l, "022");
	send_packet(
		l, 3, igmp_query(0, 100)); /* from no address: a switch's, no router's */
	assert_got(l, "110");
	l->now += S(20);
	send_group(l, 1, other4);
	assert_got(l, "011");
	lan_end(l);
}

static void test_joined_and_left(void **state)
{
	struct lan *l = asked_lan(0);

	(void)state;
	send_group(l, 2, group4); /* nobody wants it but who asks */
	assert_got(l, "10000");
	send_packet(l, 3, igmp_report(3, 0x16, group4));
	assert_got(l, "10000"); /* reports are for routers */
	send_packet(l, 4, igmp_report3(4, 4, 0, group4));
	send_group(l, 2, group4);
	assert_got(l, "20110");
	send_group(l, 3, group4);
	assert_got(l, "10010");
	send_group(l, 2, other4);
	assert_got(l, "10000");
	send_packet(l, 3, igmp_report(3, 0x17, group4));
	l->now += SNOOP_LEAVE_NS - 1; /* others there may still answer */
	send_group(l, 2, group4);
	assert_got(l, "20110");
	l->now += 1;
	send_group(l, 2, group4);
	assert_got(l, "10010");
	send_packet(l, 4, igmp_report3(4, 3, 0, group4));
	send_packet(l, 4, igmp_report3(4, 2, 0, group4)); /* another one there wants it */
	l->now += SNOOP_LEAVE_NS;
	send_group(l, 2, group4);
	assert_got(l, "30010");
	assert_adds_up(l);
	lan_end(l);
}

static void test_ip6(void **state)
{
	struct lan *l = asked_lan(0);

	(void)state;
	send_packet(l, 3, mld_report2(3, 4, group6));
	send_packet(l, 4, mld_report(4, 131, group6));
	assert_got(l, "20000");
	send_group6(l, 2);
	assert_got(l, "10110");
	send_packet(l, 4, mld_report(4, 132, group6));
	l->now += SNOOP_LEAVE_NS;
	send_group6(l, 2);
	assert_got(l, "20100");
	lan_end(l);
}

/* The first query leaves time to answer before it changes anything. */
static void test_time_to_answer(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	send_packet(l, 1, igmp_query(1, 50));
	l->now += S(5) - 1;
	send_group(l, 2, group4);
	assert_got(l, "112");
	send_packet(l, 1, igmp_query(1, 50)); /* the next one does not begin anew */
	l->now += 1;
	send_group(l, 2, group4);
	assert_got(l, "111");
	lan_end(l);
}

static void test_timeouts(void **state)
{
	struct lan *l = asked_lan(0);

	(void)state;
	send_packet(l, 3, igmp_report(3, 0x16, group4));
	l->now += S(200);
	send_packet(l, 1, igmp_query(1, 100)); /* again; 3 does not answer */
	assert_got(l, "11111");
	l->now += S(60) - 1;
	send_group(l, 2, group4);
	assert_got(l, "10100");
	l->now += 1;
	send_group(l, 2, group4);
	assert_got(l, "10000");
	l->now += S(200) - 1;
	send_group(l, 2, group4);
	assert_got(l, "10000");
	l->now += 1; /* who asks is not heard any more: to all */
	send_group(l, 2, group4);
	assert_got(l, "10111");
	lan_end(l);
}

/* Version 3 says how long what it learns holds. */
static void test_interval_of_the_querier(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	send_packet(l, 1, igmp_query3(1, 10, 2, 20, NULL)); /* 41 s */
	l->now += S(1);
	send_packet(l, 3, igmp_report(3, 0x16, group4));
	assert_got(l, "111");
	l->now += S(30);
	send_packet(l, 1, igmp_query3(1, 10, 2, 20, NULL));
	assert_got(l, "011");
	l->now += S(11) - 1;
	send_group(l, 2, group4);
	assert_got(l, "101");
	l->now += 1;
	send_group(l, 2, group4);
	assert_got(l, "100");
	lan_end(l);
}

/* What a link cannot do without goes to all. */
static void test_never_held_back(void **state)
{
	static const uint8_t mac[][6] = { { 1, 0, 0x5e, 0, 0, 5 },
		{ 1, 0, 0x5e, 0, 0, 251 }, { 0x33, 0x33, 0, 0, 0, 1 },
		{ 0x33, 0x33, 0xff, 1, 2, 3 }, { 1, 0x80, 0xc2, 0, 0, 14 },
		{ 255, 255, 255, 255, 255, 255 } };
	static const uint8_t held_back[6] = { 0x33, 0x33, 0, 0, 0, 251 };
	struct lan *l = asked_lan(0);

	(void)state;
	for (size_t i = 0; i < sizeof(mac) / sizeof(*mac); i++) {
		send_data(l, 2, mac[i], -1);
		assert_got(l, "10111");
	}
	send_data(l, 2, held_back, -1);
	assert_got(l, "10000");
	/* nor can a group be joined whose members get what is for routers */
	send_packet(l, 3, mld_report(3, 131, (const uint8_t[16]) { 0xff, 0x0e, 1 }));
	send_data(l, 2, held_back, -1);
	assert_got(l, "20000");
	lan_end(l);
}

static void test_uplinks_and_promiscuous_get_all_groups_once(void **state)
{
	struct lan *l = asked_lan(0);

	(void)state;
	lan_port(l, 6, LAN_PORT_UPLINK);
	lan_port(l, 7, LAN_PORT_PROMISCUOUS);
	send_packet(l, 6, igmp_report(6, 0x16, group4));
	send_packet(l, 7, igmp_report(7, 0x16, group4));
	assert_got(l, "2000011");
	send_group(l, 2, group4);
	assert_got(l, "1000011");
	send_packet(l, 1, igmp_report(1, 0x16, group4)); /* a router and a member */
	assert_got(l, "0000011");
	send_group(l, 2, group4);
	assert_got(l, "1000011");
	assert_adds_up(l);
	lan_end(l);
}

/* A query that hosts do not get, or have no time to answer, cuts nobody off. */
static void test_queries_nobody_can_answer(void **state)
{
	static const uint8_t else6[6] = { 0x33, 0x33, 9, 9, 9, 9 };
	struct lan *l = lan_new(0);
	struct packet q4 = igmp_query(1, 1), q6 = mld_query(1, 1, 28);

	(void)state;
	lan_ports(l, 3);
	q4.bytes[5] = 77;
	memcpy(q6.bytes, else6, 6);
	send_packet(l, 1, q4);
	send_packet(l, 1, q6);
	assert_got(l, "022");
	l->now += S(20);
	send_group(l, 2, group4);
	send_group6(l, 2);
	assert_got(l, "202");
	send_packet(l, 1, igmp_query3(1, 0, 2, 125, NULL)); /* to be answered at once */
	assert_got(l, "011");
	l->now += MS(999);
	send_group(l, 2, group4);
	assert_got(l, "101");
	l->now += MS(1);
	send_group(l, 2, group4);
	assert_got(l, "100");
	lan_end(l);
}

static void test_nobody_wants_it(void **state)
{
	struct lan *l = asked_lan(0);

	(void)state;
	send_group(l, 1, group4);
	assert_got(l, "00000");
	assert_int_equal(out_drops(l, 1, DROP_UNKNOWN), 1);
	lan_end(l);
}

/* One's queries do not reach the others: they must not decide for them. */
static void test_isolated_ports_do_not_ask(void **state)
{
	struct lan *l = lan_new(LAN_ISOLATION);

	(void)state;
	lan_ports(l, 3);
	lan_port(l, 4, LAN_PORT_UPLINK);
	send_packet(l, 1, igmp_query(1, 100));
	assert_got(l, "0001");
	l->now += S(10);
	send_group(l, 4, group4);
	assert_got(l, "1110");
	send_packet(l, 4, igmp_query(1, 100));
	assert_got(l, "1110");
	l->now += S(10);
	send_packet(l, 2, igmp_report(2, 0x16, group4));
	send_group(l, 4, group4);
	assert_got(l, "0101");
	send_packet(l, 3, igmp_report(3, 0x16, group4));
	send_group(l, 3, group4); /* 2 joined, and is not 3's to reach */
	assert_got(l, "0002");
	lan_end(l);
}

static void test_vlans_are_apart(void **state)
{
	static const uint8_t mac[6] = { 1, 0, 0x5e, 1, 2, 3 };
	struct lan *l = lan_new(LAN_AWARE);
	struct lan_port conf;

	(void)state;
	lan_ports(l, 4);
	for (uint32_t id = 3; id <= 4; id++) {
		conf = l->port[id].port.conf;
		conf.native = 2;
		switch_port_set(l->sw, &l->port[id].port, &conf);
	}
	send_packet(l, 1, igmp_query(1, 1));
	l->now += S(1);
	send_packet(l, 2, igmp_report(2, 0x16, group4));
	assert_got(l, "1100");
	send_data(l, 3, mac, -1); /* nobody asks in 2 */
	assert_got(l, "0001");
	lan_end(l);
}

static void test_ports_that_go(void **state)
{
	struct lan *l = asked_lan(0);

	(void)state;
	send_packet(l, 3, igmp_report(3, 0x16, group4));
	switch_port_remove(l->sw, &l->port[3].port);
	lan_port(l, 3, 0);
	send_group(l, 2, group4);
	assert_got(l, "20000");
	switch_port_remove(l->sw, &l->port[1].port);
	send_group(l, 2, group4);
	assert_int_equal(out_drops(l, 2, DROP_UNKNOWN), 1);
	l->conf.flags = LAN_AWARE; /* all is forgotten */
	switch_set(l->sw, &l->conf);
	send_group(l, 2, group4);
	assert_got(l, "00111");
	lan_end(l);
}

/* ---- the table ---- */

/* A host joins more than it may: the others' memberships and memory are not touched. */
static void test_flood_of_joins(void **state)
{
	static const struct frame_offload none;
	struct snoop *s;
	uint16_t ports[SNOOP_PORTS];
	struct frame f;
	uint64_t now = S(1), next;
	uint8_t g[4] = { 239 };

	(void)state;
	assert_int_equal(snoop_create(&s), 0);
	for (int i = 0; i < 3 * SNOOP_PORT_MAX; i++) {
		struct packet p;
		struct iovec seg;

		g[2] = (uint8_t)(i >> 8);
		g[3] = (uint8_t)i;
		g[1] = 1;
		p = igmp_report(1, 0x16, g);
		seg = (struct iovec) { p.bytes, p.len };
		frame_read(&f, &seg, 1, 0, p.len, &none, false);
		snoop_frame(s, &f, 7, true, now);
	}
	assert_int_equal(snoop_count(s), SNOOP_PORT_MAX);
	snoop_frame(s, &f, 8, true, now);
	assert_int_equal(snoop_count(s), SNOOP_PORT_MAX + 1);
	assert_int_equal(snoop_ports(s, &f, SNOOP_LISTENERS, now, ports), 1);
	assert_int_equal(ports[0], 8);
	snoop_forget(s, 7);
	assert_int_equal(snoop_count(s), 1);
	/* what nobody says again is forgotten in the end, and then there is nothing to do
	 */
	while ((next = snoop_next(s)) != UINT64_MAX) {
		assert_true(next > now && next <= now + S(11));
		snoop_tick(s, now = next);
	}
	assert_int_equal(snoop_count(s), 0);
	assert_in_range(now, S(261), S(261) + S(90));
	snoop_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_goes_to_all_where_nobody_asks),
		cmocka_unit_test(test_joined_and_left),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_time_to_answer),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_interval_of_the_querier),
		cmocka_unit_test(test_never_held_back),
		cmocka_unit_test(test_uplinks_and_promiscuous_get_all_groups_once),
		cmocka_unit_test(test_queries_nobody_can_answer),
		cmocka_unit_test(test_nobody_wants_it),
		cmocka_unit_test(test_isolated_ports_do_not_ask),
		cmocka_unit_test(test_vlans_are_apart),
		cmocka_unit_test(test_ports_that_go),
		cmocka_unit_test(test_flood_of_joins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
