/* Impaired ports in the switch: what waits, until when, in which order, and what of it is
 * dropped.  The fate itself is test_impair.c's. */
#include "tests/unit/vlan/switch_fixture.h"

#include "vlan/held.h"
#include "vlan/segment.h"

#include <arpa/inet.h>

static void impair(struct lan *l, uint32_t id, const struct lan_impair *in,
	const struct lan_impair *out)
{
	static const struct lan_impair none;
	struct lan_port conf = l->port[id].port.conf;

	conf.impair_in = in ? *in : none;
	conf.impair_out = out ? *out : none;
	switch_port_set(l->sw, &l->port[id].port, &conf);
}

static uint64_t held(const struct lan *l)
{
	struct lan_stat st;

	switch_stat(l->sw, &st);
	return st.held;
}

static void send_mark(
	struct lan *l, uint32_t from, uint32_t to, uint32_t mark, uint32_t len)
{
	struct sent s = { .tag = -1, .type = 0x88b5, .mark = mark, .len = len };

	mac_of(from, s.from);
	mac_of(to, s.to);
	send_frame(l, &l->port[from], &s);
}

static uint32_t mark_got(const struct lan *l, uint32_t id, int i)
{
	uint32_t mark;

	memcpy(&mark, l->port[id].got[i].bytes + 14, sizeof(mark));
	return mark;
}

/* As a loop does: at each time there is something due, late by `late`. */
static void run_until(struct lan *l, uint64_t end, uint64_t late)
{
	while (switch_next(l->sw) <= end - late) {
		l->now = switch_next(l->sw) + late;
		switch_tick(l->sw, l->now);
	}
	l->now = end;
}

static void test_delays_of_both_directions_add_up(void **state)
{
	const struct lan_impair out = { .delay_ns = MS(10) }, in = { .delay_ns = MS(5) };
	struct lan *l = lan_new(0);
	uint64_t start;

	(void)state;
	lan_ports(l, 3);
	impair(l, 1, NULL, &out);
	impair(l, 2, &in, NULL);
	start = l->now;
	send_to(l, 1, 0, -1);
	assert_got(l, "000");
	assert_int_equal(held(l), 1);
	assert_int_equal(switch_next(l->sw), start + MS(10));
	switch_tick(l->sw, start + MS(10) - 1);
	assert_got(l, "000");
	/* looked at late: what it still has to wait counts from when it was due */
	switch_tick(l->sw, start + MS(12));
	assert_got(l, "001");
	assert_int_equal(switch_next(l->sw), start + MS(15));
	switch_tick(l->sw, start + MS(15));
	assert_got(l, "010");
	assert_int_equal(switch_next(l->sw), UINT64_MAX);
	send_to(l, 2, 3, -1); /* not its direction */
	assert_got(l, "001");
	assert_adds_up(l);
	lan_end(l);
}

/* What waited is learned of when it goes on, not before. */
static void test_learned_after_waiting(void **state)
{
	const struct lan_impair out = { .delay_ns = MS(10) };
	struct sent s = { { 2, 0, 0, 0, 0, 2 }, { 2, 9 }, -1, 0x88b5, 0, 0 };
	struct lan *l = lan_new(0);
	struct lan_stat st;

	(void)state;
	lan_ports(l, 2);
	impair(l, 1, NULL, &out);
	send_frame(l, &l->port[1], &s);
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 2);
	run_until(l, l->now + MS(10), 0);
	switch_stat(l->sw, &st);
	assert_int_equal(st.n_macs, 3);
	assert_got(l, "01");
	lan_end(l);
}

/* Frames that come when others are due go behind these, also when nobody ticked. */
static void test_nothing_overtakes_what_is_due(void **state)
{
	const struct lan_impair delay = { .delay_ns = MS(10) };
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 2);
	impair(l, 2, &delay, NULL);
	send_mark(l, 1, 2, 1, 60);
	impair(l, 2, NULL, NULL);
	l->now += MS(11);
	send_mark(l, 1, 2, 2, 60);
	assert_int_equal(mark_got(l, 2, 0), 1);
	assert_int_equal(mark_got(l, 2, 1), 2);
	lan_end(l);
}

/* Bursts of which half are corrupted, that is, copied: the others do not overtake them.
 * A mark in every byte tells which frame it is whatever bit is wrong. */
static void corrupted_in_order(bool in)
{
	static const struct frame_offload none;
	const struct lan_impair corrupt = { .corrupt = LAN_PPM / 2, .seed = 7 };
	static uint8_t bytes[FRAME_BURST][64];
	struct lan *l = lan_new(0);
	struct sent s = { .tag = -1, .type = 0x88b5 };
	struct frame f[FRAME_BURST];
	struct iovec seg[FRAME_BURST];
	int bits = 0;

	lan_ports(l, 2);
	mac_of(1, s.from);
	memset(s.to, 0xff, 6);
	impair(l, in ? 2 : 1, in ? &corrupt : NULL, in ? NULL : &corrupt);
	for (int i = 0; i < FRAME_BURST; i++) {
		seg[i] = (struct iovec) { bytes[i], frame_bytes(&s, bytes[i]) };
		memset(bytes[i] + 14, i, 46);
		frame_read(&f[i], &seg[i], 1, 0, 60, &none, false);
	}
	switch_input(l->sw, &l->port[1].port, f, FRAME_BURST, l->now);
	assert_int_equal(held(l), 0);
	assert_int_equal(l->port[2].n, FRAME_BURST);
	for (int i = 0; i < FRAME_BURST; i++) {
		int wrong = 0;

		for (int k = 0; k < 60; k++)
			wrong += __builtin_popcount(
				l->port[2].got[i].bytes[k] ^ bytes[i][k]);
		assert_in_range(wrong, 0, 1);
		bits += wrong;
	}
	assert_in_range(bits, 8, 24);
	assert_adds_up(l);
	lan_end(l);
}

static void test_corruption_keeps_order(void **state)
{
	(void)state;
	corrupted_in_order(true);
	corrupted_in_order(false);
}

/* A checksum that was to be filled in later tells of the corruption all the same. */
static void test_corruption_shows_in_the_checksum(void **state)
{
	static const uint8_t ip[20] = { 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0,
		0, 1, 10, 0, 0, 2 };
	const struct frame_offload o = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6
	};
	const struct lan_impair corrupt = { .corrupt = LAN_PPM };
	uint8_t bytes[64];
	struct lan *l = lan_new(0);
	struct sent s = { .tag = -1, .type = 0x0800 };
	const struct got *g;
	uint64_t sum;

	(void)state;
	lan_ports(l, 2);
	impair(l, 2, &corrupt, NULL);
	mac_of(1, s.from);
	mac_of(2, s.to);
	frame_bytes(&s, bytes);
	memcpy(bytes + 14, ip, sizeof(ip));
	bytes[39] = 26; /* UDP's length */
	/* that of the pseudo header: addresses, protocol, length */
	bytes[40] = 0x14;
	bytes[41] = 0x2e;
	for (int i = 0; i < 20; i++)
		send_bytes(l, &l->port[1], bytes, 60, &o);
	assert_int_equal(l->port[2].n, 20);
	for (int i = 0; i < 20; i++) {
		int bits = 0;

		g = &l->port[2].got[i];
		assert_int_equal(g->offload.flags, 0);
		for (int k = 0; k < 60; k++)
			bits += k == 40 || k == 41
					? 0
					: __builtin_popcount(g->bytes[k] ^ bytes[k]);
		sum = checksum_add(0, g->bytes + 34, 26);
		sum = checksum_add(sum, g->bytes + 26, 8);
		sum += htons(17) + (uint64_t)htons(26);
		/* the bit is in the headers before, or makes the sum wrong */
		if (memcmp(g->bytes, bytes, 26))
			assert_int_equal(checksum_fold(sum), 0);
		else
			assert_int_not_equal(checksum_fold(sum), 0);
		assert_true(bits <= 1);
	}
	assert_adds_up(l);
	lan_end(l);
}

/* A segmentation offload is cut, each part summed, and one of them corrupted. */
static void test_corruption_of_segments(void **state)
{
	static const uint8_t headers[40] = { 0x45, 0, 1, 34, 0, 0, 0, 0, 64, 6, 0, 0, 10,
		0, 0, 1, 10, 0, 0, 2, [32] = 0x50 };
	const struct frame_offload o = { VIRTIO_NET_HDR_F_NEEDS_CSUM,
		VIRTIO_NET_HDR_GSO_TCPV4, 54, 100, 34, 16 };
	const struct lan_impair corrupt = { .corrupt = LAN_PPM };
	uint8_t bytes[304] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8 };
	struct lan *l = lan_new(0);
	struct lan_stat st;
	int wrong = 0;

	(void)state;
	lan_ports(l, 2);
	memcpy(bytes + 14, headers, sizeof(headers));
	impair(l, 2, &corrupt, NULL);
	send_bytes(l, &l->port[1], bytes, sizeof(bytes), &o);
	assert_int_equal(l->port[2].n, 3);
	for (int i = 0; i < 3; i++) {
		const struct got *g = &l->port[2].got[i];
		uint32_t len = i == 2 ? 104 : 154, tcp = htons((uint16_t)(len - 34));
		uint64_t sum = htons(6) + (uint64_t)tcp;

		assert_int_equal(g->len, len);
		assert_int_equal(g->offload.flags, 0);
		assert_true(len <= KEPT_BYTES);
		sum = checksum_add(sum, g->bytes + 26, len - 26);
		wrong += checksum_fold(sum) ||
			 checksum_fold(checksum_add(0, g->bytes + 14, 20)) ||
			 memcmp(g->bytes, bytes, 14);
	}
	assert_int_equal(wrong, 1);
	switch_stat(l->sw, &st);
	assert_int_equal(st.copies, 2);
	assert_adds_up(l);
	lan_end(l);
}

/* Nobody's address is a group's, whatever bit of a source is wrong. */
static void test_corrupted_sources(void **state)
{
	const struct lan_impair corrupt = { .corrupt = LAN_PPM };
	struct lan *l = lan_new(0);
	struct lan_fdb_entry e[64];
	int n;

	(void)state;
	lan_ports(l, 2);
	impair(l, 1, NULL, &corrupt);
	for (uint32_t i = 0; i < 5000; i++)
		send_mark(l, 1, 2, i, 20);
	n = switch_fdb(l->sw, 0, e, 64, l->now);
	assert_int_equal(n, 2 + 47);
	while (n--)
		assert_false(e[n].mac[0] & 1);
	lan_end(l);
}

static void test_duplicates(void **state)
{
	const struct lan_impair twice = { .duplicate = LAN_PPM };
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	impair(l, 1, NULL, &twice);
	impair(l, 2, &twice, NULL);
	send_to(l, 1, 2, -1);
	assert_got(l, "040");
	send_to(l, 1, 0, -1);
	assert_got(l, "042");
	assert_adds_up(l);
	lan_end(l);
}

static void test_losses(void **state)
{
	const struct lan_impair all = { .loss = LAN_PPM };
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	impair(l, 1, &all, &all);
	send_to(l, 1, 2, -1);
	send_to(l, 2, 0, -1);
	assert_got(l, "001");
	assert_int_equal(out_drops(l, 1, DROP_LOSS), 1);
	assert_int_equal(in_drops(l, 1, DROP_LOSS), 1);
	assert_adds_up(l);
	lan_end(l);
}

/* 1 Mbit/s: what would wait more than half a second is too much. */
static void test_rate(void **state)
{
	const struct lan_impair line = { .bps = 1000000 };
	struct lan *l = lan_new(0);
	uint64_t start;

	(void)state;
	lan_ports(l, 2);
	impair(l, 2, &line, NULL);
	start = l->now;
	for (uint32_t i = 0; i < 60; i++)
		send_mark(l, 1, 2, i, 1250); /* 10 ms each */
	assert_int_equal(in_drops(l, 2, DROP_RATE), 60 - 51);
	assert_int_equal(held(l), 51);
	run_until(l, start + MS(100), 0);
	assert_int_equal(l->port[2].n, 10);
	run_until(l, start + S(1), 0);
	assert_int_equal(l->port[2].n, 51);
	for (int i = 0; i < 51; i++)
		assert_int_equal(mark_got(l, 2, i), i);
	assert_adds_up(l);
	lan_end(l);
}

static void test_no_more_waits_than_may_be_kept(void **state)
{
	const struct lan_impair delay = { .delay_ns = S(10) };
	const uint32_t fit = HELD_PORT_BYTES / (1500 + sizeof(struct held_frame));
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	impair(l, 2, &delay, NULL);
	impair(l, 3, NULL, &delay);
	for (uint32_t i = 0; i < fit + 5; i++)
		send_mark(l, 1, 2, i, 1500);
	for (uint32_t i = 0; i < fit + 3; i++)
		send_mark(l, 3, 1, i, 1500);
	assert_int_equal(held(l), 2 * fit);
	assert_int_equal(in_drops(l, 2, DROP_HELD), 5);
	assert_int_equal(out_drops(l, 3, DROP_HELD), 3);
	assert_adds_up(l);
	lan_end(l);
}

static void test_ports_that_go_while_frames_wait(void **state)
{
	const struct lan_impair delay = { .delay_ns = MS(10) };
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	impair(l, 2, &delay, &delay);
	send_to(l, 1, 2, -1);
	send_to(l, 2, 1, -1);
	send_to(l, 2, 3, -1);
	assert_int_equal(held(l), 3);
	switch_port_remove(l->sw, &l->port[2].port);
	assert_int_equal(held(l), 0);
	assert_int_equal(in_drops(l, 2, DROP_DETACHED), 1);
	assert_int_equal(out_drops(l, 2, DROP_DETACHED), 2);
	assert_adds_up(l);
	lan_end(l);
}

/* What came is held against what holds when it goes on. */
static void test_changes_while_frames_wait(void **state)
{
	const struct lan_impair delay = { .delay_ns = MS(10) };
	struct lan *l = lan_new(LAN_AWARE);
	struct lan_port conf;

	(void)state;
	lan_ports(l, 3);
	impair(l, 1, NULL, &delay);
	impair(l, 2, &delay, NULL);
	impair(l, 3, &delay, NULL);
	send_to(l, 1, 2, -1);
	send_to(l, 2, 3, -1);
	send_to(l, 1, 0, -1);
	send_to(l, 3, 2, -1);
	for (uint32_t id = 1; id <= 2; id++) { /* both go to another VLAN */
		conf = l->port[id].port.conf;
		conf.native = 9;
		switch_port_set(l->sw, &l->port[id].port, &conf);
	}
	conf = l->port[3].port.conf;
	conf.flags = LAN_PORT_LINK_DOWN;
	switch_port_set(l->sw, &l->port[3].port, &conf);
	run_until(l, l->now + MS(30), MS(1));
	assert_got(l, "000");
	assert_int_equal(out_drops(l, 1, DROP_VLAN), 2);
	assert_int_equal(in_drops(l, 2, DROP_VLAN), 1);
	assert_int_equal(in_drops(l, 3, DROP_LINK_DOWN), 1);
	send_to(l, 1, 2, -1);
	assert_int_equal(held(l), 1);
	l->conf.flags = 0; /* no VLANs any more: what waits is in none */
	switch_set(l->sw, &l->conf);
	assert_int_equal(held(l), 0);
	assert_int_equal(out_drops(l, 1, DROP_VLAN), 3);
	assert_adds_up(l);
	lan_end(l);
}

static void test_tags_survive_waiting(void **state)
{
	const struct lan_impair delay = { .delay_ns = MS(10) };
	struct lan *l = lan_new(LAN_AWARE);
	struct lan_port conf;

	(void)state;
	lan_ports(l, 2);
	for (uint32_t id = 1; id <= 2; id++) {
		conf = l->port[id].port.conf;
		conf.flags = LAN_PORT_TRUNK;
		conf.vlans[1] = 1; /* 8 */
		switch_port_set(l->sw, &l->port[id].port, &conf);
	}
	impair(l, 1, NULL, &delay);
	impair(l, 2, &delay, NULL);
	send_to(l, 1, 2, 0x6008);
	run_until(l, l->now + MS(20), 0);
	assert_int_equal(l->port[2].n, 1);
	assert_int_equal(l->port[2].got[0].len, 64);
	assert_int_equal(l->port[2].got[0].bytes[14], 0x60);
	assert_int_equal(l->port[2].got[0].bytes[15], 8);
	lan_end(l);
}

static void count_drops(void *ctx, const struct switch_event *ev)
{
	int *n = ctx;

	n[ev->drop == DROP_NONE ? ev->egress != NULL : 2]++;
}

/* It is told when it comes, and when it is delivered or dropped. */
static void test_tap_of_what_waits(void **state)
{
	const struct lan_impair delay = { .delay_ns = MS(10) };
	struct lan *l = lan_new(0);
	int n[3] = { 0 };

	(void)state;
	lan_ports(l, 2);
	impair(l, 1, NULL, &delay);
	switch_tap(l->sw, count_drops, n);
	send_to(l, 1, 2, -1);
	send_to(l, 1, 1, -1);
	assert_int_equal(n[0], 2);
	assert_int_equal(n[1] + n[2], 0);
	run_until(l, l->now + MS(10), 0);
	assert_int_equal(n[0], 2);
	assert_int_equal(n[1], 1);
	assert_int_equal(n[2], 1);
	lan_end(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delays_of_both_directions_add_up),
		cmocka_unit_test(test_learned_after_waiting),
		cmocka_unit_test(test_nothing_overtakes_what_is_due),
		cmocka_unit_test(test_corruption_keeps_order),
		cmocka_unit_test(test_corruption_shows_in_the_checksum),
		cmocka_unit_test(test_corruption_of_segments),
		cmocka_unit_test(test_corrupted_sources),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_no_more_waits_than_may_be_kept),
		cmocka_unit_test(test_ports_that_go_while_frames_wait),
		cmocka_unit_test(test_changes_while_frames_wait),
		cmocka_unit_test(test_tags_survive_waiting),
		cmocka_unit_test(test_tap_of_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
