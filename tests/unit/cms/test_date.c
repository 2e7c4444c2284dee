#include <time.h>

#include "tests/unit/cms/hosted.h"

#include "cms/date.c"

static void as_libc_has_it(void **state)
{
	(void)state;
	/* Every day at another time of day, for 600 years. */
	for (int64_t day = 0; day < 600 * 365; day++) {
		time_t t = day * 86400 + day % 86400;
		struct tm tm;
		struct date d = date_of((uint64_t)t * UINT64_C(1000000000));

		if (day > 584 * 365)
			break; /* nanoseconds in 64 bits end here */
		gmtime_r(&t, &tm);
		assert_int_equal(d.year, tm.tm_year + 1900);
		assert_int_equal(d.month, tm.tm_mon + 1);
		assert_int_equal(d.day, tm.tm_mday);
		assert_int_equal(d.hour, tm.tm_hour);
		assert_int_equal(d.minute, tm.tm_min);
		assert_int_equal(d.second, tm.tm_sec);
		assert_int_equal(d.weekday, tm.tm_wday);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_libc_has_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
