/* Operands become values before a command sees them. */
#include "cms/command.h"

static int resolve(struct cms *cms, const struct command *c, struct args *args);
static bool value_of(char kind, const char *word, uint64_t *out);

int command_call(struct cms *cms, const struct command *c, const struct args *args)
{
	struct args resolved = *args;
	int rc = *c->takes == '*' ? 0 : resolve(cms, c, &resolved);

	return rc ? rc : c->fn(cms, &resolved);
}

int command_sub(struct cms *cms, const struct command *table, const struct args *args)
{
	struct args rest = *args;
	char word[WORD_LIMIT + 1];
	const struct command *c;

	if (!word_next(&rest.text, word))
		return reply(cms, CMS_OPERAND_MISSING, "what");
	c = command_find(table, word);
	return c ? command_call(cms, c, &rest) : reply(cms, CMS_OPERAND_INVALID, word);
}

/* The names of the operands are those HELP shows. */
static int resolve(struct cms *cms, const struct command *c, struct args *args)
{
	const char *text = args->text, *names = c->operands;
	char word[WORD_LIMIT + 1], name[WORD_LIMIT + 1];

	for (unsigned i = 0; c->takes[i]; i++) {
		word_next(&names, name);
		if (!word_next(&text, word))
			return reply(cms, CMS_OPERAND_MISSING, name);
		if (!value_of(c->takes[i], word, &args->value[i]))
			return reply(cms, CMS_OPERAND_INVALID, word);
	}
	return word_next(&text, word) ? reply(cms, CMS_OPERAND_EXTRA, word) : 0;
}

static bool value_of(char kind, const char *word, uint64_t *out)
{
	switch (kind) {
	case 'n': return parse_number(word, UINT32_MAX, out);
	case 'k': return parse_size(word, out);
	case 's': return parse_seconds(word, out);
	case 'v': return parse_vdev(word, out);
	default: return false;
	}
}
