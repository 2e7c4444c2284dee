#include "tests/unit/cms/hosted.h"

#include "cms/words.c"

/* The commands of a line, joined by '|', as they are given on. */
static const char *split(const char *line, bool (*next)(const char **, char *, size_t))
{
	static char all[256];
	char one[64];

	all[0] = '\0';
	while (next(&line, one, sizeof(one))) {
		strcat(all, one);
		strcat(all, "|");
	}
	return all;
}

static void commands_are_separated(void **state)
{
	(void)state;
	assert_string_equal(split("", command_next), "");
	assert_string_equal(split("   ", command_next), "");
	assert_string_equal(split(" one ", command_next), "one|");
	assert_string_equal(split("one#two # three", command_next), "one|two|three|");
	assert_string_equal(split("one#", command_next), "one|");
	assert_string_equal(split("one; two", parm_next), "one|two|");
}

static void separators_can_be_text(void **state)
{
	(void)state;
	assert_string_equal(split("a##b#c", command_next), "a##b|c|");
	assert_string_equal(split("a \"b#c\" d#e", command_next), "a \"b#c\" d|e|");
	assert_string_equal(split("a###b", command_next), "a##|b|");
	assert_string_equal(split("a##", command_next), "a##|");
	assert_string_equal(split("open \"a#b", command_next), "open \"a#b|");
	assert_string_equal(split("a;;b;c##d;\";\"", parm_next), "a||b|c##d|\";\"|");
}

static void a_long_command_is_cut(void **state)
{
	const char *rest = "abcdef#g";
	char one[4];

	(void)state;
	assert_true(command_next(&rest, one, sizeof(one)));
	assert_string_equal(one, "abc");
	assert_true(command_next(&rest, one, sizeof(one)));
	assert_string_equal(one, "g");
	assert_false(command_next(&rest, one, sizeof(one)));
}

static void doubles_become_single(void **state)
{
	char text[] = "a##b \"c##d\" e####f #";

	(void)state;
	command_undouble(text);
	assert_string_equal(text, "a#b \"c##d\" e##f #");
}

static void words_are_taken(void **state)
{
	char word[WORD_LIMIT + 1], longest[2 * WORD_LIMIT];
	const char *at = "  query \t names";

	(void)state;
	assert_true(word_next(&at, word));
	assert_string_equal(word, "query");
	assert_true(word_next(&at, word));
	assert_string_equal(word, "names");
	assert_false(word_next(&at, word));

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	at = longest;
	assert_true(word_next(&at, word));
	assert_string_equal(word, "?");
	assert_string_equal(at, "");
	at = longest + sizeof(longest) - 1 - WORD_LIMIT;
	assert_true(word_next(&at, word));
	assert_int_equal(text_length(word), WORD_LIMIT);
}

static void abbreviations(void **state)
{
	(void)state;
	assert_true(word_abbreviates("q", "Query"));
	assert_true(word_abbreviates("QUERY", "Query"));
	assert_true(word_abbreviates("exer", "EXERcise"));
	assert_true(word_abbreviates("Exercis", "EXERcise"));
	assert_false(word_abbreviates("exe", "EXERcise"));
	assert_false(word_abbreviates("exercises", "EXERcise"));
	assert_false(word_abbreviates("exert", "EXERcise"));
	assert_false(word_abbreviates("", "Query"));
	assert_false(word_abbreviates("CPU", "CP"));
}

static void numbers(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(parse_number("0", 0, &v));
	assert_int_equal(v, 0);
	assert_true(parse_number("18446744073709551615", UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_true(parse_number("0010", 10, &v));
	assert_int_equal(v, 10);
	assert_false(parse_number("18446744073709551616", UINT64_MAX, &v));
	assert_false(parse_number("11", 10, &v));
	assert_false(parse_number("9", 5, &v));
	assert_false(parse_number("", 10, &v));
	assert_false(parse_number("-1", 10, &v));
	assert_false(parse_number("1x", 10, &v));
	assert_int_equal(v, 10);
}

static void vdevs(void **state)
{
	uint64_t vdev = 0;

	(void)state;
	assert_true(parse_vdev("191", &vdev));
	assert_int_equal(vdev, 0x191);
	assert_true(parse_vdev("fFfF", &vdev));
	assert_int_equal(vdev, 0xffff);
	assert_false(parse_vdev("00191", &vdev));
	assert_false(parse_vdev("", &vdev));
	assert_false(parse_vdev("19g", &vdev));
}

static void sizes(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_true(parse_size("64", &v));
	assert_int_equal(v, 65536);
	assert_true(parse_size("64k", &v));
	assert_int_equal(v, 65536);
	assert_true(parse_size("2M", &v));
	assert_int_equal(v, 2 << 20);
	assert_true(parse_size("3G", &v));
	assert_true(v == UINT64_C(3) << 30);
	assert_false(parse_size("18446744073709551615G", &v));
	assert_false(parse_size("1T", &v));
	assert_false(parse_size("1MM", &v));
	assert_false(parse_size("M", &v));
}

static void seconds(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_true(parse_seconds("2", &v));
	assert_true(v == UINT64_C(2000000000));
	assert_true(parse_seconds("0.25", &v));
	assert_int_equal(v, 250000000);
	assert_true(parse_seconds("1.", &v));
	assert_int_equal(v, 1000000000);
	assert_true(parse_seconds("0.0000000019", &v));
	assert_int_equal(v, 1);
	assert_false(parse_seconds(".5", &v));
	assert_false(parse_seconds("1s", &v));
	assert_false(parse_seconds("99999999999", &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_separated),
		cmocka_unit_test(separators_can_be_text),
		cmocka_unit_test(a_long_command_is_cut),
		cmocka_unit_test(doubles_become_single),
		cmocka_unit_test(words_are_taken),
		cmocka_unit_test(abbreviations),
		cmocka_unit_test(numbers),
		cmocka_unit_test(vdevs),
		cmocka_unit_test(sizes),
		cmocka_unit_test(seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
