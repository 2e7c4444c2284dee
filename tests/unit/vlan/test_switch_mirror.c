/* Mirrors: copies of what a port sends and gets, and no copies of copies. */
#include "tests/unit/vlan/switch_fixture.h"

static void mirror(struct lan *l, uint32_t from, uint32_t to)
{
	assert_int_equal(
		switch_mirror(l->sw, &l->port[from].port, to ? &l->port[to].port : NULL),
		0);
}

static uint64_t copies(const struct lan *l)
{
	struct lan_stat st;

	switch_stat(l->sw, &st);
	return st.copies;
}

static void test_both_directions(void **state)
{
	struct lan *l = lan_new(LAN_ISOLATION); /* which a mirror is above */

	(void)state;
	lan_ports(l, 2);
	lan_port(l, 3, LAN_PORT_UPLINK);
	mirror(l, 1, 2);
	send_to(l, 1, 3, -1);
	assert_got(l, "011");
	send_to(l, 3, 1, -1);
	assert_got(l, "110");
	assert_int_equal(copies(l), 2);
	send_to(l, 1, 99, -1);
	assert_got(l, "011");
	send_to(l, 1, 1, -1); /* what goes nowhere was sent all the same */
	assert_got(l, "010");
	mirror(l, 1, 0);
	send_to(l, 1, 3, -1);
	assert_got(l, "001");
	assert_adds_up(l);
	lan_end(l);
}

static void test_only_what_it_gets(void **state)
{
	struct lan *l = lan_new(LAN_PROTECT);
	struct sent spoofed = { { 2, 0, 0, 0, 0, 3 }, { 2, 9 }, -1, 0x88b5, 0, 0 };

	(void)state;
	lan_ports(l, 3);
	mirror(l, 1, 2);
	l->port[1].room = 0;
	send_to(l, 3, 1, -1);
	send_frame(l, &l->port[1], &spoofed);
	assert_got(l, "000");
	assert_int_equal(in_drops(l, 1, DROP_FULL), 1);
	assert_adds_up(l);
	lan_end(l);
}

/* Two that watch each other see what the other does, not what it sees. */
static void test_no_copies_of_copies(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 3);
	mirror(l, 1, 2);
	mirror(l, 2, 1);
	send_to(l, 3, 1, -1);
	assert_got(l, "110");
	send_to(l, 1, 2,
		-1); /* a copy of sent for 2, the frame, and a copy of got for 1 */
	assert_got(l, "120");
	assert_adds_up(l);
	lan_end(l);
}

static void test_copies_do_not_teach_nor_wait(void **state)
{
	struct lan *l = lan_new(0);
	struct sent s = { { 2, 0, 0, 0, 0, 1 }, { 2, 9 }, -1, 0x88b5, 0, 0 };
	struct lan_port conf;

	(void)state;
	lan_ports(l, 3);
	conf = l->port[2].port.conf;
	conf.impair_in.delay_ns = MS(5);
	switch_port_set(l->sw, &l->port[2].port, &conf);
	mirror(l, 1, 2);
	send_frame(l, &l->port[3], &s);
	assert_got(l, "110");
	memcpy(s.to, s.from, 6);
	mac_of(1, s.from);
	send_frame(l, &l->port[1], &s);
	assert_got(l, "011"); /* the copy, and the frame to where it was learned */
	conf.flags = LAN_PORT_LINK_DOWN;
	switch_port_set(l->sw, &l->port[2].port, &conf);
	send_to(l, 1, 3, -1);
	assert_int_equal(in_drops(l, 2, DROP_LINK_DOWN), 1);
	assert_adds_up(l);
	lan_end(l);
}

/* More copies than one burst holds. */
static void test_many_copies(void **state)
{
	static uint8_t bytes[64];
	static const struct frame_offload none;
	struct lan *l = lan_new(0);
	struct frame f[FRAME_BURST];
	struct sent s = { .tag = -1, .type = 0x88b5 };
	struct iovec seg = { bytes, 60 };

	(void)state;
	lan_ports(l, 4);
	for (uint32_t id = 1; id <= 3; id++)
		mirror(l, id, 4);
	mac_of(1, s.from);
	memcpy(s.to, everybody, 6);
	frame_bytes(&s, bytes);
	for (int i = 0; i < FRAME_BURST; i++)
		frame_read(&f[i], &seg, 1, 0, 60, &none, false);
	switch_input(l->sw, &l->port[1].port, f, FRAME_BURST, l->now);
	assert_int_equal(l->port[2].n, FRAME_BURST);
	assert_int_equal(l->port[4].n, 4 * FRAME_BURST);
	assert_int_equal(l->port[4].flushes, 1);
	assert_adds_up(l);
	lan_end(l);
}

/* A burst for each of two that watch each other: copies push frames out of the way that
 * are copied, too, while the first are being sent. */
static void test_copies_among_full_bursts(void **state)
{
	static uint8_t bytes[64];
	static const struct frame_offload none;
	struct lan *l = lan_new(0);
	struct frame f[FRAME_BURST];
	struct sent s = { .tag = -1, .type = 0x88b5 };
	struct iovec seg = { bytes, 60 };

	(void)state;
	lan_ports(l, 3);
	mirror(l, 1, 2);
	mirror(l, 2, 1);
	mac_of(3, s.from);
	memcpy(s.to, everybody, 6);
	frame_bytes(&s, bytes);
	for (int i = 0; i < FRAME_BURST; i++)
		frame_read(&f[i], &seg, 1, 0, 60, &none, false);
	switch_input(l->sw, &l->port[3].port, f, FRAME_BURST, l->now);
	assert_int_equal(l->port[1].n, 2 * FRAME_BURST);
	assert_int_equal(l->port[2].n, 2 * FRAME_BURST);
	assert_adds_up(l);
	lan_end(l);
}

static void test_mirrors_end_with_their_ports(void **state)
{
	struct lan *l = lan_new(0);

	(void)state;
	lan_ports(l, 4);
	mirror(l, 1, 3);
	mirror(l, 2, 1);
	assert_int_equal(
		switch_mirror(l->sw, &l->port[1].port, &l->port[1].port), -EINVAL);
	switch_port_remove(l->sw, &l->port[3].port);
	send_to(l, 1, 4, -1);
	assert_got(l, "0001");
	switch_port_remove(l->sw, &l->port[1].port);
	send_to(l, 2, 4, -1);
	assert_got(l, "0001");
	assert_adds_up(l);
	lan_end(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_only_what_it_gets),
		cmocka_unit_test(test_no_copies_of_copies),
		cmocka_unit_test(test_copies_do_not_teach_nor_wait),
		cmocka_unit_test(test_many_copies),
		cmocka_unit_test(test_copies_among_full_bursts),
		cmocka_unit_test(test_mirrors_end_with_their_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
