/* Frames, VLANs, neighbours: what stands below IP. */
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
	give(a, a0, "10.0.0.1/24");
	give(b, b0, "10.0.0.2/24");
	a->listener = &listener;
	wire_run();
	return 0;
}

/* A router on a trunk between an untagged network and two VLANs. */
static void trunk(struct inet *router, struct iface *untagged)
{
	struct iface *v10 = iface_make(router, 0, 10), *v20 = iface_make(router, 0, 20);

	give(router, untagged, "10.0.0.254/24");
	iface_up(router, v10);
	iface_up(router, v20);
	give(router, v10, "10.0.10.254/24");
	give(router, v20, "10.0.20.254/24");
	router->forward = true;
}

static void a_router_on_a_trunk(void **state)
{
	struct inet *r = wire_host();
	struct iface *v20;

	(void)state;
	trunk(r, wire_plug(r, 1, 1500));
	v20 = iface_make(b, 0, 20);
	iface_up(b, v20);
	give(b, v20, "10.0.20.2/24");
	give_route(b, "0.0.0.0/0", "10.0.20.254");
	iface_delete(b, b0, &(struct addr) { IPV4, { 10, 0, 0, 2 } });
	give_route(a, "10.0.20.0/24", "10.0.0.254");
	assert_int_equal(ping_once(a, "10.0.20.2", 1472, 0), SENT);
	assert_int_equal(heard.echoes, 0 + 1);
	assert_int_equal(heard.ttl, 63);
	assert_true(v20->frames_in > 0 && v20->frames_out > 0);
}

static void a_tag_in_the_frame(void **state)
{
	struct iface *v = iface_make(a, 0, 10);

	(void)state;
	iface_up(a, v);
	give(a, v, "10.0.10.1/24");
	udp_once(a, "10.0.10.255", 9, 4);
	assert_int_equal(get16(wire.last.bytes + 12), ETH_VLAN);
	assert_int_equal(get16(wire.last.bytes + 14), 10);
	assert_int_equal(get16(wire.last.bytes + 16), ETH_IPV4);
	assert_memory_equal(wire.last.bytes, eth_broadcast, MAC_SIZE);
	assert_true(b0->drops[DROP_NO_VLAN] > 0);
}

static void short_and_strange_frames(void **state)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 9, 9, 0x08,
		0x00 };

	(void)state;
	for (size_t len = 0; len < 18; len++)
		inet_input(a, 0, frame, len);
	assert_int_equal(a0->drops[DROP_MALFORMED], 18);
	put16(frame + 12, 0x88cc);
	inet_input(a, 0, frame, sizeof(frame));
	assert_int_equal(a0->drops[DROP_NO_PROTOCOL], 1);
	frame[0] = 2;
	inet_input(a, 0, frame, sizeof(frame));
	assert_int_equal(a0->drops[DROP_NOT_OURS], 1);
	inet_input(a, 5, frame, sizeof(frame)); /* no such NIC */
}

/* A tag with a priority only is as none. */
static void vlan_zero_is_untagged(void **state)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 9, 9, 0x81,
		0x00, 0xe0, 0x00, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 9, 9,
		10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
	uint64_t before = wire.frames;

	(void)state;
	inet_input(a, 0, frame, sizeof(frame));
	assert_int_equal(wire.frames, before + 1);
	assert_int_equal(get16(wire.last.bytes + 12), ETH_ARP);
	assert_int_equal(wire.last.bytes[21], 2); /* a reply */
}

static void nobody_answers(void **state)
{
	uint64_t before = wire.frames;

	(void)state;
	ping_once(a, "10.0.0.77", 8, 0);
	assert_int_equal(wire.frames, before + 1);
	wire_pass(10 * NS_PER_S);
	assert_int_equal(wire.frames, before + 3); /* asked three times */
	assert_int_equal(heard.errors, 1);
	assert_string_equal(heard.error, "host unreachable");
	assert_int_equal(a0->drops[DROP_NO_NEIGHBOUR], 1);
	all_free(a);
}

/* What is sent meanwhile goes out in order once the answer is there, but not all of it.
 */
static void packets_wait_for_an_answer(void **state)
{
	struct addr who = addr_of("10.0.0.77");

	(void)state;
	for (int i = 0; i < 10; i++)
		ping_once(a, "10.0.0.77", 8, 0);
	assert_int_equal(a0->drops[DROP_NO_BUFFER], 6);
	assert_int_equal(a->n_free, BUFFERS - 4);
	neighbour_heard(a, a0, &who, b0->mac, false);
	all_free(a);
}

/* Many who are not there must not take all buffers. */
static void a_scan_leaves_buffers(void **state)
{
	char to[32];

	(void)state;
	for (int i = 3; i < 250; i++) {
		snprintf(to, sizeof(to), "10.0.0.%d", i);
		ping_once(a, to, 8, 0);
	}
	assert_true(a->n_free >= 7);
	assert_int_equal(ping_once(a, "10.0.0.2", 8, 0), SENT);
	wire_pass(10 * NS_PER_S);
	all_free(a);
}

static void an_old_neighbour_is_asked_again(void **state)
{
	uint64_t before;

	(void)state;
	ping_once(a, "10.0.0.2", 8, 0);
	before = wire.frames;
	ping_once(a, "10.0.0.2", 8, 0);
	assert_int_equal(wire.frames, before + 2);
	wire_pass(61 * NS_PER_S);
	before = wire.frames;
	ping_once(a, "10.0.0.2", 8, 0);
	assert_int_equal(wire.frames, before + 4); /* a question and its answer more */
	assert_int_equal(heard.echoes, 3);
}

static void nobody_can_be_us(void **state)
{
	struct addr own = addr_of("10.0.0.1");
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 9, 9, 10, 0, 0, 1 };

	(void)state;
	arp_input(a, a0, arp, sizeof(arp));
	assert_int_equal(neighbour_state(a, a0, &own), NEIGHBOUR_UNKNOWN);
	arp[17] = 9; /* an answer nobody has asked for */
	own = addr_of("10.0.0.9");
	arp_input(a, a0, arp, sizeof(arp));
	assert_int_equal(neighbour_state(a, a0, &own), NEIGHBOUR_UNKNOWN);
	arp_input(a, a0, arp, 27);
	assert_int_equal(a0->drops[DROP_MALFORMED], 1);
}

static void down_is_gone(void **state)
{
	struct iface *v = iface_make(a, 0, 10);

	(void)state;
	iface_up(a, v);
	give(a, v, "10.0.10.1/24");
	ping_once(a, "10.0.10.9", 8, 0);
	iface_down(a, v);
	assert_null(iface_find(a, 0, 10));
	iface_down(a, a0);
	assert_int_equal(ping_once(a, "10.0.0.2", 8, 0), SENT_NO_ROUTE);
	ping_once(b, "10.0.0.1", 8, 0);
	assert_int_equal(heard.echoes, 0);
	iface_up(a, a0);
	give(a, a0, "10.0.0.1/24");
	ping_once(a, "10.0.0.2", 8, 0);
	assert_int_equal(heard.echoes, 1);
	wire_pass(5 * NS_PER_S);
	all_free(a);
}

static void names(void **state)
{
	unsigned nic = 9, vlan = 9;
	char name[IFACE_NAME];

	(void)state;
	assert_true(iface_parse("eth1.4094", &nic, &vlan));
	assert_int_equal(nic, 1);
	assert_int_equal(vlan, 4094);
	assert_true(iface_parse("ETH0", &nic, &vlan));
	assert_int_equal(vlan, 0);
	assert_false(iface_parse("ETH", &nic, &vlan));
	assert_false(iface_parse("E", &nic, &vlan));
	assert_false(iface_parse("ETH0.", &nic, &vlan));
	assert_false(iface_parse("ETH0.0", &nic, &vlan));
	assert_false(iface_parse("ETH0.4095", &nic, &vlan));
	assert_false(iface_parse("ETH8", &nic, &vlan));
	assert_false(iface_parse("XYZ0", &nic, &vlan));
	assert_false(iface_parse("ETH000000000000000000001", &nic, &vlan));
	assert_string_equal(iface_name(iface_make(a, 0, 10), name), "ETH0.10");
}

static void only_so_many(void **state)
{
	struct iface_addr x = {
		.addr = addr_of("10.1.0.1"), .len = 24, .until = FOR_EVER
	};

	(void)state;
	for (unsigned v = 1; v < IFACES_MAX; v++)
		assert_non_null(iface_make(a, 0, v));
	assert_null(iface_make(a, 0, 100));
	for (int k = 2; k < IFACE_ADDRS; k++, x.addr.b[1]++)
		assert_true(iface_add(a, a0, &x));
	assert_false(iface_add(a, a0, &x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_router_on_a_trunk, pair),
		cmocka_unit_test_setup(a_tag_in_the_frame, pair),
		cmocka_unit_test_setup(short_and_strange_frames, pair),
		cmocka_unit_test_setup(vlan_zero_is_untagged, pair),
		cmocka_unit_test_setup(nobody_answers, pair),
		cmocka_unit_test_setup(packets_wait_for_an_answer, pair),
		cmocka_unit_test_setup(a_scan_leaves_buffers, pair),
		cmocka_unit_test_setup(an_old_neighbour_is_asked_again, pair),
		cmocka_unit_test_setup(nobody_can_be_us, pair),
		cmocka_unit_test_setup(down_is_gone, pair),
		cmocka_unit_test_setup(names, pair),
		cmocka_unit_test_setup(only_so_many, pair),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	wire_begin();
	return failed;
}
