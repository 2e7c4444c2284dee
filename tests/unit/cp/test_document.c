/* The manual that is made from the tables: everything is in it, and it is Markdown. */
#include "cp/document.h"

#include "cp/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *made(void (*fn)(FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fn(out);
	fclose(out);
	assert_int_equal(text[len - 1], '\n');
	assert_memory_equal(text, "# ", 2);
	return text;
}

static void assert_has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("there is no '%s'", what);
}

static void test_messages(void **state)
{
	char *text = made(document_messages);
	const struct msg_info *m;

	(void)state;
	for (int i = 0; (m = msg_at(i)); i++) {
		char heading[32];

		snprintf(heading, sizeof(heading), "\n## CP%04d%c\n", m->number,
			m->severity);
		assert_has(text, heading);
	}
	assert_has(text, "\n`... not logged on`\n");
	free(text);
}

static void test_commands(void **state)
{
	char *text = made(document_commands);
	const struct command *c, *sub;
	char heading[80];

	(void)state;
	for (int i = 0; (c = command_at(i)); i++) {
		snprintf(heading, sizeof(heading), "\n## %s\n", c->name);
		assert_has(text, heading);
		for (int k = 0; (sub = subcommand_at(c->name, k)); k++) {
			snprintf(heading, sizeof(heading), "\n### %s %s\n", c->mixed,
				sub->name);
			assert_has(text, heading);
		}
	}
	assert_has(text, "\n`Query NAMes` (any user)\n");
	free(text);
}

static void test_directory(void **state)
{
	char *text = made(document_directory);

	(void)state;
	assert_has(text,
		"\n### MDISK\n\n`Mdisk vdev FILE file [SIZE size] [mode]`\n\nA minidisk");
	assert_has(text, "\n### DEFINE LAN\n");
	assert_has(text, "@ \\# $ \\_ -");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
