/* When a halted guest is looked at: soon after it stood still, and ever more rarely. */
#include "partitions/haltwatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_a_busy_guest_is_left_alone(void **state)
{
	struct haltwatch w;
	uint64_t cpu_ns = 5;

	(void)state;
	haltwatch_start(&w, cpu_ns);
	for (int i = 0; i < 1000; i++)
		assert_false(haltwatch_tick(&w, cpu_ns += 1));
}

static void test_one_quiet_tick_is_enough(void **state)
{
	struct haltwatch w;

	(void)state;
	haltwatch_start(&w, 100);
	assert_false(haltwatch_tick(&w, 200));
	assert_true(haltwatch_tick(&w, 200));
}

/* Looking costs the guest some time itself: that does not count as life. */
static void test_looks_at_an_idle_guest_grow_rare(void **state)
{
	struct haltwatch w;
	uint64_t cpu_ns = 0;
	unsigned looks = 0, longest = 0, since = 0;

	(void)state;
	haltwatch_start(&w, cpu_ns);
	for (int i = 0; i < 24 * 60; i++) {
		since++;
		if (!haltwatch_tick(&w, cpu_ns))
			continue;
		looks++;
		cpu_ns += HALTWATCH_NOISE_NS / 2;
		if (since > longest)
			longest = since;
		since = 0;
	}
	assert_in_range(looks, 20, 40);
	assert_int_equal(longest, HALTWATCH_MAX_TICKS);
}

static void test_life_starts_it_anew(void **state)
{
	struct haltwatch w;
	uint64_t cpu_ns = 0;

	(void)state;
	haltwatch_start(&w, cpu_ns);
	for (int i = 0; i < 500; i++)
		haltwatch_tick(&w, cpu_ns);
	assert_false(haltwatch_tick(&w, cpu_ns += HALTWATCH_NOISE_NS * 2));
	assert_true(haltwatch_tick(&w, cpu_ns));
	assert_false(haltwatch_tick(&w, cpu_ns += HALTWATCH_NOISE_NS * 2));
	assert_true(haltwatch_tick(&w, cpu_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_busy_guest_is_left_alone),
		cmocka_unit_test(test_one_quiet_tick_is_enough),
		cmocka_unit_test(test_looks_at_an_idle_guest_grow_rare),
		cmocka_unit_test(test_life_starts_it_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
