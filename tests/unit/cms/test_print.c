#include "tests/unit/cms/hosted.h"

#include "cms/print.c"

/* What print_to() makes of these is what printf makes of them. */
#define SAME(...)                                                                     \
	do {                                                                          \
		char ours[128], theirs[128];                                          \
		size_t len = print_to(ours, sizeof(ours), __VA_ARGS__);               \
		assert_int_equal(snprintf(theirs, sizeof(theirs), __VA_ARGS__), len); \
		assert_string_equal(ours, theirs);                                    \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	SAME("%d %i %u", 0, -1, 42u);
	SAME("%d %d", INT32_MIN, INT32_MAX);
	SAME("%ld %lu %zu", INT64_MIN, UINT64_MAX, (size_t)7);
	SAME("%lld", -5ll);
	SAME("%x %X %lx", 0xbeefu, 0xbeefu, UINT64_C(0x123456789abcdef0));
	SAME("%5d|%-5d|%05d|%05d", 42, 42, 42, -42);
	SAME("%2d %02x %016lX", 12345, 0xabcu, UINT64_C(0xffff));
	SAME("%*d|%-*d", 6, 7, 6, 7);
}

static void strings(void **state)
{
	(void)state;
	SAME("%s", "");
	SAME("%s and %s", "this", "that");
	SAME("%10s|%-10s|", "right", "left");
	SAME("%.2s|%.0s|%.9s|%.*s", "cut", "cut", "whole", 1, "xy");
	SAME("%c%c 100%%", 'o', 'k');
	SAME("no conversion");
}

static void never_writes_beyond(void **state)
{
	char buf[8] = "#######";

	(void)state;
	assert_int_equal(print_to(buf, 4, "%s", "abcdef"), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(buf[4], '#');
	assert_int_equal(print_to(buf, 1, "%d", 12345), 5);
	assert_string_equal(buf, "");
	assert_int_equal(print_to(buf, 4, "%1000d", 1), 1000);
	assert_string_equal(buf, "   ");
	assert_int_equal(buf[4], '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(never_writes_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
