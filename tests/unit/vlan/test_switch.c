/* Who gets which frame: addresses, floods, isolation, storms, checks of what comes. */
#include "tests/unit/vlan/switch_fixture.h"

static void test_own_addresses_are_known(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 4);
	send_to(l, 1, 3, -1);
	assert_got(l, "0010");
	send_to(l, 3, 1, -1);
	assert_got(l, "1000");
	send_to(l, 1, 0, -1);
	assert_got(l, "0111");
	assert_adds_up(l);
	lan_end(l);
}

static void test_addresses_are_learned_and_aged(void **state)
{
	struct lan *l = lan_new(0);
	struct lan_fdb_entry e[8];

	(void)state;
	l->conf.age_s = 16;
	switch_set(l->sw, &l->conf);
	lan_ports(l, 3);
	send_to(l, 1, 77, -1); /* nobody has it yet */
	assert_got(l, "011");
	send_frame(l, &l->port[2],
		&(struct sent) {
			{ 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 77 }, -1, 0x88b5, 0, 0 });
	assert_got(l, "100");
	l->now += S(15);
	send_to(l, 1, 77, -1);
	assert_got(l, "010");
	assert_int_equal(switch_fdb(l->sw, 0, e, 8, l->now), 4);
	assert_int_equal(e[3].port, 2);
	assert_int_equal(e[3].mac[5], 77);
	assert_int_equal(e[3].age_ns, S(15));
	assert_false(e[3].is_static);
	assert_true(e[0].is_static);
	assert_int_equal(switch_fdb(l->sw, 3, e, 8, l->now), 1);
	l->now += S(1);
	assert_int_equal(switch_next(l->sw), l->now);
	send_to(l, 1, 77, -1);
	assert_got(l, "011");
	switch_tick(l->sw, l->now);
	assert_int_equal(switch_next(l->sw), UINT64_MAX);
	assert_int_equal(switch_fdb(l->sw, 3, e, 8, l->now), 0);
	lan_end(l);
}

static void test_learned_addresses_move_static_ones_do_not(void **state)
{
	struct lan *l = lan_new(0);
	struct sent s = from_to(77, 1), stolen = from_to(3, 1);

	(void)state;
	lan_ports(l, 4);
	send_frame(l, &l->port[2], &s);
	send_frame(l, &l->port[4], &s);
	send_frame(l, &l->port[4], &stolen);
	assert_got(l, "3000");
	send_to(l, 1, 77, -1);
	assert_got(l, "0001");
	send_to(l, 1, 3, -1);
	assert_got(l, "0010");
	lan_end(l);
}

/* The address goes with its port, and to the next port that has it. */
static void test_addresses_of_ports_that_change(void **state)
{
	struct lan *l = lan_new(0);
	struct lan_port conf;
	struct lan_stat st;

	(void)state;
	lan_ports(l, 3);
	conf = l->port[2].port.conf;
	mac_of(3, conf.mac);
	switch_port_set(l->sw, &l->port[2].port, &conf);
	send_to(l, 1, 3, -1);
	assert_got(l, "001");
	send_to(l, 1, 2, -1); /* nobody's any more */
	assert_got(l, "011");
	switch_port_remove(l->sw, &l->port[3].port);
	send_to(l, 1, 3, -1);
	assert_got(l, "010");
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 2);
	assert_int_equal(st.n_ports, 2);
	lan_end(l);
}

static void test_flood_of_addresses_costs_only_who_floods(void **state)
{
	struct lan *l = lan_new(0);
	struct sent s = from_to(77, 1);
	struct lan_stat st;

	(void)state;
	l->conf.max_macs = 100;
	switch_set(l->sw, &l->conf);
	lan_ports(l, 3);
	send_frame(l, &l->port[3], &s);
	for (uint32_t i = 0; i < 5000; i++) {
		s.from[1] = 1;
		memcpy(s.from + 2, &i, 4);
		send_frame(l, &l->port[2], &s);
	}
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 3 + 1 + 100);
	l->port[1].n = 0;
	send_to(l, 1, 77, -1);
	assert_got(l, "001");
	switch_port_remove(l->sw, &l->port[2].port);
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 2 + 1);
	lan_end(l);
}

static void test_drops_at_the_sender(void **state)
{
	struct lan *l = lan_new(0);
	struct sent s = from_to(1, 2);

	(void)state;
	lan_port(l, 1, 0);
	send_to(l, 1, 9, -1);
	send_to(l, 1, 0, -1);
	assert_int_equal(out_drops(l, 1, DROP_UNKNOWN), 2);
	send_to(l, 1, 1, -1);
	assert_int_equal(out_drops(l, 1, DROP_LOCAL), 1);
	s.from[0] = 3;
	send_frame(l, &l->port[1], &s);
	assert_int_equal(out_drops(l, 1, DROP_MALFORMED), 1);
	s.len = 13;
	send_frame(l, &l->port[1], &s);
	assert_int_equal(out_drops(l, 1, DROP_RUNT), 1);
	assert_int_equal(l->port[1].port.out.frames, 5);
	assert_int_equal(l->port[1].port.out.bytes, 4 * 60);
	assert_adds_up(l);
	lan_end(l);
}

static void test_mtu(void **state)
{
	struct lan *l = lan_new(0);
	struct sent s = from_to(1, 2);

	(void)state;
	lan_ports(l, 2);
	s.len = 1514;
	send_frame(l, &l->port[1], &s);
	s.tag = 5; /* where the LAN is not aware of it, it has room, too */
	send_frame(l, &l->port[1], &s);
	assert_got(l, "02");
	s.len = 1515;
	send_frame(l, &l->port[1], &s);
	s.tag = -1;
	send_frame(l, &l->port[1], &s);
	assert_got(l, "00");
	assert_int_equal(out_drops(l, 1, DROP_OVERSIZE), 2);
	lan_end(l);
}

/* Segments are what the MTU holds for, with the headers they will have. */
static void test_mtu_of_segments(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t csum_start, size;
		bool goes;
	} cases[] = {
		{ VIRTIO_NET_HDR_GSO_TCPV4, 34, 1460, true },
		{ VIRTIO_NET_HDR_GSO_TCPV4, 34, 1461, false },
		{ VIRTIO_NET_HDR_GSO_TCPV6, 54, 1440, true },
		{ VIRTIO_NET_HDR_GSO_TCPV6, 54, 1441, false },
		{ VIRTIO_NET_HDR_GSO_UDP_L4, 34, 1472, true },
		{ VIRTIO_NET_HDR_GSO_UDP_L4, 34, 1473, false },
	};
	static uint8_t bytes[70000];
	struct lan *l = lan_new(0);
	struct sent s = from_to(1, 2);

	(void)state;
	lan_ports(l, 2);
	s.len = 60000;
	frame_bytes(&s, bytes);
	bytes[34 + 12] = 5 << 4;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct frame_offload o = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = cases[i].type,
			.gso_size = cases[i].size,
			.csum_start = cases[i].csum_start,
			.csum_offset = 6 };

		send_bytes(l, &l->port[1], bytes, s.len, &o);
		assert_got(l, cases[i].goes ? "01" : "00");
	}
	lan_end(l);
}

static void test_link_down(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_LINK_DOWN);
	send_to(l, 3, 1, -1);
	assert_int_equal(out_drops(l, 3, DROP_LINK_DOWN), 1);
	send_to(l, 1, 3, -1);
	send_to(l, 1, 0, -1);
	assert_got(l, "010");
	assert_int_equal(in_drops(l, 3, DROP_LINK_DOWN), 2);
	assert_adds_up(l);
	lan_end(l);
}

/* ---- handing out ---- */

static void test_bursts_keep_order_and_are_sent_once(void **state)
{
	static uint8_t bytes[FRAME_BURST][64];
	static const struct frame_offload none;
	struct lan *l = lan_new(0);
	struct frame f[FRAME_BURST];
	struct iovec seg[FRAME_BURST];

	(void)state;
	lan_ports(l, 3);
	for (uint32_t i = 0; i < FRAME_BURST; i++) {
		struct sent s = from_to(1, 2 + i % 2);

		s.mark = i;
		seg[i] = (struct iovec) { bytes[i], frame_bytes(&s, bytes[i]) };
		frame_read(&f[i], &seg[i], 1, 0, seg[i].iov_len, &none, false);
	}
	switch_input(l->sw, &l->port[1].port, f, FRAME_BURST, l->now);
	for (uint32_t id = 2; id <= 3; id++) {
		assert_int_equal(l->port[id].n, FRAME_BURST / 2);
		assert_int_equal(l->port[id].calls, 1);
		assert_int_equal(l->port[id].flushes, 1);
		for (uint32_t i = 0; i < FRAME_BURST / 2; i++)
			assert_int_equal(l->port[id].got[i].bytes[14], 2 * i + id - 2);
	}
	assert_int_equal(l->port[2].port.in.bytes, FRAME_BURST / 2 * 60);
	lan_end(l);
}

static void send_burst(struct lan *l, uint32_t from, uint32_t to, int n)
{
	static uint8_t bytes[FRAME_BURST][64];
	static const struct frame_offload none;
	struct frame f[FRAME_BURST];
	struct iovec seg[FRAME_BURST];

	for (int i = 0; i < n; i++) {
		struct sent s = from_to(from, to);

		s.mark = (uint32_t)i;
		seg[i] = (struct iovec) { bytes[i], frame_bytes(&s, bytes[i]) };
		frame_read(&f[i], &seg[i], 1, 0, seg[i].iov_len, &none, false);
	}
	switch_input(l->sw, &l->port[from].port, f, n, l->now);
}

static void test_receivers_that_refuse(void **state)
{
	static const struct {
		enum lan_drop why;
		int took;
	} cases[] = { { DROP_FULL, 3 }, { DROP_DETACHED, 3 }, { DROP_UNSUPPORTED, 7 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lan *l = lan_new(0);

		lan_ports(l, 2);
		l->port[2].room = 3;
		l->port[2].full = cases[i].why;
		send_burst(l, 1, 2, 8);
		assert_int_equal(l->port[2].n, cases[i].took);
		assert_int_equal(l->port[2].port.in.frames, cases[i].took);
		assert_int_equal(in_drops(l, 2, cases[i].why), 8 - cases[i].took);
		assert_adds_up(l);
		lan_end(l);
	}
}

/* ---- the tap ---- */

struct seen {
	int n;
	struct switch_event ev[16];
	uint32_t frame_len[16];
};

static void see(void *ctx, const struct switch_event *ev)
{
	struct seen *s = ctx;

	s->frame_len[s->n] = ev->frame->len;
	s->ev[s->n++] = *ev;
}

static void test_tap(void **state)
{
	struct lan *l = lan_new(LAN_PROTECT);
	struct sent spoofed = from_to(9, 1);
	struct seen s = { 0 };

	(void)state;
	lan_ports(l, 3);
	switch_tap(l->sw, see, &s);
	send_to(l, 1, 0, -1); /* came, went, went */
	assert_int_equal(s.n, 3);
	assert_ptr_equal(s.ev[0].port, &l->port[1].port);
	assert_null(s.ev[0].egress);
	assert_int_equal(s.ev[0].drop, DROP_NONE);
	assert_int_equal(s.ev[0].now, l->now);
	assert_ptr_equal(s.ev[2].port, &l->port[3].port);
	assert_non_null(s.ev[2].egress);
	assert_int_equal(s.ev[2].drop, DROP_NONE);
	s.n = 0;
	send_frame(l, &l->port[1], &spoofed);
	send_to(l, 1, 1, -1);
	l->port[2].room = 0;
	send_to(l, 1, 2, -1); /* came, not taken */
	switch_refuse(l->sw, &l->port[3].port, DROP_RUNT, l->now);
	assert_int_equal(s.n, 5);
	assert_int_equal(s.ev[0].drop, DROP_SPOOFED);
	assert_int_equal(s.ev[1].drop, DROP_LOCAL);
	assert_int_equal(s.ev[2].drop, DROP_NONE);
	assert_int_equal(s.ev[3].drop, DROP_FULL);
	assert_non_null(s.ev[3].egress);
	assert_int_equal(s.ev[4].drop, DROP_RUNT);
	assert_int_equal(s.frame_len[4], 0);
	switch_tap(l->sw, NULL, NULL);
	send_to(l, 1, 3, -1);
	assert_int_equal(s.n, 5);
	lan_end(l);
}

/* ---- ports ---- */

static void test_ports_by_id(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_port(l, 5, 0);
	lan_port(l, 2, 0);
	lan_port(l, 9, 0);
	assert_int_equal(switch_port_add(l->sw, &l->port[5].port), -EEXIST);
	assert_ptr_equal(switch_port_find(l->sw, 9), &l->port[9].port);
	assert_null(switch_port_find(l->sw, 3));
	assert_ptr_equal(switch_port_next(l->sw, 0), &l->port[2].port);
	assert_ptr_equal(switch_port_next(l->sw, 2), &l->port[5].port);
	assert_ptr_equal(switch_port_next(l->sw, 6), &l->port[9].port);
	assert_null(switch_port_next(l->sw, 9));
	assert_null(switch_port_next(l->sw, UINT32_MAX));
	switch_port_remove(l->sw, &l->port[5].port);
	assert_null(switch_port_find(l->sw, 5));
	lan_end(l);
}

static void test_no_more_ports_than_there_may_be(void **state)
{
	struct port *p = calloc(LAN_MAX_PORTS + 1, sizeof(*p));
	struct lan_switch *sw;

	(void)state;
	assert_non_null(p);
	assert_int_equal(switch_create(&sw), 0);
	for (uint32_t i = 0; i <= LAN_MAX_PORTS; i++) {
		p[i].ops = &fake_ops;
		p[i].conf.id = i + 1;
		assert_int_equal(
			switch_port_add(sw, &p[i]), i < LAN_MAX_PORTS ? 0 : -ENOSPC);
	}
	for (uint32_t i = 0; i < LAN_MAX_PORTS; i++)
		switch_port_remove(sw, &p[i]);
	switch_destroy(sw);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_addresses_are_known),
		cmocka_unit_test(test_addresses_are_learned_and_aged),
		cmocka_unit_test(test_learned_addresses_move_static_ones_do_not),
		cmocka_unit_test(test_addresses_of_ports_that_change),
		cmocka_unit_test(test_flood_of_addresses_costs_only_who_floods),
		cmocka_unit_test(test_drops_at_the_sender),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_mtu_of_segments),
		cmocka_unit_test(test_link_down),
		cmocka_unit_test(test_bursts_keep_order_and_are_sent_once),
		cmocka_unit_test(test_receivers_that_refuse),
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_ports_by_id),
		cmocka_unit_test(test_no_more_ports_than_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
