/* Frames through a vhost-user port, descriptor by descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/vlan/vhost_fixture.h"
#include "vlan/vhost_memory.h"

#define GUEST_TSO (BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4))

static void assert_gone(const char *why)
{
	settle();
	assert_int_equal(l.gone, 1);
	assert_string_equal(l.why, why);
}

static uint64_t dropped(enum lan_drop why)
{
	return l.plug->port.in.drops[why];
}

static struct virtio_net_hdr_v1 rx_header(unsigned i)
{
	struct virtio_net_hdr_v1 hdr;

	memcpy(&hdr, l.mem + rx_at(i), sizeof(hdr));
	return hdr;
}

static void test_one_frame(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	calls(TX);
	send_plain(TX, 5, 100);
	kick(TX);
	assert_int_equal(l.n_got, 1);
	assert_int_equal(l.got_len[0], 100);
	assert_memory_equal(l.got[0], l.mem + FRONT_BUFS + 5 * 0x1000 + HEADER, 100);
	assert_int_equal(used_idx(TX), 1);
	assert_int_equal(used_id(TX, 0), 5);
	assert_int_equal(used_len(TX, 0), 0);
	assert_int_equal(calls(TX), 1);
}

/* The header may have a descriptor of its own, or none of the frame's bytes one piece. */
static void test_header_apart(void **state)
{
	const uint32_t at = FRONT_BUFS;

	(void)state;
	start_pair(MERGING, 64);
	compose(l.mem + at + HEADER, 90, 3);
	put_desc(TX, 0, at, HEADER, NEXT, 1);
	put_desc(TX, 1, at + HEADER, 90, 0, 0);
	offer(TX, 0);
	put_desc(TX, 2, at, 5, NEXT, 3);
	put_desc(TX, 3, at + 5, 20, NEXT, 4);
	put_desc(TX, 4, at + 25, HEADER + 90 - 25, 0, 0);
	offer(TX, 2);
	kick(TX);
	assert_int_equal(l.n_got, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(l.got_len[i], 90);
		assert_memory_equal(l.got[i], l.mem + at + HEADER, 90);
	}
	assert_int_equal(used_id(TX, 1), 2);
}

static void test_indirect(void **state)
{
	const uint32_t table = FRONT_BUFS + 0x8000;

	(void)state;
	start_pair(MERGING | INDIRECT_DESC, 64);
	compose(l.mem + FRONT_BUFS + HEADER, 90, 3);
	put_desc_at(table, 0, FRONT_BUFS, HEADER, NEXT, 1);
	put_desc_at(table, 1, FRONT_BUFS + HEADER, 90, 0, 0);
	put_desc(TX, 7, table, 32, INDIRECT, 0);
	offer(TX, 7);
	kick(TX);
	assert_int_equal(l.n_got, 1);
	assert_int_equal(l.got_len[0], 90);
}

/* More than a burst, more than once around the ring, in order; one call each time. */
static void test_many(void **state)
{
	int n = 0;

	(void)state;
	start_pair(MERGING, 64);
	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 50; i++, n++)
			send_plain(TX, i, 60 + i);
		calls(TX);
		l.n_got = 0;
		kick(TX);
		assert_int_equal(l.n_got, 50);
		for (unsigned i = 0; i < 50; i++)
			assert_int_equal(l.got_len[i], 60 + i);
		assert_int_equal(used_idx(TX), n);
		assert_true(calls(TX) <= 2);
	}
}

static void test_runts(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	send_plain(TX, 0, 64);
	put_desc(TX, 1, FRONT_BUFS, HEADER - 1, 0, 0);
	offer(TX, 1);
	put_desc(TX, 2, FRONT_BUFS, HEADER + 13, 0, 0);
	offer(TX, 2);
	put_desc(TX, 3, FRONT_BUFS, 100, WRITE, 0);
	offer(TX, 3);
	send_plain(TX, 4, 64);
	kick(TX);
	assert_int_equal(l.n_got, 2);
	assert_int_equal(l.plug->port.out.drops[DROP_RUNT], 3);
	assert_int_equal(used_idx(TX), 5);
	assert_int_equal(l.gone, 0);
}

static void test_offload_is_passed_on(void **state)
{
	struct virtio_net_hdr_v1 hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = 54,
		.gso_size = 1448,
		.csum_start = 34,
		.csum_offset = 16 };

	(void)state;
	start_pair(MERGING, 64);
	send_plain(TX, 0, 3000);
	memcpy(l.mem + FRONT_BUFS + HEADER + 12, "\x08\0\x45", 3);
	l.mem[FRONT_BUFS + HEADER + 23] = 6;
	memcpy(l.mem + FRONT_BUFS, &hdr, HEADER);
	kick(TX);
	assert_int_equal(l.n_got, 1);
	assert_memory_equal(&l.got_offload[0], &hdr, 10);
}

/* A queue that is not enabled sends to nobody, and gets its buffers back. */
static void test_disabled(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 4, 256);
	tell_state(VHU_SET_VRING_ENABLE, TX, 0);
	tell_state(VHU_SET_VRING_ENABLE, RX, 0);
	send_plain(TX, 0, 64);
	kick(TX);
	assert_int_equal(l.n_got, 0);
	assert_int_equal(used_idx(TX), 1);
	probe_plain(64, 1);
	assert_int_equal(used_idx(RX), 0);
	assert_int_equal(dropped(DROP_DETACHED), 1);
}

static void test_receive(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 40, 256);
	calls(RX);
	probe_plain(100, 32);
	assert_int_equal(used_idx(RX), 32);
	assert_int_equal(calls(RX), 1);
	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(used_id(RX, i), i);
		assert_int_equal(used_len(RX, i), HEADER + 100);
		assert_int_equal(rx_header(i).num_buffers, 1);
		assert_int_equal(rx_header(i).flags, 0);
		assert_int_equal(l.mem[rx_at(i) + HEADER + 99], i);
	}
	assert_int_equal(l.plug->port.in.frames, 32);
}

static void test_no_room(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 3, 256);
	probe_plain(100, 5);
	assert_int_equal(used_idx(RX), 3);
	assert_int_equal(dropped(DROP_FULL), 2);
	assert_int_equal(l.gone, 0);
}

/* A frame over several buffers, or not at all. */
static void test_merged_buffers(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 5, 256);
	probe_plain(700, 2);
	assert_int_equal(used_idx(RX), 3);
	assert_int_equal(dropped(DROP_FULL), 1);
	assert_int_equal(rx_header(0).num_buffers, 3);
	assert_int_equal(used_len(RX, 0), 256);
	assert_int_equal(used_len(RX, 1), 256);
	assert_int_equal(used_len(RX, 2), 700 + HEADER - 512);
	assert_int_equal(l.mem[rx_at(2) + 700 + HEADER - 512 - 1], 0);
	assert_int_equal(l.mem[rx_at(2)], 0x77);
	/* Those that were given back are used next. */
	probe_plain(200, 1);
	assert_int_equal(used_id(RX, 3), 3);
}

/* A header over pieces of one byte each, whose number is known in the end only. */
static void test_a_header_in_pieces(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	for (unsigned i = 0; i < 15; i++)
		put_desc(RX, i, rx_at(0) + i, 1, WRITE | NEXT, i + 1);
	put_desc(RX, 15, rx_at(0) + 15, 20, WRITE, 0);
	offer(RX, 0);
	put_desc(RX, 16, rx_at(1), 100, WRITE, 0);
	offer(RX, 16);
	probe_plain(100, 1);
	assert_int_equal(used_idx(RX), 2);
	assert_int_equal(rx_header(0).num_buffers, 2);
	assert_int_equal(used_len(RX, 0), 35);
	assert_int_equal(used_len(RX, 1), 100 + HEADER - 35);
	assert_int_equal(l.mem[rx_at(0) + HEADER], 0xff);
}

/* A large frame takes more buffers than a burst has. */
static void test_a_large_frame(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 64, 0x700);
	probe_plain(65000, 1);
	assert_int_equal(used_idx(RX), 37);
	assert_int_equal(rx_header(0).num_buffers, 37);
	assert_int_equal(used_len(RX, 36), 65000 + HEADER - 36 * 0x700);
	probe_plain(65000, 1);
	assert_int_equal(used_idx(RX), 37);
	assert_int_equal(dropped(DROP_FULL), 1);
	probe_plain(0x700 * 20, 1);
	assert_int_equal(rx_header(37).num_buffers, 21);
}

static void test_without_merging(void **state)
{
	(void)state;
	start_pair(MODERN, 64);
	post(RX, 4, 256);
	probe_plain(256 - HEADER, 1);
	probe_plain(257 - HEADER, 1);
	probe_plain(64, 1);
	assert_int_equal(used_idx(RX), 2);
	assert_int_equal(used_id(RX, 1), 1);
	assert_int_equal(dropped(DROP_UNSUPPORTED), 1);
}

/* Before virtio 1, a header without a number of buffers is shorter. */
static void test_legacy_header(void **state)
{
	(void)state;
	start_pair(PROTOCOLS, 64);
	post(RX, 1, 256);
	probe_plain(64, 1);
	assert_int_equal(used_len(RX, 0), 10 + 64);
	assert_int_equal(l.mem[rx_at(0) + 10], 0xff);
	compose(l.mem + FRONT_BUFS + 10, 64, 1);
	put_desc(TX, 0, FRONT_BUFS, 74, 0, 0);
	offer(TX, 0);
	kick(TX);
	assert_int_equal(l.got_len[0], 64);
	assert_memory_equal(l.got[0], l.mem + FRONT_BUFS + 10, 64);
}

static const struct frame_offload tso = { VIRTIO_NET_HDR_F_NEEDS_CSUM,
	VIRTIO_NET_HDR_GSO_TCPV4, 54, 1000, 34, 16 };

static void test_a_receiver_of_large_ones(void **state)
{
	uint8_t bytes[54 + 2500];

	(void)state;
	start_pair(MERGING | GUEST_TSO, 64);
	post(RX, 4, 0x800);
	compose_tcp(bytes, sizeof(bytes));
	probe_input(bytes, sizeof(bytes), 1, &tso);
	assert_int_equal(used_idx(RX), 2);
	assert_memory_equal(l.mem + rx_at(0), &tso, 10);
	assert_int_equal(rx_header(0).num_buffers, 2);
}

/* Cut for who cannot, and the pieces are whole frames. */
static void test_a_receiver_of_small_ones(void **state)
{
	uint8_t bytes[54 + 2500];

	(void)state;
	start_pair(MERGING | BIT(VIRTIO_NET_F_GUEST_CSUM), 64);
	post(RX, 4, 0x800);
	compose_tcp(bytes, sizeof(bytes));
	probe_input(bytes, sizeof(bytes), 1, &tso);
	assert_int_equal(used_idx(RX), 3);
	assert_int_equal(used_len(RX, 0), HEADER + 1054);
	assert_int_equal(used_len(RX, 2), HEADER + 554);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rx_header(i).gso_type, 0);
		assert_int_equal(rx_header(i).flags, 0);
	}
	assert_int_equal(l.plug->port.in.frames, 1);
	/* All pieces or none: there is one buffer left. */
	probe_input(bytes, sizeof(bytes), 1, &tso);
	assert_int_equal(used_idx(RX), 3);
	assert_int_equal(dropped(DROP_FULL), 1);
	probe_plain(64, 1);
	assert_int_equal(used_id(RX, 3), 3);
}

static void test_a_receiver_without_checksums(void **state)
{
	const struct frame_offload csum = { VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 0, 0, 34,
		16 };
	uint8_t bytes[100];

	(void)state;
	start_pair(MERGING, 64);
	post(RX, 1, 0x800);
	compose_tcp(bytes, sizeof(bytes));
	probe_input(bytes, sizeof(bytes), 1, &csum);
	assert_int_equal(used_idx(RX), 1);
	assert_int_equal(rx_header(0).flags, 0);
	assert_memory_not_equal(l.mem + rx_at(0) + HEADER + 50, "\0\0", 2);
}

/* A port asleep asks for kicks, one at work does not; receive queues never do. */
static void test_who_kicks(void **state)
{
	uint64_t kicks;

	(void)state;
	start_pair(MERGING, 64);
	assert_int_equal(*used(RX, 0), 1);
	assert_int_equal(*used(TX, 0), 0);
	kicks = stat().kicks;
	kick(TX);
	kick(TX);
	assert_int_equal(stat().kicks, kicks + 2);
	eventfd_write(l.kick[TX], 1);
	assert_int_equal(loop_once(l.host.loop, 0) > 0, 1);
	assert_int_equal(*used(TX, 0), 1);
	settle();
	assert_int_equal(*used(TX, 0), 0);
}

static void test_event_index(void **state)
{
	uint64_t before;

	(void)state;
	start_pair(MERGING | EVENT_IDX, 64);
	calls(RX);
	post(RX, 20, 256);
	*avail(RX, 2 + 64) = 9; /* used_event */
	before = stat().calls;
	probe_plain(64, 9);
	assert_int_equal(calls(RX), 0);
	probe_plain(64, 3);
	assert_int_equal(calls(RX), 1);
	assert_int_equal(stat().calls, before + 1);
	send_plain(TX, 0, 64);
	kick(TX);
	assert_int_equal(*used(TX, 2 + 4 * 64), 1); /* avail_event */
}

/* Without a descriptor for kicks a queue is looked at now and then. */
static void test_no_kicks(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	tell((struct vhost_user_msg) {
		.request = VHU_SET_VRING_KICK, .number = TX | VHU_NO_FD });
	settle();
	send_plain(TX, 0, 64);
	assert_int_equal(l.n_got, 0);
	loop_clock_stop(l.host.loop);
	loop_clock_warp(l.host.loop, 1000000);
	settle();
	assert_int_equal(l.n_got, 1);
}

static void test_broken_rings(void **state)
{
	eventfd_t count;
	int err = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	(void)state;
	start_pair(MERGING, 64);
	tell_fd(VHU_SET_VRING_ERR, TX, err);
	*avail(TX, 1) = 1000;
	kick(TX);
	assert_gone("its driver broke a transmit ring");
	assert_int_equal(eventfd_read(err, &count), 0);
	close(err);
	probe_plain(64, 1);
	assert_int_equal(dropped(DROP_DETACHED), 1);
}

static void test_a_broken_receive_ring(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	put_desc(RX, 0, 0xffffff00, 256, WRITE, 0);
	offer(RX, 0);
	probe_plain(64, 1);
	assert_int_equal(dropped(DROP_DETACHED), 1);
	assert_gone("its driver broke a receive ring");
}

static void test_no_room_for_a_header(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 4, HEADER - 1);
	probe_plain(64, 1);
	assert_gone("its driver has a buffer with no room for a header");
}

/* cmocka has its own handler for each test. */
static void take_sigbus_back(void)
{
	struct vhost_memory m;

	vhost_memory_init(&m);
	vhost_memory_fini(&m);
}

/* The memory goes while we work in it. */
static void test_memory_is_taken_away(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	send_plain(TX, 0, 64);
	take_sigbus_back();
	assert_int_equal(ftruncate(l.mem_fd, 0), 0);
	eventfd_write(l.kick[TX], 1);
	assert_gone("it took its memory away");
	assert_int_equal(ftruncate(l.mem_fd, FRONT_SIZE), 0);
}

static void test_buffers_are_taken_away(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	post(RX, 40, 256);
	take_sigbus_back();
	assert_int_equal(ftruncate(l.mem_fd, 0x80000), 0);
	probe_plain(64, 3);
	assert_gone("it took its memory away");
}

/* A descriptor for calls that does not take any more, and blocks. */
static void test_a_call_that_waits(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	start_pair(MERGING, 64);
	assert_int_equal(eventfd_write(fd, UINT64_MAX - 1), 0);
	tell_fd(VHU_SET_VRING_CALL, TX, fd);
	send_plain(TX, 0, 64);
	kick(TX);
	assert_gone("its descriptor for calls cannot be written to");
	close(fd);
}

static void test_calls_that_are_not_read(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	calls(TX);
	assert_int_equal(eventfd_write(l.call[TX], UINT64_MAX - 1), 0);
	send_plain(TX, 0, 64);
	kick(TX);
	assert_int_equal(l.n_got, 1);
	assert_int_equal(l.gone, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAN_TEST(test_one_frame),
		LAN_TEST(test_header_apart),
		LAN_TEST(test_indirect),
		LAN_TEST(test_many),
		LAN_TEST(test_runts),
		LAN_TEST(test_offload_is_passed_on),
		LAN_TEST(test_disabled),
		LAN_TEST(test_receive),
		LAN_TEST(test_no_room),
		LAN_TEST(test_merged_buffers),
		LAN_TEST(test_a_header_in_pieces),
		LAN_TEST(test_a_large_frame),
		LAN_TEST(test_without_merging),
		LAN_TEST(test_legacy_header),
		LAN_TEST(test_a_receiver_of_large_ones),
		LAN_TEST(test_a_receiver_of_small_ones),
		LAN_TEST(test_a_receiver_without_checksums),
		LAN_TEST(test_who_kicks),
		LAN_TEST(test_event_index),
		LAN_TEST(test_no_kicks),
		LAN_TEST(test_broken_rings),
		LAN_TEST(test_a_broken_receive_ring),
		LAN_TEST(test_no_room_for_a_header),
		LAN_TEST(test_memory_is_taken_away),
		LAN_TEST(test_buffers_are_taken_away),
		LAN_TEST(test_a_call_that_waits),
		LAN_TEST(test_calls_that_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
