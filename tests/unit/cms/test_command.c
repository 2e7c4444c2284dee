/* The tables of commands: what look-up and HELP rely on. */
#include "tests/unit/cms/hosted.h"

#include "cms/words.c"

struct row {
	const char *mixed, *takes, *operands, *help, *detail;
};

#define COMMAND(mixed, fn, takes, operands, help, detail) \
	{ mixed, takes, operands, help, detail },
static const struct row commands[] = {
#include "cms/commands.def"
	{ 0 }
};
static const struct row queries[] = {
#include "cms/queries.def"
	{ 0 }
};
static const struct row exercises[] = {
#include "cms/exercises.def"
	{ 0 }
};
static const struct row bads[] = {
#include "cms/bads.def"
	{ 0 }
};
#undef COMMAND

static const struct row *const tables[] = { commands, queries, exercises, bads };

static void each_row(void (*check)(const struct row *table, const struct row *r))
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (const struct row *r = tables[i]; r->mixed; r++)
			check(tables[i], r);
	}
}

static size_t capitals(const char *mixed)
{
	return strspn(mixed, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static void is_well_formed(const struct row *table, const struct row *r)
{
	size_t least = capitals(r->mixed);
	const char *rest = r->mixed + least;

	(void)table;
	assert_true(least > 0 && strlen(r->mixed) < 12);
	assert_int_equal(strspn(rest, "abcdefghijklmnopqrstuvwxyz"), strlen(rest));
}

static void is_in_order(const struct row *table, const struct row *r)
{
	if (r > table)
		assert_true(strcasecmp(r[-1].mixed, r->mixed) < 0);
}

/* The shortest form of a name stands for that name only. */
static void is_unambiguous(const struct row *table, const struct row *r)
{
	char least[16] = "";

	strncat(least, r->mixed, capitals(r->mixed));
	for (const struct row *other = table; other->mixed; other++)
		assert_int_equal(word_abbreviates(least, other->mixed), other == r);
}

static void has_help_that_fits(const struct row *table, const struct row *r)
{
	size_t name = strlen(r->mixed) + 1 + strlen(r->operands), len = strlen(r->detail);

	(void)table;
	assert_true(name <= 28);
	assert_true(strlen(r->help) > 0 && strlen(r->help) <= 80 - 31);
	assert_true(len == 0 || r->detail[len - 1] == '\n');
	for (const char *at = r->detail; *at; at += strcspn(at, "\n") + 1)
		assert_true(strcspn(at, "\n") <= 80);
}

/* Each operand taken has a name, and a kind there is. */
static void takes_what_help_shows(const struct row *table, const struct row *r)
{
	const char *names = r->operands;
	char name[WORD_LIMIT + 1];
	size_t n = 0;

	(void)table;
	while (word_next(&names, name))
		n++;
	if (strcmp(r->takes, "*") != 0) {
		assert_int_equal(strlen(r->takes), n);
		assert_int_equal(strspn(r->takes, "nksv"), n);
	}
	assert_true(n <= 2);
}

static void names_are_well_formed(void **state)
{
	(void)state;
	each_row(is_well_formed);
}

static void names_are_in_order(void **state)
{
	(void)state;
	each_row(is_in_order);
}

static void no_abbreviation_hits_two(void **state)
{
	(void)state;
	each_row(is_unambiguous);
}

static void help_is_there_and_fits(void **state)
{
	(void)state;
	each_row(has_help_that_fits);
}

static void operands_are_named(void **state)
{
	(void)state;
	each_row(takes_what_help_shows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_well_formed),
		cmocka_unit_test(names_are_in_order),
		cmocka_unit_test(no_abbreviation_hits_two),
		cmocka_unit_test(help_is_there_and_fits),
		cmocka_unit_test(operands_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
