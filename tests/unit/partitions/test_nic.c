/* PART_NIC: a NIC is coupled and uncoupled by cpd, which hears of what it lost. */
#include "tests/fake/kvm.h"
#include "tests/fake/peer.h"
#include "tests/fake/vhost_backend.h"

#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define VDEV   0x600
#define BIT(n) (UINT64_C(1) << (n))
#define ALL    (~BIT(VHU_F_PROTOCOL_FEATURES))

static struct vhost_backend b;

static int setup(void **state)
{
	const struct part_device dev = {
		.type = PART_DEV_NIC, .vdev = VDEV, .slot = 17, .fd_index = -1
	};

	b = (struct vhost_backend) { .fd = -1 };
	return peer_setup_active(state) ||
	       peer_ask(*state, PART_PLUG, &dev, sizeof(dev)) != PART_R_NONE;
}

static int teardown(void **state)
{
	peer_teardown(state);
	backend_destroy(&b);
	return 0;
}

static enum part_reason couple(struct peer *p, uint64_t offers, uint16_t flags)
{
	const struct part_nic nic = {
		.vdev = VDEV, .flags = PART_NIC_COUPLE | flags, .mtu = 9000
	};
	int fd = backend_create(&b, offers, 0, 0);
	enum part_reason reason = peer_ask_more(
		p, PART_NIC, &nic, sizeof(nic), NULL, 0, &fd, 1);

	close(fd);
	return reason;
}

static enum part_reason ask(struct peer *p, uint16_t vdev, uint16_t flags, uint16_t mtu)
{
	const struct part_nic nic = { .vdev = vdev, .flags = flags, .mtu = mtu };

	return peer_ask(p, PART_NIC, &nic, sizeof(nic));
}

static bool coupled(struct peer *p)
{
	struct part_stat_device stat;
	struct part_stat all;

	vm_stat(p->ctl->vm, &all);
	for (unsigned i = 0; i < all.n_devices; i++) {
		vm_stat_device(p->ctl->vm, i, &stat);
		if (stat.vdev == VDEV)
			return stat.flags & PART_STAT_COUPLED;
	}
	fail();
	return false;
}

static void test_coupled_and_uncoupled(void **state)
{
	struct peer *p = *state;

	assert_false(coupled(p));
	assert_int_equal(couple(p, ALL, PART_NIC_LINK), PART_R_NONE);
	assert_true(coupled(p));
	assert_int_equal(ask(p, VDEV, PART_NIC_KEEP, 0), PART_R_NONE);
	assert_true(coupled(p));
	assert_int_equal(ask(p, VDEV, 0, 0), PART_R_NONE);
	assert_false(coupled(p));
	backend_destroy(&b);
	assert_int_equal(couple(p, ALL, PART_NIC_BOUNCE), PART_R_NONE);
	assert_true(coupled(p));
}

static void test_lost(void **state)
{
	struct part_event e;
	struct peer *p = *state;

	assert_int_equal(couple(p, ALL, 0), PART_R_NONE);
	backend_destroy(&b);
	assert_int_equal(peer_event(p, &e), PART_EV_NIC_LOST);
	assert_int_equal(e.vdev, VDEV);
	assert_int_equal(e.run, PART_STOPPED);
	assert_false(coupled(p));
	assert_int_equal(couple(p, ALL, 0), PART_R_NONE);
	assert_true(coupled(p));
}

static void test_lacking(void **state)
{
	const char *text = "the LAN lacks TSO4";
	struct peer *p = *state;

	assert_int_equal(couple(p, ALL, 0), PART_R_NONE);
	backend_destroy(&b);
	assert_int_equal(couple(p, ALL & ~BIT(VIRTIO_NET_F_HOST_TSO4), 0), PART_R_DEVICE);
	assert_int_equal(p->msg.len, sizeof(struct part_fail) + strlen(text));
	assert_memory_equal(
		(const char *)p->msg.data + sizeof(struct part_fail), text, strlen(text));
	assert_false(coupled(p));
}

static void test_refused(void **state)
{
	struct peer *p = *state;

	assert_int_equal(couple(p, ALL, 0), PART_R_NONE);
	assert_int_equal(ask(p, 0x601, 0, 0), PART_R_PROTOCOL);
	assert_int_equal(ask(p, 9, 0, 0), PART_R_PROTOCOL); /* the console */
	assert_int_equal(ask(p, VDEV, PART_NIC_COUPLE, 0), PART_R_PROTOCOL);
	assert_int_equal(
		ask(p, VDEV, PART_NIC_COUPLE | PART_NIC_KEEP, 0), PART_R_PROTOCOL);
	assert_int_equal(ask(p, VDEV, 0, 20), PART_R_PROTOCOL);
	assert_true(coupled(p)); /* nothing has changed */
}

/* For a cpd of before the request is none, and the event would be one that it takes for
 * the end of the process. */
static void test_an_older_cpd(void **state)
{
	struct part_event e = { .kind = PART_EV_DEVICE, .vdev = 1 };
	struct peer *p = *state;

	assert_int_equal(couple(p, ALL, 0), PART_R_NONE);
	peer_connect(p, 3, 0);
	assert_int_equal(ask(p, VDEV, 0, 0), PART_R_PROTOCOL);
	backend_destroy(&b);
	peer_settle(p);
	assert_false(coupled(p));
	p->ctl->vm->ops->event(p->ctl, &e, "broken");
	assert_int_equal(peer_event(p, &e), PART_EV_DEVICE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_coupled_and_uncoupled),
		TEST(test_lost),
		TEST(test_lacking),
		TEST(test_refused),
		TEST(test_an_older_cpd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
