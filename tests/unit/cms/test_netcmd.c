/* The commands of the network. */
#include "tests/unit/cms/console_twin.h"

static struct inet *a, *r, *b;
static struct iface *a0, *r0, *r1, *b0;

/* We are at a; r leads to b. */
static int begin_lab(void **state)
{
	(void)state;
	wire_begin();
	halt_at = 0;
	meanwhile = NULL;
	a = wire_host();
	r = wire_host();
	b = wire_host();
	a0 = wire_plug(a, 1, 1500);
	r0 = wire_plug(r, 1, 1500);
	r1 = wire_plug(r, 2, 1500);
	b0 = wire_plug(b, 2, 1500);
	give(a, a0, "10.0.1.1/24");
	give(r, r0, "10.0.1.254/24");
	give(r, r1, "10.0.2.254/24");
	give(b, b0, "10.0.2.1/24");
	give_route(a, "0.0.0.0/0", "10.0.1.254");
	give_route(b, "0.0.0.0/0", "10.0.2.254");
	r->forward = true;
	wire_run();
	return 0;
}

static void ping_counts(void **state)
{
	uint64_t before = wire.now;

	(void)state;
	wire.delay = 100000;
	assert_int_equal(command(cmd_ping, "10.0.1.254"), 0);
	says("56 bytes from 10.0.1.254: seq=1 time=0.400 ms\n"); /* and ARP before it */
	says("56 bytes from 10.0.1.254: seq=2 time=0.200 ms\n");
	says("4 sent, 4 received, 0% lost, min/avg/max 0.200/0.250/0.400 ms\n");
	assert_in_range(wire.now - before, 3 * NS_PER_S, 4 * NS_PER_S);
}

static bool lose_third(struct wire_frame *f)
{
	return f->bytes[12] == 8 && f->bytes[13] == 0 && f->bytes[34] == 8 &&
	       f->bytes[41] == 3;
}

static void ping_loses(void **state)
{
	(void)state;
	wire.lose = lose_third;
	assert_int_equal(
		command(cmd_ping, "10.0.1.254 COUNT 8 interval 10 size 1000"), 8);
	says("8 sent, 7 received, 12% lost, min/avg/max ");
	says("1000 bytes from 10.0.1.254: seq=8 time=0.000 ms\n");
	assert_int_equal(command(cmd_ping, "10.0.1.99 COUNT 2 INTERVAL 1"), 12);
	says("2 sent, 0 received, 100% lost, min/avg/max -/-/- ms\n");
	assert_int_equal(command(cmd_ping, "10.0.1.99 COUNT 1 TIMEOUT 5000"), 12);
	says("From 10.0.1.1: seq=1 host unreachable\n");
	assert_int_equal(command(cmd_ping, "10.0.9.9 COUNT 1 TIMEOUT 5000"), 12);
	says("From 10.0.1.254: seq=1 network unreachable\n");
	all_free(a);
}

static bool double_reply(struct wire_frame *f)
{
	static bool again;

	if (f->bytes[12] == 8 && f->bytes[13] == 0 && f->bytes[34] == 0 && !again) {
		again = true;
		wire_deliver(f);
		again = false;
	}
	return false;
}

static void ping_tells_duplicates(void **state)
{
	(void)state;
	wire.lose = double_reply;
	assert_int_equal(command(cmd_ping, "10.0.1.254 COUNT 2 INTERVAL 5"), 0);
	says("seq=1 time=0.000 ms (duplicate)\n");
	says("2 sent, 2 received, 0% lost");
	says("\n2 duplicates\n"); /* one for each but the last, after which it ends: see
				     TIMEOUT */
}

/* An interval of 0 waits for answers only. */
static void ping_back_to_back(void **state)
{
	uint64_t before = wire.now;

	(void)state;
	assert_int_equal(command(cmd_ping, "10.0.1.254 COUNT 2000 INTERVAL 0"), 0);
	says("2000 sent, 2000 received, 0% lost");
	assert_int_equal(wire.now, before);
}

static void ping_is_halted(void **state)
{
	(void)state;
	halt_at = wire.now + 2500 * NS_PER_MS;
	assert_int_equal(command(cmd_ping, "10.0.1.254 COUNT 100"), 0);
	says("3 sent, 3 received");
	assert_null(a->listener);
}

static void ping_on_a_link(void **state)
{
	char to[64], text[ADDR_TEXT];

	(void)state;
	snprintf(to, sizeof(to), "%s%%ETH0 COUNT 1", addr_text(&r0->addr[0].addr, text));
	assert_int_equal(command(cmd_ping, to), 0);
	assert_int_equal(command(cmd_ping, "fe80::1%ETH7"), CMS_OPERAND_INVALID);
}

static void bad_operands(void **state)
{
	static const struct {
		command_fn *fn;
		const char *text;
		int rc;
	} rows[] = {
		{ cmd_ping, "", CMS_OPERAND_MISSING },
		{ cmd_ping, "10.0.1", CMS_OPERAND_INVALID },
		{ cmd_ping, "0.0.0.0", CMS_OPERAND_INVALID },
		{ cmd_ping, "10.0.1.254 COUNT", CMS_OPERAND_MISSING },
		{ cmd_ping, "10.0.1.254 COUNT 0", CMS_OPERAND_INVALID },
		{ cmd_ping, "10.0.1.254 COUNT 65536", CMS_OPERAND_INVALID },
		{ cmd_ping, "10.0.1.254 SIZE 8193", CMS_OPERAND_INVALID },
		{ cmd_ping, "10.0.1.254 TALLY 3", CMS_OPERAND_INVALID },
		{ cmd_ping, "fd00::1", 12 },
		{ cmd_tracerte, "fd00::1", CMS_NO_ROUTE },
		{ cmd_tracerte, "10.0.1.254 MAXHOPS 256", CMS_OPERAND_INVALID },
		{ cmd_udpsend, "10.0.1.254", CMS_OPERAND_MISSING },
		{ cmd_udpsend, "10.0.1.254 0", CMS_OPERAND_INVALID },
		{ cmd_udpsend, "10.0.1.254 7 SIZE 31", CMS_OPERAND_INVALID },
		{ cmd_udpsend, "10.0.1.99 7", CMS_NO_ANSWER },
		{ cmd_udpsend, "fd00::1 7", CMS_NO_ROUTE },
		{ cmd_udprecv, "", CMS_OPERAND_MISSING },
		{ cmd_udprecv, "7 GROUP 10.0.0.1", CMS_OPERAND_INVALID },
		{ cmd_udprecv, "7 GROUP", CMS_OPERAND_MISSING },
		{ cmd_ifconfig, "ETH1", CMS_NO_NIC },
		{ cmd_ifconfig, "ETH0.5", CMS_NOT_THERE },
		{ cmd_ifconfig, "WLAN0", CMS_OPERAND_INVALID },
		{ cmd_ifconfig, "ETH0 10.0.0.0/24", CMS_OPERAND_INVALID },
		{ cmd_ifconfig, "ETH0 10.0.0.255/24", CMS_OPERAND_INVALID },
		{ cmd_ifconfig, "ETH0 10.0.0.1", CMS_OPERAND_INVALID },
		{ cmd_ifconfig, "ETH0 10.0.7.1/24 X", CMS_OPERAND_EXTRA },
		{ cmd_ifconfig, "ETH0 DELETE 10.9.9.9", CMS_NOT_THERE },
		{ cmd_ifconfig, "ETH0.5 DOWN", CMS_NOT_THERE },
		{ cmd_route, "ADD 10.0.0.0/8", CMS_OPERAND_MISSING },
		{ cmd_route, "ADD 10.0.0.0/8 BY 10.0.1.1", CMS_OPERAND_INVALID },
		{ cmd_route, "ADD 10.0.0.0/8 VIA 10.0.1.1", CMS_NOT_ON_LINK },
		{ cmd_route, "ADD 10.0.0.0/8 VIA 10.7.1.1", CMS_NOT_ON_LINK },
		{ cmd_route, "ADD 10.0.0.0/8 VIA fe80::1", CMS_OPERAND_INVALID },
		{ cmd_route, "DELETE 10.0.0.0/8", CMS_NOT_THERE },
		{ cmd_route, "SHOW", CMS_OPERAND_INVALID },
		{ cmd_forward, "MAYBE", CMS_OPERAND_INVALID },
		{ cmd_forward, "ON NOW", CMS_OPERAND_INVALID },
		{ cmd_forward, "OFF QUERIER", CMS_OPERAND_EXTRA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int rc = command(rows[i].fn, rows[i].text);

		if (rc != rows[i].rc)
			fail_msg("\"%s\": %d", rows[i].text, rc);
		assert_null(a->listener);
	}
	assert_false(a->forward);
}

static void trace_to_a_host(void **state)
{
	(void)state;
	wire.delay = 1000000;
	command(cmd_ping, "10.0.2.1 COUNT 1");
	assert_int_equal(command(cmd_tracerte, "10.0.2.1"), 0);
	assert_string_equal(said, " 1  10.0.1.254 2.000 ms 2.000 ms 2.000 ms\n"
				  " 2  10.0.2.1 4.000 ms 4.000 ms 4.000 ms\n");
	wire.delay = 0;
	assert_int_equal(command(cmd_tracerte, "10.0.1.99 MAXHOPS 2 TIMEOUT 5"), 8);
	assert_string_equal(said, " 1  * * *\n 2  * * *\n");
	wire_pass(5 * NS_PER_S);
	assert_int_equal(command(cmd_tracerte, "10.7.7.7"), 8);
	says("\n 2  10.0.1.254 0.000 ms network unreachable\n");
	assert_int_equal(command(cmd_tracerte, "10.0.2.1 MAXHOPS 1"), 8);
}

static struct heard heard;

static void udp_is_sent_at_a_rate(void **state)
{
	const struct listener listener = HEAR(&heard);
	uint64_t begin_at = wire.now;

	(void)state;
	heard.datagrams = 0;
	b->listener = &listener;
	assert_int_equal(command(cmd_udpsend, "10.0.2.1 7 COUNT 50 SIZE 500 RATE 25"), 0);
	assert_string_equal(
		said, "50 sent, 25000 bytes, 1.960 s, 25 pps, 102040 bit/s\n");
	assert_int_equal(wire.now - begin_at, 1960 * NS_PER_MS);
	assert_int_equal(heard.datagrams, 50);
	assert_int_equal(heard.len, 500);
	assert_int_equal(command(cmd_udpsend, "10.0.2.1 7 COUNT 1000 RATE 0"), 0);
	assert_int_equal(heard.datagrams, 1050);
	assert_int_equal(command(cmd_udpsend, "10.0.1.255 7 COUNT 3 RATE 0"), 0);
	assert_int_equal(command(cmd_udpsend, "10.0.2.1 8 COUNT 3"), 0);
	says("3 refused: port unreachable\n");
}

/* b sends ten numbers: one is missing, one comes twice, two change places. */
static void send_numbers(void)
{
	static const uint64_t order[] = { 0, 1, 2, 4, 3, 5, 6, 6, 8, 9 };

	meanwhile = NULL;
	for (size_t i = 0; i < 10; i++) {
		struct ip_head head = { .to = addr_of("10.0.1.1") };
		const struct flow_stamp s = { 5, order[i], 10, wire.now };
		struct buf *d = buf_get(b, 100);

		memset(d->at, 0, 100);
		flow_put(d->at, &s);
		assert_int_equal(udp_send(b, d, &head, 5000, 7), SENT);
		wire.now += NS_PER_MS;
		wire_run();
	}
	udp_once(b, "10.0.1.1", 7, 10);
}

static void udp_is_received(void **state)
{
	uint64_t begin_at = wire.now;

	(void)state;
	meanwhile = send_numbers;
	assert_int_equal(command(cmd_udprecv, "7 SECONDS 3"), 0);
	says("11 received, 1010 bytes, 0.009 s, ");
	says("from 10.0.2.1: 1 lost, 1 duplicated, 1 reordered, jitter 0.000 ms\n");
	says("1 not numbered\n");
	assert_int_equal(wire.now - begin_at, 3 * NS_PER_S);
	meanwhile = send_numbers;
	assert_int_equal(command(cmd_udprecv, "7 COUNT 5"), 0);
	says("5 received, 500 bytes");
	assert_int_equal(command(cmd_udprecv, "7 SECONDS 1 COUNT 5"), 0);
	assert_string_equal(said, "UDPRECV listens on port 7\n"
				  "0 received, 0 bytes, 0.000 s, 0 pps, 0 bit/s\n");
}

static void send_to_group(void)
{
	meanwhile = NULL;
	udp_once(r, "239.1.1.1", 7, 10);
}

static void udp_of_a_group(void **state)
{
	(void)state;
	meanwhile = send_to_group;
	assert_int_equal(command(cmd_udprecv, "7 GROUP 239.1.1.1%ETH0 COUNT 1"), 0);
	says("1 received, 10 bytes");
	for (int k = 0; k < IFACE_GROUPS; k++)
		assert_int_equal(a0->group[k].family, 0);
}

static void addresses_are_shown_and_set(void **state)
{
	(void)state;
	assert_int_equal(command(cmd_ifconfig, "ETH0.10 10.0.10.1/24"), 0);
	assert_int_equal(command(cmd_ifconfig, "ETH0 fd00::1/64"), 0);
	assert_int_equal(command(cmd_ifconfig, ""), 0);
	says("ETH0     UP   MAC 02-00-00-00-01-01 MTU 1500 LINK UP\n");
	says("         fe80::ff:fe00:101/64 (by itself)\n         10.0.1.1/24\n"
	     "         fd00::1/64\n");
	says("ETH0.10  UP ");
	says("         10.0.10.1/24\n");
	assert_int_equal(command(cmd_ifconfig, "ETH0 DELETE fd00::1"), 0);
	assert_int_equal(command(cmd_ifconfig, "eth0.10 down"), 0);
	assert_int_equal(command(cmd_ifconfig, ""), 0);
	assert_null(strstr(said, "fd00::1"));
	assert_null(strstr(said, "ETH0.10"));
	inet_input(a, 0, (const uint8_t *)"short", 5);
	assert_int_equal(command(cmd_ifconfig, "ETH0"), 0);
	says("         dropped 1 malformed\n");
}

static void routes_are_shown_and_set(void **state)
{
	(void)state;
	assert_int_equal(command(cmd_route, "ADD 10.8.1.1/16 VIA 10.0.1.7"), 0);
	assert_int_equal(command(cmd_route, "DEFAULT VIA fe80::7%ETH0"), 0);
	assert_int_equal(command(cmd_route, ""), 0);
	says("10.0.1.0/24 ON ETH0\n");
	says("0.0.0.0/0 VIA 10.0.1.254\n10.8.0.0/16 VIA 10.0.1.7\n::/0 VIA fe80::7%ETH0\n");
	assert_int_equal(command(cmd_route, "DEL 10.8.0.0/16"), 0);
	assert_int_equal(command(cmd_route, "DEL DEFAULT"), 0);
	assert_int_equal(command(cmd_route, ""), 0);
	assert_null(strstr(said, "VIA"));
	assert_int_equal(command(cmd_forward, "on"), 0);
	assert_true(a->forward);
	assert_int_equal(command(cmd_forward, ""), 0);
	assert_string_equal(said, "FORWARD ON\n");
	assert_int_equal(command(cmd_forward, "on querier"), 0);
	assert_int_equal(command(cmd_forward, ""), 0);
	assert_string_equal(said, "FORWARD ON QUERIER\n");
}

static void no_lease_is_said(void **state)
{
	uint64_t begin_at = wire.now;

	(void)state;
	assert_int_equal(command(cmd_ifconfig, "ETH0 DHCP"), CMS_NO_LEASE);
	assert_in_range(wire.now - begin_at, 12 * NS_PER_S, 13 * NS_PER_S);
	assert_int_equal(command(cmd_ifconfig, "ETH0"), 0);
	says("DHCP asks\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ping_counts, begin_lab),
		cmocka_unit_test_setup(ping_loses, begin_lab),
		cmocka_unit_test_setup(ping_tells_duplicates, begin_lab),
		cmocka_unit_test_setup(ping_back_to_back, begin_lab),
		cmocka_unit_test_setup(ping_is_halted, begin_lab),
		cmocka_unit_test_setup(ping_on_a_link, begin_lab),
		cmocka_unit_test_setup(bad_operands, begin_lab),
		cmocka_unit_test_setup(trace_to_a_host, begin_lab),
		cmocka_unit_test_setup(udp_is_sent_at_a_rate, begin_lab),
		cmocka_unit_test_setup(udp_is_received, begin_lab),
		cmocka_unit_test_setup(udp_of_a_group, begin_lab),
		cmocka_unit_test_setup(addresses_are_shown_and_set, begin_lab),
		cmocka_unit_test_setup(routes_are_shown_and_set, begin_lab),
		cmocka_unit_test_setup(no_lease_is_said, begin_lab),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	wire_begin();
	return failed;
}
