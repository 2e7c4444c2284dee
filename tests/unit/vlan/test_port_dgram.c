/* Datagram sockets: one frame each, cut and summed; what is too large, too short, refused
 * or has no room. */
#include "tests/unit/vlan/port_fixture.h"
#include "vlan/port_tap.h"
#include "vlan/segment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct lan_port conf = { .id = 7, .kind = LAN_PORT_DGRAM, .native = 1 };

static void plug_in(struct fixture *x, int fd)
{
	assert_int_equal(port_dgram_create(&x->host, &conf, fd, &x->plug), 0);
	assert_int_equal(x->plug->state, LAN_PORT_UP);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static int begin(void **state)
{
	struct fixture *x = malloc(sizeof(*x));
	int fds[2];

	fixture_begin(x);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	plug_in(x, fds[0]);
	x->other = fds[1];
	*state = x;
	return 0;
}

static int end(void **state)
{
	struct fixture *x = *state;

	fixture_end(x);
	if (x->other >= 0)
		close(x->other);
	free(x);
	return 0;
}

/* A broadcast of `len` bytes that has its length in it. */
static const uint8_t *frame_of(size_t len)
{
	static uint8_t bytes[FRAME_MAX + 100];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + len);
	memset(bytes, 0xff, 6);
	bytes[6] = 2;
	bytes[12] = 0x88;
	bytes[13] = 0xb5; /* for experiments */
	return bytes;
}

static void frames_come_in_bursts(void **state)
{
	struct fixture *x = *state;

	for (size_t n = 0; n < 100; n++) {
		assert_int_equal(send(x->other, frame_of(60 + n), 60 + n, 0), 60 + n);
		if (n % 7 == 0)
			await_frames(x, (int)n + 1);
	}
	await_frames(x, 100);
	for (size_t n = 0; n < 100; n++) {
		assert_int_equal(x->got[n].len, 60 + n);
		assert_memory_equal(x->got[n].bytes, frame_of(60 + n), 60 + n);
	}
	assert_int_equal(x->plug->port.out.frames, 100);
}

static void frames_go_one_a_datagram(void **state)
{
	struct fixture *x = *state;
	uint8_t got[2000];

	for (size_t len = 14; len < 1514; len += 100) {
		peer_sends(x, frame_of(len), len, NULL);
		assert_int_equal(recv(x->other, got, sizeof(got), MSG_DONTWAIT), len);
		assert_memory_equal(got, frame_of(len), len);
	}
	assert_int_equal(x->plug->port.in.frames, 15);
}

static void what_is_no_frame_is_counted(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(send(x->other, frame_of(0), 0, 0), 0);
	assert_int_equal(send(x->other, frame_of(13), 13, 0), 13);
	assert_int_equal(send(x->other, frame_of(60), 60, 0), 60);
	assert_true(send(x->other, frame_of(1), FRAME_MAX + 50, 0) > 0);
	assert_int_equal(send(x->other, frame_of(61), 61, 0), 61);
	await_frames(x, 2);
	assert_int_equal(x->got[0].len, 60);
	assert_int_equal(x->got[1].len, 61);
	assert_int_equal(out_drops(x, DROP_RUNT), 2);
	assert_int_equal(out_drops(x, DROP_OVERSIZE), 1);
}

/* ---- Offloads ---- */

/* UDP over IPv4 in `b`, `payload` bytes of it; its offload, with the pseudo header's sum
 * left out. */
static struct frame_offload put_udp(uint8_t *b, uint16_t payload, uint16_t gso_size)
{
	const uint8_t ip[] = { 0x45, 0, 0, 0, 0, 9, 0x40, 0, 9, 17, 0, 0, 10, 0, 0, 1, 10,
		0, 0, 255 };

	memcpy(b, frame_of(1), 12);
	b[12] = 8;
	b[13] = 0;
	memcpy(b + 14, ip, sizeof(ip));
	memset(b + 34, 0, 8);
	for (int i = 0; i < payload; i++)
		b[42 + i] = (uint8_t)(i / 100);
	return (struct frame_offload) { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_size ? VIRTIO_NET_HDR_GSO_UDP_L4 : 0,
		.gso_size = gso_size,
		.hdr_len = 42,
		.csum_start = 34,
		.csum_offset = 6 };
}

/* Both sums of a UDP datagram are right. */
static void check_sums(const uint8_t *b, size_t len)
{
	uint16_t pseudo[2] = { htons(17), htons((uint16_t)(len - 34)) };
	uint64_t sum = checksum_add(0, b + 26, 8);

	assert_int_equal(checksum_fold(checksum_add(0, b + 14, 20)), 0);
	sum = checksum_add(sum, pseudo, 4);
	assert_int_equal(checksum_fold(checksum_add(sum, b + 34, len - 34)), 0);
}

static void a_large_frame_is_cut(void **state)
{
	struct fixture *x = *state;
	uint8_t *b = malloc(FRAME_MAX), got[2000];
	struct frame_offload o = put_udp(b, 5050, 100);

	for (int i = 0; i < 51; i++) {
		if (i == 0)
			peer_sends(x, b, 42 + 5050, &o);
		assert_int_equal(recv(x->other, got, sizeof(got), MSG_DONTWAIT),
			42 + (i < 50 ? 100 : 50));
		assert_int_equal(got[42], i);
		check_sums(got, 42u + (i < 50 ? 100 : 50));
	}
	assert_true(recv(x->other, got, sizeof(got), MSG_DONTWAIT) < 0);
	assert_int_equal(x->plug->port.in.frames, 1);
	free(b);
}

/* Parts that fill the burst exactly, so that the last has gone when the end is seen. */
static void a_frame_of_just_a_burst(void **state)
{
	struct fixture *x = *state;
	uint8_t b[4000], got[2000];
	struct frame_offload o = put_udp(b, 3200, 100);

	peer_sends(x, b, 42 + 3200, &o);
	for (int i = 0; i < 32; i++)
		assert_int_equal(recv(x->other, got, sizeof(got), MSG_DONTWAIT), 142);
	assert_int_equal(x->plug->port.in.frames, 1);
}

static void a_lying_offload_is_dropped(void **state)
{
	struct fixture *x = *state;
	uint8_t b[4000], got[2000];
	struct frame_offload o = put_udp(b, 3200, 100);

	b[14 + 9] = 6; /* no UDP */
	peer_sends(x, b, 42 + 3200, &o);
	assert_int_equal(in_drops(x, DROP_UNSUPPORTED), 1);
	assert_int_equal(x->plug->port.in.frames, 0);
	peer_sends(x, frame_of(99), 99, NULL);
	assert_int_equal(recv(x->other, got, sizeof(got), MSG_DONTWAIT), 99);
}

/* ---- No room, nobody there ---- */

static void what_has_no_room_is_dropped(void **state)
{
	struct fixture *x = *state;
	uint8_t got[2000];
	int there = 0;

	for (int i = 0; i < 2000; i++)
		peer_sends(x, frame_of(1000), 1000, NULL);
	while (recv(x->other, got, sizeof(got), MSG_DONTWAIT) == 1000)
		there++;
	assert_true(there > 0 && there < 2000);
	assert_int_equal(x->plug->port.in.frames, there);
	assert_int_equal(in_drops(x, DROP_FULL), 2000 - there);
	peer_sends(x, frame_of(1000), 1000, NULL);
	assert_int_equal(recv(x->other, got, sizeof(got), MSG_DONTWAIT), 1000);
}

static void a_closed_peer_is_the_end(void **state)
{
	struct fixture *x = *state;
	struct lan_stat_port stat = { 0 };

	close(x->other);
	x->other = -1;
	for (int i = 0; i < 3; i++)
		peer_sends(x, frame_of(60), 60, NULL);
	assert_int_equal(in_drops(x, DROP_DETACHED), 3);
	assert_int_equal(x->n_gone, 0);
	assert_true(loop_once(x->host.loop, 0) >= 0);
	assert_true(loop_once(x->host.loop, 0) >= 0);
	assert_int_equal(x->n_gone, 1);
	assert_string_equal(x->why, "its other side closed the socket");
	x->plug->ops->stat(x->plug, &stat);
	assert_int_equal(stat.state, LAN_PORT_GONE);
	peer_sends(x, frame_of(60), 60, NULL);
	assert_int_equal(in_drops(x, DROP_DETACHED), 4);
}

/* ---- UDP ---- */

static int udp_socket(struct sockaddr_in *own)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(*own);

	*own = (struct sockaddr_in) { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)own, sizeof(*own)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)own, &len), 0);
	return fd;
}

static int begin_udp(void **state)
{
	struct fixture *x = malloc(sizeof(*x));
	struct sockaddr_in a, b;
	int fd = udp_socket(&a);

	fixture_begin(x);
	x->other = udp_socket(&b);
	assert_int_equal(connect(fd, (struct sockaddr *)&b, sizeof(b)), 0);
	assert_int_equal(connect(x->other, (struct sockaddr *)&a, sizeof(a)), 0);
	plug_in(x, fd);
	*state = x;
	return 0;
}

static void a_tunnel_by_udp(void **state)
{
	struct fixture *x = *state;
	uint8_t got[2000];

	assert_int_equal(send(x->other, frame_of(600), 600, 0), 600);
	await_frames(x, 1);
	assert_memory_equal(x->got[0].bytes, frame_of(600), 600);
	peer_sends(x, frame_of(700), 700, NULL);
	assert_int_equal(recv(x->other, got, sizeof(got), 0), 700);
	assert_memory_equal(got, frame_of(700), 700);
}

/* 65507 bytes are the most that UDP takes; what is behind that frame still goes. */
static void what_udp_cannot_take_is_unsupported(void **state)
{
	struct fixture *x = *state;
	const size_t len = 65520;
	uint8_t got[2000], *large = malloc(len);
	const struct frame_offload none = { 0 };
	struct iovec iov[3] = { { (void *)(uintptr_t)frame_of(100), 100 }, { large, len },
		{ (void *)(uintptr_t)frame_of(100), 100 } };
	struct frame f[3];

	memcpy(large, frame_of(100), len);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			frame_read(&f[i], &iov[i], 1, 0, iov[i].iov_len, &none, false),
			DROP_NONE);
	switch_input(x->host.sw, &x->peer, f, 3, lan_now());
	for (int i = 0; i < 2; i++)
		assert_int_equal(recv(x->other, got, sizeof(got), 0), 100);
	assert_int_equal(in_drops(x, DROP_UNSUPPORTED), 1);
	assert_int_equal(x->plug->port.in.frames, 2);
	free(large);
}

/* Nobody has the port for a while: frames are lost, the socket goes on. */
static void a_refusal_is_passed_over(void **state)
{
	struct fixture *x = *state;
	struct sockaddr_in own, peer;
	socklen_t len = sizeof(own);
	uint8_t got[100];

	assert_int_equal(getsockname(x->other, (struct sockaddr *)&own, &len), 0);
	assert_int_equal(getpeername(x->other, (struct sockaddr *)&peer, &len), 0);
	close(x->other);
	for (int i = 0; i < 5; i++) {
		peer_sends(x, frame_of(60), 60, NULL);
		assert_true(loop_once(x->host.loop, 0) >= 0);
	}
	peer_sends(x, frame_of(60), 60, NULL); /* leaves an error for the next */

	x->other = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(x->other, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(x->other, (struct sockaddr *)&peer, sizeof(peer)), 0);
	peer_sends(x, frame_of(61), 61, NULL);
	assert_int_equal(recv(x->other, got, sizeof(got), 0), 61);
	assert_int_equal(send(x->other, frame_of(62), 62, 0), 62);
	await_frames(x, 1);
	assert_int_equal(x->n_gone, 0);
}

static void other_descriptors_are_refused(void **state)
{
	struct fixture x;
	int fds[2], before = open("/dev/null", O_RDWR), after;

	(void)state;
	close(before);
	fixture_begin(&x);
	assert_int_equal(
		port_dgram_create(&x.host, &conf, open("/dev/null", O_RDWR), &x.plug),
		-EINVAL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(port_dgram_create(&x.host, &conf, fds[0], &x.plug), -EINVAL);
	close(fds[1]);
	assert_null(x.plug);
	fixture_end(&x);
	after = open("/dev/null", O_RDWR);
	assert_int_equal(before, after); /* none was left open */
	close(after);
}

static void a_port_without_anything(void **state)
{
	struct lan_port none = conf;
	struct lan_stat_port stat = { 0 };
	struct fixture x;

	(void)state;
	fixture_begin(&x);
	none.kind = LAN_PORT_NONE;
	assert_int_equal(port_none_create(&x.host, &none, &x.plug), 0);
	peer_sends(&x, frame_of(60), 60, NULL);
	assert_int_equal(in_drops(&x, DROP_DETACHED), 1);
	x.plug->ops->stat(x.plug, &stat);
	assert_int_equal(stat.state, LAN_PORT_IDLE);
	fixture_end(&x);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
#define UDP(f)  cmocka_unit_test_setup_teardown(f, begin_udp, end)
	const struct CMUnitTest tests[] = {
		TEST(frames_come_in_bursts),
		TEST(frames_go_one_a_datagram),
		TEST(what_is_no_frame_is_counted),
		TEST(a_large_frame_is_cut),
		TEST(a_frame_of_just_a_burst),
		TEST(a_lying_offload_is_dropped),
		TEST(what_has_no_room_is_dropped),
		TEST(a_closed_peer_is_the_end),
		UDP(a_tunnel_by_udp),
		UDP(what_udp_cannot_take_is_unsupported),
		UDP(a_refusal_is_passed_over),
		cmocka_unit_test(other_descriptors_are_refused),
		cmocka_unit_test(a_port_without_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
