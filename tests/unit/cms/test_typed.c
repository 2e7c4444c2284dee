#include "tests/unit/cms/hosted.h"

#include "cms/typed.c"
#include "cms/words.c"

static struct typed t;

/* Types; complete lines are kept.  The last event that was one. */
static enum typed_event type(const char *bytes)
{
	enum typed_event event, last = TYPED_NOTHING;

	for (; *bytes; bytes++) {
		event = typed_byte(&t, *bytes);
		if (event == TYPED_LINE)
			typed_keep(&t);
		if (event != TYPED_NOTHING)
			last = event;
	}
	return last;
}

static void expect_line(const char *line)
{
	char out[LINE_LIMIT + 1];

	assert_true(typed_next(&t, out));
	assert_string_equal(out, line);
}

static void expect_none(void)
{
	char out[LINE_LIMIT + 1];

	assert_false(typed_next(&t, out));
}

static int fresh(void **state)
{
	(void)state;
	t = (struct typed) { 0 };
	return 0;
}

static void line_ends(void **state)
{
	(void)state;
	type("one\ntwo\rthree\r\n\nfour\r\rfive");
	expect_line("one");
	expect_line("two");
	expect_line("three");
	expect_line("");
	expect_line("four");
	expect_line("");
	expect_none();
	type("\r");
	expect_line("five");
	type("\n");
	expect_none();
}

static void editing(void **state)
{
	(void)state;
	type("\b\bab\bc\x7f\x7fxy\x01z\tw\n");
	expect_line("xyz\tw");
}

static void a_line_may_have_so_many(void **state)
{
	char text[LINE_LIMIT + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[LINE_LIMIT] = '\0';
	assert_int_equal(type(text), TYPED_NOTHING);
	assert_int_equal(type("\n"), TYPED_LINE);
	expect_line(text);

	text[LINE_LIMIT] = 'a';
	text[LINE_LIMIT + 1] = '\0';
	type(text);
	assert_int_equal(type("more\n"), TYPED_TOO_LONG);
	expect_none();
	type("next\n");
	expect_line("next");
}

static void lines_wait_while_there_is_room(void **state)
{
	int n = 0, taken = 0;
	char out[LINE_LIMIT + 1];

	(void)state;
	for (; typed_room(&t); n++)
		type("a line of some length\n");
	assert_true(n > 100);
	while (typed_next(&t, out))
		taken++;
	assert_int_equal(taken, n);
	type("x\n");
	typed_drop(&t);
	expect_none();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_ends, fresh),
		cmocka_unit_test_setup(editing, fresh),
		cmocka_unit_test_setup(a_line_may_have_so_many, fresh),
		cmocka_unit_test_setup(lines_wait_while_there_is_room, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
