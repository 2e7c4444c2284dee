/* A NIC that is not coupled: the link is down, what is sent is dropped and counted; what
 * it offers is what LANs can, and its control queue answers. */
#include "tests/fake/virtio_driver.h"

#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SLOT   6
#define HEADER sizeof(struct virtio_net_hdr_v1)
#define FEATURES                                                                 \
	(DRIVER_VERSION_1 | 1u << VIRTIO_NET_F_MAC | 1u << VIRTIO_NET_F_STATUS | \
		1u << VIRTIO_NET_F_MTU)

enum { RX, TX, CONTROL, QUEUES };

static struct fake_machine *f;
static struct device *net;
static struct virtio_driver d;

static int setup(void **state)
{
	const struct device_conf conf = {
		.vdev = 0x600, .slot = SLOT, .fd = -1, .mac = { 2, 0, 0, 0, 0, 9 }
	};

	(void)state;
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_net, &conf, &net))
		return -1;
	return !driver_find(&d, f, SLOT) || !driver_start(&d, FEATURES, 2, 16);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(net);
	fake_machine_destroy(f);
	return 0;
}

static int setup_control(void **state)
{
	int err = setup(state);

	return err ||
	       !driver_start(&d, FEATURES | 1u << VIRTIO_NET_F_CTRL_VQ, QUEUES, 16);
}

static struct device_stat stat_now(void)
{
	struct device_stat stat;

	net->ops->stat(net, &stat);
	return stat;
}

static void test_configuration(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };

	(void)state;
	assert_true(d.features == FEATURES);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(fake_read(f, d.config + i, 1), mac[i]);
	assert_int_equal(fake_read(f, d.config + 6, 2), 0); /* the link is down */
	assert_int_equal(fake_read(f, d.config + 10, 2), 1500);
}

static void test_frames_are_dropped(void **state)
{
	struct driver_buf frame = { driver_alloc(&d, 100), HEADER + 60, false };

	(void)state;
	for (int i = 0; i < 40; i++) {
		driver_add(&d, TX, &frame, 1);
		driver_kick(&d, TX);
		fake_run(f);
		assert_true(driver_used(&d, TX, NULL) >= 0);
	}
	assert_int_equal(stat_now().errors, 40);
	assert_int_equal(stat_now().out_ops, 40);
	assert_int_equal(stat_now().out_bytes, 40 * 60);
	assert_int_equal(f->broken, 0);
}

static void test_nothing_is_received(void **state)
{
	struct driver_buf buf = { driver_alloc(&d, 1600), 1600, true };
	uint8_t *bytes = driver_at(&d, buf.gpa);

	(void)state;
	memset(bytes, 0x77, 1600);
	driver_add(&d, RX, &buf, 1);
	driver_kick(&d, RX);
	fake_run(f);
	assert_int_equal(driver_used(&d, RX, NULL), -1);
	for (int i = 0; i < 1600; i++)
		assert_int_equal(bytes[i], 0x77);
}

/* Who gives buffers that nobody will fill need not say so each time. */
static void test_receive_buffers_need_no_kick(void **state)
{
	(void)state;
	fake_run(f);
	assert_int_equal(*(uint16_t *)driver_at(&d, d.queue[RX].used), 1);
	assert_int_equal(*(uint16_t *)driver_at(&d, d.queue[TX].used), 0);
}

static void test_a_frame_without_header(void **state)
{
	struct driver_buf frame = { driver_alloc(&d, 100), HEADER, false };

	(void)state;
	driver_add(&d, TX, &frame, 1);
	driver_kick(&d, TX);
	fake_run(f);
	assert_int_equal(f->broken, 1);
	assert_int_equal(f->broken_vdev, 0x600);
}

/* With or without a LAN. */
static void test_what_is_offered(void **state)
{
	static const unsigned bits[] = { VIRTIO_NET_F_CSUM, VIRTIO_NET_F_GUEST_CSUM,
		VIRTIO_NET_F_MTU, VIRTIO_NET_F_MAC, VIRTIO_NET_F_GUEST_TSO4,
		VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_HOST_TSO4,
		VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_MRG_RXBUF,
		VIRTIO_NET_F_STATUS, VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_CTRL_RX, 28, 29,
		32, 54, 55, 56 };
	uint64_t expected = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		expected |= UINT64_C(1) << bits[i];
	assert_true(driver_negotiate(&d, ~UINT64_C(0)));
	assert_true(d.features == expected);
}

/* The answer to a command of these bytes; -1: none came. */
static int command(const void *bytes, uint32_t len)
{
	gpa_t at = driver_alloc(&d, 64);
	struct driver_buf buf[] = { { at, len, false }, { at + 63, 1, true } };
	uint8_t *answer = driver_at(&d, at + 63);
	uint32_t written;

	memcpy(driver_at(&d, at), bytes, len);
	*answer = 0x55;
	driver_add(&d, CONTROL, buf, 2);
	driver_kick(&d, CONTROL);
	fake_run(f);
	if (driver_used(&d, CONTROL, &written) < 0)
		return -1;
	assert_int_equal(written, 1);
	return *answer;
}

static void test_commands(void **state)
{
	static const struct {
		uint8_t bytes[16];
		uint32_t len;
		int answer;
	} commands[] = {
		{ { 0, 0, 1 }, 3, VIRTIO_NET_OK },     /* promiscuous */
		{ { 0, 1, 1 }, 3, VIRTIO_NET_OK },     /* all groups */
		{ { 0, 2, 1 }, 3, VIRTIO_NET_ERR },    /* not offered */
		{ { 0, 0 }, 2, VIRTIO_NET_ERR },       /* cut off */
		{ { 0 }, 1, VIRTIO_NET_ERR },          /* likewise */
		{ { 1, 0 }, 10, VIRTIO_NET_OK },       /* no addresses */
		{ { 1, 0, 1 }, 16, VIRTIO_NET_OK },    /* one */
		{ { 1, 0, 0 }, 9, VIRTIO_NET_ERR },    /* half a table */
		{ { 1, 1, 2 }, 8, VIRTIO_NET_ERR },    /* its own: not offered */
		{ { 4, 0, 1, 0 }, 4, VIRTIO_NET_ERR }, /* pairs: not agreed on */
		{ { 99, 99 }, 2, VIRTIO_NET_ERR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_int_equal(
			command(commands[i].bytes, commands[i].len), commands[i].answer);
	assert_int_equal(f->broken, 0);
}

static void test_a_command_without_room(void **state)
{
	struct driver_buf buf = { driver_alloc(&d, 4), 3, false };

	(void)state;
	driver_add(&d, CONTROL, &buf, 1);
	driver_kick(&d, CONTROL);
	fake_run(f);
	assert_int_equal(f->broken, 1);
}

#define CONTROLS(name) cmocka_unit_test_setup_teardown(name, setup_control, teardown)
#define TEST(name)     cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_configuration),
		TEST(test_frames_are_dropped),
		TEST(test_nothing_is_received),
		TEST(test_receive_buffers_need_no_kick),
		TEST(test_a_frame_without_header),
		TEST(test_what_is_offered),
		CONTROLS(test_commands),
		CONTROLS(test_a_command_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
