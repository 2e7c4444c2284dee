/* The virtio transport and what all virtio devices share, tried out with the simplest of
 * them: a driver that keeps to the specification, and drivers that do not. */
#include "cp/guest_abi.h"
#include "partitions/dev/virtio_net.h"
#include "tests/fake/virtio_driver.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SLOT 3
#define VDEV 0x0777

static struct fake_machine *f;
static struct device *rng;
static struct virtio_driver d;

static int make_rng(void)
{
	const struct device_conf conf = {
		.vdev = VDEV,
		.slot = SLOT,
		.fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC),
	};

	return device_create(&f->m, DEVICE_virtio_rng, &conf, &rng);
}

static int setup(void **state)
{
	(void)state;
	return fake_machine_create(&f) || make_rng() || !driver_find(&d, f, SLOT);
}

static int setup_without_kicks(void **state)
{
	(void)state;
	if (fake_machine_create(&f))
		return -1;
	f->refuse_kicks = true;
	return make_rng() || !driver_find(&d, f, SLOT);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(rng);
	fake_machine_destroy(f);
	return 0;
}

/* Asks for `len` random bytes and returns where they will be. */
static gpa_t ask(uint32_t len)
{
	struct driver_buf buf = { driver_alloc(&d, len), len, true };

	driver_add(&d, 0, &buf, 1);
	driver_kick(&d, 0);
	fake_run(f);
	return buf.gpa;
}

static void assert_served(uint32_t len)
{
	uint32_t written = 0;

	ask(len);
	assert_true(driver_used(&d, 0, &written) >= 0);
	assert_int_equal(written, len);
}

static void assert_broken(void)
{
	struct device_stat stat;

	assert_int_equal(driver_status(&d) & 0x40, 0x40);
	assert_int_equal(f->broken, 1);
	assert_int_equal(f->broken_vdev, VDEV);
	assert_true(f->broken_why[0]);
	rng->ops->stat(rng, &stat);
	assert_true(stat.broken);
}

static void test_is_a_virtio_device(void **state)
{
	(void)state;
	assert_int_equal(driver_pci_read(&d, 0, 4), 0x10441af4);
	assert_int_equal(driver_pci_read(&d, 8, 1), 1);
	assert_int_equal(driver_pci_read(&d, 0x2c, 2), 0x1af4);
	assert_int_equal(driver_pci_read(&d, d.msix_cap + 2, 2), 1);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_NUMQ, 2), 1);
	assert_int_equal(d.config, 0);
	assert_int_equal(d.notify_step, 4);
	assert_int_equal(driver_status(&d), 0);
}

static void test_a_driver_starts_and_uses_it(void **state)
{
	struct device_stat stat;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	for (int i = 0; i < 20; i++)
		assert_served(64);
	assert_int_equal(driver_interrupts(&d, 1), 20);
	assert_int_equal(driver_interrupts(&d, 0), 0);
	assert_int_equal(f->broken, 0);
	rng->ops->stat(rng, &stat);
	assert_true(stat.driver);
	assert_false(stat.broken);
	assert_int_equal(stat.in_bytes, 20 * 64);
}

static void test_features(void **state)
{
	(void)state;
	assert_false(driver_negotiate(&d, 0)); /* VERSION_1 is not an option */
	assert_true(driver_negotiate(&d, ~UINT64_C(0)));
	assert_true(
		d.features == (DRIVER_VERSION_1 | DRIVER_EVENT_IDX | DRIVER_INDIRECT));
	assert_int_equal(f->broken, 0);

	driver_set_status(&d, 0); /* a bit that was not offered */
	driver_set_status(&d, 3);
	driver_set_common(&d, VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	driver_set_common(&d, VIRTIO_PCI_COMMON_GF, 0x5, 4);
	driver_set_status(&d, 11);
	assert_int_equal(driver_status(&d), 3);
	driver_set_common(&d, VIRTIO_PCI_COMMON_DFSELECT, 2, 4);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_DF, 4), 0);
}

static void test_features_stay_agreed_on(void **state)
{
	(void)state;
	assert_true(driver_negotiate(&d, DRIVER_VERSION_1));
	driver_set_common(&d, VIRTIO_PCI_COMMON_GF, 0, 4);
	assert_broken();
}

static void test_start_without_features(void **state)
{
	(void)state;
	driver_set_status(&d, 3);
	driver_set_status(&d, 7);
	assert_broken();
	assert_int_equal(driver_status(&d) & 4, 0);
}

static void test_status_bits_stay(void **state)
{
	(void)state;
	driver_set_status(&d, 3);
	driver_set_status(&d, 1);
	assert_broken();
}

static void test_queue_registers(void **state)
{
	(void)state;
	assert_true(driver_negotiate(&d, DRIVER_VERSION_1));
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 16);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 2); /* there are 0 and 1 */
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_MSIX, 1, 2);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
	fake_write(f, d.common + VIRTIO_PCI_COMMON_Q_DESCLO, UINT64_C(0x123456789abc), 8);
	assert_true(fake_read(f, d.common + VIRTIO_PCI_COMMON_Q_DESCLO, 8) ==
		    UINT64_C(0x123456789abc));
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_DESCHI, 4), 0x1234);

	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SELECT, 1, 2); /* no such queue */
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SIZE, 3, 2);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_int_equal(f->broken, 0);
}

static void test_fields_have_a_width(void **state)
{
	(void)state;
	driver_set_common(&d, VIRTIO_PCI_COMMON_STATUS, 3, 4);
	driver_set_common(&d, VIRTIO_PCI_COMMON_STATUS - 1, 0x0303, 2);
	assert_int_equal(driver_status(&d), 0);
	driver_set_common(&d, VIRTIO_PCI_COMMON_DFSELECT, 1, 1);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_DFSELECT, 4), 0);
	assert_int_equal(driver_common(&d, 0x38, 4), 0); /* behind the structure */
	assert_int_equal(fake_read(f, d.common + 0x4000, 8), 0);
	fake_write(f, d.common + 0x4000, 0, 8);
}

static void try_size(uint16_t size)
{
	assert_true(driver_negotiate(&d, DRIVER_VERSION_1));
	fake_forget(f);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SIZE, size, 2);
	assert_broken();
}

static void test_impossible_sizes(void **state)
{
	(void)state;
	try_size(0);
	try_size(3);
	try_size(32);
}

static void test_queue_outside_storage(void **state)
{
	(void)state;
	assert_true(driver_negotiate(&d, DRIVER_VERSION_1));
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_DESCLO, FAKE_STORAGE, 4);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_broken();
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
}

static void test_queue_too_early(void **state)
{
	(void)state;
	driver_set_status(&d, 3);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_broken();
}

static void test_enabled_queue_does_not_change(void **state)
{
	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SIZE, 4, 2);
	assert_broken();
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 8);
}

static void test_nothing_before_driver_ok(void **state)
{
	struct driver_buf buf;

	(void)state;
	assert_true(driver_negotiate(&d, DRIVER_VERSION_1));
	driver_msix(&d);
	driver_queue(&d, 0, 8);
	buf = (struct driver_buf) { driver_alloc(&d, 16), 16, true };
	driver_add(&d, 0, &buf, 1);
	driver_kick(&d, 0);
	fake_run(f);
	assert_int_equal(driver_used(&d, 0, NULL), -1);
	driver_ok(&d);
	fake_run(f);
	assert_int_equal(driver_used(&d, 0, NULL), 0);
}

/* 2.1.2: it is told, its owner is told, and the device does nothing until it is reset. */
static void test_bad_ring_needs_reset(void **state)
{
	struct driver_buf bad = { FAKE_STORAGE, 16, true };
	struct driver_buf good;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	driver_add(&d, 0, &bad, 1);
	driver_kick(&d, 0);
	fake_run(f);
	assert_broken();
	assert_int_equal(driver_interrupts(&d, 0), 1);
	assert_int_equal(fake_read(f, d.isr, 1), 2);

	good = (struct driver_buf) { driver_alloc(&d, 16), 16, true };
	driver_add(&d, 0, &good, 1);
	driver_kick(&d, 0);
	driver_set_status(&d, 15);
	fake_run(f);
	assert_int_equal(driver_used(&d, 0, NULL), -1);
	assert_int_equal(driver_interrupts(&d, 1), 0);

	fake_forget(f);
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	assert_int_equal(f->broken, 0);
	assert_served(16);
}

static void test_isr_clears_when_read(void **state)
{
	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	assert_served(8);
	assert_int_equal(fake_read(f, d.isr, 1), 1);
	assert_int_equal(fake_read(f, d.isr, 1), 0);
}

static void test_a_vector_that_is_none(void **state)
{
	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_MSIX, 0xffff, 2);
	assert_served(8);
	assert_int_equal(f->n_msi, 0);
	assert_int_equal(f->broken, 0);
}

static void test_event_idx(void **state)
{
	struct driver_buf buf;
	uint16_t *used_event;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1 | DRIVER_EVENT_IDX, 1, 8));
	used_event = driver_at(&d, d.queue[0].avail + 4 + 2 * 8);
	*used_event = 2; /* the third return */
	buf = (struct driver_buf) { driver_alloc(&d, 8), 8, true };
	for (int i = 0; i < 3; i++) {
		assert_int_equal(driver_interrupts(&d, 1), 0);
		driver_add(&d, 0, &buf, 1);
		driver_kick(&d, 0);
		fake_run(f);
	}
	assert_int_equal(driver_interrupts(&d, 1), 1);
}

static void test_indirect(void **state)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} * table, *desc;
	gpa_t at;
	uint32_t written;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1 | DRIVER_INDIRECT, 1, 8));
	at = driver_alloc(&d, 32);
	table = driver_at(&d, at);
	table[0].addr = driver_alloc(&d, 8);
	table[0].len = 8;
	table[0].flags = 3;
	table[0].next = 1;
	table[1].addr = driver_alloc(&d, 8);
	table[1].len = 8;
	table[1].flags = 2;
	driver_add(&d, 0, &(struct driver_buf) { at, 32, false }, 1);
	desc = driver_at(&d, d.queue[0].desc);
	desc->flags = 4;
	driver_kick(&d, 0);
	fake_run(f);
	assert_int_equal(driver_used(&d, 0, &written), 0);
	assert_int_equal(written, 16);
}

static void test_kicks_are_the_machines(void **state)
{
	(void)state;
	assert_int_equal(f->n_kicks, 0);
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	assert_int_equal(f->n_kicks, 1);
	assert_int_equal(f->kick[0].gpa, d.notify);
	rng->ops->reset(rng);
	assert_int_equal(f->n_kicks, 0);
}

/* A machine that cannot watch the notification words passes the writes on. */
static void test_kicks_as_writes(void **state)
{
	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	assert_served(8);
	fake_write(f, d.notify + 4, 1, 2); /* a queue that is not there */
	fake_write(f, d.notify + 2, 0, 2);
	assert_int_equal(f->broken + f->n_kicks, 0);
}

static void test_kicks_move_with_the_bar(void **state)
{
	const gpa_t to = GUEST_BAR_BASE + 20 * PCI_BAR_SIZE;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	driver_pci_write(&d, 0x10, (uint32_t)to, 4);
	assert_int_equal(f->n_kicks, 1);
	assert_int_equal(f->kick[0].gpa, to + 0x3000);
	assert_true(driver_find(&d, f, SLOT) && driver_start(&d, DRIVER_VERSION_1, 1, 8));
	assert_served(8);
	driver_pci_write(&d, 4, 0, 2);
	assert_int_equal(f->n_kicks, 0);
	driver_pci_write(&d, 4, 2, 2);
	assert_int_equal(f->n_kicks, 1);
}

static void test_machine_reset(void **state)
{
	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	rng->ops->reset(rng);
	assert_int_equal(driver_status(&d), 0);
	assert_int_equal(driver_pci_read(&d, d.msix_cap + 2, 2), 1);
	driver_set_common(&d, VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	assert_int_equal(driver_common(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	assert_served(8);
}

static void test_quiet(void **state)
{
	uint32_t written;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	rng->ops->quiesce(rng);
	ask(8);
	assert_int_equal(driver_used(&d, 0, NULL), -1);
	rng->ops->resume(rng);
	fake_run(f);
	assert_true(driver_used(&d, 0, &written) >= 0);
	assert_int_equal(written, 8);
}

/* A queue in use goes on in another process, with the storage as it was. */
static void test_state_moves_to_another(void **state)
{
	struct snap out, in;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1 | DRIVER_EVENT_IDX, 1, 8));
	for (int i = 0; i < 11; i++)
		assert_served(8);
	rng->ops->quiesce(rng);
	ask(24); /* not answered here */
	snap_init_save(&out);
	assert_int_equal(rng->ops->snap(rng, &out), 0);
	assert_int_equal(pci_bus_snap(f->m.pci, &out), 0);
	device_destroy(rng);
	assert_int_equal(make_rng(), 0);
	fake_forget(f);

	snap_init_load(&in, out.buf, out.len);
	assert_int_equal(pci_bus_snap(f->m.pci, &in), 0);
	assert_int_equal(rng->ops->snap(rng, &in), 0);
	fake_run(f);
	assert_int_equal(driver_used(&d, 0, NULL), -1);
	rng->ops->resume(rng);
	fake_run(f);
	assert_true(driver_used(&d, 0, NULL) >= 0);
	assert_int_equal(driver_interrupts(&d, 1), 1);
	assert_served(8);
	snap_fini(&in);
	snap_fini(&out);
}

static void test_refuses_impossible_state(void **state)
{
	struct snap out, in;
	uint8_t *name;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 8));
	snap_init_save(&out);
	assert_int_equal(rng->ops->snap(rng, &out), 0);
	name = memmem(
		out.buf, out.len, &d.queue[0].used, 8); /* the used ring's address */
	assert_non_null(name);
	memset(name, 0xff, 8);
	snap_init_load(&in, out.buf, out.len);
	assert_int_not_equal(rng->ops->snap(rng, &in), 0);
	snap_fini(&in);
	snap_fini(&out);
}

/* ---- Configuration fields, and their access through PCI ---- */

static struct device *net;

static void make_net(struct virtio_driver *n)
{
	const struct device_conf conf = {
		.vdev = 0x600,
		.slot = SLOT + 1,
		.fd = -1,
		.mac = { 2, 0, 0, 0, 0, 7 },
	};

	assert_int_equal(device_create(&f->m, DEVICE_virtio_net, &conf, &net), 0);
	assert_true(driver_find(n, f, SLOT + 1));
}

static void test_configuration(void **state)
{
	struct virtio_driver n;

	(void)state;
	make_net(&n);
	assert_int_equal(fake_read(f, n.config, 1), 2);
	assert_int_equal(fake_read(f, n.config + 2, 4), 0x07000000);
	fake_write(f, n.config, 9, 1);
	assert_int_equal(fake_read(f, n.config, 1), 2);
	assert_int_equal(fake_read(f, n.config + 0x800, 4), 0);

	assert_true(driver_start(&n, ~UINT64_C(0), 2, 8));
	assert_int_equal(driver_common(&n, VIRTIO_PCI_COMMON_CFGGENERATION, 1), 0);
	nic_link(net, true);
	assert_int_equal(driver_common(&n, VIRTIO_PCI_COMMON_CFGGENERATION, 1), 1);
	assert_int_equal(driver_interrupts(&n, 0), 1);
	assert_int_equal(fake_read(f, n.isr, 1), 2);
	assert_int_equal(fake_read(f, n.config + 6, 2), 1);
	device_destroy(net);
}

static unsigned config_access_cap(const struct virtio_driver *n)
{
	unsigned cap = driver_pci_read(n, 0x34, 1);

	while (cap && (driver_pci_read(n, cap, 1) != 0x09 ||
			      driver_pci_read(n, cap + 3, 1) != VIRTIO_PCI_CAP_PCI_CFG))
		cap = driver_pci_read(n, cap + 1, 1);
	return cap;
}

static void aim(
	const struct virtio_driver *n, unsigned cap, uint32_t offset, uint32_t len)
{
	driver_pci_write(n, cap + VIRTIO_PCI_CAP_BAR, 0, 1);
	driver_pci_write(n, cap + VIRTIO_PCI_CAP_OFFSET, offset, 4);
	driver_pci_write(n, cap + VIRTIO_PCI_CAP_LENGTH, len, 4);
}

static void test_access_through_configuration_space(void **state)
{
	struct virtio_driver n;
	unsigned cap;

	(void)state;
	make_net(&n);
	cap = config_access_cap(&n);
	assert_int_not_equal(cap, 0);
	driver_pci_write(&n, 4, 0, 2); /* BAR 0 is not even decoded */
	aim(&n, cap, 0x2000, 4);
	assert_int_equal(driver_pci_read(&n, cap + 16, 4), 0x00000002);
	aim(&n, cap, VIRTIO_PCI_COMMON_STATUS, 1);
	assert_int_equal(driver_pci_read(&n, cap + 16, 1), 0);
	driver_pci_write(&n, cap + 16, 3, 1);
	assert_int_equal(driver_pci_read(&n, cap + 16, 1), 3);
	assert_int_equal(((struct virtio *)net)->status, 3);

	aim(&n, cap, VIRTIO_PCI_COMMON_STATUS + 1, 2); /* not aligned: nothing happens */
	driver_pci_write(&n, cap + 16, 0, 4);
	aim(&n, cap, 0xfffffffc, 4);
	driver_pci_write(&n, cap + 16, 0, 4);
	aim(&n, cap, 0, 3);
	driver_pci_write(&n, cap + 16, 0, 4);
	driver_pci_write(&n, cap + VIRTIO_PCI_CAP_BAR, 1, 1);
	driver_pci_write(&n, cap + 16, 0, 4);
	assert_int_equal(((struct virtio *)net)->status, 3);
	device_destroy(net);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_a_virtio_device),
		TEST(test_a_driver_starts_and_uses_it),
		TEST(test_features),
		TEST(test_features_stay_agreed_on),
		TEST(test_start_without_features),
		TEST(test_status_bits_stay),
		TEST(test_queue_registers),
		TEST(test_fields_have_a_width),
		TEST(test_impossible_sizes),
		TEST(test_queue_outside_storage),
		TEST(test_queue_too_early),
		TEST(test_enabled_queue_does_not_change),
		TEST(test_nothing_before_driver_ok),
		TEST(test_bad_ring_needs_reset),
		TEST(test_isr_clears_when_read),
		TEST(test_a_vector_that_is_none),
		TEST(test_event_idx),
		TEST(test_indirect),
		TEST(test_kicks_are_the_machines),
		cmocka_unit_test_setup_teardown(
			test_kicks_as_writes, setup_without_kicks, teardown),
		TEST(test_kicks_move_with_the_bar),
		TEST(test_machine_reset),
		TEST(test_quiet),
		TEST(test_state_moves_to_another),
		TEST(test_refuses_impossible_state),
		TEST(test_configuration),
		TEST(test_access_through_configuration_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
