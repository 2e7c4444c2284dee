/* The ways a guest turns itself off and resets itself. */
#include "cp/guest_abi.h"
#include "tests/fake/machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct fake_machine *f;
static struct device *power;

static int setup(void **state)
{
	const struct device_conf conf = { .fd = -1 };

	(void)state;
	if (fake_machine_create(&f))
		return -1;
	return device_create(&f->m, DEVICE_power, &conf, &power);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(power);
	fake_machine_destroy(f);
	return 0;
}

static void test_sleep_turns_off(void **state)
{
	(void)state;
	fake_out(f, GUEST_SLEEP_PORT, GUEST_SLEEP_OFF);
	assert_int_equal(f->power_offs, 1);
	assert_int_equal(f->resets, 0);
}

static void test_other_sleep_states_do_nothing(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++)
		if ((v & 0x3c) != GUEST_SLEEP_OFF)
			fake_out(f, GUEST_SLEEP_PORT, (uint8_t)v);
	fake_out(f, GUEST_STATUS_PORT, 0x80);
	fake_out(f, GUEST_STATUS_PORT, GUEST_SLEEP_OFF);
	assert_int_equal(f->power_offs, 0);
	assert_int_equal(fake_in(f, GUEST_SLEEP_PORT), 0);
	assert_int_equal(fake_in(f, GUEST_STATUS_PORT), 0);
}

static void test_reset_register(void **state)
{
	(void)state;
	fake_out(f, GUEST_RESET_PORT, 0);
	fake_out(f, GUEST_RESET_PORT, 0xfe);
	assert_int_equal(f->resets, 0);
	fake_out(f, GUEST_RESET_PORT, GUEST_RESET_VALUE);
	assert_int_equal(f->resets, 1);
	assert_int_equal(f->power_offs, 0);
}

static void test_keyboard_controller_resets(void **state)
{
	(void)state;
	assert_int_equal(fake_in(f, GUEST_I8042_PORT), 0);
	fake_out(f, GUEST_I8042_PORT, 0x20);
	assert_int_equal(f->resets, 0);
	fake_out(f, GUEST_I8042_PORT, 0xfe);
	assert_int_equal(f->resets, 1);
	assert_int_equal(fake_in(f, 0x60), 0xff);
	assert_int_equal(fake_in(f, 0x61), 0xff);
}

static void test_only_one(void **state)
{
	const struct device_conf conf = { .fd = -1 };
	struct device *second = NULL;

	(void)state;
	assert_int_equal(device_create(&f->m, DEVICE_power, &conf, &second), -EEXIST);
	fake_out(f, GUEST_RESET_PORT, GUEST_RESET_VALUE);
	assert_int_equal(f->resets, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sleep_turns_off),
		TEST(test_other_sleep_states_do_nothing),
		TEST(test_reset_register),
		TEST(test_keyboard_controller_resets),
		TEST(test_only_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
