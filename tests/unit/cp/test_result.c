/* Results: both forms, byte for byte. */
#include "cp/result.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void assert_json(struct result *r, const char *want)
{
	char *got = result_json(r);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static void test_empty(void **state)
{
	struct result r;

	(void)state;
	assert_int_equal(result_init(&r, "BEGIN"), 0);
	assert_json(
		&r, "{\"command\":\"BEGIN\",\"rc\":0,\"messages\":[],\"records\":[]}");
	assert_int_equal(r.out_len, 0);
	assert_int_equal(r.err_len, 0);
	result_fini(&r);
}

static void test_record(void **state)
{
	struct result r;
	json_t *rec, *list, *item;

	(void)state;
	assert_int_equal(result_init(&r, "QUERY NAMES"), 0);
	rec = result_record(&r);
	rec_str(rec, "userid", "ALPHA");
	rec_u64(rec, "storage", UINT64_C(1) << 40);
	rec_real(rec, "share", 12.5);
	rec_real(rec, "tenth", 0.1);
	rec_bool(rec, "on", true);
	list = rec_array(rec, "vcpu");
	item = rec_item(list);
	rec_u64(item, "cpu_ns", 0);
	rec_item(list);
	rec_str(rec_object(rec, "io"), "quote", "a\"b\\c\n");
	rec_str(result_record(&r), "userid", "BETA");
	result_line(&r, "%-8s - DSC", "ALPHA");
	result_line(&r, "BETA");
	assert_json(&r,
		"{\"command\":\"QUERY NAMES\",\"rc\":0,\"messages\":[],\"records\":["
		"{\"userid\":\"ALPHA\",\"storage\":1099511627776,\"share\":12.5,"
		"\"tenth\":0.1,\"on\":true,\"vcpu\":[{\"cpu_ns\":0},{}],"
		"\"io\":{\"quote\":\"a\\\"b\\\\c\\n\"}},{\"userid\":\"BETA\"}]}");
	assert_string_equal(r.out, "ALPHA    - DSC\nBETA\n");
	assert_int_equal(r.out_len, strlen(r.out));
	assert_int_equal(r.err_len, 0);
	result_fini(&r);
}

/* The code is the number of the first error; I goes to standard output, the rest to
 * standard error. */
static void test_messages(void **state)
{
	struct message m = { .number = 6056, .severity = 'I', .text = "told" };
	struct result r;

	(void)state;
	assert_int_equal(result_init(&r, "QUERY X"), 0);
	assert_int_equal(result_message(&r, &m), 0);
	assert_int_equal(result_say(&r, MSG_NO_USERS), 0);
	assert_int_equal(r.rc, 0);
	assert_int_equal(result_say(&r, MSG_NOT_LOGGED_ON, "ALPHA"), 45);
	assert_int_equal(result_say(&r, MSG_INVALID_OPTION, "B"), 3);
	assert_int_equal(r.rc, 45);
	assert_string_equal(r.out, "CP6056I told\n");
	assert_string_equal(r.err,
		"CP1227W The directory defines no user\n"
		"CP0045E ALPHA not logged on\nCP0003E Invalid option: B\n");
	assert_json(&r,
		"{\"command\":\"QUERY X\",\"rc\":45,\"messages\":["
		"{\"id\":\"CP6056I\",\"text\":\"told\"},"
		"{\"id\":\"CP1227W\",\"text\":\"The directory defines no user\"},"
		"{\"id\":\"CP0045E\",\"text\":\"ALPHA not logged on\"},"
		"{\"id\":\"CP0003E\",\"text\":\"Invalid option: B\"}],\"records\":[]}");
	result_fini(&r);
}

static void test_foreign_bytes(void **state)
{
	struct result r;

	(void)state;
	assert_int_equal(result_init(&r, "Q"), 0);
	rec_str(result_record(&r), "file", "a\xff\xc3\xa9\x1b\xe2\x82");
	result_line(&r, "%s", "a\x1b[0m\xff\tb\nc\x7f");
	assert_json(&r, "{\"command\":\"Q\",\"rc\":0,\"messages\":[],\"records\":["
			"{\"file\":\"a\\uFFFD\\u00E9\\u001B\\uFFFD\\uFFFD\"}]}");
	assert_string_equal(r.out, "a?[0m?\tb\nc?\n");
	result_fini(&r);
}

static void test_numbers(void **state)
{
	struct result r;
	json_t *rec;

	(void)state;
	assert_int_equal(result_init(&r, "Q"), 0);
	rec = result_record(&r);
	rec_u64(rec, "most", UINT64_MAX);
	rec_real(rec, "nan", NAN);
	rec_real(rec, "inf", INFINITY);
	assert_json(&r, "{\"command\":\"Q\",\"rc\":0,\"messages\":[],\"records\":["
			"{\"most\":9223372036854775807,\"nan\":null,\"inf\":null}]}");
	result_fini(&r);
}

static void test_time(void **state)
{
	struct result r;
	json_t *rec;

	(void)state;
	setenv("TZ", "IST-5:30", 1);
	tzset();
	assert_int_equal(result_init(&r, "Q"), 0);
	rec = result_record(&r);
	rec_time(rec, "at", UINT64_C(1700000000123456789));
	setenv("TZ", "UTC", 1);
	tzset();
	rec_time(rec, "utc", 0);
	assert_json(&r, "{\"command\":\"Q\",\"rc\":0,\"messages\":[],\"records\":["
			"{\"at\":\"2023-11-15T03:43:20.123+05:30\","
			"\"utc\":\"1970-01-01T00:00:00.000+00:00\"}]}");
	result_fini(&r);
}

/* What there was no memory for is NULL, and stays harmless. */
static void test_null(void **state)
{
	(void)state;
	rec_str(NULL, "a", "b");
	rec_u64(NULL, "a", 1);
	rec_real(NULL, "a", 1);
	rec_bool(NULL, "a", true);
	rec_time(NULL, "a", 1);
	assert_null(rec_array(NULL, "a"));
	assert_null(rec_object(NULL, "a"));
	assert_null(rec_item(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_foreign_bytes),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
