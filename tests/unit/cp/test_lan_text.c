/* Values of LANs as text: what can be typed comes out as it was. */
#include "cp/lan_text.h"

#include "cp/lib/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_rate(void **state)
{
	static const char *const texts[] = { "0", "1", "1500", "64k", "1500k", "100M",
		"1G", "999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t bps;
		char buf[32];

		assert_int_equal(word_rate(texts[i], &bps), 0);
		assert_string_equal(rate_text(bps, buf, sizeof(buf)), texts[i]);
	}
}

static void test_duration(void **state)
{
	static const char *const texts[] = { "250us", "10ms", "1500ms", "2s", "60s" };
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t ns;

		assert_int_equal(word_duration(texts[i], &ns), 0);
		assert_string_equal(duration_text(ns, buf, sizeof(buf)), texts[i]);
	}
	assert_string_equal(duration_text(1501, buf, sizeof(buf)), "1501ns");
}

static void test_ppm(void **state)
{
	static const char *const texts[] = { "0%", "0.0001%", "0.5%", "1%", "10%",
		"12.3456%", "100%" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint32_t ppm;
		char buf[32];

		assert_int_equal(word_ppm(texts[i], &ppm), 0);
		assert_string_equal(ppm_text(ppm, buf, sizeof(buf)), texts[i]);
	}
}

static void test_impair(void **state)
{
	struct lan_impair im = { .seed = 5 };
	char buf[IMPAIR_TEXT], small[8];

	(void)state;
	assert_string_equal(impair_text(&im, buf, sizeof(buf)), "");
	im.loss = 10000;
	im.loss_burst = 1;
	assert_string_equal(impair_text(&im, buf, sizeof(buf)), "LOSS 1% SEED 5");
	memset(&im, 0xff, sizeof(im));
	im.jitter = LAN_JITTER_NORMAL;
	impair_text(&im, buf, sizeof(buf));
	assert_true(strlen(buf) < IMPAIR_TEXT - 1);
	assert_string_equal(buf + strlen(buf) - 25, "SEED 18446744073709551615");
	impair_text(&im, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void test_vlans(void **state)
{
	static const char *const texts[] = { "1", "4094", "1-4094", "1-10,20", "1,3,5-6",
		"7,4093-4094" };
	uint8_t set[512];
	char buf[128];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(word_vlan_set(texts[i], set), 0);
		assert_string_equal(vlan_set_text(set, buf, sizeof(buf)), texts[i]);
	}
	memset(set, 0, sizeof(set));
	assert_string_equal(vlan_set_text(set, buf, sizeof(buf)), "");
	memset(set, 0xff, sizeof(set));
	assert_string_equal(vlan_set_text(set, buf, sizeof(buf)), "1-4094");
	memset(set, 0x55, sizeof(set));
	assert_string_equal(vlan_set_text(set, buf, 14), "2,4,6,8,...");
	assert_string_equal(vlan_set_text(set, buf, 4), "...");
}

static void test_drops(void **state)
{
	unsigned n = 0;

	(void)state;
	assert_string_equal(drop_key(0), "runt");
	while (drop_key(n)) {
		assert_true(*drop_words(n));
		n++;
	}
	assert_true(n <= LAN_DROP_ROOM);
	assert_null(drop_words(n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_ppm),
		cmocka_unit_test(test_impair),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
