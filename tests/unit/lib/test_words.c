/* The operand scanner: words and abbreviations. */
#include "cp/lib/words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N_OF(a) (sizeof(a) / sizeof(*(a)))

/* ---- splitting ---- */

static void test_split(void **state)
{
	static const struct {
		const char *line;
		int n;
		const char *text[4];
		int column[4];
		bool quoted[4];
	} cases[] = {
		{ "", 0, { 0 }, { 0 }, { 0 } },
		{ " \t ", 0, { 0 }, { 0 }, { 0 } },
		{ "QUERY", 1, { "QUERY" }, { 1 }, { 0 } },
		{ "  q \t names ", 2, { "q", "names" }, { 3, 7 }, { 0 } },
		{ "a \"b  c\" d", 3, { "a", "b  c", "d" }, { 1, 3, 10 }, { 0, 1, 0 } },
		{ "\"\"", 1, { "" }, { 1 }, { 1 } },
		{ "\"say \"\"x\"\" now\"", 1, { "say \"x\" now" }, { 1 }, { 1 } },
		{ "\"\"\"\"", 1, { "\"" }, { 1 }, { 1 } },
		{ "k=\"a b\"c d", 2, { "k=a bc", "d" }, { 1, 10 }, { 1, 0 } },
		{ "\"a\tb\"", 1, { "a\tb" }, { 1 }, { 1 } },
		{ "\xc3\xa4 #", 2, { "\xc3\xa4", "#" }, { 1, 4 }, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct words w;
		int column = 0;

		assert_int_equal(words_split(&w, cases[i].line, &column), 0);
		assert_int_equal(w.n, cases[i].n);
		assert_string_equal(w.line, cases[i].line);
		for (int j = 0; j < w.n; j++) {
			assert_string_equal(w.word[j].text, cases[i].text[j]);
			assert_int_equal(w.word[j].column, cases[i].column[j]);
			assert_int_equal(w.word[j].quoted, cases[i].quoted[j]);
		}
		words_free(&w);
		assert_null(w.word);
		words_free(&w);
	}
}

static void test_split_refused(void **state)
{
	static const struct {
		const char *line;
		int column;
	} cases[] = {
		{ "\"", 1 },
		{ "ab \"cd ef", 4 },
		{ "ab 5\" disk", 5 },
		{ "\"a\"\"", 1 },
		{ "a \"b\" \"c", 7 },
		{ "abc\ndef", 4 },
		{ "a \x01", 3 },
		{ "a \"\x1b\"", 4 },
		{ "\x7f", 1 },
		{ "a\r", 2 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct words w;
		int column = 0;

		assert_int_equal(words_split(&w, cases[i].line, &column), -EINVAL);
		assert_int_equal(column, cases[i].column);
		assert_int_equal(w.n, 0);
		assert_null(w.store);
		words_free(&w);
	}
}

static void test_split_long(void **state)
{
	char line[WORD_MAX + 8] = "ab ";
	struct words w;
	int column = 0;

	(void)state;
	memset(line + 3, 'x', WORD_MAX);
	assert_int_equal(words_split(&w, line, &column), 0);
	assert_int_equal(strlen(w.word[1].text), WORD_MAX);
	words_free(&w);
	line[3 + WORD_MAX] = 'x';
	assert_int_equal(words_split(&w, line, &column), -E2BIG);
	assert_int_equal(column, 4);
}

static void test_split_many(void **state)
{
	char line[2001];
	struct words w;
	int column;

	(void)state;
	for (int i = 0; i < 2000; i++)
		line[i] = (char)(i % 2 ? ' ' : 'a' + i / 2 % 26);
	line[2000] = '\0';
	assert_int_equal(words_split(&w, line, &column), 0);
	assert_int_equal(w.n, 1000);
	assert_string_equal(w.word[999].text, "l");
	assert_int_equal(w.word[999].column, 1999);
	words_free(&w);
}

static void test_rest(void **state)
{
	struct words none = { 0 }, w;
	int column;

	(void)state;
	assert_int_equal(words_split(&w, " msg OP  say \"hi  you\" ", &column), 0);
	assert_string_equal(words_rest(&w, 0), "msg OP  say \"hi  you\" ");
	assert_string_equal(words_rest(&w, 2), "say \"hi  you\" ");
	assert_string_equal(words_rest(&w, 3), "\"hi  you\" ");
	assert_string_equal(words_rest(&w, 4), "");
	assert_string_equal(words_rest(&w, -1), "");
	assert_string_equal(words_rest(&none, 0), "");
	words_free(&w);
}

/* ---- abbreviations ---- */

static void test_is(void **state)
{
	static const struct {
		const char *text;
		size_t min;
		bool is;
	} cases[] = {
		{ "XAUTOLOG", 7, true },
		{ "xautolo", 7, true },
		{ "XautoLO", 7, true },
		{ "XAUTOL", 7, false },
		{ "XAUTOLOGS", 7, false },
		{ "XAUTOLIG", 7, false },
		{ "X", 1, true },
		{ "", 1, false },
		{ "", 0, false },
		{ "XAUTOLOG ", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_int_equal(
			word_is(cases[i].text, "XAUTOLOG", cases[i].min), cases[i].is);
	assert_true(word_is("a_2", "A_2B", 2));
	assert_false(word_is("\xe1", "\xc1", 1)); /* ASCII only */
}

static void test_min(void **state)
{
	(void)state;
	assert_int_equal(word_min("XAUTOLOg"), 7);
	assert_int_equal(word_min("Query"), 1);
	assert_int_equal(word_min("MSGNOH"), 6);
	assert_int_equal(word_min("SPool"), 2);
	assert_int_equal(word_min("PRIV_classes"), 5);
	assert_int_equal(word_min("abC2d"), 4);
	assert_int_equal(word_min("none"), 0);
	assert_int_equal(word_min(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_refused),
		cmocka_unit_test(test_split_long),
		cmocka_unit_test(test_split_many),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_is),
		cmocka_unit_test(test_min),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
