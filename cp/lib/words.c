/* The operand scanner: a line into words. */
#include "cp/lib/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int scan_word(struct words *w, const char **at, char **to, int *bad_column);
static int add_word(struct words *w, char *text, int column);
static char upper(char c);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

int words_split(struct words *w, const char *line, int *bad_column)
{
	size_t size = strlen(line) + 1;
	const char *at;
	char *to;
	int err = 0;

	*w = (struct words) { .store = malloc(size), .line = strdup(line) };
	if (!w->store || !w->line) {
		words_free(w);
		return -ENOMEM;
	}
	to = w->store;
	at = w->line;
	while (!err) {
		while (is_blank(*at))
			at++;
		if (!*at)
			return 0;
		err = scan_word(w, &at, &to, bad_column);
	}
	words_free(w);
	return err;
}

void words_free(struct words *w)
{
	free(w->word);
	free(w->store);
	free(w->line);
	*w = (struct words) { 0 };
}

const char *words_rest(const struct words *w, int i)
{
	if (i < 0 || i >= w->n)
		return "";
	return w->line + w->word[i].column - 1;
}

bool word_is(const char *text, const char *full, size_t min)
{
	size_t n = 0;

	for (; text[n]; n++) {
		if (upper(text[n]) != full[n])
			return false;
	}
	return n && n >= min;
}

size_t word_min(const char *mixed)
{
	size_t min = 0;

	for (size_t i = 0; mixed[i]; i++) {
		char c = mixed[i];

		if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')
			min = i + 1;
	}
	return min;
}

/* Copies the characters of a word to *to.  A quote begins and ends a part whose blanks
 * are kept; the word ends at a blank outside of such parts. */
static int copy_word(
	const struct words *w, const char **at, char **to, bool *quoted, int *bad_column)
{
	const char *p = *at, *open = NULL;
	char *out = *to;

	for (; *p && (open || !is_blank(*p)); p++) {
		if (is_control(*p)) {
			*bad_column = (int)(p - w->line) + 1;
			return -EINVAL;
		}
		if (*p != '"') {
			*out++ = *p;
		} else if (open && p[1] == '"') {
			*out++ = *p++;
		} else {
			open = open ? NULL : p;
			*quoted = true;
		}
	}
	if (open) {
		*bad_column = (int)(open - w->line) + 1;
		return -EINVAL;
	}
	*at = p;
	*to = out;
	return 0;
}

static int scan_word(struct words *w, const char **at, char **to, int *bad_column)
{
	int column = (int)(*at - w->line) + 1;
	char *text = *to;
	bool quoted = false;
	int err = copy_word(w, at, to, &quoted, bad_column);

	if (err)
		return err;
	if (*to - text > WORD_MAX) {
		*bad_column = column;
		return -E2BIG;
	}
	*(*to)++ = '\0';
	err = add_word(w, text, column);
	if (!err)
		w->word[w->n - 1].quoted = quoted;
	return err;
}

static int add_word(struct words *w, char *text, int column)
{
	if (w->n == w->max) {
		int max = w->max ? w->max * 2 : 16;
		struct word *word = reallocarray(w->word, (size_t)max, sizeof(*word));

		if (!word)
			return -ENOMEM;
		w->word = word;
		w->max = max;
	}
	w->word[w->n++] = (struct word) { .text = text, .column = column };
	return 0;
}

/* By hand, as everywhere here: a locale must not change what a command means. */
static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}
