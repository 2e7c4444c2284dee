/* Completion of what is typed. */
#include "console/complete.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATORS " []|()" /* of the words in a row's operands */
#define GROW       32

/* A word of a text, and where the text goes on. */
struct scan {
	const char *at;
	size_t len;
	const char *next;
};

/* What is looked for: the candidate after `skip` others. */
struct search {
	const char *word; /* its beginning */
	bool lower;
	int skip;
	char *found;
};

static bool scan_word(struct scan *s, const char *separators);
static const char *last_command(const char *line);
static void search_row(
	struct search *s, const struct complete_row *row, const char *before);

/* What ends the name: the first word that is a number. */
static bool find_min(const char *line, struct scan *min)
{
	*min = (struct scan) { .next = line };
	while (scan_word(min, " "))
		if (min->at > line && strspn(min->at, "0123456789") >= min->len)
			return true;
	return false;
}

static bool room(struct complete *c)
{
	struct complete_row *row;

	if (c->n < c->max)
		return true;
	row = realloc(c->row, (size_t)(c->max + GROW) * sizeof(*row));
	if (!row)
		return false;
	c->row = row;
	c->max += GROW;
	return true;
}

void complete_add(struct complete *c, const char *line, size_t len)
{
	struct complete_row row = { 0 };
	char *text = strndup(line, len);
	struct scan min;

	if (text && find_min(text, &min) && room(c)) {
		row.name = strndup(text, (size_t)(min.at - text));
		row.operands = strdup(min.next);
	}
	free(text);
	if (row.name && row.operands) {
		c->row[c->n++] = row;
	} else {
		free(row.name);
		free(row.operands);
	}
}

void complete_clear(struct complete *c)
{
	for (int i = 0; i < c->n; i++) {
		free(c->row[i].name);
		free(c->row[i].operands);
	}
	free(c->row);
	memset(c, 0, sizeof(*c));
}

char *complete_word(const struct complete *c, const char *before, const char *word, int i)
{
	struct search s = { .word = word, .skip = i };
	const char *typed;

	before = last_command(before);
	typed = *word ? word : before;
	s.lower = islower((unsigned char)*typed);
	for (int row = 0; row < c->n && !s.found; row++)
		search_row(&s, &c->row[row], before);
	return s.found;
}

static bool scan_word(struct scan *s, const char *separators)
{
	s->at = s->next + strspn(s->next, separators);
	s->len = strcspn(s->at, separators);
	s->next = s->at + s->len;
	return s->len;
}

static bool is_word(const struct scan *s, const char *word)
{
	return s->len == strlen(word) && !strncasecmp(s->at, word, s->len);
}

/* The command being typed: after the last '#', without CP or HELP in front, which take a
 * command as their operand. */
static const char *last_command(const char *line)
{
	const char *hash = strrchr(line, '#');
	struct scan s = { .next = hash ? hash + 1 : line };
	const char *command;

	do {
		command = s.next + strspn(s.next, " ");
	} while (scan_word(&s, " ") && *s.next &&
		 (is_word(&s, "CP") || is_word(&s, "HELP")));
	return command;
}

static void offer(struct search *s, const struct scan *candidate)
{
	if (s->found || strncasecmp(candidate->at, s->word, strlen(s->word)))
		return;
	if (candidate->len < strlen(s->word) || s->skip--)
		return;
	s->found = strndup(candidate->at, candidate->len);
	for (char *at = s->found; at && *at; at++)
		*at = (char)(s->lower ? tolower((unsigned char)*at)
				      : toupper((unsigned char)*at));
}

/* The keywords of a row's operands are the words that begin with a capital. */
static void offer_keywords(struct search *s, const struct complete_row *row)
{
	struct scan word = { .next = row->operands };

	while (!s->found && scan_word(&word, SEPARATORS))
		if (isupper((unsigned char)*word.at))
			offer(s, &word);
}

/* Follows the words typed along the row's name; where the name goes on beyond them, its
 * next word is a candidate, where they go on beyond the name, its keywords are. */
static void search_row(
	struct search *s, const struct complete_row *row, const char *before)
{
	struct scan name = { .next = row->name }, typed = { .next = before };

	while (scan_word(&name, " ")) {
		if (!scan_word(&typed, " ")) {
			offer(s, &name);
			return;
		}
		if (typed.len > name.len || strncasecmp(typed.at, name.at, typed.len))
			return;
	}
	offer_keywords(s, row);
}
