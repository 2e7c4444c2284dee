/* A NIC on a LAN: its rings are another process's, here a thread of the test's, while the
 * driver runs; and its own again when the driver stops or the other side has gone. */
#include "cp/guest_abi.h"
#include "cp/lib/vhost_user.h"
#include "cp/lib/vring.h"
#include "tests/fake/lan.h"
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT     7
#define VDEV     0x0600
#define HEADER   sizeof(struct virtio_net_hdr_v1)
#define PROTOCOL (UINT64_C(1) << VHU_F_PROTOCOL_FEATURES)
#define THEIRS   (DRIVER_VERSION_1 | DRIVER_EVENT_IDX | PROTOCOL)

enum { RX, TX, RINGS };

static struct fake_machine *f;
static struct device *net;
static struct virtio_driver d;
static struct fake_lan lan;

static bool has_both_rings(const struct fake_lan *l)
{
	return l->ring[RX].enabled && l->ring[TX].enabled;
}

static bool is_owned(const struct fake_lan *l)
{
	return l->owners == 1;
}

static int make_net(int fd)
{
	const struct device_conf conf = {
		.vdev = VDEV, .slot = SLOT, .fd = fd, .mac = { 2, 0, 0, 0, 0, 1 }
	};

	return device_create(&f->m, DEVICE_virtio_net, &conf, &net);
}

static int setup(void **state)
{
	(void)state;
	net = NULL;
	if (fake_machine_create(&f) || make_net(fake_lan_start(&lan, THEIRS)))
		return -1;
	return !driver_find(&d, f, SLOT);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(net);
	fake_lan_stop(&lan);
	fake_machine_destroy(f);
	return 0;
}

static void start(void)
{
	lan.ring[RX].enabled = lan.ring[TX].enabled = 0;
	assert_true(driver_start(&d, ~UINT64_C(0), 2, 16));
	fake_lan_wait(&lan, has_both_rings);
}

/* The LAN takes one frame from the sender's ring and says so. */
static void lan_takes_frame(const char *text)
{
	char bytes[64] = { 0 };

	assert_int_equal(
		fake_lan_take(&lan, TX, bytes, sizeof(bytes)), HEADER + strlen(text));
	assert_string_equal(bytes + HEADER, text);
}

static void send_frame(const char *text)
{
	uint32_t len = (uint32_t)(HEADER + strlen(text));
	gpa_t at = driver_alloc(&d, len);

	memcpy((char *)driver_at(&d, at) + HEADER, text, strlen(text));
	driver_add(&d, TX, &(struct driver_buf) { at, len, false }, 1);
	driver_kick(&d, TX);
	fake_run(f);
}

static bool kicked(unsigned q)
{
	return fake_lan_kicked(&lan, q);
}

static int link_is(void)
{
	return (int)fake_read(f, d.config + 6, 2);
}

static uint64_t errors(void)
{
	struct device_stat stat;

	net->ops->stat(net, &stat);
	return stat.errors;
}

/* The queue whose call descriptor the machine watches with this message, or -1. */
static int routed(uint32_t data)
{
	for (int i = 0; i < f->n_irqfds; i++)
		if (f->irqfd[i].data == data && f->irqfd[i].addr == DRIVER_MSI_ADDR)
			return f->irqfd[i].fd;
	return -1;
}

static void test_the_link_is_up(void **state)
{
	(void)state;
	assert_int_equal(link_is(), 1);
	assert_true(driver_negotiate(&d, ~UINT64_C(0)));
	assert_true(d.features & DRIVER_EVENT_IDX);
	assert_false(d.features & DRIVER_INDIRECT); /* the LAN cannot do that */
	fake_lan_wait(&lan, is_owned);
	assert_int_equal(lan.messages, 5);
}

static void test_the_rings_go_over(void **state)
{
	struct gmem g;
	struct vring ring;

	(void)state;
	start();
	assert_true(lan.features == THEIRS);
	assert_int_equal(lan.memory.memory.n, 1);
	assert_int_equal(lan.memory.n_fds, 1);
	assert_int_equal(lan.memory.memory.region[0].size, FAKE_STORAGE);
	for (unsigned q = 0; q < RINGS; q++) {
		assert_int_equal(lan.ring[q].num, 16);
		assert_int_equal(lan.ring[q].base, 0);
		assert_int_equal(lan.ring[q].desc, d.queue[q].desc);
		assert_int_equal(lan.ring[q].avail, d.queue[q].avail);
		assert_int_equal(lan.ring[q].used, d.queue[q].used);
	}
	ring = fake_lan_ring(&lan, TX, &g);
	memcpy(driver_at(&d, 0x9000), "same", 4);
	assert_memory_equal((char *)gmem_at(ring.gmem, 0x9000, 4), "same", 4);
	fake_lan_unmap(&g);
}

static void test_frames_pass_us_by(void **state)
{
	(void)state;
	start();
	assert_true(kicked(TX)); /* there may be frames since before */
	assert_false(kicked(TX));
	send_frame("hello");
	assert_true(kicked(TX)); /* the loop has left it alone */
	lan_takes_frame("hello");
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_not_equal(routed(driver_msi(&d, TX + 1)), -1);
	assert_int_not_equal(routed(driver_msi(&d, RX + 1)), -1);
	assert_int_equal(errors(), 0);
}

static void set_masked(unsigned vector, bool masked)
{
	gpa_t table = GUEST_BAR_BASE + SLOT * PCI_BAR_SIZE + 0x7000;

	fake_write(f, table + 16 * vector + 12, masked, 4);
}

static void test_masked_interrupts_wait(void **state)
{
	(void)state;
	start();
	send_frame("x");
	set_masked(TX + 1, true);
	assert_int_equal(routed(driver_msi(&d, TX + 1)), -1);
	lan_takes_frame("x");
	fake_run(f);
	assert_int_equal(driver_interrupts(&d, TX + 1), 0);
	set_masked(TX + 1, false);
	assert_int_equal(driver_interrupts(&d, TX + 1), 1);
	assert_int_not_equal(routed(driver_msi(&d, TX + 1)), -1);
}

/* A descriptor that the LAN shares with us could make us wait: what it wrote is there
 * still, and each further call is seen. */
static void test_calls_are_not_read(void **state)
{
	(void)state;
	start();
	set_masked(TX + 1, true);
	for (eventfd_t n = 1; n < 4; n++) {
		eventfd_t count = 0;

		send_frame("x");
		lan_takes_frame("x");
		fake_run(f);
		assert_int_equal(eventfd_read(lan.ring[TX].call, &count), 0);
		assert_int_equal(count, 1);
		set_masked(TX + 1, false);
		assert_int_equal(driver_interrupts(&d, TX + 1), n);
		set_masked(TX + 1, true);
	}
}

static void test_reset_takes_the_rings_back(void **state)
{
	(void)state;
	start();
	driver_set_status(&d, 0);
	assert_int_equal(lan.ring[RX].stops, 1);
	assert_int_equal(lan.ring[TX].stops, 1);
	assert_int_equal(f->n_irqfds, 0);
	start();
	assert_int_equal(lan.ring[TX].base, 0);
	send_frame("again");
	lan_takes_frame("again");
}

static void test_quiesce_and_resume(void **state)
{
	(void)state;
	start();
	send_frame("one");
	lan_takes_frame("one");
	lan.ring[RX].enabled = lan.ring[TX].enabled = 0;
	net->ops->quiesce(net);
	assert_int_equal(lan.ring[TX].stops, 1);
	assert_int_equal(driver_interrupts(&d, TX + 1), 1); /* it may have missed one */
	send_frame("two");
	net->ops->resume(net);
	fake_lan_wait(&lan, has_both_rings);
	assert_int_equal(lan.ring[TX].base, 1);
	lan_takes_frame("two");
	net->ops->resume(net); /* once more is none too many */
	assert_int_equal(lan.ring[TX].stops, 1);
}

static void test_the_lan_goes(void **state)
{
	(void)state;
	start();
	send_frame("lost");
	fake_forget(f);
	shutdown(lan.fd, SHUT_RDWR);
	fake_run(f);
	assert_int_equal(link_is(), 1);
	assert_int_equal(driver_interrupts(&d, 0), 0);
	assert_int_equal(f->nics_lost, 1);
	assert_int_equal(f->lost_vdev, VDEV);
	assert_int_equal(f->n_irqfds, 0);
	assert_true(driver_used(&d, TX, NULL) >= 0); /* dropped by us */
	send_frame("dropped");
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(errors(), 2);
	assert_int_equal(f->broken, 0);
	assert_true(driver_start(&d, ~UINT64_C(0), 2, 16));
	send_frame("dropped");
	assert_int_equal(errors(), 3);
}

static void test_a_lan_that_talks_unasked(void **state)
{
	struct vhost_user_msg msg = { .request = VHU_SET_FEATURES };

	(void)state;
	start();
	assert_int_equal(vhost_user_send(lan.fd, &msg), 0);
	fake_run(f);
	assert_int_equal(link_is(), 1);
}

static void test_a_lan_that_falls_silent(void **state)
{
	(void)state;
	start();
	send_frame("x");
	fake_lan_mute(&lan);
	driver_set_status(&d, 0);
	assert_int_equal(driver_status(&d), 0);
	assert_int_equal(link_is(), 1);
	assert_true(driver_start(&d, ~UINT64_C(0), 2, 16));
	send_frame("y");
	assert_int_equal(errors(), 1);
}

/* ---- NICs that are not made ---- */

static int setup_machine(void **state)
{
	(void)state;
	net = NULL;
	return fake_machine_create(&f);
}

static void test_an_old_lan(void **state)
{
	int fd = fake_lan_start(&lan, PROTOCOL);

	(void)state;
	assert_int_equal(make_net(fd), -EOPNOTSUPP);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_a_lan_without_protocol_features(void **state)
{
	(void)state;
	assert_int_equal(make_net(fake_lan_start(&lan, DRIVER_VERSION_1)), 0);
	fake_lan_wait(&lan, is_owned);
	assert_int_equal(lan.messages, 2);
}

static void test_storage_that_is_not_shared(void **state)
{
	(void)state;
	f->m.n_banks = 0;
	assert_int_equal(make_net(fake_lan_start(&lan, THEIRS)), -EOPNOTSUPP);
}

static void test_a_lan_that_does_not_answer(void **state)
{
	int fd = fake_lan_start(&lan, THEIRS);

	(void)state;
	fake_lan_mute(&lan);
	assert_int_equal(make_net(fd), -ETIMEDOUT);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OTHER(name) cmocka_unit_test_setup_teardown(name, setup_machine, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_link_is_up),
		TEST(test_the_rings_go_over),
		TEST(test_frames_pass_us_by),
		TEST(test_masked_interrupts_wait),
		TEST(test_calls_are_not_read),
		TEST(test_reset_takes_the_rings_back),
		TEST(test_quiesce_and_resume),
		TEST(test_the_lan_goes),
		TEST(test_a_lan_that_talks_unasked),
		TEST(test_a_lan_that_falls_silent),
		OTHER(test_an_old_lan),
		OTHER(test_a_lan_without_protocol_features),
		OTHER(test_storage_that_is_not_shared),
		OTHER(test_a_lan_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
