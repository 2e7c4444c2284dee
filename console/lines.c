/* A console's output in line mode. */
#include "console/lines.h"

#include <string.h>

static size_t take_echo(struct lines *l, const char *text, size_t len);
static void keep(struct lines *l, const char *text, size_t len);

void lines_init(
	struct lines *l, void (*print)(struct lines *, const char *, size_t), void *ctx)
{
	memset(l, 0, sizeof(*l));
	l->print = print;
	l->ctx = ctx;
}

void lines_push(struct lines *l, const char *text, size_t len)
{
	size_t taken = take_echo(l, text, len);

	text += taken;
	len -= taken;
	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) + 1 : len;

		keep(l, text, n);
		if (newline)
			lines_end(l);
		text += n;
		len -= n;
	}
}

void lines_typed(struct lines *l, const char *line)
{
	size_t len = strlen(line);

	l->tail_len = 0;
	l->echo_seen = 0;
	l->echo_len = len < sizeof(l->echo) ? len : 0;
	memcpy(l->echo, line, l->echo_len);
}

void lines_end(struct lines *l)
{
	if (!l->tail_len)
		return;
	if (l->tail[l->tail_len - 1] != '\n')
		l->tail[l->tail_len++] = '\n';
	l->print(l, l->tail, l->tail_len);
	l->tail_len = 0;
}

const char *lines_tail(const struct lines *l, char *buf, size_t size)
{
	size_t column = 0, end = 0;

	for (size_t i = 0; i < l->tail_len; i++) {
		char c = l->tail[i];

		if (c == '\033') {
			while (i + 1 < l->tail_len && l->tail[i] != 'm')
				i++;
		} else if (c == '\r') {
			column = 0;
		} else if (c == '\b') {
			column -= column > 0;
		} else if (column + 1 < size) {
			buf[column++] = c;
			end = column > end ? column : end;
		}
	}
	buf[end] = 0;
	return buf;
}

/* How much of the text is the rest of the echo, or its beginning; the newline after it
 * belongs to it.  With the first byte that differs, what was swallowed is printed. */
static size_t take_echo(struct lines *l, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && l->echo_len) {
		if (l->echo_seen < l->echo_len && text[i] == l->echo[l->echo_seen]) {
			l->echo_seen++;
		} else if (l->echo_seen == l->echo_len && text[i] == '\n') {
			l->echo_len = 0;
		} else if (l->echo_seen < l->echo_len || text[i] != '\r') {
			l->echo_len = 0;
			keep(l, l->echo, l->echo_seen);
			return i;
		}
		i++;
	}
	return i;
}

/* A line longer than what is kept is printed in pieces, each as a line. */
static void keep(struct lines *l, const char *text, size_t len)
{
	while (len) {
		size_t room = sizeof(l->tail) - 1 - l->tail_len; /* and a newline */
		size_t n = len < room ? len : room;

		memcpy(l->tail + l->tail_len, text, n);
		l->tail_len += n;
		text += n;
		len -= n;
		if (len)
			lines_end(l);
	}
}
