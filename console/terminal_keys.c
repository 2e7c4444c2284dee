/* What is typed in line mode and in raw mode. */
#include "console/terminal.h"

#include "console/history.h"
#include "console/local.h"
#include "console/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void perform(struct terminal *t, const char *text);
static void entered(struct line *l, const char *text);
static void ended(struct line *l);
static void escaped(struct line *l);
static void raw_typed(struct raw *r, const char *bytes, size_t len);
static void raw_left(struct raw *r);

void terminal_keys_init(struct terminal *t)
{
	t->line.entered = entered;
	t->line.ended = ended;
	t->line.escaped = escaped;
	t->line.table = &t->table;
	t->line.ctx = t;
	t->raw.typed = raw_typed;
	t->raw.left = raw_left;
	t->raw.ctx = t;
}

/* While one is in progress, what is typed waits for its end. */
void terminal_command(struct terminal *t, const char *text)
{
	struct typed_line **end = &t->ahead, *line;

	if (t->away || t->n_ahead == TERMINAL_TYPED_AHEAD) {
		show_line(t, "NOT ACCEPTED");
		return;
	}
	if (!t->id) {
		perform(t, text);
		return;
	}
	while (*end)
		end = &(*end)->next;
	line = malloc(sizeof(*line));
	if (!line)
		return;
	*line = (struct typed_line) { NULL, strdup(text) };
	*end = line;
	t->n_ahead++;
}

void terminal_attach(struct terminal *t, const char *userid, enum attach_how how)
{
	int err;

	if (!*userid)
		userid = t->attach.userid[0] ? t->attach.userid : t->userid;
	show_console_end(t);
	show_console_begin(t, FILTER_LINE);
	err = t->away ? -ENOTCONN : attach_start(&t->attach, userid, how);
	if (err == -EINVAL)
		show_line(t, "Which userid's console?");
	else if (err)
		show_line(t, "NOT ACCEPTED");
}

void terminal_leave(struct terminal *t)
{
	uint32_t id;

	if (!t->attach.userid[0])
		return;
	show_console_end(t);
	attach_leave(&t->attach, &id);
	show_prompt(t);
}

void terminal_raw(struct terminal *t)
{
	int err;

	if (!t->attach.on || !t->attach.drives) {
		show_line(t,
			"There is no console here with its keyboard; #CONSOLE asks for one");
		return;
	}
	show_line(t, "Every key goes to the guest; Ctrl-] comes back");
	show_console_end(t);
	line_suspend(&t->line);
	show_console_begin(t, FILTER_SCREEN);
	err = raw_open(&t->raw, t->loop);
	if (err)
		terminal_stop(t, STATUS_NO_CP, strerror(-err));
}

void terminal_forget_ahead(struct terminal *t)
{
	for (struct typed_line *line = t->ahead, *next; line; line = next) {
		next = line->next;
		free(line->text);
		free(line);
	}
	t->ahead = NULL;
	t->n_ahead = 0;
}

void terminal_command_ended(struct terminal *t)
{
	struct typed_line *line = t->ahead;

	show_answer_end(t);
	t->id = 0;
	if (!line)
		return;
	t->ahead = line->next;
	t->n_ahead--;
	if (line->text)
		perform(t, line->text);
	free(line->text);
	free(line);
}

void terminal_leave_raw(struct terminal *t)
{
	if (!t->raw.loop)
		return;
	raw_close(&t->raw);
	raw_left(&t->raw);
}

static void perform(struct terminal *t, const char *text)
{
	int err = caller_command(&t->caller, text, false, &t->id);

	if (err == -EMSGSIZE)
		show_line(t, "The command is too long");
	else if (err)
		show_line(t, "NOT ACCEPTED");
}

static void type(struct terminal *t, const char *text)
{
	lines_typed(&t->console, text);
	if (caller_input_line(&t->caller, text))
		show_line(t, "NOT ACCEPTED");
	show_prompt(t);
}

/* What is typed to a guest may be a password: it is never written down, nor is it given
 * to CP while the console is only asked for, as it is after CP was away. */
static void entered(struct line *l, const char *text)
{
	struct terminal *t = l->ctx;
	bool to_guest = t->attach.userid[0] && !local_knows(text);

	line_remember(l, text, !to_guest && history_allows(text));
	if (to_guest && !t->attach.on)
		show_line(t, "NOT ACCEPTED");
	else if (to_guest)
		type(t, text);
	else if (!local_perform(t, text) && text[strspn(text, " \t")])
		terminal_command(t, text);
}

static void ended(struct line *l)
{
	struct terminal *t = l->ctx;

	puts("");
	loop_stop(t->loop);
}

static void escaped(struct line *l)
{
	terminal_leave(l->ctx);
}

static void raw_typed(struct raw *r, const char *bytes, size_t len)
{
	struct terminal *t = r->ctx;

	caller_input(&t->caller, bytes, len);
}

/* Back to line mode, on a terminal that is as it was. */
static void raw_left(struct raw *r)
{
	struct terminal *t = r->ctx;
	int err;

	fputs(filter_restore(&t->screen), stdout);
	puts("");
	show_console_begin(t, FILTER_LINE);
	err = line_resume(&t->line);
	if (err)
		terminal_stop(t, STATUS_NO_CP, strerror(-err));
	show_prompt(t);
}
