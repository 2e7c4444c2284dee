/* The command language: the rules every row keeps, look-up, splitting, operands. */
#include "cp/command.h"
#include "cp/request.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define CLASSES "ABCDEFG"

/* One table: the commands (verb ""), or the operands of one. */
static const struct command *row(const char *verb, int i)
{
	return *verb ? subcommand_at(verb, i) : command_at(i);
}

static void for_each_table(void (*fn)(const char *verb))
{
	const struct command *c;

	fn("");
	for (int i = 0; (c = command_at(i)); i++) {
		if (subcommand_at(c->name, 0))
			fn(c->name);
	}
}

static void check_row(const struct command *c)
{
	if (strcasecmp(c->name, c->mixed) != 0)
		fail_msg("%s is not %s", c->name, c->mixed);
	for (const char *p = c->name; *p; p++) {
		if (islower((unsigned char)*p))
			fail_msg("%s is not upper case", c->name);
	}
	if (!word_min(c->mixed))
		fail_msg("%s has no minimum abbreviation", c->name);
	if (strcmp(c->classes, "*") != 0 &&
		(!*c->classes || c->classes[strspn(c->classes, CLASSES)]))
		fail_msg("%s is of class %s", c->name, c->classes);
	assert_non_null(c->fn);
	if (!*c->help || isupper((unsigned char)c->help[0]) ||
		c->help[strlen(c->help) - 1] == '.')
		fail_msg("the help of %s is '%s'", c->name, c->help);
	if (*c->detail && c->detail[strlen(c->detail) - 1] != '.')
		fail_msg("the detail of %s is '%s'", c->name, c->detail);
	assert_non_null(c->operands);
}

static void check_rows(const char *verb)
{
	const struct command *c, *last = NULL;

	for (int i = 0; (c = row(verb, i)); i++) {
		check_row(c);
		if (last && strcmp(last->name, c->name) >= 0)
			fail_msg("%s %s is not after %s", verb, c->name, last->name);
		last = c;
	}
	assert_non_null(last);
}

static void test_rows(void **state)
{
	(void)state;
	for_each_table(check_rows);
}

static bool same_user(const struct command *a, const struct command *b)
{
	return *a->classes == '*' || *b->classes == '*' ||
	       strpbrk(a->classes, b->classes);
}

/* What abbreviates one row abbreviates no other that the same user may issue. */
static void check_abbreviations(const char *verb)
{
	const struct command *a, *b;

	for (int i = 0; (a = row(verb, i)); i++) {
		for (int k = i + 1; (b = row(verb, k)); k++) {
			size_t min = word_min(a->mixed), other = word_min(b->mixed);

			min = min > other ? min : other;
			if (same_user(a, b) && !strncmp(a->name, b->name, min))
				fail_msg("%s: %.*s is %s and %s", verb, (int)min, a->name,
					a->name, b->name);
		}
	}
}

static void test_abbreviations(void **state)
{
	(void)state;
	for_each_table(check_abbreviations);
}

/* Who may use an operand may use its command. */
static void test_verbs(void **state)
{
	const struct command *verb, *c;

	(void)state;
	for (int i = 0; (verb = command_at(i)); i++) {
		for (int k = 0; (c = subcommand_at(verb->name, k)); k++) {
			const char *need = *c->classes == '*' ? CLASSES : c->classes;

			if (*verb->classes != '*' &&
				strspn(need, verb->classes) != strlen(need))
				fail_msg("%s is not for everybody who may %s", verb->name,
					c->name);
		}
	}
	assert_null(subcommand_at("FROB", 0));
	assert_null(command_at(-1));
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(command_find("q", "G")->name, "QUERY");
	assert_string_equal(command_find("Query", "")->name, "QUERY");
	assert_string_equal(command_find("HELP", "")->name, "HELP");
	assert_null(command_find("HEL", "ABCDEFG"));
	assert_null(command_find("QUERYX", "ABCDEFG"));
	assert_null(command_find("", "ABCDEFG"));
	assert_string_equal(subcommand_find("query", "nam", "G")->name, "NAMES");
	assert_null(subcommand_find("query", "na", "G"));
	assert_null(subcommand_find("HELP", "NAMES", "G"));
}

/* A command one may not issue does not exist. */
static void test_classes(void **state)
{
	const struct command *c;

	(void)state;
	for (int i = 0; (c = command_at(i)); i++) {
		if (*c->classes == '*') {
			assert_ptr_equal(command_find(c->name, ""), c);
			continue;
		}
		assert_null(command_find(c->name, ""));
		for (const char *p = CLASSES; *p; p++) {
			char one[2] = { *p, '\0' };

			if (strchr(c->classes, *p))
				assert_ptr_equal(command_find(c->name, one), c);
			else
				assert_null(command_find(c->name, one));
		}
	}
}

/* Commands as they come, with a '|' after each. */
static int collect(void *ctx, const char *line)
{
	strcat(strcat(ctx, line), "|");
	return strcmp(line, "stop") ? 0 : 7;
}

static void test_split(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ " # ##", "#|" },
		{ "query names", "query names|" },
		{ "  q n  #\tcp q t ", "q n|q t|" },
		{ "#cp query names", "query names|" },
		{ "CP#cp #Cp x", "x|" },
		{ "cpx y", "cpx y|" },
		{ "msg a one ## two", "msg a one # two|" },
		{ "a###b", "a#|b|" },
		{ "a####b", "a##b|" },
		{ "echo \"a#b\"#c", "echo \"a#b\"|c|" },
		{ "echo \"a##b\"", "echo \"a##b\"|" },
		{ "echo \"a\"\"#\"#b", "echo \"a\"\"#\"|b|" },
		{ "stop#never", "stop|" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[128] = "";
		int column = 0;
		int rc = command_split(cases[i].text, collect, got, &column);

		assert_string_equal(got, cases[i].want);
		assert_int_equal(rc, strncmp(cases[i].text, "stop", 4) ? 0 : 7);
	}
}

/* Nothing is done of a line whose quotes do not balance. */
static void test_split_quotes(void **state)
{
	char got[128] = "";
	int column = 0;

	(void)state;
	assert_int_equal(command_split("a#b \"c#d", collect, got, &column), -EINVAL);
	assert_int_equal(column, 5);
	assert_string_equal(got, "");
	assert_int_equal(command_split("\"a\" \"", collect, got, &column), -EINVAL);
	assert_int_equal(column, 5);
}

static void split(struct operands *ops, const char *line)
{
	int column;

	memset(ops, 0, sizeof(*ops));
	assert_int_equal(words_split(&ops->words, line, &column), 0);
}

static void test_operands(void **state)
{
	struct request rq = { 0 };
	struct operands ops;
	char userid[USERID_MAX + 1];
	const char *word;
	uint64_t n;
	uint16_t vdev;

	(void)state;
	assert_int_equal(result_init(&rq.result, "TEST"), 0);
	split(&ops, "to alpha 0191 5 16M word \"user\" rest  of \"it\"");
	assert_false(op_keyword(&ops, "FROM"));
	assert_true(op_keyword(&ops, "TO"));
	assert_int_equal(op_userid(&rq, &ops, userid), 0);
	assert_string_equal(userid, "ALPHA");
	assert_int_equal(op_vdev(&rq, &ops, &vdev), 0);
	assert_int_equal(vdev, 0x191);
	assert_int_equal(op_number(&rq, &ops, "count", 1, 5, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(op_size(&rq, &ops, "size", &n), 0);
	assert_int_equal(n, 16 << 20);
	assert_int_equal(op_word(&rq, &ops, "word", &word), 0);
	assert_string_equal(word, "word");
	assert_false(op_keyword(&ops, "USER")); /* quoted */
	assert_string_equal(op_peek(&ops), "user");
	assert_int_equal(op_word(&rq, &ops, "word", &word), 0);
	assert_true(op_more(&ops));
	assert_string_equal(op_rest(&ops), "rest  of \"it\"");
	assert_false(op_more(&ops));
	assert_null(op_peek(&ops));
	assert_string_equal(op_rest(&ops), "");
	assert_int_equal(op_end(&rq, &ops), 0);
	assert_int_equal(rq.result.rc, 0);
	words_free(&ops.words);
	result_fini(&rq.result);
}

/* Each failure has its number and leaves the operand where it is. */
static void test_bad_operands(void **state)
{
	struct request rq = { 0 };
	struct operands ops;
	char userid[USERID_MAX + 1];
	const char *word;
	uint64_t n;
	uint16_t vdev;

	(void)state;
	assert_int_equal(result_init(&rq.result, "TEST"), 0);
	split(&ops, "a.b");
	assert_int_equal(op_userid(&rq, &ops, userid), 20);
	assert_int_equal(op_vdev(&rq, &ops, &vdev), 22);
	assert_int_equal(op_number(&rq, &ops, "count", 0, 9, &n), 2);
	assert_int_equal(op_size(&rq, &ops, "size", &n), 2);
	assert_int_equal(op_end(&rq, &ops), 3);
	assert_int_equal(ops.next, 0);
	op_rest(&ops);
	assert_int_equal(op_userid(&rq, &ops, userid), 20);
	assert_int_equal(op_vdev(&rq, &ops, &vdev), 22);
	assert_int_equal(op_number(&rq, &ops, "count", 0, 9, &n), 26);
	assert_int_equal(op_size(&rq, &ops, "size", &n), 26);
	assert_int_equal(op_word(&rq, &ops, "word", &word), 26);
	assert_int_equal(rq.result.rc, 20);
	assert_non_null(strstr(rq.result.err, "CP0026E Operand missing: word\n"));
	words_free(&ops.words);
	result_fini(&rq.result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_abbreviations),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_quotes),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_bad_operands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
