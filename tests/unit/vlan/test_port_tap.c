/* TAP devices, real ones, in a network namespace of this test's own: its kernel side is
 * seen and fed by packet sockets. */
#include "tests/unit/vlan/port_fixture.h"
#include "vlan/port_tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPERIMENT 0x88b5
#define TCP_HEAD   54

static const struct lan_port conf = { .id = 7, .kind = LAN_PORT_TAP, .native = 1 };

static int open_tun(short flags)
{
	struct ifreq req = { .ifr_name = "lan-test" };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	req.ifr_flags = flags;
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &req)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void set_up(bool up)
{
	struct ifreq req = { .ifr_name = "lan-test", .ifr_flags = IFF_NOARP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (up)
		req.ifr_flags |= IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &req), 0);
	close(fd);
}

/* Gets what comes in at the interface with this EtherType, and sends out of it. */
static int packet_socket(uint16_t type)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = (int)if_nametoindex("lan-test") };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int begin(void **state)
{
	struct fixture *x = malloc(sizeof(*x));
	int fd = open_tun(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);

	assert_true(fd >= 0);
	fixture_begin(x);
	assert_int_equal(port_tap_create(&x->host, &conf, fd, &x->plug), 0);
	set_up(true);
	x->other = packet_socket(EXPERIMENT);
	*state = x;
	return 0;
}

static int end(void **state)
{
	struct fixture *x = *state;

	fixture_end(x);
	close(x->other);
	free(x);
	return 0;
}

static void put_head(uint8_t *b, uint16_t type)
{
	memset(b, 0xff, 6);
	memcpy(b + 6, "\x02\0\0\0\0\1", 6);
	b[12] = (uint8_t)(type >> 8);
	b[13] = (uint8_t)type;
}

static const uint8_t *frame_of(size_t len)
{
	static uint8_t bytes[2000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 3 + len);
	put_head(bytes, EXPERIMENT);
	return bytes;
}

/* What the kernel's side has: the frame's length, its header before it; -1: nothing. */
static ssize_t kernel_got(int fd, struct virtio_net_hdr *h, uint8_t *bytes, size_t size)
{
	struct iovec iov[] = { { h, sizeof(*h) }, { bytes, size } };
	ssize_t n = readv(fd, iov, 2);

	return n < 0 ? -1 : n - (ssize_t)sizeof(*h);
}

static void kernel_sends(
	int fd, const struct virtio_net_hdr *h, const uint8_t *bytes, size_t len)
{
	struct iovec iov[] = { { (void *)(uintptr_t)h, sizeof(*h) },
		{ (void *)(uintptr_t)bytes, len } };

	assert_int_equal(writev(fd, iov, 2), sizeof(*h) + len);
}

/* The next frame of `type` that the recording port has, among what the kernel sends of
 * itself; waits for 5 s. */
static const struct got *await_type(struct fixture *x, uint16_t type, int *from)
{
	for (int i = 0; i < 500; i++) {
		for (; *from < x->n_got; ++*from) {
			const struct got *g = &x->got[*from];

			if (g->bytes[12] == type >> 8 && g->bytes[13] == (uint8_t)type) {
				++*from;
				return g;
			}
		}
		assert_true(loop_once(x->host.loop, 10) >= 0);
	}
	fail_msg("no frame came");
	return NULL;
}

static void frames_come(void **state)
{
	const struct virtio_net_hdr none = { 0 };
	struct fixture *x = *state;
	int from = 0;

	for (size_t n = 0; n < 50; n++)
		kernel_sends(x->other, &none, frame_of(60 + n), 60 + n);
	for (size_t n = 0; n < 50; n++) {
		const struct got *g = await_type(x, EXPERIMENT, &from);

		assert_int_equal(g->len, 60 + n);
		assert_memory_equal(g->bytes, frame_of(60 + n), g->len);
	}
}

static void frames_go(void **state)
{
	struct fixture *x = *state;
	struct virtio_net_hdr h;
	uint8_t got[2000];

	for (size_t len = 20; len < 1514; len += 83) {
		peer_sends(x, frame_of(len), len, NULL);
		assert_int_equal(kernel_got(x->other, &h, got, sizeof(got)), len);
		assert_memory_equal(got, frame_of(len), len);
	}
	assert_int_equal(x->plug->port.in.frames, 18);
}

/* ---- Offloads ---- */

/* A segment of TCP to somebody else, with 3000 bytes of payload. */
static size_t put_tcp(uint8_t *b)
{
	static const uint8_t ip[] = { 0x45, 0, 0x0b, 0xe0, 0, 9, 0x40, 0, 9, 6, 0, 0, 10,
		0, 0, 1, 10, 0, 0, 9 };
	static const uint8_t tcp[] = { 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 9,
		9, 0, 0, 0, 0 };

	put_head(b, ETHERTYPE_IP);
	memcpy(b + 14, ip, sizeof(ip));
	memcpy(b + 34, tcp, sizeof(tcp));
	for (int i = 0; i < 3000; i++)
		b[TCP_HEAD + i] = (uint8_t)(i / 7);
	return TCP_HEAD + 3000;
}

static void large_frames_come_whole(void **state)
{
	const struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = TCP_HEAD,
		.gso_size = 1000,
		.csum_start = 34,
		.csum_offset = 16 };
	struct fixture *x = *state;
	uint8_t b[4000];
	size_t len = put_tcp(b);
	const struct got *g;
	int from = 0, fd = packet_socket(ETHERTYPE_IP);

	kernel_sends(fd, &h, b, len);
	close(fd);
	g = await_type(x, ETHERTYPE_IP, &from);
	assert_int_equal(g->len, len);
	assert_memory_equal(g->bytes + TCP_HEAD, b + TCP_HEAD, 3000);
	assert_int_equal(g->offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(g->offload.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(g->offload.gso_size, 1000);
	assert_int_equal(g->offload.csum_start, 34);
	assert_int_equal(g->offload.csum_offset, 16);
}

static void large_frames_go_whole(void **state)
{
	const struct frame_offload o = { VIRTIO_NET_HDR_F_NEEDS_CSUM,
		VIRTIO_NET_HDR_GSO_TCPV4, TCP_HEAD, 1000, 34, 16 };
	struct fixture *x = *state;
	struct virtio_net_hdr h;
	uint8_t b[4000], got[4000];
	size_t len = put_tcp(b);
	int fd = packet_socket(ETHERTYPE_IP);

	peer_sends(x, b, len, &o);
	assert_int_equal(kernel_got(fd, &h, got, sizeof(got)), len);
	assert_memory_equal(got, b, len);
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(h.gso_size, 1000);
	assert_int_equal(h.csum_start, 34);
	close(fd);
}

/* Whole where the kernel knows it, in parts where it does not. */
static void large_datagrams_go(void **state)
{
	const struct frame_offload o = { VIRTIO_NET_HDR_F_NEEDS_CSUM,
		VIRTIO_NET_HDR_GSO_UDP_L4, 42, 1000, 34, 6 };
	struct fixture *x = *state;
	struct virtio_net_hdr h;
	uint8_t b[4000], got[4000];
	size_t len = put_tcp(b), payload = 0;
	int fd = packet_socket(ETHERTYPE_IP);
	ssize_t n;

	b[23] = 17;
	memcpy(b + 34, "\0\7\0\7\x0b\xcc\0\0", 8);
	peer_sends(x, b, len, &o);
	while ((n = kernel_got(fd, &h, got, sizeof(got))) > 0) {
		assert_memory_equal(got + 42, b + 42 + payload, (size_t)n - 42);
		payload += (size_t)n - 42;
	}
	assert_int_equal(payload, len - 42);
	assert_int_equal(x->plug->port.in.frames, 1);
	close(fd);
}

static void a_wish_the_kernel_refuses_is_dropped(void **state)
{
	const struct frame_offload o = { VIRTIO_NET_HDR_F_NEEDS_CSUM,
		VIRTIO_NET_HDR_GSO_TCPV6, TCP_HEAD, 1000, 34, 16 };
	struct fixture *x = *state;
	struct virtio_net_hdr h;
	uint8_t b[4000], got[4000];
	size_t len = put_tcp(b);

	b[23] = 17; /* neither the version nor the protocol is that of the wish */
	peer_sends(x, b, len, &o);
	assert_int_equal(in_drops(x, DROP_UNSUPPORTED), 1);
	peer_sends(x, frame_of(60), 60, NULL);
	assert_int_equal(kernel_got(x->other, &h, got, sizeof(got)), 60);
}

/* A sender's memory that is gone by now is an error of the call, and no signal. */
static void memory_that_is_gone_is_no_harm(void **state)
{
	struct fixture *x = *state;
	const struct iovec nowhere = { (void *)64, 1000 };
	struct frame f = {
		.len = 1000, .head_len = FRAME_HEAD, .n_seg = 1, .seg = &nowhere
	};

	f.seg_at = FRAME_HEAD;
	memcpy(f.head, frame_of(1000), FRAME_HEAD);
	switch_input(x->host.sw, &x->peer, &f, 1, lan_now());
	assert_int_equal(in_drops(x, DROP_UNSUPPORTED), 1);
}

/* ---- The interface ---- */

static void an_interface_that_is_down_gets_nothing(void **state)
{
	struct fixture *x = *state;
	struct virtio_net_hdr h;
	uint8_t got[2000];

	set_up(false);
	peer_sends(x, frame_of(60), 60, NULL);
	assert_int_equal(in_drops(x, DROP_DETACHED), 1);
	assert_true(loop_once(x->host.loop, 0) >= 0);
	assert_int_equal(x->n_gone, 0);
	set_up(true);
	close(x->other);
	x->other = packet_socket(EXPERIMENT);
	peer_sends(x, frame_of(61), 61, NULL);
	assert_int_equal(kernel_got(x->other, &h, got, sizeof(got)), 61);
}

static void delete_interface(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} req = { { .nlmsg_len = sizeof(req),
			  .nlmsg_type = RTM_DELLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		{ .ifi_index = (int)if_nametoindex("lan-test") } };
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[200];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_int_equal(send(fd, &req, sizeof(req), 0), sizeof(req));
	assert_true(recv(fd, &answer, sizeof(answer), 0) > 0);
	assert_int_equal(answer.e.error, 0);
	close(fd);
}

static void a_deleted_interface_is_the_end(void **state)
{
	struct fixture *x = *state;
	struct lan_stat_port stat = { 0 };

	delete_interface();
	peer_sends(x, frame_of(60), 60, NULL);
	for (int i = 0; i < 500 && !x->n_gone; i++)
		assert_true(loop_once(x->host.loop, 10) >= 0);
	assert_int_equal(x->n_gone, 1);
	assert_string_equal(x->why, "the TAP interface was deleted");
	x->plug->ops->stat(x->plug, &stat);
	assert_int_equal(stat.state, LAN_PORT_GONE);
	peer_sends(x, frame_of(60), 60, NULL);
	assert_int_equal(in_drops(x, DROP_DETACHED), 2);
}

static void other_descriptors_are_refused(void **state)
{
	static const short wrong[] = { IFF_TAP | IFF_NO_PI,
		IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	struct fixture x;

	(void)state;
	fixture_begin(&x);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd = open_tun(wrong[i]);

		assert_true(fd >= 0);
		assert_int_equal(port_tap_create(&x.host, &conf, fd, &x.plug), -EINVAL);
		assert_int_equal(if_nametoindex("lan-test"), 0); /* it was closed */
	}
	assert_int_equal(port_tap_create(&x.host, &conf,
				 open("/dev/null", O_RDWR | O_CLOEXEC), &x.plug),
		-EINVAL);
	assert_null(x.plug);
	fixture_end(&x);
}

/* The names of interfaces are this test's own. */
static bool enter_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	fd = open_tun(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(frames_come),
		TEST(frames_go),
		TEST(large_frames_come_whole),
		TEST(large_frames_go_whole),
		TEST(large_datagrams_go),
		TEST(a_wish_the_kernel_refuses_is_dropped),
		TEST(memory_that_is_gone_is_no_harm),
		TEST(an_interface_that_is_down_gets_nothing),
		TEST(a_deleted_interface_is_the_end),
		cmocka_unit_test(other_descriptors_are_refused),
	};

	if (!enter_namespace()) {
		printf("ok 1 # SKIP no TAP to be had here: %s\n", strerror(errno));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
