/* The rows of the command language, and the look-up in them. */
#include "cp/commands.h"

#include <string.h>
#include <strings.h>

#define COMMAND(name, mixed, classes, fn, operands, help, detail) \
	{ #name, mixed, classes, fn, operands, help, detail },

/* Each ends with an empty row. */
static const struct command commands[] = {
#include "cp/commands.def"
	{ 0 }
};
static const struct command queries[] = {
#include "cp/queries.def"
	{ 0 }
};
static const struct command indicates[] = {
#include "cp/indicates.def"
	{ 0 }
};
static const struct command sets[] = {
#include "cp/sets.def"
	{ 0 }
};
static const struct command defines[] = {
#include "cp/defines.def"
	{ 0 }
};
static const struct command detaches[] = {
#include "cp/detaches.def"
	{ 0 }
};
#undef COMMAND

static const struct {
	const char *name;
	const struct command *rows;
} verbs[] = {
	{ "QUERY", queries },
	{ "INDICATE", indicates },
	{ "SET", sets },
	{ "DEFINE", defines },
	{ "DETACH", detaches },
};

static const struct command *row_at(const struct command *rows, int i)
{
	for (int k = 0; rows && rows[k].name; k++) {
		if (k == i)
			return &rows[k];
	}
	return NULL;
}

static const struct command *rows_of(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcasecmp(verbs[i].name, verb))
			return verbs[i].rows;
	}
	return NULL;
}

const struct command *command_at(int i)
{
	return row_at(commands, i);
}

const struct command *subcommand_at(const char *verb, int i)
{
	return row_at(rows_of(verb), i);
}

bool command_allowed(const struct command *c, const char *classes)
{
	return !strcmp(c->classes, "*") || strpbrk(c->classes, classes);
}

static const struct command *find(
	const struct command *rows, const char *word, const char *classes)
{
	for (const struct command *c = rows; c && c->name; c++) {
		if (word_is(word, c->name, word_min(c->mixed)) &&
			command_allowed(c, classes))
			return c;
	}
	return NULL;
}

const struct command *command_find(const char *word, const char *classes)
{
	return find(commands, word, classes);
}

const struct command *subcommand_find(
	const char *verb, const char *word, const char *classes)
{
	return find(rows_of(verb), word, classes);
}
