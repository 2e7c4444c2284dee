/* A console's output as whole lines and an unfinished one. */
#include "console/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char printed[8192];

static void print(struct lines *l, const char *text, size_t len)
{
	(void)l;
	assert_true(len > 0 && text[len - 1] == '\n');
	strncat(printed, text, len);
}

static struct lines fresh(void)
{
	struct lines l;

	printed[0] = 0;
	lines_init(&l, print, NULL);
	return l;
}

static void push(struct lines *l, const char *text)
{
	lines_push(l, text, strlen(text));
}

static const char *tail(const struct lines *l)
{
	static char buf[LINES_TAIL];

	return lines_tail(l, buf, sizeof(buf));
}

static void whole_lines_are_printed(void **state)
{
	struct lines l = fresh();

	(void)state;
	push(&l, "one\r\ntwo\nlog");
	assert_string_equal(printed, "one\r\ntwo\n");
	assert_string_equal(tail(&l), "log");
	push(&l, "in: ");
	assert_string_equal(tail(&l), "login: ");
	assert_string_equal(printed, "one\r\ntwo\n");
	lines_end(&l);
	assert_string_equal(printed, "one\r\ntwo\nlogin: \n");
	assert_string_equal(tail(&l), "");
	lines_end(&l);
	assert_string_equal(printed, "one\r\ntwo\nlogin: \n");
}

static void tail_looks_as_on_the_screen(void **state)
{
	struct lines l = fresh();

	(void)state;
	push(&l, "\033[1;32mroot\033[0m# ");
	assert_string_equal(tail(&l), "root# ");
	l = fresh();
	push(&l, " 10%\r 20%\r100%");
	assert_string_equal(tail(&l), "100%");
	l = fresh();
	push(&l, "abc\b\b\b\bX");
	assert_string_equal(tail(&l), "Xbc");
	l = fresh();
	push(&l, "cut \033[1");
	assert_string_equal(tail(&l), "cut ");
}

static void echo_is_swallowed(void **state)
{
	struct lines l = fresh();

	(void)state;
	push(&l, "login: ");
	lines_typed(&l, "root");
	assert_string_equal(tail(&l), "");
	push(&l, "ro");
	push(&l, "ot\r");
	push(&l, "\nWelcome\r\n");
	assert_string_equal(printed, "Welcome\r\n");
	push(&l, "root\n");
	assert_string_equal(printed, "Welcome\r\nroot\n");
}

static void no_echo_no_loss(void **state)
{
	struct lines l = fresh();

	(void)state;
	lines_typed(&l, "query time");
	push(&l, "que");
	assert_string_equal(printed, "");
	push(&l, "er\nx\n");
	assert_string_equal(printed, "queer\nx\n");

	l = fresh();
	lines_typed(&l, "abc");
	push(&l, "abcd\n");
	assert_string_equal(printed, "abcd\n");

	l = fresh();
	lines_typed(&l, "");
	push(&l, "\r\nReady;\n");
	assert_string_equal(printed, "\r\nReady;\n");
}

static void long_lines_are_folded(void **state)
{
	struct lines l = fresh();

	(void)state;
	for (int i = 0; i < 3 * LINES_TAIL; i++)
		push(&l, "x");
	push(&l, "\n");
	assert_int_equal(strspn(printed, "x\n"), strlen(printed));
	assert_int_equal(strlen(printed), 3 * LINES_TAIL + 4);
	assert_string_equal(tail(&l), "");
}

static void long_echo(void **state)
{
	struct lines l = fresh();
	char text[LINES_TAIL * 2];

	(void)state;
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = 0;
	lines_typed(&l, text);
	push(&l, "z\n");
	assert_string_equal(printed, "z\n");
	text[LINES_TAIL - 1] = 0;
	lines_typed(&l, text);
	push(&l, text);
	push(&l, "-\n");
	assert_int_equal(strspn(printed + 2, "y-\n"), strlen(printed + 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines_are_printed),
		cmocka_unit_test(tail_looks_as_on_the_screen),
		cmocka_unit_test(echo_is_swallowed),
		cmocka_unit_test(no_echo_no_loss),
		cmocka_unit_test(long_lines_are_folded),
		cmocka_unit_test(long_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
