/* The operand scanner: words that are values; each refuses what is not all of one. */
#include "cp/lib/words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N_OF(a) (sizeof(a) / sizeof(*(a)))

#define UNSET UINT64_C(0xdeadbeefdeadbeef)

struct value_case {
	const char *text;
	int err;
	uint64_t value;
};

/* Checks each case, and that *out stays as it was where there is none. */
static void check_u64(
	const struct value_case *c, size_t n, int (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = UNSET;
		int err = parse(c[i].text, &v);

		if (err != c[i].err || v != (err ? UNSET : c[i].value))
			fail_msg("\"%s\": %d, %ju", c[i].text, err, (uintmax_t)v);
	}
}

static void check_u32(
	const struct value_case *c, size_t n, int (*parse)(const char *, uint32_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint32_t v = (uint32_t)UNSET;
		int err = parse(c[i].text, &v);

		if (err != c[i].err || v != (uint32_t)(err ? UNSET : c[i].value))
			fail_msg("\"%s\": %d, %u", c[i].text, err, v);
	}
}

static int u64_any(const char *text, uint64_t *out)
{
	return word_u64(text, 0, UINT64_MAX, out);
}

static int u64_2_to_9(const char *text, uint64_t *out)
{
	return word_u64(text, 2, 9, out);
}

static void test_u64(void **state)
{
	static const struct value_case any[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999999x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ "1a", -EINVAL, 0 },
	};
	static const struct value_case bounded[] = {
		{ "1", -ERANGE, 0 },
		{ "2", 0, 2 },
		{ "9", 0, 9 },
		{ "10", -ERANGE, 0 },
	};

	(void)state;
	check_u64(any, N_OF(any), u64_any);
	check_u64(bounded, N_OF(bounded), u64_2_to_9);
}

static int hex_any(const char *text, uint64_t *out)
{
	return word_hex(text, UINT64_MAX, out);
}

static int hex_to_ff(const char *text, uint64_t *out)
{
	return word_hex(text, 0xff, out);
}

static void test_hex(void **state)
{
	static const struct value_case any[] = {
		{ "0", 0, 0 },
		{ "aBcDeF", 0, 0xabcdef },
		{ "ffffffffffffffff", 0, UINT64_MAX },
		{ "10000000000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ "g", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};
	static const struct value_case bounded[] = {
		{ "ff", 0, 0xff },
		{ "100", -ERANGE, 0 },
	};

	(void)state;
	check_u64(any, N_OF(any), hex_any);
	check_u64(bounded, N_OF(bounded), hex_to_ff);
}

static void test_vdev(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint16_t vdev;
	} cases[] = {
		{ "9", 0, 9 },
		{ "0191", 0, 0x191 },
		{ "FFff", 0, 0xffff },
		{ "", -EINVAL, 0 },
		{ "00191", -EINVAL, 0 },
		{ "10000", -EINVAL, 0 },
		{ "19g", -EINVAL, 0 },
		{ "0x9", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint16_t v = 0x5555;

		assert_int_equal(word_vdev(cases[i].text, &v), cases[i].err);
		assert_int_equal(v, cases[i].err ? 0x5555 : cases[i].vdev);
	}
}

static void test_size(void **state)
{
	static const struct value_case cases[] = {
		{ "64M", 0, UINT64_C(64) << 20 },
		{ "1g", 0, UINT64_C(1) << 30 },
		{ "512K", 0, 512 << 10 },
		{ "4096B", 0, 4096 },
		{ "1T", 0, UINT64_C(1) << 40 },
		{ "0M", 0, 0 },
		{ "16777215T", 0, UINT64_C(16777215) << 40 },
		{ "16777216T", -ERANGE, 0 },
		{ "18446744073709551616B", -ERANGE, 0 },
		{ "18446744073709551616X", -EINVAL, 0 },
		{ "64", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "64MB", -EINVAL, 0 },
		{ "64 M", -EINVAL, 0 },
		{ "-1M", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
	};

	(void)state;
	check_u64(cases, N_OF(cases), word_size);
}

static void test_percent(void **state)
{
	static const struct value_case cases[] = {
		{ "25%", 0, 2500 },
		{ "12.5%", 0, 1250 },
		{ "0.01%", 0, 1 },
		{ "0%", 0, 0 },
		{ "100%", 0, 10000 },
		{ "100.00%", 0, 10000 },
		{ "100.01%", -ERANGE, 0 },
		{ "101%", -ERANGE, 0 },
		{ "42949673%", -ERANGE, 0 },
		{ "99999999999999999999%", -ERANGE, 0 },
		{ "25", -EINVAL, 0 },
		{ "%", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "1.%", -EINVAL, 0 },
		{ ".5%", -EINVAL, 0 },
		{ "1.234%", -EINVAL, 0 },
		{ "1.2.3%", -EINVAL, 0 },
		{ "25%%", -EINVAL, 0 },
		{ "-1%", -EINVAL, 0 },
	};

	(void)state;
	check_u32(cases, N_OF(cases), word_percent);
}

static void test_ppm(void **state)
{
	static const struct value_case cases[] = {
		{ "0%", 0, 0 },
		{ "0.0001%", 0, 1 },
		{ "0.5%", 0, 5000 },
		{ "12.3456%", 0, 123456 },
		{ "100%", 0, 1000000 },
		{ "100.0001%", -ERANGE, 0 },
		{ "4294967297%", -ERANGE, 0 },
		{ "0.00001%", -EINVAL, 0 },
		{ "1", -EINVAL, 0 },
		{ "1.%", -EINVAL, 0 },
		{ ".5%", -EINVAL, 0 },
		{ "-1%", -EINVAL, 0 },
	};

	(void)state;
	check_u32(cases, N_OF(cases), word_ppm);
}

static int hundredths_to_64(const char *text, uint32_t *out)
{
	return word_hundredths(text, 6400, out);
}

static int hundredths_any(const char *text, uint32_t *out)
{
	return word_hundredths(text, UINT32_MAX, out);
}

static void test_hundredths(void **state)
{
	static const struct value_case cases[] = {
		{ "1.50", 0, 150 },
		{ "1.5", 0, 150 },
		{ "1.05", 0, 105 },
		{ "1", 0, 100 },
		{ "64", 0, 6400 },
		{ "64.01", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551616.5", -ERANGE, 0 },
		{ "184467440737095517", -ERANGE, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.005", -EINVAL, 0 },
		{ "1.18446744073709551616", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "1,5", -EINVAL, 0 },
		{ "1.5%", -EINVAL, 0 },
	};
	static const struct value_case any[] = {
		{ "42949672.95", 0, UINT32_MAX },
		{ "42949672.96", -ERANGE, 0 },
	};

	(void)state;
	check_u32(cases, N_OF(cases), hundredths_to_64);
	check_u32(any, N_OF(any), hundredths_any);
}

static void test_duration(void **state)
{
	static const struct value_case cases[] = {
		{ "10ms", 0, UINT64_C(10000000) },
		{ "250us", 0, 250000 },
		{ "2S", 0, UINT64_C(2000000000) },
		{ "1m", 0, UINT64_C(60000000000) },
		{ "5", 0, UINT64_C(5000000000) },
		{ "0", 0, 0 },
		{ "18446744073", 0, UINT64_C(18446744073000000000) },
		{ "18446744074", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "ms", -EINVAL, 0 },
		{ "10mss", -EINVAL, 0 },
		{ "10 ms", -EINVAL, 0 },
		{ "10h", -EINVAL, 0 },
		{ "-5", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },
	};

	(void)state;
	check_u64(cases, N_OF(cases), word_duration);
}

static void test_rate(void **state)
{
	static const struct value_case cases[] = {
		{ "100M", 0, 100000000 },
		{ "1G", 0, 1000000000 },
		{ "64k", 0, 64000 },
		{ "9600", 0, 9600 },
		{ "18446744074G", -ERANGE, 0 },
		{ "18446744073G", 0, UINT64_C(18446744073000000000) },
		{ "", -EINVAL, 0 },
		{ "G", -EINVAL, 0 },
		{ "1Gb", -EINVAL, 0 },
		{ "1X", -EINVAL, 0 },
	};

	(void)state;
	check_u64(cases, N_OF(cases), word_rate);
}

static void test_userid(void **state)
{
	static const struct {
		const char *text, *userid;
	} cases[] = {
		{ "alpha", "ALPHA" },
		{ "A", "A" },
		{ "Linux001", "LINUX001" },
		{ "@#$_-9", "@#$_-9" },
		{ "", NULL },
		{ "NINECHARS", NULL },
		{ "A B", NULL },
		{ "A.B", NULL },
		{ "../x", NULL },
		{ "\xc4", NULL },
		{ "A\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char out[USERID_MAX + 1] = "?";
		int err = word_userid(cases[i].text, out);

		assert_int_equal(err, cases[i].userid ? 0 : -EINVAL);
		assert_string_equal(out, cases[i].userid ? cases[i].userid : "?");
	}
}

static void test_mac_id(void **state)
{
	static const struct value_case cases[] = {
		{ "020001", 0, 0x020001 },
		{ "FfFfFf", 0, 0xffffff },
		{ "20001", -EINVAL, 0 },
		{ "0020001", -EINVAL, 0 },
		{ "02000g", -EINVAL, 0 },
		{ "0x0001", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	(void)state;
	check_u32(cases, N_OF(cases), word_mac_id);
}

static void test_mac(void **state)
{
	static const char *const bad[] = { "", "02:00:00:00:00",
		"02:00:00:00:00:01:", "02:00:00:00:00:001", "02-00-00-00-00-01",
		"0x:00:00:00:00:01", "02:00:00:00:0g:01", "01:00:00:00:00:01",
		"00:00:00:00:00:00", "02:00:00:00:00: 1", "2:00:00:00:000:01" };
	static const uint8_t good[6] = { 0x02, 0xab, 0xcd, 0xef, 0x09, 0xff };
	uint8_t mac[6] = { 7, 7, 7, 7, 7, 7 };

	(void)state;
	for (size_t i = 0; i < N_OF(bad); i++)
		assert_int_equal(word_mac(bad[i], mac), -EINVAL);
	assert_int_equal(mac[0], 7);
	assert_int_equal(word_mac("02:aB:cd:EF:09:ff", mac), 0);
	assert_memory_equal(mac, good, sizeof(mac));
}

static bool has_vlan(const uint8_t *set, int v)
{
	return set[v / 8] >> v % 8 & 1;
}

static int count_vlans(const uint8_t *set)
{
	int n = 0;

	for (int v = 0; v < 4096; v++)
		n += has_vlan(set, v);
	return n;
}

static void test_vlan_set(void **state)
{
	static const struct {
		const char *text;
		int n, first, last;
	} cases[] = {
		{ "1", 1, 1, 1 },
		{ "4094", 1, 4094, 4094 },
		{ "1-4094", 4094, 1, 4094 },
		{ "1-10,20", 11, 1, 20 },
		{ "20,1-10,5", 11, 1, 20 },
		{ "7-7", 1, 7, 7 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint8_t set[512];

		memset(set, 0xff, sizeof(set));
		assert_int_equal(word_vlan_set(cases[i].text, set), 0);
		assert_int_equal(count_vlans(set), cases[i].n);
		assert_true(has_vlan(set, cases[i].first));
		assert_true(has_vlan(set, cases[i].last));
	}
}

static void test_vlan_set_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "", -EINVAL },
		{ ",", -EINVAL },
		{ "1,", -EINVAL },
		{ ",1", -EINVAL },
		{ "1,,2", -EINVAL },
		{ "1-", -EINVAL },
		{ "-1", -EINVAL },
		{ "1-2-3", -EINVAL },
		{ "10-1", -EINVAL },
		{ "1 ,2", -EINVAL },
		{ "all", -EINVAL },
		{ "0", -ERANGE },
		{ "4095", -ERANGE },
		{ "0-5", -ERANGE },
		{ "1-4095", -ERANGE },
		{ "5,99999999999999999999", -ERANGE },
		{ "99999999999999999999-5", -ERANGE },
		{ "5-99999999999999999999x", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint8_t set[512] = { 0x55 };

		assert_int_equal(word_vlan_set(cases[i].text, set), cases[i].err);
		assert_int_equal(set[0], 0x55);
		assert_int_equal(count_vlans(set), 4);
	}
}

static void test_size_text(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },
		{ 1, "1B" },
		{ 1023, "1023B" },
		{ 1024, "1K" },
		{ UINT64_C(16) << 20, "16M" },
		{ UINT64_C(1) << 30, "1G" },
		{ 1536 << 10, "1536K" },
		{ UINT64_C(2048) << 40, "2048T" },
		{ UINT64_MAX, "18446744073709551615B" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint64_t back;
		char buf[32];

		assert_ptr_equal(size_text(cases[i].bytes, buf, sizeof(buf)), buf);
		assert_string_equal(buf, cases[i].text);
		assert_int_equal(word_size(buf, &back), 0);
		assert_true(back == cases[i].bytes);
	}
}

static void test_mac_text(void **state)
{
	static const uint8_t mac[6] = { 0x02, 0, 0x01, 0x0a, 0xBC, 0xff };
	char buf[MAC_TEXT];

	(void)state;
	assert_ptr_equal(mac_text(mac, buf), buf);
	assert_string_equal(buf, "02:00:01:0a:bc:ff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_vdev),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_ppm),
		cmocka_unit_test(test_hundredths),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_userid),
		cmocka_unit_test(test_mac_id),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_vlan_set),
		cmocka_unit_test(test_vlan_set_refused),
		cmocka_unit_test(test_size_text),
		cmocka_unit_test(test_mac_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
