/* The routes behind irqfds. */
#include "partitions/irq.h"

#include "tests/fake/kvm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PINS (16 + 24)

struct test {
	struct kvm kvm;
	struct irq irq;
};

static int make(void **state)
{
	static struct test t;

	fake_kvm_reset();
	if (kvm_open(&t.kvm, -1))
		return -1;
	irq_init(&t.irq, &t.kvm);
	*state = &t;
	return 0;
}

static void test_the_pins_stay(void **state)
{
	const struct kvm_irq_routing_entry *e = fake_kvm.routes.entry;
	struct test *t = *state;

	assert_int_equal(irq_fd(&t->irq, 10, 0xfee00000, 0x41), 0);
	assert_int_equal(fake_kvm.routes.n, PINS + 1);
	assert_int_equal(e[4].gsi, 4);
	assert_int_equal(e[4].u.irqchip.irqchip, KVM_IRQCHIP_PIC_MASTER);
	assert_int_equal(e[12].u.irqchip.irqchip, KVM_IRQCHIP_PIC_SLAVE);
	assert_int_equal(e[12].u.irqchip.pin, 4);
	assert_int_equal(e[16 + 4].gsi, 4);
	assert_int_equal(e[16 + 4].u.irqchip.irqchip, KVM_IRQCHIP_IOAPIC);
	assert_int_equal(e[PINS].type, KVM_IRQ_ROUTING_MSI);
	assert_int_equal(e[PINS].gsi, IRQ_FIRST_MSI);
	assert_int_equal(e[PINS].u.msi.address_lo, 0xfee00000);
	assert_int_equal(e[PINS].u.msi.data, 0x41);
}

static void test_a_message_changes(void **state)
{
	struct test *t = *state;

	assert_int_equal(irq_fd(&t->irq, 10, 0xfee00000, 0x41), 0);
	assert_int_equal(irq_fd(&t->irq, 11, 0xfee01000, 0x42), 0);
	assert_int_equal(irq_fd(&t->irq, 10, 0x1fee02000, 0x43), 0);
	assert_int_equal(fake_kvm.n_irqfds, 2);
	assert_int_equal(fake_kvm.routes.n, PINS + 2);
	assert_int_equal(fake_kvm.routes.entry[PINS].u.msi.address_hi, 1);
	assert_int_equal(fake_kvm.routes.entry[PINS].u.msi.data, 0x43);
	assert_int_equal(fake_kvm.routes.entry[PINS + 1].u.msi.data, 0x42);
}

static void test_an_end(void **state)
{
	struct test *t = *state;

	assert_int_equal(irq_fd(&t->irq, 10, 0, 0), -ENOENT);
	assert_int_equal(irq_fd(&t->irq, 10, 0xfee00000, 0x41), 0);
	assert_int_equal(irq_fd(&t->irq, 10, 0, 0), 0);
	assert_int_equal(fake_kvm.n_irqfds, 0);
	assert_int_equal(fake_kvm.routes.n, PINS);
}

static void test_no_more_room(void **state)
{
	struct test *t = *state;

	for (int i = 0; i < IRQ_MAX_FDS; i++)
		assert_int_equal(irq_fd(&t->irq, 100 + i, 0xfee00000, 0x41), 0);
	assert_int_equal(irq_fd(&t->irq, 99, 0xfee00000, 0x41), -ENOSPC);
	assert_int_equal(irq_fd(&t->irq, 100, 0, 0), 0);
	assert_int_equal(irq_fd(&t->irq, 99, 0xfee00000, 0x41), 0);
}

static void test_kvm_refuses(void **state)
{
	struct test *t = *state;

	fake_kvm.refuse = "kvm_irqfd";
	assert_int_equal(irq_fd(&t->irq, 10, 0xfee00000, 0x41), -EIO);
	fake_kvm.refuse = "kvm_routes_set";
	assert_int_equal(irq_fd(&t->irq, 10, 0xfee00000, 0x41), -EIO);
	fake_kvm.refuse = NULL;
	assert_int_equal(irq_fd(&t->irq, 10, 0, 0), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_pins_stay, make),
		cmocka_unit_test_setup(test_a_message_changes, make),
		cmocka_unit_test_setup(test_an_end, make),
		cmocka_unit_test_setup(test_no_more_room, make),
		cmocka_unit_test_setup(test_kvm_refuses, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
