/* HELP: what it explains, and what it does not give away. */
#include "cp/help.h"

#include "cp/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The text HELP answers; the result is the caller's to end. */
static const char *help(struct result *r, const char *topic, const char *classes, int rc)
{
	assert_int_equal(result_init(r, "HELP"), 0);
	assert_int_equal(help_print(r, topic, classes), rc);
	return r->out ? r->out : "";
}

static const char *field(const struct result *r, const char *key)
{
	return json_string_value(json_object_get(json_array_get(r->records, 0), key));
}

/* Every command one may issue is listed, and no other. */
static void test_list(void **state)
{
	struct result r;
	const struct command *c;
	size_t n = 0;

	(void)state;
	help(&r, NULL, "", 0);
	for (int i = 0; (c = command_at(i)); i++)
		n += *c->classes == '*';
	assert_int_equal(json_array_size(r.records), n);
	result_fini(&r);
	assert_non_null(strstr(help(&r, "", "ABCDEFG", 0), "\nQuery "));
	result_fini(&r);
}

static void test_command(void **state)
{
	struct result r;
	const char *text = help(&r, "q", "G", 0);

	(void)state;
	assert_memory_equal(text, "Query operand ...\n  show ", 24);
	assert_non_null(strstr(text, "\nNAMes "));
	assert_string_equal(field(&r, "command"), "QUERY");
	result_fini(&r);

	help(&r, "query nam", "G", 0);
	assert_memory_equal(r.out, "Query NAMes\n  list ", 19);
	assert_string_equal(field(&r, "command"), "QUERY NAMES");
	assert_int_equal(json_array_size(r.records), 1);
	result_fini(&r);
}

/* To whom may not issue it, a command is unknown. */
static void test_unknown(void **state)
{
	const struct command *c;
	struct result r;

	(void)state;
	for (int i = 0; (c = command_at(i)); i++) {
		help(&r, c->name, "", *c->classes == '*' ? 0 : 1);
		result_fini(&r);
	}
	help(&r, "FROB", "ABCDEFG", 1);
	assert_string_equal(r.err, "CP0001E Unknown CP command: FROB\n");
	result_fini(&r);
	help(&r, "QUERY FROB", "ABCDEFG", 1);
	result_fini(&r);
	help(&r, "\"", "ABCDEFG", 1);
	result_fini(&r);
}

static void test_message(void **state)
{
	static const char start[] = "CP0045E ... not logged on\n  The userid ";
	static const char *const topics[] = { "45", "CP0045E", "cp45", "0045e" };
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		help(&r, topics[i], "", 0);
		assert_memory_equal(r.out, start, sizeof(start) - 1);
		assert_string_equal(field(&r, "id"), "CP0045E");
		assert_string_equal(field(&r, "cause"), msg_find(45)->cause);
		result_fini(&r);
	}
	help(&r, "9998", "", MSG_NO_SUCH_MESSAGE);
	result_fini(&r);
	help(&r, "99999999999999999999999", "", MSG_NO_SUCH_MESSAGE);
	result_fini(&r);
}

/* No line of the text is wider than a screen. */
static void test_width(void **state)
{
	const struct msg_info *m;

	(void)state;
	for (int i = 0; (m = msg_at(i)); i++) {
		struct result r;
		char topic[16];
		const char *line;

		snprintf(topic, sizeof(topic), "%d", m->number);
		line = strchr(help(&r, topic, "", 0), '\n') + 1;
		while (*line) {
			size_t len = strcspn(line, "\n");

			if (len > 78)
				fail_msg("%.*s", (int)len, line);
			line += len + 1;
		}
		result_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
