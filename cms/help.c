/* HELP, from the tables. */
#include "cms/command.h"

#include "cms/print.h"
#include "cms/string.h"

#define DEPTH_MAX 3  /* EXERCISE BAD kind */
#define COLUMN    28 /* where explanations begin */

static const struct command *table_of(const struct command *c);
static void explain(struct cms *cms, const struct command *const *path, int depth);
static void list(struct cms *cms, const struct command *table);
static void row(struct cms *cms, const struct command *c);

int cmd_help(struct cms *cms, const struct args *args)
{
	const char *words = args->text;
	const struct command *path[DEPTH_MAX], *table = commands;
	char word[WORD_LIMIT + 1];
	int depth = 0;

	while (word_next(&words, word)) {
		const struct command *c = table ? command_find(table, word) : NULL;

		if (!c)
			return cms_cp(cms, args->line);
		path[depth++] = c;
		table = table_of(c);
	}
	if (depth)
		explain(cms, path, depth);
	else
		list(cms, commands);
	return 0;
}

/* The operands of a command that has a table of them.  At most DEPTH_MAX deep. */
static const struct command *table_of(const struct command *c)
{
	if (c->fn == cmd_query)
		return queries;
	if (c->fn == cmd_exercise)
		return exercises;
	return c->fn == exercise_bad ? bads : NULL;
}

static void explain(struct cms *cms, const struct command *const *path, int depth)
{
	const struct command *c = path[depth - 1], *table = table_of(c);

	for (int i = 0; i < depth; i++)
		say(cms, "%s%s", path[i]->mixed, i < depth - 1 ? " " : "");
	say(cms, "%s%s: %s\n%s", *c->operands ? " " : "", c->operands, c->help,
		c->detail);
	if (table)
		list(cms, table);
	if (table == exercises) {
		say(cms, "The kinds of BAD are:\n");
		list(cms, bads);
	}
}

static void list(struct cms *cms, const struct command *table)
{
	for (const struct command *c = table; c->mixed; c++)
		row(cms, c);
}

static void row(struct cms *cms, const struct command *c)
{
	char name[64];

	print_to(name, sizeof(name), "%s %s", c->mixed, c->operands);
	say(cms, "  %-*s %s\n", COLUMN, name, c->help);
}
