/* The generic event device: what happened is kept until the guest looks. */
#include "partitions/dev/ged.h"

#include "cp/guest_abi.h"
#include "partitions/dev/bus.h"
#include "tests/fake/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct fake_machine *f;
static struct device *ged;

static int setup(void **state)
{
	const struct device_conf conf = { .fd = -1 };

	(void)state;
	if (fake_machine_create(&f))
		return -1;
	return device_create(&f->m, DEVICE_ged, &conf, &ged);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(ged);
	fake_machine_destroy(f);
	return 0;
}

static void test_events_are_kept_until_read(void **state)
{
	(void)state;
	assert_int_equal(fake_in(f, GUEST_EVENT_PORT), 0);
	assert_false(f->line[GUEST_EVENT_GSI]);
	ged_event(ged, GUEST_EVENT_POWER);
	ged_event(ged, GUEST_EVENT_GENERATION);
	assert_true(f->line[GUEST_EVENT_GSI]);
	assert_int_equal(
		fake_in(f, GUEST_EVENT_PORT), GUEST_EVENT_POWER | GUEST_EVENT_GENERATION);
	assert_false(f->line[GUEST_EVENT_GSI]);
	assert_int_equal(fake_in(f, GUEST_EVENT_PORT), 0);
	assert_int_equal(f->line_changes, 2);
}

static void test_a_guest_listens(void **state)
{
	struct device_stat stat;

	(void)state;
	assert_false(f->acpi_enabled);
	fake_out(f, GUEST_EVENT_PORT, GUEST_EVENT_LISTEN);
	assert_true(f->acpi_enabled);
	ged->ops->stat(ged, &stat);
	assert_true(stat.driver);
	fake_out(f, GUEST_EVENT_PORT, 0);
	assert_false(f->acpi_enabled);
}

static void test_reset_forgets(void **state)
{
	(void)state;
	fake_out(f, GUEST_EVENT_PORT, GUEST_EVENT_LISTEN);
	ged_event(ged, GUEST_EVENT_POWER);
	ged->ops->reset(ged);
	assert_false(f->line[GUEST_EVENT_GSI]);
	assert_false(f->acpi_enabled);
	assert_int_equal(fake_in(f, GUEST_EVENT_PORT), 0);
}

static void test_save_and_load(void **state)
{
	struct snap s, load;

	(void)state;
	fake_out(f, GUEST_EVENT_PORT, GUEST_EVENT_LISTEN);
	ged_event(ged, GUEST_EVENT_POWER);
	snap_init_save(&s);
	assert_int_equal(ged->ops->snap(ged, &s), 0);
	ged->ops->reset(ged);
	snap_init_load(&load, s.buf, s.len);
	assert_int_equal(ged->ops->snap(ged, &load), 0);
	assert_true(f->acpi_enabled);
	assert_int_equal(fake_in(f, GUEST_EVENT_PORT), GUEST_EVENT_POWER);
	snap_fini(&load);
	snap_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_events_are_kept_until_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_guest_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_forgets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save_and_load, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
