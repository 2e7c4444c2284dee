/* A NIC that is coupled, uncoupled and coupled to another LAN under a driver that runs on
 * and is told nothing. */
#include "partitions/dev/nic.h"
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
#include <unistd.h>

#include <cmocka.h>

#define SLOT     7
#define VDEV     0x0600
#define HEADER   sizeof(struct virtio_net_hdr_v1)
#define ALL      (~UINT64_C(0))
#define PLAIN    (DRIVER_VERSION_1 | DRIVER_EVENT_IDX | DRIVER_INDIRECT)
#define BIT(n)   (UINT64_C(1) << (n))
#define PROTOCOL BIT(VHU_F_PROTOCOL_FEATURES)

enum { RX, TX, RX1, TX1, CONTROL };

static struct fake_machine *f;
static struct device *net;
static struct virtio_driver d;
static struct fake_lan a, b;
static char why[NIC_WHY];

static int make(unsigned pairs)
{
	const struct device_conf conf = {
		.vdev = VDEV,
		.slot = SLOT,
		.fd = -1,
		.mac = { 2, 0, 0, 0, 0, 1 },
		.pairs = pairs,
	};

	a = b = (struct fake_lan) { 0 };
	why[0] = '\0';
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_net, &conf, &net))
		return -1;
	return !driver_find(&d, f, SLOT);
}

static int setup(void **state)
{
	(void)state;
	return make(2);
}

static int setup_single(void **state)
{
	(void)state;
	return make(1);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(net);
	fake_lan_stop(&a);
	fake_lan_stop(&b);
	fake_machine_destroy(f);
	return 0;
}

static bool has_pair(const struct fake_lan *l)
{
	return l->ring[RX].enables && l->ring[TX].enables;
}

static bool has_all_rings(const struct fake_lan *l)
{
	return has_pair(l) && l->ring[RX1].enables && l->ring[TX1].enables;
}

static int couple(struct fake_lan *l, uint64_t offers)
{
	return nic_couple(net, fake_lan_start(l, offers), false, why);
}

static void uncouple(void)
{
	assert_int_equal(nic_couple(net, -1, false, why), 0);
}

static void send_frame(void)
{
	struct driver_buf frame = { driver_alloc(&d, 100), HEADER + 60, false };

	driver_add(&d, TX, &frame, 1);
	driver_kick(&d, TX);
	fake_run(f);
}

static void start_plain(void)
{
	assert_true(driver_start(&d, PLAIN, 2, 16));
	fake_run(f);
	fake_forget(f);
}

static struct device_stat stat_now(void)
{
	struct device_stat stat;

	net->ops->stat(net, &stat);
	return stat;
}

static void test_coupled_while_the_driver_runs(void **state)
{
	char bytes[100];

	(void)state;
	start_plain();
	send_frame();
	assert_int_equal(stat_now().errors, 1); /* dropped */
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_false(stat_now().coupled);
	assert_int_equal(couple(&a, ALL), 0);
	fake_lan_wait(&a, has_pair);
	assert_true(stat_now().coupled);
	assert_true(a.features == (PLAIN | PROTOCOL));
	assert_int_equal(a.ring[TX].base, 1);
	assert_true(fake_lan_kicked(&a, TX));
	send_frame();
	assert_true(fake_lan_kicked(&a, TX));
	assert_int_equal(fake_lan_take(&a, TX, bytes, sizeof(bytes)), HEADER + 60);
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(driver_interrupts(&d, 0), 0); /* told nothing */
	assert_int_equal(stat_now().errors, 1);
}

static void test_uncoupled(void **state)
{
	(void)state;
	start_plain();
	couple(&a, ALL);
	fake_lan_wait(&a, has_pair);
	assert_int_equal(f->n_irqfds, 2);
	uncouple();
	assert_int_equal(a.ring[RX].stops, 1);
	assert_int_equal(a.ring[TX].stops, 1);
	assert_int_equal(f->n_irqfds, 0);
	assert_false(stat_now().coupled);
	send_frame();
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(stat_now().errors, 1);
	assert_int_equal(f->nics_lost, 0);
}

/* Who was behind the NIC before still has its descriptors: they lead nowhere. */
static void test_a_former_lan_is_cut_off(void **state)
{
	(void)state;
	start_plain();
	couple(&a, ALL);
	fake_lan_wait(&a, has_pair);
	assert_int_equal(couple(&b, ALL), 0);
	fake_lan_wait(&b, has_pair);
	while (fake_lan_kicked(&a, TX))
		;
	send_frame();
	assert_true(fake_lan_kicked(&b, TX));
	assert_false(fake_lan_kicked(&a, TX));
	fake_forget(f);
	eventfd_write(a.ring[TX].call, 1);
	eventfd_write(a.ring[TX].kick, 1);
	fake_run(f);
	assert_int_equal(driver_interrupts(&d, TX + 1), 0);
	assert_false(fake_lan_kicked(&b, TX));
	assert_int_equal(f->n_irqfds, 2);
}

static void test_another_after_the_first_was_lost(void **state)
{
	char bytes[100];

	(void)state;
	start_plain();
	couple(&a, ALL);
	fake_lan_wait(&a, has_pair);
	nic_link(net, true);
	fake_forget(f);
	send_frame();
	fake_lan_stop(&a);
	fake_run(f);
	assert_int_equal(f->nics_lost, 1);
	assert_int_equal(f->lost_vdev, VDEV);
	assert_false(stat_now().coupled);
	assert_true(driver_used(&d, TX, NULL) >= 0); /* lost */
	send_frame();
	assert_true(driver_used(&d, TX, NULL) >= 0); /* dropped */
	assert_int_equal(couple(&b, ALL), 0);
	fake_lan_wait(&b, has_pair);
	send_frame();
	assert_int_equal(fake_lan_take(&b, TX, bytes, sizeof(bytes)), HEADER + 60);
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(fake_read(f, d.config + 6, 2), 1); /* still up */
	assert_int_equal(driver_interrupts(&d, 0), 0);
	assert_int_equal(f->nics_lost, 1);
}

static void test_coupled_before_the_driver_starts(void **state)
{
	(void)state;
	assert_int_equal(couple(&a, ALL), 0);
	assert_true(driver_start(&d, PLAIN, 2, 16));
	fake_lan_wait(&a, has_pair);
	driver_set_status(&d, 0);
	assert_int_equal(a.ring[TX].stops, 1);
	a.ring[RX].enables = a.ring[TX].enables = 0;
	assert_true(driver_start(&d, PLAIN, 2, 16));
	fake_lan_wait(&a, has_pair);
	assert_int_equal(a.ring[TX].base, 0);
}

/* Before the driver has chosen, a LAN needs all that is offered. */
static void test_lacking_what_is_offered(void **state)
{
	uint64_t less = ALL & ~(BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_MQ));

	(void)state;
	assert_int_equal(couple(&a, less), -EOPNOTSUPP);
	assert_string_equal(why, "the LAN lacks TSO4, MQ");
	assert_false(stat_now().coupled);
	start_plain(); /* with neither */
	assert_int_equal(couple(&b, less), 0);
	fake_lan_wait(&b, has_pair);
}

static void test_lacking_what_was_accepted(void **state)
{
	uint64_t less = ALL & ~BIT(VIRTIO_NET_F_MRG_RXBUF);

	(void)state;
	assert_true(driver_start(&d, PLAIN | BIT(VIRTIO_NET_F_MRG_RXBUF), 2, 16));
	assert_int_equal(couple(&a, less), -EOPNOTSUPP);
	assert_string_equal(why, "the LAN lacks MRG_RXBUF");
	send_frame();
	assert_int_equal(stat_now().errors, 1);
}

static void test_too_few_pairs(void **state)
{
	int fd = fake_lan_start(&a, ALL);

	(void)state;
	a.pairs = 1;
	assert_int_equal(nic_couple(net, fd, false, why), -EOPNOTSUPP);
	assert_string_equal(why, "the LAN lacks MQ");
}

static void test_all_that_there_is(void **state)
{
	int fd = fake_lan_start(&a, 0);

	(void)state;
	assert_int_equal(nic_couple(net, fd, false, why), -EOPNOTSUPP);
	assert_string_equal(why, "its LAN: EOPNOTSUPP"); /* none of virtio 1 */
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(couple(&b, DRIVER_VERSION_1), -EOPNOTSUPP);
	assert_int_equal(strncmp(why, "the LAN lacks CSUM, GUEST_CSUM, ", 32), 0);
	assert_true(strlen(why) < NIC_WHY);
}

static void test_memory_is_refused(void **state)
{
	int fd = fake_lan_start(&a, ALL);

	(void)state;
	a.refuses = true;
	start_plain();
	assert_int_equal(nic_couple(net, fd, false, why), -EREMOTEIO);
	assert_false(stat_now().coupled);
	assert_int_equal(f->nics_lost, 0); /* the request failed, which says enough */
	send_frame();
	assert_true(driver_used(&d, TX, NULL) >= 0);
}

static void test_a_silent_lan(void **state)
{
	int fd = fake_lan_start(&a, ALL);

	(void)state;
	fake_lan_mute(&a);
	assert_int_equal(nic_couple(net, fd, false, why), -ETIMEDOUT);
	assert_string_equal(why, "its LAN: ETIMEDOUT");
}

/* One that does not answer when it is uncoupled is none to tell of. */
static void test_silent_at_the_end(void **state)
{
	(void)state;
	start_plain();
	couple(&a, ALL);
	fake_lan_wait(&a, has_pair);
	fake_lan_mute(&a);
	uncouple();
	assert_int_equal(f->nics_lost, 0);
	send_frame();
	assert_true(driver_used(&d, TX, NULL) >= 0);
}

/* 5.1.4.1: a driver that runs keeps the MTU that it found. */
static void test_mtu(void **state)
{
	(void)state;
	nic_mtu(net, 9000);
	assert_int_equal(fake_read(f, d.config + 10, 2), 9000);
	start_plain();
	nic_mtu(net, 0);
	assert_int_equal(fake_read(f, d.config + 10, 2), 9000);
	driver_set_status(&d, 0);
	assert_int_equal(fake_read(f, d.config + 10, 2), 1500);
}

/* ---- several pairs of queues ---- */

static int command(uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	gpa_t at = driver_alloc(&d, 16);
	uint8_t *bytes = driver_at(&d, at);
	struct driver_buf buf[] = { { at, 2 + len, false }, { at + 15, 1, true } };

	bytes[0] = class;
	bytes[1] = cmd;
	memcpy(bytes + 2, data, len);
	bytes[15] = 0x55;
	driver_add(&d, CONTROL, buf, 2);
	driver_kick(&d, CONTROL);
	fake_run(f);
	return driver_used(&d, CONTROL, NULL) < 0 ? -1 : bytes[15];
}

static int use_pairs(uint16_t n)
{
	return command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &n, 2);
}

static void test_pairs(void **state)
{
	(void)state;
	assert_true(driver_start(&d, ALL, 5, 16));
	assert_int_equal(fake_read(f, d.config + 8, 2), 2);
	assert_int_equal(couple(&a, ALL), 0);
	fake_lan_wait(&a, has_all_rings);
	assert_int_equal(a.ring[TX].enabled, 1);
	assert_int_equal(a.ring[TX1].enabled, 0);
	a.ring[TX1].enables = 0;
	assert_int_equal(use_pairs(2), VIRTIO_NET_OK);
	fake_lan_wait(&a, has_all_rings);
	assert_int_equal(a.ring[RX1].enabled, 1);
	assert_int_equal(a.ring[TX1].enabled, 1);
	assert_int_equal(use_pairs(0), VIRTIO_NET_ERR);
	assert_int_equal(use_pairs(3), VIRTIO_NET_ERR);
	assert_int_equal(couple(&b, ALL), 0); /* which is told, too */
	fake_lan_wait(&b, has_all_rings);
	assert_int_equal(b.ring[TX1].enabled, 1);
	assert_int_equal(f->broken, 0);
}

static void test_one_pair_only(void **state)
{
	(void)state;
	assert_true(driver_negotiate(&d, ALL));
	assert_false(d.features & BIT(VIRTIO_NET_F_MQ));
	assert_true(d.features & BIT(VIRTIO_NET_F_CTRL_VQ));
	assert_int_equal(fake_read(f, d.config + 8, 2), 1);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_NUMQ, 2), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_coupled_while_the_driver_runs),
		TEST(test_uncoupled),
		TEST(test_a_former_lan_is_cut_off),
		TEST(test_another_after_the_first_was_lost),
		TEST(test_coupled_before_the_driver_starts),
		TEST(test_lacking_what_is_offered),
		TEST(test_lacking_what_was_accepted),
		TEST(test_too_few_pairs),
		TEST(test_all_that_there_is),
		TEST(test_memory_is_refused),
		TEST(test_a_silent_lan),
		TEST(test_silent_at_the_end),
		TEST(test_mtu),
		TEST(test_pairs),
		cmocka_unit_test_setup_teardown(
			test_one_pair_only, setup_single, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
