/* Two hosts, fragments, and routers between networks. */
#include "tests/unit/cms/wire.h"

static struct heard heard;
static struct inet *a, *b, *r;
static struct iface *a0, *b0, *r0, *r1;

/* a and b on one wire. */
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
	give(a, a0, "10.0.0.1/24");
	give(b, b0, "10.0.0.2/24");
	give(a, a0, "2001:db8:0:1::1/64");
	give(b, b0, "2001:db8:0:1::2/64");
	a->listener = &listener;
	wire_run();
	return 0;
}

/* a - r - b, with a small MTU at b if so. */
static void through_router(uint16_t mtu)
{
	static const struct listener listener = HEAR(&heard);

	wire_begin();
	heard = (struct heard) { 0 };
	a = wire_host();
	r = wire_host();
	b = wire_host();
	a0 = wire_plug(a, 1, 1500);
	r0 = wire_plug(r, 1, 1500);
	r1 = wire_plug(r, 2, mtu);
	b0 = wire_plug(b, 2, mtu);
	give(a, a0, "10.0.1.1/24");
	give(r, r0, "10.0.1.254/24");
	give(r, r1, "10.0.2.254/24");
	give(b, b0, "10.0.2.1/24");
	give(a, a0, "fd00:1::1/64");
	give(r, r0, "fd00:1::fe/64");
	give(r, r1, "fd00:2::fe/64");
	give(b, b0, "fd00:2::1/64");
	give_route(a, "0.0.0.0/0", "10.0.1.254");
	give_route(b, "0.0.0.0/0", "10.0.2.254");
	give_route(a, "::/0", "fd00:1::fe");
	give_route(b, "::/0", "fd00:2::fe");
	r->forward = true;
	a->listener = &listener;
	wire_run();
}

static void answered(const char *to, size_t size)
{
	int before = heard.echoes;

	assert_int_equal(ping_once(a, to, size, 0), SENT);
	assert_int_equal(heard.echoes, before + 1);
	assert_int_equal(heard.len, size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(heard.data[i], (uint8_t)i);
}

static void echo_in_both_families(void **state)
{
	(void)state;
	answered("10.0.0.2", 56);
	answered("2001:db8:0:1::2", 56);
	answered("10.0.0.2", 0);
	answered("10.0.0.2", 1472);
	answered("2001:db8:0:1::2", 1452);
	all_free(a);
	all_free(b);
}

static void echo_to_oneself(void **state)
{
	uint64_t before = wire.frames;

	(void)state;
	answered("10.0.0.1", 100);
	answered("2001:db8:0:1::1", 100);
	assert_int_equal(wire.frames, before);
	all_free(a);
}

static void larger_than_a_frame(void **state)
{
	(void)state;
	answered("10.0.0.2", 1473);
	answered("10.0.0.2", 8192);
	answered("2001:db8:0:1::2", 1453);
	answered("2001:db8:0:1::2", 8192);
	assert_int_equal(b0->drops[DROP_FRAGMENT], 0);
	wire_pass(NS_PER_S);
	all_free(a);
	all_free(b);
}

static bool lose_second_fragment(struct wire_frame *f)
{
	return f->from->host == a && f->len > 100 && f->bytes[14] == 0x45 &&
	       (get16(f->bytes + 20) & 0x1fff) == 185;
}

static void a_lost_fragment_is_a_lost_datagram(void **state)
{
	(void)state;
	answered("10.0.0.2", 56);
	wire.lose = lose_second_fragment;
	ping_once(a, "10.0.0.2", 4000, 0);
	assert_int_equal(heard.echoes, 1);
	assert_int_equal(b->n_free, BUFFERS - 1);
	wire_pass(31 * NS_PER_S);
	all_free(b);
	wire.lose = NULL;
	answered("10.0.0.2", 4000);
}

/* A fragment of IPv4 with `len` bytes at `offset`. */
static void fragment(unsigned id, unsigned offset, size_t len, bool more)
{
	uint8_t packet[20 + 1480] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, IP_UDP, 0, 0, 10, 0,
		0, 1, 10, 0, 0, 2 };

	put16(packet + 2, (unsigned)(20 + len));
	put16(packet + 4, id);
	put16(packet + 6, offset / 8 | (more ? 0x2000 : 0));
	put16(packet + 10, sum_end(sum_add(0, packet, 20)));
	ip4_input(b, b0, packet, 20 + len, false);
}

static void overlapping_fragments_are_nothing(void **state)
{
	(void)state;
	b->now = wire.now;
	fragment(1, 0, 64, true);
	fragment(1, 56, 64, true);
	assert_int_equal(b0->drops[DROP_FRAGMENT], 1);
	fragment(1, 120, 8, false); /* the rest of it counts as well */
	assert_int_equal(b0->drops[DROP_FRAGMENT], 2);
	fragment(2, 0, 9, true);        /* not of 8 bytes */
	fragment(3, 65528, 100, false); /* beyond the largest */
	fragment(4, 8, 8, false);
	fragment(4, 16, 8, true); /* behind the end */
	assert_int_equal(b0->drops[DROP_FRAGMENT], 5);
	for (unsigned id = 10; id < 100; id++)
		fragment(id, 0, 8, true);
	assert_int_equal(b->n_free, BUFFERS - REASSEMBLIES);
	wire_pass(31 * NS_PER_S);
	all_free(b);
}

static void wrong_checksums_are_dropped(void **state)
{
	uint8_t packet[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, IP_ICMP, 0, 0, 10, 0, 0, 1,
		10, 0, 0, 2, 8 };

	(void)state;
	ip4_input(b, b0, packet, sizeof(packet), false);
	assert_int_equal(b0->drops[DROP_CHECKSUM], 1);
	put16(packet + 10, sum_end(sum_add(0, packet, 20)));
	ip4_input(b, b0, packet, sizeof(packet), false);
	assert_int_equal(b0->drops[DROP_CHECKSUM], 2);
}

static void strange_sources_are_not_heard(void **state)
{
	static const char *const sources[] = { "10.0.0.255", "224.0.0.5",
		"255.255.255.255", "127.0.0.1", "240.0.0.1" };
	uint8_t packet[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, IP_ICMP, 0, 0, 10, 0, 0, 1,
		10, 0, 0, 2, 8 };
	uint64_t before = wire.frames;

	(void)state;
	put16(packet + 22, sum_end(sum_add(0, packet + 20, 8)));
	for (size_t i = 0; i < 5; i++) {
		struct addr from = addr_of(sources[i]);

		memcpy(packet + 12, from.b, 4);
		put16(packet + 10, 0);
		put16(packet + 10, sum_end(sum_add(0, packet, 20)));
		ip4_input(b, b0, packet, sizeof(packet), false);
	}
	assert_int_equal(b0->drops[DROP_MALFORMED], 5);
	assert_int_equal(wire.frames, before);
}

static void a_router_passes_on(void **state)
{
	(void)state;
	through_router(1500);
	answered("10.0.2.1", 56);
	assert_int_equal(heard.ttl, 63);
	answered("fd00:2::1", 56);
	assert_int_equal(heard.ttl, 63);
	answered("10.0.2.1", 5000);
	answered("fd00:2::1", 5000);
	answered("10.0.2.254", 56); /* its far side */
	wire_pass(NS_PER_S);
	all_free(a);
	all_free(r);
	all_free(b);
}

static void broadcasts_stay_in_their_network(void **state)
{
	uint64_t before;

	(void)state;
	through_router(1500);
	before = r1->frames_out;
	ping_once(a, "10.0.2.255", 56, 0);
	assert_int_equal(r1->frames_out, before);
	assert_int_equal(heard.echoes + heard.errors, 0);
	assert_int_equal(r0->drops[DROP_BROADCAST], 1);
}

static void without_forward_it_does_not(void **state)
{
	(void)state;
	through_router(1500);
	r->forward = false;
	ping_once(a, "10.0.2.1", 56, 0);
	ping_once(a, "fd00:2::1", 56, 0);
	assert_int_equal(heard.echoes + heard.errors, 0);
	assert_int_equal(r0->drops[DROP_NOT_HERE], 2);
}

static void refused(const char *to, uint8_t ttl, size_t size, const char *why)
{
	int before = heard.errors;

	ping_once(a, to, size, ttl);
	wire_pass(5 * NS_PER_S);
	assert_int_equal(heard.errors, before + 1);
	assert_string_equal(heard.error, why);
}

static void a_router_says_why_not(void **state)
{
	(void)state;
	through_router(1500);
	refused("10.0.2.1", 1, 56, "time exceeded");
	refused("fd00:2::1", 1, 56, "time exceeded");
	refused("10.0.3.1", 0, 56, "network unreachable");
	refused("fd00:3::1", 0, 56, "network unreachable");
	refused("10.0.2.99", 0, 56, "host unreachable");
	refused("fd00:2::99", 0, 56, "host unreachable");
	assert_int_equal(r0->drops[DROP_TTL], 2);
	assert_int_equal(r1->drops[DROP_NO_NEIGHBOUR], 2);
	all_free(r);
}

static void a_smaller_mtu_behind_it(void **state)
{
	(void)state;
	through_router(1280);
	answered("10.0.2.1", 1400); /* cut by the router */
	assert_int_equal(ping_once(a, "fd00:2::1", 1400, 0), SENT);
	assert_string_equal(heard.error, "too big");
	assert_int_equal(heard.mtu, 1280);
	answered("fd00:2::1", 1200);
	wire_pass(NS_PER_S);
	all_free(r);
}

static void link_local_packets_stay(void **state)
{
	struct addr own;
	uint64_t before;

	(void)state;
	through_router(1500);
	own = addr_of("fe80::99");
	neighbour_heard(a, a0, &own, r0->mac, true); /* whatever a believes */
	before = r1->frames_out;
	ping_once(a, "fe80::99", 10, 0);
	assert_int_equal(r1->frames_out, before);
	assert_int_equal(r0->drops[DROP_NOT_HERE], 1);
}

static void one_own_network_unreachable(void **state)
{
	(void)state;
	assert_int_equal(ping_once(a, "10.9.9.9", 8, 0), SENT_NO_ROUTE);
	assert_int_equal(ping_once(a, "fd99::1", 8, 0), SENT_NO_ROUTE);
	all_free(a);
}

static void the_longest_prefix_wins(void **state)
{
	struct addr to = addr_of("10.1.2.3");
	struct hop hop;

	(void)state;
	give_route(a, "10.0.0.0/8", "10.0.0.8");
	give_route(a, "10.1.2.0/24", "10.0.0.24");
	give_route(a, "10.1.0.0/16", "10.0.0.16");
	assert_true(route_find(a, &to, NULL, &hop));
	assert_int_equal(hop.to.b[3], 24);
	assert_ptr_equal(hop.iface, a0);
	to = addr_of("10.1.9.9");
	assert_true(route_find(a, &to, NULL, &hop));
	assert_int_equal(hop.to.b[3], 16);
	to = addr_of("10.1.0.0");
	assert_true(route_delete(a, &to, 16));
	assert_false(route_delete(a, &to, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(echo_in_both_families, pair),
		cmocka_unit_test_setup(echo_to_oneself, pair),
		cmocka_unit_test_setup(larger_than_a_frame, pair),
		cmocka_unit_test_setup(a_lost_fragment_is_a_lost_datagram, pair),
		cmocka_unit_test_setup(overlapping_fragments_are_nothing, pair),
		cmocka_unit_test_setup(wrong_checksums_are_dropped, pair),
		cmocka_unit_test_setup(strange_sources_are_not_heard, pair),
		cmocka_unit_test_setup(one_own_network_unreachable, pair),
		cmocka_unit_test_setup(the_longest_prefix_wins, pair),
		cmocka_unit_test(a_router_passes_on),
		cmocka_unit_test(broadcasts_stay_in_their_network),
		cmocka_unit_test(without_forward_it_does_not),
		cmocka_unit_test(a_router_says_why_not),
		cmocka_unit_test(a_smaller_mtu_behind_it),
		cmocka_unit_test(link_local_packets_stay),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	wire_begin();
	return failed;
}
