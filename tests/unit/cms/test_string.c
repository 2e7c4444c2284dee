#include "tests/unit/cms/hosted.h"

static void copies_and_sets(void **state)
{
	char a[] = "abcdefgh", b[9] = "";

	(void)state;
	assert_ptr_equal(cms_memcpy(b, a, 9), b);
	assert_string_equal(b, "abcdefgh");
	cms_memset(b + 2, 'x', 3);
	assert_string_equal(b, "abxxxfgh");
	cms_memcpy(b, a, 0);
	cms_memset(b, 'y', 0);
	assert_string_equal(b, "abxxxfgh");
}

static void moves_within_itself(void **state)
{
	char up[] = "12345678", down[] = "12345678";

	(void)state;
	cms_memmove(up + 2, up, 6);
	assert_string_equal(up, "12123456");
	cms_memmove(down, down + 2, 6);
	assert_string_equal(down, "34567878");
}

static void compares(void **state)
{
	(void)state;
	assert_int_equal(cms_memcmp("abc", "abd", 2), 0);
	assert_true(cms_memcmp("abc", "abd", 3) < 0);
	assert_true(cms_memcmp("\xff", "a", 1) > 0);
	assert_true(text_same("Begin", "bEGIN"));
	assert_false(text_same("Begin", "Begi"));
	assert_false(text_same("", "x"));
	assert_int_equal(hex_value('b'), 11);
	assert_int_equal(hex_value('g'), -1);
}

static void copies_what_fits(void **state)
{
	char to[4];

	(void)state;
	assert_int_equal(text_copy(to, sizeof(to), "abcdef"), 6);
	assert_string_equal(to, "abc");
	assert_int_equal(text_copy(to, sizeof(to), ""), 0);
	assert_string_equal(to, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_and_sets),
		cmocka_unit_test(moves_within_itself),
		cmocka_unit_test(compares),
		cmocka_unit_test(copies_what_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
