/* Ports of several pairs of queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/vlan/vhost_fixture.h"
#include "vlan/flow.h"

static void test_flows_keep_their_queue(void **state)
{
	uint8_t bytes[100];
	const struct frame_offload none = { 0 };
	unsigned first = 0, queues = 0;

	(void)state;
	begin(MERGING | BIT(VIRTIO_NET_F_MQ));
	for (unsigned q = 0; q < 8; q++) {
		start_ring(q, 64);
		if (q % 2 == 0)
			for (unsigned i = 0; i < 64; i++) {
				put_desc(q, i, rx_at(i), 256, WRITE, 0);
				offer(q, (uint16_t)i);
			}
	}
	compose_tcp(bytes, sizeof(bytes));
	for (unsigned flow = 0; flow < 20; flow++) {
		unsigned before[4], to = 0, n = 0;

		for (unsigned i = 0; i < 4; i++)
			before[i] = used_idx(2 * i);
		bytes[35] = (uint8_t)flow;
		probe_input(bytes, sizeof(bytes), 2, &none);
		for (unsigned i = 0; i < 4; i++)
			if (used_idx(2 * i) != before[i]) {
				to = i;
				n++;
			}
		assert_int_equal(n, 1);
		assert_int_equal((uint16_t)(used_idx(2 * to) - before[to]), 2);
		queues |= 1u << to;
		first += to == 0;
	}
	assert_true(__builtin_popcount(queues) > 1);
	assert_true(first < 20);
}

/* The first queue has one buffer, the others have many: of a burst over all queues no
 * more is lost than what was for the first. */
static void test_a_full_queue_is_full_alone(void **state)
{
	const struct frame_offload none = { 0 };
	uint8_t bytes[FRAME_BURST][100];
	struct iovec seg[FRAME_BURST];
	struct frame f[FRAME_BURST];
	unsigned others = 0;

	(void)state;
	begin(MERGING | BIT(VIRTIO_NET_F_MQ));
	for (unsigned q = 0; q < 8; q++) {
		start_ring(q, 64);
		for (unsigned i = 0; q % 2 == 0 && i < (q ? 64 : 1); i++) {
			put_desc(q, i, rx_at(i), 256, WRITE, 0);
			offer(q, (uint16_t)i);
		}
	}
	for (unsigned i = 0; i < FRAME_BURST; i++) {
		compose_tcp(bytes[i], sizeof(bytes[i]));
		bytes[i][35] = (uint8_t)i;
		seg[i] = (struct iovec) { bytes[i], sizeof(bytes[i]) };
		assert_int_equal(
			frame_read(&f[i], &seg[i], 1, 0, sizeof(bytes[i]), &none, false),
			DROP_NONE);
		others += flow_hash(&f[i]) >> 30 != 0;
	}
	assert_in_range(others, 2, FRAME_BURST - 2);
	switch_input(l.host.sw, &l.probe, f, FRAME_BURST, l.now);
	assert_int_equal(used_idx(0), 1);
	assert_int_equal(used_idx(2) + used_idx(4) + used_idx(6), others);
	assert_int_equal(l.plug->port.in.drops[DROP_FULL], FRAME_BURST - 1 - others);
	/* With a buffer more it is full no longer. */
	put_desc(0, 1, rx_at(1), 256, WRITE, 0);
	offer(0, 1);
	switch_input(l.host.sw, &l.probe, f, FRAME_BURST, l.now);
	assert_int_equal(used_idx(0), 2);
}

/* Every transmit queue is looked at. */
static void test_all_queues_send(void **state)
{
	(void)state;
	begin(MERGING | BIT(VIRTIO_NET_F_MQ));
	for (unsigned q = 0; q < 8; q++)
		start_ring(q, 64);
	for (unsigned q = 1; q < 8; q += 2)
		send_plain(q, q, 60 + q);
	kick(7);
	assert_int_equal(l.n_got, 4);
	for (unsigned q = 1; q < 8; q += 2)
		assert_int_equal(used_idx(q), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAN_TEST(test_flows_keep_their_queue),
		LAN_TEST(test_a_full_queue_is_full_alone),
		LAN_TEST(test_all_queues_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
