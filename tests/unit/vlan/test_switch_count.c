/* The counters, whatever happens: all that came or was made ended somewhere or waits, and
 * what the ports counted is what the switch counted. */
#include "tests/unit/vlan/igmp_maker.h"
#include "tests/unit/vlan/switch_fixture.h"

#define SEEDS 60
#define STEPS 400

struct sums {
	uint64_t out_frames, in_frames, in_bytes, drops;
};

struct chaos {
	struct lan *l;
	uint64_t random;
	struct sums gone;      /* of ports that were removed */
	uint64_t taken, bytes; /* by the ports, as they saw it */
	uint64_t told_out, told_in, told_drops;
	bool there[PORTS + 1];
};

static uint32_t any(struct chaos *c, uint32_t n)
{
	c->random = c->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(c->random >> 33) % n;
}

static bool one_in(struct chaos *c, uint32_t n)
{
	return !any(c, n);
}

static struct lan_impair any_impair(struct chaos *c)
{
	struct lan_impair i = { .seed = any(c, 100) };

	if (one_in(c, 2))
		return i;
	i.delay_ns = one_in(c, 2) ? any(c, MS(20)) : 0;
	i.jitter_ns = one_in(c, 2) ? any(c, MS(10)) : 0;
	i.loss = one_in(c, 2) ? any(c, LAN_PPM) : 0;
	i.duplicate = one_in(c, 2) ? any(c, LAN_PPM) : 0;
	i.reorder = one_in(c, 2) ? any(c, LAN_PPM) : 0;
	i.corrupt = one_in(c, 2) ? any(c, LAN_PPM) : 0;
	i.bps = one_in(c, 3) ? 1 + any(c, 10000000) : 0;
	return i;
}

static struct lan_port any_conf(struct chaos *c, uint32_t id)
{
	struct lan_port conf = { .id = id, .kind = LAN_PORT_NONE };

	for (uint16_t flag = LAN_PORT_TRUNK; flag <= LAN_PORT_OPEN; flag *= 2)
		conf.flags |= one_in(c, 5) ? flag : 0;
	mac_of(one_in(c, 9) ? any(c, PORTS) : id, conf.mac);
	conf.native = (uint16_t)any(c, 5);
	conf.community = any(c, 3);
	conf.vlans[0] = (uint8_t)any(c, 256);
	conf.impair_in = any_impair(c);
	conf.impair_out = any_impair(c);
	if (one_in(c, 4))
		conf.rate_in = (struct lan_rate) { 1 + any(c, 1u << 30), any(c, 100000) };
	return conf;
}

static void add_port(struct chaos *c, uint32_t id)
{
	struct fake_port *f = &c->l->port[id];

	*f = (struct fake_port) { .room = -1, .full = DROP_FULL };
	f->port.ops = &fake_ops;
	f->port.conf = any_conf(c, id);
	assert_int_equal(switch_port_add(c->l->sw, &f->port), 0);
	c->there[id] = true;
}

static void add_to(struct sums *s, const struct port *p)
{
	s->out_frames += p->out.frames;
	s->in_frames += p->in.frames;
	s->in_bytes += p->in.bytes;
	for (int i = 0; i < LAN_DROPS; i++)
		s->drops += p->in.drops[i] + p->out.drops[i];
}

static void remove_port(struct chaos *c, uint32_t id)
{
	switch_port_remove(c->l->sw, &c->l->port[id].port);
	add_to(&c->gone, &c->l->port[id].port);
	c->taken += (uint64_t)c->l->port[id].n;
	c->there[id] = false;
}

static struct packet any_packet(struct chaos *c)
{
	static const uint8_t group[4] = { 239, 0, 1, 1 };
	const uint8_t one = (uint8_t)any(c, PORTS);
	struct packet p = { .len = 14 + any(c, one_in(c, 3) ? 1586 : 100) };

	if (one_in(c, 8))
		return igmp_query(one, (uint8_t)any(c, 256));
	if (one_in(c, 8))
		return igmp_report3(one, (uint8_t)any(c, 7), (uint8_t)any(c, 3), group);
	mac_of(any(c, PORTS + 4), p.bytes);
	mac_of(any(c, PORTS + 4), p.bytes + 6);
	if (one_in(c, 4))
		memcpy(p.bytes, everybody, 6);
	else if (one_in(c, 5))
		memcpy(p.bytes, (const uint8_t[6]) { 1, 0, 0x5e, 0, 1, 1 }, 6);
	if (one_in(c, 3)) {
		p.bytes[12] = 0x81;
		p.bytes[14] = (uint8_t)any(c, 256);
		p.bytes[15] = (uint8_t)any(c, 9);
	}
	return p;
}

static struct frame_offload any_offload(struct chaos *c, uint32_t len)
{
	const struct frame_offload none = { 0 };

	if (!one_in(c, 4))
		return none;
	return (struct frame_offload) { .flags = (uint8_t)any(c, 2),
		.gso_type = (uint8_t)(one_in(c, 2) ? any(c, 6) : 0),
		.gso_size = (uint16_t)any(c, 1500),
		.csum_start = (uint16_t)(14 + any(c, len)),
		.csum_offset = (uint16_t)any(c, 20) };
}

/* A burst from a port; what frame_read() refuses is counted in its place. */
static void send_burst(struct chaos *c, uint32_t id)
{
	static struct packet p[FRAME_BURST];
	struct frame f[FRAME_BURST];
	struct iovec seg[FRAME_BURST];
	struct port *from = &c->l->port[id].port;
	int n = 0, want = (int)any(c, FRAME_BURST + 1);

	for (int i = 0; i < want; i++) {
		struct frame_offload o;
		enum lan_drop why;

		p[n] = any_packet(c);
		if (one_in(c, 2)) /* its own, as most frames are */
			memcpy(p[n].bytes + 6, from->conf.mac, 6);
		o = any_offload(c, p[n].len);
		seg[n] = (struct iovec) { p[n].bytes, p[n].len };
		why = frame_read(&f[n], &seg[n], 1, 0, p[n].len, &o,
			switch_conf(c->l->sw)->flags & LAN_AWARE);
		if (why == DROP_NONE)
			n++;
		else
			switch_refuse(c->l->sw, from, why, c->l->now);
	}
	switch_input(c->l->sw, from, f, n, c->l->now);
}

static void change_something(struct chaos *c, uint32_t id)
{
	static const enum lan_drop why[] = { DROP_FULL, DROP_UNSUPPORTED, DROP_DETACHED };
	struct lan *l = c->l;
	struct lan_port conf;
	uint32_t to = 1 + any(c, PORTS);

	switch (any(c, 6)) {
	case 0:
		l->conf.flags = any(c, 8);
		l->conf.storm_fps = one_in(c, 2) ? 1 + any(c, 5000) : 0;
		l->conf.max_macs = any(c, 10);
		l->conf.age_s = any(c, 3);
		switch_set(l->sw, &l->conf);
		break;
	case 1: remove_port(c, id); break;
	case 2:
		conf = any_conf(c, id);
		switch_port_set(l->sw, &l->port[id].port, &conf);
		break;
	case 3:
		if (to != id)
			switch_mirror(l->sw, &l->port[id].port,
				c->there[to] ? &l->port[to].port : NULL);
		break;
	case 4:
		l->port[id].room = (int)any(c, 40) - 1;
		l->port[id].full = why[any(c, 3)];
		break;
	case 5: switch_tick(l->sw, l->now += any(c, MS(100))); break;
	}
}

static void tell(void *ctx, const struct switch_event *ev)
{
	struct chaos *c = ctx;

	if (ev->drop != DROP_NONE)
		c->told_drops++;
	else if (ev->egress)
		c->told_in++;
	else
		c->told_out++;
}

static void assert_sums(struct chaos *c)
{
	struct sums s = c->gone;
	uint64_t taken = c->taken;
	struct lan_stat st;

	for (uint32_t id = 1; id <= PORTS; id++) {
		if (!c->there[id])
			continue;
		add_to(&s, &c->l->port[id].port);
		taken += (uint64_t)c->l->port[id].n;
	}
	switch_stat(c->l->sw, &st);
	assert_int_equal(st.received + st.copies, st.sent + st.dropped + st.held);
	assert_int_equal(st.received, s.out_frames);
	assert_int_equal(st.sent, s.in_frames);
	assert_int_equal(st.sent, taken);
	assert_int_equal(st.dropped, s.drops);
	assert_int_equal(st.sent, c->told_in);
	assert_true(c->told_drops <= st.dropped);
}

static void test_they_add_up(void **state)
{
	static struct chaos c;
	uint64_t held = 0, copies = 0, sent = 0;
	struct lan_stat st;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		c = (struct chaos) { .l = lan_new(0), .random = seed };
		switch_tap(c.l->sw, tell, &c);
		for (int step = 0; step < STEPS; step++) {
			uint32_t id = 1 + any(&c, PORTS);

			c.l->now += any(&c, MS(2));
			if (!c.there[id])
				add_port(&c, id);
			else if (one_in(&c, 4))
				change_something(&c, id);
			else
				send_burst(&c, id);
			assert_sums(&c);
			switch_stat(c.l->sw, &st);
			held += st.held;
		}
		copies += st.copies;
		sent += st.sent;
		for (uint32_t id = 1; id <= PORTS; id++) {
			if (c.there[id])
				remove_port(&c, id);
		}
		switch_stat(c.l->sw, &st);
		assert_int_equal(st.held, 0);
		assert_int_equal(st.n_macs, 0);
		assert_sums(&c);
		lan_end(c.l);
	}
	/* there was something to add up */
	assert_true(held > 10000 && copies > 10000 && sent > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
