/* NICs that come and go while the machine is up. */
#include "cp/guest_abi.h"
#include "partitions/dev/bus.h"
#include "tests/fake/kvm.h"
#include "tests/fake/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define VIRTIO_NET 0x10411af4u /* device and vendor, as configuration space has them */

static uint32_t ident(const struct peer *p, unsigned slot)
{
	uint32_t v;

	memcpy(&v, p->ctl->vm->mem.ecam + slot * 0x8000u, sizeof(v));
	return v;
}

static uint8_t events(const struct peer *p)
{
	uint8_t byte;

	bus_read(p->ctl->vm->machine.bus, BUS_PORT, GUEST_EVENT_PORT, &byte, 1);
	return byte;
}

static enum part_reason plug(struct peer *p, uint16_t type, uint16_t vdev, uint16_t slot)
{
	const struct part_device dev = {
		.type = type, .vdev = vdev, .slot = slot, .fd_index = -1
	};

	return peer_ask(p, PART_PLUG, &dev, sizeof(dev));
}

static enum part_reason unplug(struct peer *p, uint16_t vdev)
{
	const struct part_unplug gone = { .vdev = vdev };

	return peer_ask(p, PART_UNPLUG, &gone, sizeof(gone));
}

static void test_comes_and_goes(void **state)
{
	struct peer *p = *state;
	struct part_stat_device stat;
	struct part_stat all;
	unsigned before;

	vm_stat(p->ctl->vm, &all);
	before = all.n_devices;
	assert_int_equal(ident(p, 17), 0xffffffff);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 17), PART_R_NONE);
	assert_int_equal(ident(p, 17), VIRTIO_NET);
	assert_int_equal(events(p), GUEST_EVENT_PCI);
	vm_stat(p->ctl->vm, &all);
	assert_int_equal(all.n_devices, before + 1);
	vm_stat_device(p->ctl->vm, before, &stat);
	assert_int_equal(stat.vdev, 0x600);

	assert_int_equal(unplug(p, 0x600), PART_R_NONE);
	assert_int_equal(ident(p, 17), 0xffffffff);
	assert_int_equal(events(p), GUEST_EVENT_PCI);
	vm_stat(p->ctl->vm, &all);
	assert_int_equal(all.n_devices, before);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 17), PART_R_NONE);
}

static void test_refused(void **state)
{
	struct peer *p = *state;

	assert_int_equal(plug(p, PART_DEV_DISK, 0x191, 17), PART_R_PROTOCOL);
	assert_int_equal(plug(p, PART_DEV_CONSOLE, 0x10, 17), PART_R_PROTOCOL);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 0), PART_R_PROTOCOL);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 32), PART_R_DEVICE);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 17), PART_R_NONE);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 18), PART_R_PROTOCOL);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x601, 17), PART_R_DEVICE);
	assert_int_equal(ident(p, 17), VIRTIO_NET);
	assert_int_equal(unplug(p, 0x601), PART_R_PROTOCOL);
	assert_int_equal(unplug(p, 0x009), PART_R_PROTOCOL);
}

static void test_no_more_than_there_may_be(void **state)
{
	struct peer *p = *state;
	struct part_stat all;
	uint16_t slot = 31;

	vm_stat(p->ctl->vm, &all);
	for (unsigned n = all.n_devices; n < PART_MAX_DEVICES; n++, slot--)
		assert_int_equal(
			plug(p, PART_DEV_NIC, (uint16_t)(0x600 + n), slot), PART_R_NONE);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x700, slot), PART_R_PROTOCOL);
}

/* What was told before the first IPL is nothing that the guest has yet to hear: it finds
 * the NIC, and its event device as after power-on. */
static void test_before_the_first_ipl(void **state)
{
	static const uint8_t code[] = { 0xf4 };
	struct peer *p = *state;

	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 17), PART_R_NONE);
	assert_int_equal(peer_ipl(p, code, sizeof(code), PART_IPL_STOP), PART_R_NONE);
	assert_int_equal(events(p), 0);
	assert_int_equal(ident(p, 17), VIRTIO_NET);
}

/* The guest is told that it has no PIC, so none may interrupt it. */
static void test_no_pic(void **state)
{
	(void)state;
	assert_int_equal(fake_kvm.chip[KVM_IRQCHIP_PIC_MASTER].chip.pic.imr, 0xff);
	assert_int_equal(fake_kvm.chip[KVM_IRQCHIP_PIC_SLAVE].chip.pic.imr, 0xff);
}

/* Not of a machine that is none yet, and not for a cpd of before. */
static void test_when_it_cannot_be(void **state)
{
	struct peer *p = *state;

	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 17), PART_R_STATE);
	assert_int_equal(unplug(p, 0x600), PART_R_PROTOCOL);
	peer_connect(p, 2, 0);
	assert_int_equal(plug(p, PART_DEV_NIC, 0x600, 17), PART_R_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_comes_and_goes, peer_setup_active, peer_teardown),
		cmocka_unit_test_setup_teardown(
			test_refused, peer_setup_active, peer_teardown),
		cmocka_unit_test_setup_teardown(
			test_no_more_than_there_may_be, peer_setup_active, peer_teardown),
		cmocka_unit_test_setup_teardown(
			test_before_the_first_ipl, peer_setup_active, peer_teardown),
		cmocka_unit_test_setup_teardown(
			test_no_pic, peer_setup_active, peer_teardown),
		cmocka_unit_test_setup_teardown(
			test_when_it_cannot_be, peer_setup, peer_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
