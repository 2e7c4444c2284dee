/* A driver without a guest, against a backend that keeps to the rules and one that does
 * not. */
#include "cp/lib/vnic.h"
#include "tests/fake/vhost_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BIT(n)    (UINT64_C(1) << (n))
#define EVENT_IDX BIT(29)
#define HEADER    sizeof(struct virtio_net_hdr_v1)
#define QUEUE     8
#define BUFFER    256

#define BASIC                                                    \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF) | \
		BIT(VHU_F_PROTOCOL_FEATURES))

enum { RX, TX };

static struct vhost_backend b;
static struct vnic *v;

static const struct vnic_conf conf = {
	.queue_size = QUEUE, .buffer = BUFFER, .answer_ms = 1000
};

static int plug(uint64_t features)
{
	int fd = backend_create(&b, features, BIT(VHU_P_MQ) | BIT(VHU_P_REPLY_ACK), 1);

	if (vnic_create(fd, &conf, &v))
		return -1;
	backend_settle(&b);
	return !b.ring[RX].enabled || !b.ring[TX].enabled;
}

static int setup(void **state)
{
	(void)state;
	return plug(BASIC | EVENT_IDX);
}

static int setup_flags(void **state)
{
	(void)state;
	return plug(BASIC);
}

static int teardown(void **state)
{
	(void)state;
	vnic_destroy(v);
	v = NULL;
	backend_destroy(&b);
	return 0;
}

static int send(const void *frame, size_t len)
{
	const struct iovec seg = { (void *)frame, len };

	return vnic_tx(v, NULL, &seg, 1, 0, len);
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* The backend sends a frame: `len` bytes of `with`. */
static bool frame_comes(size_t len, char with)
{
	char *frame = calloc(1, HEADER + len);
	bool done;

	memset(frame + HEADER, with, len);
	done = backend_put(&b, RX, frame, HEADER + len);
	free(frame);
	return done;
}

static void assert_frame(const struct vnic_frame *f, size_t len, char with)
{
	size_t at = 0;

	assert_int_equal(f->len, len);
	for (int i = 0; i < f->n_seg; i++)
		for (size_t j = 0; j < f->seg[i].iov_len; j++, at++)
			assert_int_equal(((char *)f->seg[i].iov_base)[j], with);
	assert_int_equal(at, len);
}

static void test_a_frame_goes_out(void **state)
{
	const struct virtio_net_hdr_v1 hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = 34 };
	struct iovec seg[] = { { (void *)"ignored hel", 11 }, { (void *)"lo", 2 } };
	char frame[64];

	(void)state;
	assert_true(backend_kicked(&b, TX)); /* the first, of the start */
	assert_int_equal(vnic_tx(v, &hdr, seg, 2, 8, 5), 0);
	assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), -1);
	vnic_tx_flush(v);
	assert_true(backend_kicked(&b, TX));
	assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), HEADER + 5);
	assert_memory_equal(frame, &hdr, HEADER);
	assert_memory_equal(frame + HEADER, "hello", 5);
}

static void test_a_busy_backend_is_not_kicked(void **state)
{
	char frame[64];

	(void)state;
	backend_kicked(&b, TX);
	vring_disable_kicks(&b.ring[TX].vring);
	send("x", 1);
	vnic_tx_flush(v);
	assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), HEADER + 1);
	send("y", 1);
	vnic_tx_flush(v);
	backend_kicked(&b, TX); /* with EVENT_IDX the old wish was still there, once */
	send("z", 1);
	vnic_tx_flush(v);
	assert_false(backend_kicked(&b, TX));
	vring_enable_kicks(&b.ring[TX].vring);
	send("z", 1);
	vnic_tx_flush(v);
	assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), HEADER + 1);
}

static void test_a_full_ring(void **state)
{
	char frame[64];

	(void)state;
	for (int i = 0; i < QUEUE; i++)
		assert_int_equal(send("x", 1), 0);
	assert_int_equal(send("x", 1), -EAGAIN);
	assert_false(vnic_tx_wait(v));
	for (int i = 0; i < QUEUE; i++) {
		assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), HEADER + 1);
		backend_call(&b, TX);
	}
	assert_true(readable(vnic_tx_fd(v)));
	vnic_tx_seen(v);
	assert_false(readable(vnic_tx_fd(v)));
	assert_int_equal(send("x", 1), 0);
	assert_true(vnic_tx_wait(v));
}

/* Frames of many sizes pass round the ring's end in order and whole. */
static void test_all_sizes_pass(void **state)
{
	static char data[QUEUE * BUFFER], frame[QUEUE * BUFFER + 64];
	size_t room = QUEUE * BUFFER - HEADER, taken = 0, sent = 0;
	static const size_t size[] = { 1, 700, 60, 1000, 2000, 64, 1200, 5, 900 };
	const size_t n = sizeof(size) / sizeof(size[0]) * 40;

	(void)state;
	while (taken < n) {
		memset(data, (char)('a' + sent % 26), sizeof(data));
		if (sent < n && send(data, size[sent % 9]) == 0) {
			sent++;
			continue;
		}
		vnic_tx_flush(v);
		assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)),
			HEADER + size[taken % 9]);
		for (size_t i = 0; i < size[taken % 9]; i++)
			assert_int_equal(frame[HEADER + i], 'a' + taken % 26);
		taken++;
	}
	assert_true(size[4] < room);
	assert_int_equal(send(data, sizeof(data)), -EMSGSIZE);
	assert_int_equal(send(data, SIZE_MAX), -EMSGSIZE);
}

static void test_a_short_source(void **state)
{
	const struct iovec seg = { (void *)"abc", 3 };

	(void)state;
	assert_int_equal(vnic_tx(v, NULL, &seg, 1, 1, 3), -EINVAL);
	assert_int_equal(vnic_tx(v, NULL, &seg, 1, 1, 2), 0);
}

static void test_frames_come(void **state)
{
	struct vnic_frame f[VNIC_BURST];

	(void)state;
	assert_false(vnic_rx_wait(v));
	assert_int_equal(vnic_rx(v, f, VNIC_BURST), 0);
	assert_true(frame_comes(60, 'a'));
	assert_true(frame_comes(900, 'b'));
	backend_call(&b, RX);
	assert_true(readable(vnic_rx_fd(v)));
	vnic_rx_seen(v);
	assert_int_equal(vnic_rx(v, f, VNIC_BURST), 2);
	assert_frame(&f[0], 60, 'a');
	assert_frame(&f[1], 900, 'b');
	assert_int_equal(f[1].hdr->num_buffers, 4);
	assert_int_equal(f[1].n_seg, 4);
	vnic_rx_done(v);
	for (int i = 0; i < 100; i++) {
		assert_true(frame_comes(1500, 'c'));
		assert_int_equal(vnic_rx(v, f, VNIC_BURST), 1);
		assert_frame(&f[0], 1500, 'c');
		vnic_rx_done(v);
	}
}

static void test_no_more_room_than_buffers(void **state)
{
	struct vnic_frame f[VNIC_BURST];

	(void)state;
	assert_true(frame_comes(QUEUE * BUFFER - HEADER, 'a'));
	assert_false(frame_comes(1, 'b'));
	assert_int_equal(vnic_rx(v, f, VNIC_BURST), 1);
	assert_false(frame_comes(1, 'b')); /* still ours */
	vnic_rx_done(v);
	assert_true(frame_comes(1, 'b'));
}

static void test_frames_are_left(void **state)
{
	struct vnic_frame f[VNIC_BURST];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_true(frame_comes(300, (char)('a' + i)));
	assert_int_equal(vnic_rx(v, f, VNIC_BURST), 4);
	vnic_rx_leave(v, 1);
	vnic_rx_done(v);
	assert_int_equal(vnic_rx(v, f, 2), 2);
	assert_frame(&f[0], 300, 'b');
	assert_frame(&f[1], 300, 'c');
	vnic_rx_leave(v, 2); /* all were used */
	vnic_rx_done(v);
	assert_true(vnic_rx_wait(v));
	assert_int_equal(vnic_rx(v, f, 2), 1);
	assert_frame(&f[0], 300, 'd');
}

static void test_calls_only_where_wanted(void **state)
{
	struct vnic_frame f[VNIC_BURST];

	(void)state;
	vnic_rx_quiet(v);
	frame_comes(60, 'a');
	backend_call(&b, RX);
	assert_false(readable(vnic_rx_fd(v)));
	assert_true(vnic_rx_wait(v));
	assert_int_equal(vnic_rx(v, f, VNIC_BURST), 1);
	vnic_rx_done(v);
	assert_false(vnic_rx_wait(v));
	frame_comes(60, 'a');
	backend_call(&b, RX);
	assert_true(readable(vnic_rx_fd(v)));
}

static void test_the_backend_goes(void **state)
{
	(void)state;
	assert_false(readable(vnic_sock_fd(v)));
	close(b.fd);
	b.fd = -1;
	assert_true(readable(vnic_sock_fd(v)));
	assert_int_equal(send("x", 1), 0); /* into nothing */
}

/* ---- a backend that breaks the rules ---- */

/* An entry of the used ring that no vring_push() would write. */
static void forge(unsigned ring, uint32_t id, uint32_t len)
{
	vring_push(&b.ring[ring].vring, (uint16_t)id, len);
}

static void set_header(uint16_t num_buffers)
{
	static struct vring_chain chain;
	struct virtio_net_hdr_v1 hdr = { .num_buffers = num_buffers };

	assert_int_equal(vring_pop(&b.ring[RX].vring, &chain), 1);
	iov_write(chain.in, chain.n_in, 0, &hdr, sizeof(hdr));
}

static void refused(void)
{
	struct vnic_frame f[VNIC_BURST];

	assert_int_equal(vnic_rx(v, f, VNIC_BURST), -EPROTO);
	assert_int_equal(vnic_rx(v, f, VNIC_BURST), -EPROTO);
	assert_int_equal(send("x", 1), -EPROTO);
}

static void test_hostile_receive(void **state)
{
	static const struct {
		uint32_t id, len;
		uint16_t buffers;
	} bad[] = {
		{ QUEUE, 100, 1 },    /* no such buffer */
		{ 0, BUFFER + 1, 1 }, /* longer than it is */
		{ 0, HEADER - 1, 1 }, /* shorter than a header */
		{ 0, HEADER, 1 },     /* nothing in it */
		{ 0, 100, 0 },        /* no buffers */
		{ 0, 100, 2 },        /* more than came */
		{ 0, 0, 1 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_header(bad[i].buffers);
		forge(RX, bad[i].id, bad[i].len);
		refused();
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void test_a_buffer_twice(void **state)
{
	(void)state;
	set_header(1);
	forge(RX, 0, 100);
	forge(RX, 0, 100);
	refused();
}

static void test_more_than_there_are(void **state)
{
	(void)state;
	set_header(1);
	for (int i = 0; i <= QUEUE; i++)
		forge(RX, 0, 100);
	refused();
}

static void test_hostile_transmit(void **state)
{
	static const uint32_t bad[] = { QUEUE, 1, 7 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send("x", 1);
		vnic_tx_flush(v);
		forge(TX, bad[i], 0);
		assert_true(vnic_tx_wait(v));
		assert_int_equal(send("x", 1), -EPROTO);
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
	forge(TX, 0, 0); /* nothing is under way */
	assert_true(vnic_tx_wait(v));
	assert_int_equal(send("x", 1), -EPROTO);
}

/* The memory that the backend was given stays as large as it is. */
static void test_the_memory_is_sealed(void **state)
{
	struct vhost_backend other;
	struct vhost_user_msg msg;
	struct vnic *w;
	int fd = backend_create(&other, BASIC, 0, 0);

	(void)state;
	assert_int_equal(vnic_create(fd, &conf, &w), 0);
	do
		assert_int_equal(vhost_user_recv(other.fd, &msg, 0), 0);
	while (msg.request != VHU_SET_MEM_TABLE);
	assert_int_equal(ftruncate(msg.fds[0], 4096), -1);
	assert_int_equal(errno, EPERM);
	assert_int_not_equal(fcntl(msg.fds[0], F_GET_SEALS) & F_SEAL_SEAL, 0);
	vhost_user_close_fds(&msg);
	vnic_destroy(w);
	backend_destroy(&other);
}

static void refuse(uint64_t features, const struct vnic_conf *c, int err)
{
	struct vhost_backend other;
	struct vnic *w;
	int fd = backend_create(&other, features, 0, 0);

	assert_int_equal(vnic_create(fd, c, &w), err);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
	backend_destroy(&other);
}

static void test_what_is_lacking(void **state)
{
	struct vnic_conf c = conf;

	(void)state;
	refuse(BIT(VIRTIO_F_VERSION_1), &conf, -EOPNOTSUPP);
	refuse(BIT(VIRTIO_NET_F_MRG_RXBUF), &conf, -EOPNOTSUPP);
	c.features = BIT(VIRTIO_NET_F_CSUM);
	refuse(BASIC, &c, -EOPNOTSUPP);
	c.queue_size = 3;
	refuse(BASIC, &c, -EINVAL);
	c = conf;
	c.buffer = 100;
	refuse(BASIC, &c, -EINVAL);
}

static void test_what_is_agreed(void **state)
{
	(void)state;
	assert_true(vnic_features(v) ==
		    (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF) | EVENT_IDX));
	assert_true(b.features == (BASIC | EVENT_IDX));
	assert_true(b.protocol == (BIT(VHU_P_MQ) | BIT(VHU_P_REPLY_ACK)));
}

static void test_a_silent_backend(void **state)
{
	struct vnic_conf c = conf;
	struct vnic *w;
	struct vhost_backend other = { .fd = -1 };
	int fd = backend_create(
		&other, BIT(VIRTIO_F_VERSION_1) | BIT(VHU_F_PROTOCOL_FEATURES), 0, 0);
	struct vhost_user_msg msg;

	(void)state;
	c.answer_ms = 1;
	assert_int_equal(vhost_user_recv(fd, &msg, 0), 0); /* nobody will see it now */
	assert_int_equal(vhost_user_recv(fd, &msg, 0), 0);
	assert_int_equal(vnic_create(fd, &c, &w), -ETIMEDOUT);
	backend_destroy(&other);
}

#define TEST(f)       cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_FLAGS(f) cmocka_unit_test_setup_teardown(f, setup_flags, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_frame_goes_out),
		TEST(test_a_busy_backend_is_not_kicked),
		TEST_FLAGS(test_a_busy_backend_is_not_kicked),
		TEST(test_a_full_ring),
		TEST_FLAGS(test_a_full_ring),
		TEST(test_all_sizes_pass),
		TEST(test_a_short_source),
		TEST(test_frames_come),
		TEST(test_no_more_room_than_buffers),
		TEST(test_frames_are_left),
		TEST(test_calls_only_where_wanted),
		TEST_FLAGS(test_calls_only_where_wanted),
		TEST(test_the_backend_goes),
		TEST(test_hostile_receive),
		TEST(test_a_buffer_twice),
		TEST(test_more_than_there_are),
		TEST(test_hostile_transmit),
		TEST(test_the_memory_is_sealed),
		TEST(test_what_is_lacking),
		TEST(test_what_is_agreed),
		TEST(test_a_silent_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
