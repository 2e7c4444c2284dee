/* Neighbour discovery, routers' announcements, groups. */
#include "tests/unit/cms/wire.h"

static struct heard heard;
static struct inet *a, *b;
static struct iface *a0, *b0;

static int pair(void **state)
{
	static const struct listener listener = HEAR(&heard);

	(void)state;
	wire_begin();
	heard = (struct heard) { 0 };
	a = wire_host();
	b = wire_host();
	a0 = wire_plug(a, 1, 1500);
	b0 = wire_plug(b, 1, 1500);
	a->listener = &listener;
	wire_run();
	return 0;
}

/* Sends ICMPv6 from b as it is, its checksum filled in. */
static void from_b(const char *from, const char *to, uint8_t ttl, bool alert,
	const uint8_t *data, size_t len)
{
	struct ip_head head = { .from = addr_of(from),
		.to = addr_of(to),
		.protocol = IP_ICMPV6,
		.ttl = ttl,
		.alert = alert,
		.checksum_at = 2,
		.iface = b0 };
	const struct hop hop = { .iface = b0, .to = head.to };
	struct buf *b6 = buf_get(b, len);

	assert_non_null(b6);
	memcpy(b6->at, data, len);
	b->now = wire.now;
	assert_int_equal(ip_send_by(b, b6, &head, &hop), SENT);
	wire_run();
}

static void link_local_comes_by_itself(void **state)
{
	char text[ADDR_TEXT];

	(void)state;
	assert_string_equal(addr_text(&a0->addr[0].addr, text), "fe80::ff:fe00:101");
	assert_int_equal(ping_once(a, "fe80::ff:fe00:102", 8, 0), SENT);
	assert_int_equal(heard.echoes, 1);
	assert_string_equal(addr_text(&heard.from, text), "fe80::ff:fe00:102");
	assert_int_equal(ping_once(a, "ff02::1", 8, 0), SENT);
	assert_int_equal(heard.echoes, 2);
}

#define ADVERT(life)                                                                    \
	{                                                                               \
		ND_ROUTER_ADVERT, 0, 0, 0, 64, 0, (life) >> 8, (life)&0xff, 0, 0, 0, 0, \
			0, 0, 0, 0, 3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, \
			0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1,  \
			1, 2, 0, 0, 0, 1, 2                                             \
	}

static void a_router_announces(void **state)
{
	uint8_t advert[] = ADVERT(1800), last[] = ADVERT(0);
	struct addr out = addr_of("2001:4860::8888"),
		    own = addr_of("2001:db8:0:5:0:ff:fe00:101");
	struct hop hop;

	(void)state;
	from_b("fe80::ff:fe00:102", "ff02::1", 255, false, advert, sizeof(advert));
	assert_non_null(iface_has(a0, &own));
	assert_true(route_find(a, &out, NULL, &hop));
	assert_true(addr_same(&hop.to, &b0->addr[0].addr));
	wire_pass(200 * NS_PER_S);
	assert_non_null(iface_has(a0, &own));
	wire_pass(60 * NS_PER_S); /* 256 s was the prefix's lifetime */
	assert_null(iface_has(a0, &own));
	from_b("fe80::ff:fe00:102", "ff02::1", 255, false, last, sizeof(last));
	assert_false(route_find(a, &out, NULL, &hop));
}

static void announcements_that_do_not_count(void **state)
{
	uint8_t advert[] = ADVERT(1800);
	struct addr out = addr_of("2001:4860::8888");
	struct hop hop;

	(void)state;
	from_b("fe80::ff:fe00:102", "ff02::1", 254, false, advert, sizeof(advert));
	from_b("2001:db8::1", "ff02::1", 255, false, advert, sizeof(advert));
	from_b("fe80::ff:fe00:102", "ff02::1", 255, false, advert, 15);
	advert[17] = 0; /* an option of no length */
	advert[6] = advert[7] = 0;
	from_b("fe80::ff:fe00:102", "ff02::1", 255, false, advert, sizeof(advert));
	assert_false(route_find(a, &out, NULL, &hop));
	assert_int_equal(a0->addr[1].addr.family, 0);
	a->forward = true;
	advert[7] = 100;
	from_b("fe80::ff:fe00:102", "ff02::1", 255, false, advert, sizeof(advert));
	assert_false(route_find(a, &out, NULL, &hop));
}

/* One who checks whether an address is free must hear that it is not. */
static void duplicate_address_detection_of_others(void **state)
{
	uint8_t ask[24] = { ND_NEIGHBOUR_ASK };

	(void)state;
	memcpy(ask + 8, a0->addr[0].addr.b, 16);
	from_b("::", "ff02::1:ff00:101", 255, false, ask, sizeof(ask));
	assert_int_equal(wire.last.bytes[54], ND_NEIGHBOUR_ADVERT);
	assert_memory_equal(wire.last.bytes, "\x33\x33\0\0\0\1", MAC_SIZE);
	assert_int_equal(wire.last.bytes[58], 0x20); /* override, not solicited */
}

static int reports, leaves;
static struct addr reported;

static void count_reports(const struct wire_frame *f)
{
	const uint8_t *ip = f->bytes + 14;

	if (get16(f->bytes + 12) == ETH_IPV4 && ip[9] == IP_IGMP) {
		reported = addr_make(IPV4, ip + 24 + 4);
		assert_int_equal(sum_end(sum_add(0, ip + 24, 8)), 0);
		assert_int_equal(ip[8], 1);
		reports += ip[24] == 0x16;
		leaves += ip[24] == 0x17;
	} else if (get16(f->bytes + 12) == ETH_IPV6 && ip[6] == IP_HOPOPTS) {
		reported = addr_make(IPV6, ip + 48 + 8);
		reports += ip[48] == MLD_REPORT;
		leaves += ip[48] == MLD_DONE;
	}
}

static void joins(const char *text)
{
	struct addr group = addr_of(text);

	reports = leaves = 0;
	wire.heard = count_reports;
	a->now = wire.now;
	assert_true(group_join(a, a0, &group));
	wire_run();
	assert_int_equal(reports, 1);
	assert_true(addr_same(&reported, &group));
	assert_int_equal(udp_once(b, text, 7, 5), SENT);
	assert_int_equal(heard.datagrams, 1);
	group_leave(a, a0, &group);
	wire_run();
	assert_int_equal(leaves, 1);
	udp_once(b, text, 7, 5);
	assert_int_equal(heard.datagrams, 1);
	heard.datagrams = 0;
}

static void groups_are_joined_and_left(void **state)
{
	(void)state;
	give(a, a0, "10.0.0.1/24");
	give(b, b0, "10.0.0.2/24");
	wire_run();
	joins("239.1.2.3");
	joins("ff05::1234");
}

static void queries_are_answered(void **state)
{
	uint8_t query[24] = { MLD_QUERY };
	struct addr group = addr_of("ff05::1234");

	(void)state;
	a->now = wire.now;
	assert_true(group_join(a, a0, &group));
	wire_run();
	wire.heard = count_reports;
	reports = 0;
	from_b("fe80::ff:fe00:102", "ff02::1", 1, true, query, sizeof(query));
	assert_int_equal(reports, 2); /* the group, and its own solicited one */
	memcpy(query + 8, group.b, 16);
	from_b("fe80::ff:fe00:102", "ff05::1234", 1, true, query, sizeof(query));
	assert_int_equal(reports, 3);
	from_b("fe80::ff:fe00:102", "ff02::1", 1, false, query, sizeof(query));
	from_b("fe80::ff:fe00:102", "ff02::1", 2, true, query, sizeof(query));
	from_b("fe80::ff:fe00:102", "ff02::1", 1, true, query, 23);
	assert_int_equal(reports, 3);
	assert_int_equal(a0->drops[DROP_MALFORMED], 3);
}

/* One who asks hears of all groups, again and again. */
static void a_querier_hears_of_groups(void **state)
{
	struct addr six = addr_of("ff05::1234"), four = addr_of("239.1.2.3");

	(void)state;
	give(a, a0, "10.0.0.1/24");
	a->now = wire.now;
	assert_true(group_join(a, a0, &six));
	assert_true(group_join(a, a0, &four));
	wire_run();
	wire.heard = count_reports;
	reports = 0;
	b->next_query = wire.now;
	wire_run();
	assert_int_equal(reports, 3);
	wire_pass(124 * NS_PER_S);
	assert_int_equal(reports, 3);
	wire_pass(2 * NS_PER_S);
	assert_int_equal(reports, 6);
}

/* Each its own solicited group: two addresses that share one leave it with the last. */
static void addresses_bring_groups(void **state)
{
	struct addr one = addr_of("fd00::ff:fe00:101"), group = addr_solicited(&one);

	(void)state;
	give(a, a0, "fd00::ff:fe00:101/64");
	wire.heard = count_reports;
	reports = leaves = 0;
	iface_delete(a, a0, &one);
	wire_run();
	assert_int_equal(leaves, 0);
	assert_true(group_heard(a0, &group));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(link_local_comes_by_itself, pair),
		cmocka_unit_test_setup(a_router_announces, pair),
		cmocka_unit_test_setup(announcements_that_do_not_count, pair),
		cmocka_unit_test_setup(duplicate_address_detection_of_others, pair),
		cmocka_unit_test_setup(groups_are_joined_and_left, pair),
		cmocka_unit_test_setup(queries_are_answered, pair),
		cmocka_unit_test_setup(a_querier_hears_of_groups, pair),
		cmocka_unit_test_setup(addresses_bring_groups, pair),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	wire_begin();
	return failed;
}
