/* Access and trunk, native and priority tags: what comes in where, and how it goes out;
 * the rules alone, then in the switch. */
#include "tests/unit/vlan/switch_fixture.h"
#include "vlan/vlan_rules.h"

#define PRIO(p)  ((p) << 13)
#define UNTAGGED (-1)

static void allow(struct lan_port *conf, uint16_t vlan)
{
	conf->vlans[vlan / 8] |= (uint8_t)(1u << vlan % 8);
}

/* A trunk of 10 and 20. */
static struct lan_port conf_of(bool trunk, uint16_t native)
{
	struct lan_port c = { .native = native, .flags = trunk ? LAN_PORT_TRUNK : 0 };

	allow(&c, 10);
	allow(&c, 20);
	return c;
}

static void test_what_comes_in(void **state)
{
	static const struct {
		bool trunk;
		uint16_t native;
		int tag;
		bool inner; /* another tag behind it */
		enum lan_drop why;
		uint16_t vlan;
	} cases[] = {
		{ false, 0, UNTAGGED, false, DROP_NONE, 1 },
		{ false, 30, UNTAGGED, false, DROP_NONE, 30 },
		{ false, 30, PRIO(5), false, DROP_NONE, 30 },
		{ false, 30, 30, false, DROP_VLAN, 0 },
		{ false, 30, 10, false, DROP_VLAN, 0 },
		{ false, 30, PRIO(5), true, DROP_MALFORMED, 0 },
		{ false, 30, UNTAGGED, true, DROP_NONE, 30 },
		{ false, 4095, UNTAGGED, false, DROP_VLAN, 0 },
		{ false, 4096, UNTAGGED, false, DROP_VLAN, 0 },
		{ true, 0, UNTAGGED, false, DROP_VLAN, 0 },
		{ true, 0, PRIO(7), false, DROP_VLAN, 0 },
		{ true, 5, UNTAGGED, false, DROP_NONE, 5 },
		{ true, 5, PRIO(7), false, DROP_NONE, 5 },
		{ true, 5, PRIO(7), true, DROP_MALFORMED, 0 },
		{ true, 5, 5, false, DROP_VLAN, 0 },
		{ true, 10, 10, false, DROP_NONE, 10 },
		{ true, 5, PRIO(3) | 20, false, DROP_NONE, 20 },
		{ true, 5, 20, true, DROP_NONE, 20 },
		{ true, 5, 21, false, DROP_VLAN, 0 },
		{ true, 5, 4095, false, DROP_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct lan_port conf = conf_of(cases[i].trunk, cases[i].native);
		const struct vlan_port p = vlan_port(true, &conf);
		const struct vlan_port unaware = vlan_port(false, &conf);
		struct frame f = { .len = 60,
			.tagged = cases[i].tag != UNTAGGED,
			.tci = (uint16_t)(cases[i].tag == UNTAGGED ? 0 : cases[i].tag) };

		if (cases[i].inner && cases[i].tag != UNTAGGED)
			f.head[12] = 0x81;
		assert_int_equal(vlan_input(&p, &f), cases[i].why);
		assert_int_equal(f.vlan, cases[i].vlan);
		assert_int_equal(vlan_input(&unaware, &f), DROP_NONE);
		assert_int_equal(f.vlan, 0);
	}
}

static void test_members(void **state)
{
	const struct lan_port access = conf_of(false, 30), trunk = conf_of(true, 5);
	const struct vlan_port a = vlan_port(true, &access), t = vlan_port(true, &trunk);
	const struct vlan_port unaware = vlan_port(false, &access);

	(void)state;
	assert_true(vlan_member(&a, 30));
	assert_false(vlan_member(&a, 10)); /* its set is for trunks */
	assert_true(vlan_member(&t, 5));
	assert_true(vlan_member(&t, 10));
	assert_true(vlan_member(&t, 20));
	assert_false(vlan_member(&t, 30));
	assert_true(vlan_member(&unaware, 0));
}

static void test_how_it_goes_out(void **state)
{
	static const struct {
		bool trunk;
		uint16_t native, vlan, tci;
		bool inner;
		int tag;
	} cases[] = {
		{ false, 30, 30, PRIO(5), false, UNTAGGED },
		{ false, 30, 30, 0, true, UNTAGGED },
		{ true, 5, 10, 0, false, 10 },
		{ true, 5, 10, PRIO(5), false, PRIO(5) | 10 },
		{ true, 5, 10, PRIO(5) | 0x1000 | 10, false, PRIO(5) | 0x1000 | 10 },
		{ true, 5, 5, PRIO(5), false, UNTAGGED },
		{ true, 5, 5, 0, true, 5 }, /* not to show the tag that is further in */
		{ true, 0, 10, 0, true, 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct lan_port conf = conf_of(cases[i].trunk, cases[i].native);
		const struct vlan_port p = vlan_port(true, &conf);
		struct frame f = {
			.len = 60, .vlan = cases[i].vlan, .tci = cases[i].tci
		};
		struct egress e;

		if (cases[i].inner)
			f.head[12] = 0x81;
		e = vlan_output(&p, &f);
		assert_ptr_equal(e.frame, &f);
		assert_int_equal(e.tagged, cases[i].tag != UNTAGGED);
		if (e.tagged)
			assert_int_equal(e.tci, cases[i].tag);
	}
}

/* ---- in the switch ---- */

static void set_vlan(struct lan *l, uint32_t id, bool trunk, uint16_t native)
{
	struct lan_port conf = l->port[id].port.conf;
	const struct lan_port c = conf_of(trunk, native);

	conf.flags = (uint16_t)((conf.flags & ~LAN_PORT_TRUNK) | c.flags);
	conf.native = native;
	memcpy(conf.vlans, c.vlans, sizeof(conf.vlans));
	switch_port_set(l->sw, &l->port[id].port, &conf);
}

/* 1, 2: access of 10; 3: of 20; 4: a trunk of 10 and 20; 5: one with 10 native. */
static struct lan *aware_lan(void)
{
	struct lan *l = lan_new(LAN_AWARE);

	lan_ports(l, 5);
	set_vlan(l, 1, false, 10);
	set_vlan(l, 2, false, 10);
	set_vlan(l, 3, false, 20);
	set_vlan(l, 4, true, 0);
	set_vlan(l, 5, true, 10);
	return l;
}

static int tag_got(const struct lan *l, uint32_t id)
{
	const uint8_t *b = l->port[id].got[0].bytes;

	return b[12] == 0x81 ? b[14] << 8 | b[15] : UNTAGGED;
}

static void test_vlans_do_not_meet(void **state)
{
	struct lan *l = aware_lan();

	(void)state;
	send_to(l, 1, 0, -1);
	assert_int_equal(tag_got(l, 2), UNTAGGED);
	assert_int_equal(tag_got(l, 4), 10);
	assert_int_equal(tag_got(l, 5), UNTAGGED);
	assert_got(l, "01011");
	send_to(l, 3, 0, -1);
	assert_int_equal(tag_got(l, 4), 20);
	assert_int_equal(tag_got(l, 5), 20);
	assert_got(l, "00011");
	send_to(l, 1, 3, -1); /* its address holds in all VLANs, it itself does not */
	assert_int_equal(out_drops(l, 1, DROP_VLAN), 1);
	send_to(l, 1, 0, 20);
	assert_int_equal(out_drops(l, 1, DROP_VLAN), 2);
	send_to(l, 4, 0, -1);
	assert_int_equal(out_drops(l, 4, DROP_VLAN), 1);
	assert_got(l, "00000");
	send_to(l, 4, 3, PRIO(6) | 20);
	assert_int_equal(tag_got(l, 3), UNTAGGED);
	assert_got(l, "00100");
	send_to(l, 4, 5, PRIO(6) | 20);
	assert_int_equal(tag_got(l, 5), PRIO(6) | 20);
	assert_got(l, "00001");
	send_to(l, 5, 1, -1);
	assert_got(l, "10000");
	assert_adds_up(l);
	lan_end(l);
}

static void test_addresses_are_learned_by_vlan(void **state)
{
	struct lan *l = aware_lan();
	struct sent s = { .to = { 2, 0, 0, 0, 0, 9 }, .from = { 2, 9 }, .type = 0x88b5 };

	(void)state;
	s.tag = 10;
	send_frame(l, &l->port[4], &s);
	s.tag = 20;
	send_frame(l, &l->port[5], &s);
	assert_got(l, "11111");
	memcpy(s.to, s.from, 6);
	mac_of(1, s.from);
	s.tag = UNTAGGED;
	send_frame(l, &l->port[1], &s);
	assert_got(l, "00010");
	mac_of(3, s.from);
	send_frame(l, &l->port[3], &s);
	assert_got(l, "00001");
	lan_end(l);
}

static void test_what_changes_with_the_vlans(void **state)
{
	struct lan *l = aware_lan();
	struct sent s = {
		.to = { 2, 0, 0, 0, 0, 1 }, .from = { 2, 9 }, .tag = -1, .type = 0x88b5
	};
	struct lan_stat st;

	(void)state;
	send_frame(l, &l->port[2], &s);
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 6);
	set_vlan(l, 2, false, 20); /* it moves, what was behind it does, too */
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 5);
	send_frame(l, &l->port[2], &s);
	assert_int_equal(out_drops(l, 2, DROP_VLAN), 1);
	assert_got(l, "10000");
	l->conf.flags = 0; /* all of it is one */
	switch_set(l->sw, &l->conf);
	send_to(l, 1, 3, 77);
	assert_int_equal(tag_got(l, 3), 77);
	assert_got(l, "00100");
	lan_end(l);
}

static void test_counters_by_vlan(void **state)
{
	struct lan *l = aware_lan();
	struct lan_stat_vlan v[4];

	(void)state;
	send_to(l, 1, 2, -1);
	send_to(l, 1, 3, -1);
	send_to(l, 4, 3, 20);
	send_to(l, 1, 2, 10); /* in no VLAN, as it may not be in this one */
	assert_int_equal(switch_vlans(l->sw, 0, v, 4), 2);
	assert_int_equal(v[0].vlan, 10);
	assert_int_equal(v[0].frames, 2);
	assert_int_equal(v[0].bytes, 120);
	assert_int_equal(v[0].dropped, 1);
	assert_int_equal(v[1].vlan, 20);
	assert_int_equal(v[1].frames, 1);
	assert_int_equal(v[1].dropped, 0);
	assert_int_equal(switch_vlans(l->sw, 10, v, 4), 1);
	assert_int_equal(switch_vlans(l->sw, 20, v, 4), 0);
	assert_int_equal(switch_vlans(l->sw, UINT16_MAX, v, 4), 0);
	assert_int_equal(switch_vlans(l->sw, 0, v, 1), 1);
	lan_end(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_comes_in),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_how_it_goes_out),
		cmocka_unit_test(test_vlans_do_not_meet),
		cmocka_unit_test(test_addresses_are_learned_by_vlan),
		cmocka_unit_test(test_what_changes_with_the_vlans),
		cmocka_unit_test(test_counters_by_vlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
