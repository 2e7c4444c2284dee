/* Completion from the table of commands. */
#include "console/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const table[] = {
	"FORCE 5 userid",
	"HELP 4 [command [operand] | message]",
	"QUERY 1 operand ...",
	"QUERY NAMES 3 ",
	"QUERY VIRTUAL 1 [ALL | vdev | STORage | CPUs] [USER u]",
	"XAUTOLOG 7 userid [STorage n] [Ipl x] [SYNch]",
};

static struct complete commands;

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		complete_add(&commands, table[i], strlen(table[i]));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	complete_clear(&commands);
	return 0;
}

/* The candidates, with blanks between. */
static const char *all(const char *before, const char *word)
{
	static char text[512];
	char *found;

	text[0] = 0;
	for (int i = 0; (found = complete_word(&commands, before, word, i)); i++) {
		size_t used = strlen(text);

		snprintf(
			text + used, sizeof(text) - used, "%s%s", used ? " " : "", found);
		free(found);
	}
	return text;
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(all("", "X"), "XAUTOLOG");
	assert_string_equal(all("", "xa"), "xautolog");
	assert_string_equal(all("  ", "F"), "FORCE");
	assert_string_equal(all("", "Z"), "");
	assert_string_equal(all("QUERY TIME#", "fo"), "force");
	assert_string_equal(all("#CP ", "Fo"), "FORCE");
	assert_string_equal(all("HELP ", "FO"), "FORCE");
	assert_string_equal(all("help q ", "n"), "names");
}

static void operands(void **state)
{
	(void)state;
	assert_string_equal(all("QUERY ", ""), "NAMES VIRTUAL");
	assert_string_equal(all("q ", ""), "names virtual");
	assert_string_equal(all("q ", "V"), "VIRTUAL");
	assert_string_equal(all("Q V ", "S"), "STORAGE");
	assert_string_equal(all("XAUTOLOG ALPHA ", ""), "STORAGE IPL SYNCH");
	assert_string_equal(all("xautolog alpha ", "sy"), "synch");
	assert_string_equal(all("FORCE ", ""), "");
	assert_string_equal(all("NOSUCH ", ""), "");
}

static void odd_lines_are_ignored(void **state)
{
	static const char *const odd[] = { "", " ", "NAME", "7", "7 operands",
		"NAME x y" };
	int n = commands.n;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		complete_add(&commands, odd[i], strlen(odd[i]));
	assert_int_equal(commands.n, n);
	for (int i = 0; i < 100; i++)
		complete_add(&commands, "MANY 1 ", 7);
	assert_int_equal(commands.n, n + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(operands, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_lines_are_ignored, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
