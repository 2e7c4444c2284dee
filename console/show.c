/* What bulkhead shows in line mode and in raw mode. */
#include "console/terminal.h"

#include <string.h>

#define PIECE 4096 /* bytes of a console filtered at a time */

static void print_lines(struct lines *l, const char *text, size_t len);
static void print(struct terminal *t, const char *text, size_t len);
static void write_raw(struct terminal *t, const char *text, size_t len);

void show_init(struct terminal *t)
{
	output_init(&t->out, stdout, false);
	lines_init(&t->answer, print_lines, t);
	show_console_begin(t, FILTER_LINE);
}

void show_line(struct terminal *t, const char *text)
{
	show_note(t, text, strlen(text));
}

void show_note(struct terminal *t, const char *text, size_t len)
{
	line_above_begin(&t->line);
	if (t->raw.loop)
		print(t, "\n", 1); /* the guest's cursor may be anywhere */
	print(t, text, len);
	if (!len || text[len - 1] != '\n')
		print(t, "\n", 1);
	line_above_end(&t->line);
}

void show_answer(struct terminal *t, const char *text, size_t len)
{
	line_above_begin(&t->line);
	lines_push(&t->answer, text, len);
	line_above_end(&t->line);
}

void show_answer_end(struct terminal *t)
{
	line_above_begin(&t->line);
	lines_end(&t->answer);
	line_above_end(&t->line);
}

/* In raw mode the guest has the screen, else its whole lines are printed. */
void show_console(struct terminal *t, const void *bytes, size_t len)
{
	char piece[PIECE + FILTER_HOLD];
	const char *from = bytes;

	line_above_begin(&t->line);
	for (size_t n; len; from += n, len -= n) {
		size_t passed;

		n = len < PIECE ? len : PIECE;
		passed = filter_push(&t->screen, from, n, piece);
		if (t->raw.loop)
			write_raw(t, piece, passed);
		else
			lines_push(&t->console, piece, passed);
	}
	show_prompt(t);
	line_above_end(&t->line);
}

void show_console_begin(struct terminal *t, enum filter_level level)
{
	filter_init(&t->screen, level, output_utf8());
	lines_init(&t->console, print_lines, t);
	t->returns = false;
}

void show_console_end(struct terminal *t)
{
	line_above_begin(&t->line);
	lines_end(&t->console);
	show_prompt(t);
	line_above_end(&t->line);
}

void show_prompt(struct terminal *t)
{
	char text[256], tail[LINES_TAIL];
	const char *who = t->attach.on ? t->attach.userid : t->userid;

	if (t->away)
		snprintf(text, sizeof(text), "CP IS AWAY> ");
	else if (t->attach.on && *lines_tail(&t->console, tail, sizeof(tail)))
		snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, tail);
	else
		snprintf(text, sizeof(text), "%s%s%s> ", who, *who ? " " : "", t->status);
	line_prompt(&t->line, text);
}

static void print_lines(struct lines *l, const char *text, size_t len)
{
	print(l->ctx, text, len);
}

/* In raw mode the terminal makes no carriage returns of its own. */
static void print(struct terminal *t, const char *text, size_t len)
{
	for (size_t n; t->raw.loop && len; text += n, len -= n) {
		const char *newline = memchr(text, '\n', len);

		n = newline ? (size_t)(newline - text) + 1 : len;
		output_write(&t->out, text, newline ? n - 1 : n);
		if (newline)
			output_write(&t->out, "\r\n", 2);
	}
	if (len)
		output_write(&t->out, text, len);
}

/* A guest that never returns the carriage means the start of the next line by a newline;
 * one that does may mean just the next line. */
static void write_raw(struct terminal *t, const char *text, size_t len)
{
	if (memchr(text, '\r', len))
		t->returns = true;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && !t->returns)
			putchar('\r');
		putchar(text[i]);
	}
}
