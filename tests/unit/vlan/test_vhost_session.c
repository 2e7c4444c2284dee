/* The messages of a frontend: what is agreed, what is refused, and what ends it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/lib/open_fds.h"
#include "tests/unit/vlan/vhost_fixture.h"

static void assert_gone(const char *why)
{
	settle();
	assert_int_equal(l.gone, 1);
	assert_string_equal(l.why, why);
	assert_int_equal(stat().state, LAN_PORT_GONE);
}

static void test_what_is_offered(void **state)
{
	(void)state;
	assert_int_equal(ask(VHU_GET_FEATURES), port_vhost_features());
	assert_true(port_vhost_features() & PROTOCOLS);
	assert_int_equal(port_vhost_features() & BIT(26), 0); /* VHOST_F_LOG_ALL */
	assert_int_equal(ask(VHU_GET_PROTOCOL_FEATURES),
		BIT(VHU_P_MQ) | BIT(VHU_P_RARP) | BIT(VHU_P_REPLY_ACK) |
			BIT(VHU_P_NET_MTU) | BIT(VHU_P_INFLIGHT_SHMFD) |
			BIT(VHU_P_RESET_DEVICE) | BIT(VHU_P_MEM_SLOTS) |
			BIT(VHU_P_STATUS));
	assert_int_equal(ask(VHU_GET_QUEUE_NUM), 8);
	assert_int_equal(ask(VHU_GET_MAX_MEM_SLOTS), 32);
	assert_int_equal(l.gone, 0);
}

static void test_features_that_were_not_offered(void **state)
{
	(void)state;
	tell_number(VHU_SET_FEATURES, MODERN | BIT(26));
	assert_gone("it sent a vhost-user message that makes no sense");
}

static void test_start_and_stop(void **state)
{
	struct vhost_user_msg base = { .request = VHU_GET_VRING_BASE,
		.state = { TX, 0 } };

	(void)state;
	assert_int_equal(stat().state, LAN_PORT_IDLE);
	start_pair(MERGING, 64);
	assert_int_equal(stat().state, LAN_PORT_UP);
	assert_int_equal(l.states, 1);
	for (unsigned i = 0; i < 3; i++)
		send_plain(TX, i, 64);
	kick(TX);
	assert_int_equal(l.n_got, 3);
	base = ask_msg(base);
	assert_int_equal(base.state.index, TX);
	assert_int_equal(base.state.num, 3);
	send_plain(TX, 3, 64);
	kick(TX);
	assert_int_equal(l.n_got, 3);
	base = (struct vhost_user_msg) { .request = VHU_GET_VRING_BASE,
		.state = { RX, 0 } };
	assert_int_equal(ask_msg(base).state.num, 0);
	assert_int_equal(stat().state, LAN_PORT_IDLE);
	assert_int_equal(l.states, 2);
}

/* A ring goes on where another backend, or an earlier life of ours, left it. */
static void test_a_ring_goes_on(void **state)
{
	(void)state;
	start_pair(MERGING, 4);
	tell_state(VHU_GET_VRING_BASE, TX, 0);
	tell_state(VHU_SET_VRING_BASE, TX, 0xfffe);
	l.avail_idx[TX] = 0xfffe;
	*used(TX, 1) = 0xfffe;
	for (unsigned i = 0; i < 4; i++)
		send_plain(TX, i, 64);
	tell_fd(VHU_SET_VRING_KICK, TX, l.kick[TX]);
	assert_int_equal(l.n_got, 4);
	assert_int_equal(used_idx(TX), 2);
	assert_int_equal(used_id(TX, 0), 2); /* the third, in place 0x10000 % 4 */
	calls(TX);
	tell_fd(VHU_SET_VRING_KICK, TX, l.kick[TX]);
	assert_int_equal(calls(TX), 1); /* who knows what was not told */
}

/* Messages in pieces do not hold up anybody. */
static void test_half_a_message(void **state)
{
	const uint32_t words[] = { VHU_SET_FEATURES, VHU_VERSION, 8, 0, 1 };
	const char *bytes = (const char *)words;

	(void)state;
	for (size_t i = 0; i < sizeof(words); i++) {
		assert_int_equal(write(l.fd, bytes + i, 1), 1);
		settle();
		assert_int_equal(l.gone, 0);
	}
	assert_int_equal(ask(VHU_GET_FEATURES), port_vhost_features());
}

static void test_half_a_message_and_gone(void **state)
{
	const uint32_t words[] = { VHU_SET_FEATURES, VHU_VERSION, 8, 0 };

	(void)state;
	assert_int_equal(write(l.fd, words, sizeof(words)), sizeof(words));
	settle();
	close(l.fd);
	l.fd = -1;
	assert_gone("the other side has gone");
}

static void test_no_message(void **state)
{
	const uint32_t bad[][3] = {
		{ VHU_SET_FEATURES, VHU_VERSION, 4 }, /* size */
		{ VHU_SET_FEATURES, 2, 8 },           /* version */
		{ 99, VHU_VERSION, 0 },               /* request */
		{ VHU_SET_MEM_TABLE, VHU_VERSION, 0xffffffff },
	};
	const uint8_t payload[16] = { 0 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (i)
			assert_int_equal(lan_setup(state), 0);
		assert_int_equal(write(l.fd, bad[i], sizeof(bad[i])), sizeof(bad[i]));
		assert_int_equal(write(l.fd, payload, bad[i][2] % 16), bad[i][2] % 16);
		assert_gone("it sent what is no vhost-user message");
		if (i < sizeof(bad) / sizeof(bad[0]) - 1)
			lan_teardown(state);
	}
}

/* A reply that was not asked for is a message, too. */
static void test_a_reply(void **state)
{
	(void)state;
	tell((struct vhost_user_msg) { .request = VHU_GET_FEATURES, .flags = VHU_REPLY });
	assert_gone("it sent a vhost-user message that makes no sense");
}

static void test_messages_without_sense(void **state)
{
	const struct vhost_user_msg bad[] = {
		{ .request = VHU_SET_VRING_NUM, .state = { 16, 64 } },
		{ .request = VHU_SET_VRING_NUM, .state = { 0, 0 } },
		{ .request = VHU_SET_VRING_NUM, .state = { 0, 48 } },
		{ .request = VHU_SET_VRING_NUM, .state = { 0, 2048 } },
		{ .request = VHU_SET_VRING_BASE, .state = { 0, 0x10000 } },
		{ .request = VHU_SET_VRING_BASE, .state = { 0xffffffff, 0 } },
		{ .request = VHU_GET_VRING_BASE, .state = { 16, 0 } },
		{ .request = VHU_SET_VRING_ENABLE, .state = { 16, 1 } },
		{ .request = VHU_SET_VRING_ENABLE, .state = { 0, 2 } },
		{ .request = VHU_SET_VRING_ADDR, .addr = { .index = 16 } },
		{ .request = VHU_SET_VRING_KICK, .number = 0 }, /* no descriptor */
		{ .request = VHU_SET_VRING_KICK, .number = 16 | VHU_NO_FD },
		{ .request = VHU_SET_VRING_CALL,
			.number = UINT64_C(1) << 32 | VHU_NO_FD },
		{ .request = VHU_SET_VRING_ERR, .number = 0x200 },
		{ .request = VHU_SET_PROTOCOL_FEATURES, .number = BIT(1) },
		{ .request = VHU_GET_INFLIGHT_FD,
			.inflight = { .queues = 17, .queue_size = 1 } },
		{ .request = VHU_GET_INFLIGHT_FD,
			.inflight = { .queues = 1, .queue_size = 0 } },
		{ .request = VHU_SET_INFLIGHT_FD },
		{ .request = VHU_ADD_MEM_REG },
	};
	size_t n = sizeof(bad) / sizeof(bad[0]);

	for (size_t i = 0; i < n; i++) {
		if (i)
			assert_int_equal(lan_setup(state), 0);
		tell(bad[i]);
		assert_gone("it sent a vhost-user message that makes no sense");
		if (i < n - 1)
			lan_teardown(state);
	}
}

/* While a ring runs, its size and place in the driver's counting are fixed. */
static void test_a_running_ring(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	tell_state(VHU_SET_VRING_NUM, TX, 32);
	assert_gone("it sent a vhost-user message that makes no sense");
}

static void test_replies_to_who_asks(void **state)
{
	char byte;

	(void)state;
	/* Not agreed on yet: no answer. */
	tell((struct vhost_user_msg) {
		.request = VHU_SET_OWNER, .flags = VHU_NEED_REPLY });
	assert_int_equal(recv(l.fd, &byte, 1, MSG_DONTWAIT), -1);
	begin(MERGING);
	assert_int_equal(acked((struct vhost_user_msg) { .request = VHU_SET_OWNER }), 0);
	assert_int_equal(acked(memory_msg()), 0);
	assert_int_equal(acked((struct vhost_user_msg) {
				 .request = VHU_NET_SET_MTU, .number = 1500 }),
		0);
	assert_int_equal(acked((struct vhost_user_msg) {
				 .request = VHU_NET_SET_MTU, .number = 65536 }),
		1);
	assert_int_equal(acked((struct vhost_user_msg) {
				 .request = VHU_NET_SET_MTU, .number = 67 }),
		1);
	assert_int_equal(
		acked((struct vhost_user_msg) { .request = VHU_SET_LOG_BASE }), 1);
	assert_int_equal(l.gone, 0);
	/* A failure is told before the end. */
	assert_int_equal(acked((struct vhost_user_msg) {
				 .request = VHU_SET_VRING_NUM, .state = { 99, 1 } }),
		1);
	assert_gone("it sent a vhost-user message that makes no sense");
}

static void test_who_does_not_read(void **state)
{
	struct vhost_user_msg msg = { .request = VHU_GET_FEATURES };

	(void)state;
	for (int i = 0; i < 100000 && !l.gone; i++) {
		if (vhost_user_send(l.fd, &msg))
			break;
		settle();
	}
	assert_gone("it does not read its answers");
}

static void test_memory_that_cannot_be(void **state)
{
	int sealed = memfd_create("x", MFD_CLOEXEC),
	    file = open("/proc/self/exe", O_RDONLY);
	struct vhost_user_msg bad[9];
	int n = sizeof(bad) / sizeof(bad[0]);

	assert_int_equal(ftruncate(sealed, 8192), 0);
	for (int i = 0; i < n; i++) {
		bad[i] = memory_msg();
		bad[i].memory.n = 2;
		bad[i].n_fds = 2;
		bad[i].fds[0] = bad[i].fds[1] = sealed;
		bad[i].memory.region[0] = (struct vhost_user_region) { 0, 4096, 0, 0 };
		bad[i].memory.region[1] = (struct vhost_user_region) { 8192, 4096, 8192,
			0 };
	}
	bad[0].memory.region[1].gpa = 4095;              /* overlaps */
	bad[1].memory.region[1].gpa = UINT64_MAX - 4095; /* wraps */
	bad[2].memory.region[1].size = 8193;             /* longer than the file */
	bad[3].memory.region[1].mmap_offset = 4097;
	bad[4].memory.region[1].mmap_offset = UINT64_MAX - 4095;
	bad[5].memory.region[1].size = 0;
	bad[6].n_fds = 1;
	bad[7].fds[1] = file; /* not memory */
	bad[8].fds[1] = l.fd;
	for (int i = 0; i < n; i++) {
		int before;

		if (i)
			assert_int_equal(lan_setup(state), 0);
		before = open_fds();
		if (i == 8)
			bad[i].fds[1] = l.fd;
		tell(bad[i]);
		assert_gone("its memory or a descriptor cannot be used");
		assert_int_equal(open_fds(), before - 1); /* our end of the socket */
		if (i < n - 1)
			lan_teardown(state);
	}
	close(sealed);
	close(file);
}

static void test_too_much_memory(void **state)
{
	struct vhost_user_msg msg = memory_msg();
	int fd = memfd_create("huge", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
	msg.memory.region[0].size = UINT64_C(1) << 40;
	msg.fds[0] = fd;
	tell(msg);
	assert_gone("its memory or a descriptor cannot be used");
	close(fd);
}

static void test_rings_outside_memory(void **state)
{
	struct vhost_user_msg addr = addr_msg(TX);

	(void)state;
	begin(MERGING);
	tell_state(VHU_SET_VRING_NUM, TX, 128);
	addr.addr.used = FRONT_USER + FRONT_SIZE - 128 * 8;
	tell(addr);
	assert_int_equal(l.gone, 0);
	tell((struct vhost_user_msg) {
		.request = VHU_SET_VRING_KICK, .number = TX | VHU_NO_FD });
	assert_gone("its rings are not in its memory");
}

/* A descriptor that could make us wait is none for kicks and calls. */
static void test_files_as_descriptors(void **state)
{
	(void)state;
	begin(MERGING);
	tell_fd(VHU_SET_VRING_CALL, TX, l.mem_fd);
	assert_gone("its memory or a descriptor cannot be used");
}

/* The memory comes anew while the rings run, as when more of it is plugged in. */
static void test_memory_comes_anew(void **state)
{
	struct vhost_user_msg msg = memory_msg();
	int fd = memfd_create("more", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	start_pair(MERGING, 64);
	send_plain(TX, 0, 64);
	kick(TX);
	msg.memory.n = 2;
	msg.n_fds = 2;
	msg.memory.region[1] = (struct vhost_user_region) { FRONT_GPA * 2, 1 << 20,
		FRONT_USER * 2, 0 };
	msg.fds[1] = fd;
	tell(msg);
	send_plain(TX, 1, 64);
	kick(TX);
	assert_int_equal(l.n_got, 2);
	assert_int_equal(used_idx(TX), 2);
	assert_int_equal(stat().state, LAN_PORT_UP);
	close(fd);
}

/* A region goes and comes back: its rings wait for it. */
static void test_memory_slots(void **state)
{
	struct vhost_user_msg slot = { .request = VHU_ADD_MEM_REG,
		.slot.region = memory_msg().memory.region[0],
		.n_fds = 1,
		.fds = { l.mem_fd } };
	struct vhost_user_msg gone = { .request = VHU_REM_MEM_REG,
		.slot.region = memory_msg().memory.region[0] };

	(void)state;
	tell_number(VHU_SET_PROTOCOL_FEATURES, ask(VHU_GET_PROTOCOL_FEATURES));
	tell_number(VHU_SET_FEATURES, MERGING);
	assert_int_equal(acked(slot), 0);
	start_ring(RX, 64);
	start_ring(TX, 64);
	send_plain(TX, 0, 64);
	kick(TX);
	assert_int_equal(l.n_got, 1);
	assert_int_equal(acked(gone), 0);
	assert_int_equal(stat().state, LAN_PORT_IDLE);
	send_plain(TX, 1, 64);
	kick(TX);
	assert_int_equal(l.n_got, 1);
	assert_int_equal(acked(slot), 0);
	assert_int_equal(stat().state, LAN_PORT_UP);
	assert_int_equal(l.n_got, 2);
	assert_int_equal(used_idx(TX), 2);
	gone.slot.region.size--;
	assert_int_equal(acked(gone), 0); /* there is no such region */
	slot.slot.region.size--;
	tell(slot);
	assert_gone("its memory or a descriptor cannot be used");
}

/* As QEMU does it: each pair of queues adds all regions. */
static void test_a_slot_comes_twice(void **state)
{
	struct vhost_user_msg slot = { .request = VHU_ADD_MEM_REG,
		.slot.region = memory_msg().memory.region[0],
		.n_fds = 1,
		.fds = { l.mem_fd } };

	(void)state;
	start_pair(MERGING, 64);
	send_plain(TX, 0, 64);
	kick(TX);
	assert_int_equal(acked(slot), 0);
	assert_int_equal(acked(slot), 0);
	send_plain(TX, 1, 64);
	kick(TX);
	assert_int_equal(l.n_got, 2);
	slot.fds[0] = l.fd;
	assert_int_equal(acked(slot), 1);
	assert_gone("its memory or a descriptor cannot be used");
}

static void test_inflight(void **state)
{
	struct vhost_user_msg msg = { .request = VHU_GET_INFLIGHT_FD,
		.inflight = { .queues = 2, .queue_size = 256 } };

	(void)state;
	msg = ask_msg(msg);
	assert_int_equal(msg.n_fds, 1);
	assert_int_equal(msg.inflight.queues, 2);
	assert_int_equal(msg.inflight.mmap_offset, 0);
	assert_int_equal(lseek(msg.fds[0], 0, SEEK_END), msg.inflight.mmap_size);
	assert_true(msg.inflight.mmap_size >= 2 * (24 + 256 * 16));
	msg.request = VHU_SET_INFLIGHT_FD;
	msg.flags = 0;
	tell(msg);
	vhost_user_close_fds(&msg);
	assert_int_equal(l.gone, 0);
}

static void test_status_and_reset(void **state)
{
	(void)state;
	start_pair(MERGING, 64);
	tell_number(VHU_SET_STATUS, 0xf);
	assert_int_equal(ask(VHU_GET_STATUS), 0xf);
	tell((struct vhost_user_msg) { .request = VHU_RESET_DEVICE });
	assert_int_equal(ask(VHU_GET_STATUS), 0);
	assert_int_equal(stat().state, LAN_PORT_IDLE);
	tell_number(VHU_SET_FEATURES, MERGING);
	start_ring(TX, 64);
	assert_int_equal(stat().state, LAN_PORT_UP);
	tell((struct vhost_user_msg) { .request = VHU_RESET_OWNER });
	assert_int_equal(stat().state, LAN_PORT_IDLE);
}

/* Without protocol features rings need not be enabled. */
static void test_an_old_frontend(void **state)
{
	(void)state;
	tell_number(VHU_SET_FEATURES, BIT(VIRTIO_F_VERSION_1));
	tell(memory_msg());
	l.size[TX] = 64;
	tell_state(VHU_SET_VRING_NUM, TX, 64);
	tell(addr_msg(TX));
	send_plain(TX, 0, 64);
	tell((struct vhost_user_msg) {
		.request = VHU_SET_VRING_KICK, .number = TX | VHU_NO_FD });
	assert_int_equal(l.n_got, 1);
}

/* A guest that moved: the switch learns where it is. */
static void test_rarp(void **state)
{
	(void)state;
	begin(MERGING);
	tell_number(VHU_SEND_RARP, UINT64_C(0x563412005452));
	assert_int_equal(l.n_got, 1);
	assert_int_equal(l.got_len[0], 60);
	assert_memory_equal(l.got[0],
		"\xff\xff\xff\xff\xff\xff\x52\x54\0\x12\x34\x56\x80\x35\0\1\x08\0\6\4\0\3",
		22);
}

static void test_nothing_leaks(void **state)
{
	int before;

	lan_teardown(state);
	before = open_fds();
	assert_int_equal(lan_setup(state), 0);
	start_pair(MERGING, 64);
	tell_fd(VHU_SET_VRING_ERR, TX, l.call[TX]);
	tell_fd(VHU_SET_VRING_CALL, TX, l.call[RX]);
	tell(memory_msg());
	tell_number(VHU_SET_FEATURES, BIT(63)); /* the end */
	settle();
	assert_int_equal(l.gone, 1);
	lan_teardown(state);
	assert_int_equal(open_fds(), before);
	assert_int_equal(lan_setup(state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAN_TEST(test_what_is_offered),
		LAN_TEST(test_features_that_were_not_offered),
		LAN_TEST(test_start_and_stop),
		LAN_TEST(test_a_ring_goes_on),
		LAN_TEST(test_half_a_message),
		LAN_TEST(test_half_a_message_and_gone),
		LAN_TEST(test_no_message),
		LAN_TEST(test_a_reply),
		LAN_TEST(test_messages_without_sense),
		LAN_TEST(test_a_running_ring),
		LAN_TEST(test_replies_to_who_asks),
		LAN_TEST(test_who_does_not_read),
		LAN_TEST(test_memory_that_cannot_be),
		LAN_TEST(test_too_much_memory),
		LAN_TEST(test_rings_outside_memory),
		LAN_TEST(test_files_as_descriptors),
		LAN_TEST(test_memory_comes_anew),
		LAN_TEST(test_memory_slots),
		LAN_TEST(test_a_slot_comes_twice),
		LAN_TEST(test_inflight),
		LAN_TEST(test_status_and_reset),
		LAN_TEST(test_an_old_frontend),
		LAN_TEST(test_rarp),
		LAN_TEST(test_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
