/* What CP says to line mode, and what line mode asks of it: the session, also after CP
 * was away. */
#include "console/terminal.h"

#include "console/status.h"

#include <errno.h>
#include <string.h>

#define RETRY_NS UINT64_C(250000000) /* between looks whether CP is back */

static const struct caller_ops caller_ops;

static void console_output(struct attach *a, const void *bytes, size_t len);
static void console_say(struct attach *a, const char *text);
static void console_changed(struct attach *a);
static void begin(struct terminal *t);
static void look_again(struct loop_timer *timer);

void terminal_cp_init(struct terminal *t)
{
	t->attach.caller = &t->caller;
	t->attach.output = console_output;
	t->attach.say = console_say;
	t->attach.changed = console_changed;
	t->attach.ctx = t;
}

int terminal_connect(struct terminal *t, char why[CONNECT_WHY])
{
	int err = connect_cp(
		&t->caller, t->loop, t->options->rundir, true, &caller_ops, t, why);

	if (err)
		return err;
	t->away = false;
	t->logon.loop = NULL;
	if (!t->options->userid)
		begin(t);
	else if (caller_is_guest(&t->caller))
		terminal_stop(
			t, STATUS_USAGE, "a guest speaks to CP as itself: no -u here");
	return 0;
}

static void console_output(struct attach *a, const void *bytes, size_t len)
{
	show_console(a->ctx, bytes, len);
}

static void console_say(struct attach *a, const char *text)
{
	show_line(a->ctx, text);
}

static void console_changed(struct attach *a)
{
	struct terminal *t = a->ctx;
	char text[128];

	if (a->on) {
		snprintf(text, sizeof(text),
			"Console of %s%s: #HELP says how to leave it", a->userid,
			a->drives ? "" : ", without its keyboard");
		show_line(t, text);
	} else {
		terminal_leave_raw(t);
	}
	show_prompt(t);
}

/* Of a command that asks: the line being typed comes back with the answer. */
static void answered(struct prompt *p, const char *text)
{
	struct terminal *t = p->ctx;
	int err = line_resume(&t->line);

	if (text)
		caller_reply(&t->caller, t->question_id, text);
	else
		caller_cancel(&t->caller, t->question_id);
	if (err)
		terminal_stop(t, STATUS_NO_CP, strerror(-err));
	else if (!text)
		terminal_command_ended(t);
}

static int open_console(struct terminal *t)
{
	if (t->attach.userid[0])
		return attach_again(&t->attach);
	if (t->options->console && !t->begun)
		return attach_start(&t->attach, t->options->console, ATTACH_DRIVE);
	return 0;
}

/* Another user has other commands. */
static void ask_table(struct terminal *t)
{
	complete_clear(&t->table);
	if (!caller_is_guest(&t->caller))
		caller_table(&t->caller, &t->table_id);
}

/* The table is asked for last: with its answer all of the console's replay is there. */
static void begin(struct terminal *t)
{
	int err = t->line.loop ? line_resume(&t->line) : line_open(&t->line, t->loop);

	if (!err)
		err = open_console(t);
	if (err) {
		terminal_stop(t, err == -EINVAL ? STATUS_USAGE : STATUS_NO_CP,
			err == -EINVAL ? "that is no userid" : strerror(-err));
		return;
	}
	t->begun = true;
	ask_table(t);
	show_prompt(t);
}

static void logged_on(struct logon *l, int rc, const char *why)
{
	struct terminal *t = l->ctx;

	if (rc)
		terminal_stop(t, STATUS_REFUSED, why);
	else
		begin(t);
}

/* CP has gone without a word: it will be back, and the partitions with it. */
static void go_away(struct terminal *t)
{
	t->away = true;
	t->attach.on = false;
	line_resume(&t->line);
	show_line(t, "CP has gone; the partitions run on. Waiting for it to come back");
	show_prompt(t);
	if (loop_timer_set(
		    t->loop, &t->retry, loop_now(t->loop) + RETRY_NS, look_again, t))
		terminal_stop(t, STATUS_NO_CP, strerror(ENOMEM));
}

static void look_again(struct loop_timer *timer)
{
	struct terminal *t = timer->ctx;
	char why[CONNECT_WHY];

	if (!terminal_connect(t, why))
		return;
	if (loop_timer_set(t->loop, timer, loop_now(t->loop) + RETRY_NS, look_again, t))
		terminal_stop(t, STATUS_NO_CP, strerror(ENOMEM));
}

static void greet(struct terminal *t, const struct cps_welcome *w)
{
	char text[160];

	if (t->begun && strcmp(t->userid, w->userid) != 0)
		ask_table(t);
	snprintf(t->userid, sizeof(t->userid), "%s", w->userid);
	snprintf(text, sizeof(text),
		"%s at %s; HELP lists the commands, #HELP what bulkhead adds",
		*w->userid ? w->userid : "Nobody yet (LOGON)", w->system);
	show_line(t, text);
	show_prompt(t);
}

/* Comes first, and whenever one has become another user. */
static void took_welcome(struct caller *c, const struct cps_welcome *w)
{
	struct terminal *t = c->ctx;
	int err;

	if (t->options->userid && !t->logon.loop) {
		line_suspend(&t->line);
		err = logon_start(&t->logon, t->loop, c, t->options->userid, *w->userid,
			logged_on, t);
		if (err)
			terminal_stop(t, STATUS_NO_CP, strerror(-err));
	} else {
		greet(t, w);
	}
}

static void took_out(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct terminal *t = c->ctx;

	if (id == t->table_id && len)
		complete_add(&t->table, text, text[len - 1] == '\n' ? len - 1 : len);
	else if (id == t->id)
		show_answer(t, text, len);
}

static void took_err(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct terminal *t = c->ctx;

	if (!logon_err(&t->logon, id, text, len) &&
		!attach_err(&t->attach, id, text, len))
		show_answer(t, text, len);
}

static void took_done(struct caller *c, uint32_t id, uint32_t rc)
{
	struct terminal *t = c->ctx;

	if (logon_done(&t->logon, id, rc) || attach_done(&t->attach, id, rc))
		return;
	if (id == t->table_id) {
		t->table_id = 0;
		attach_settle(&t->attach);
	} else if (id == t->id) {
		terminal_command_ended(t);
	}
}

static void took_prompt(
	struct caller *c, uint32_t id, bool hidden, const char *text, size_t len)
{
	struct terminal *t = c->ctx;
	char question[PROMPT_MAX];
	int err;

	snprintf(question, sizeof(question), "%.*s", (int)len, text);
	t->question_id = id;
	terminal_leave_raw(t);
	line_suspend(&t->line);
	prompt_cancel(&t->question);
	err = prompt_ask(&t->question, t->loop, question, hidden, answered, t);
	if (err)
		terminal_stop(t, STATUS_REFUSED,
			"CP asks a question, and there is no terminal");
}

static void took_note(struct caller *c, const char *text, size_t len)
{
	show_note(c->ctx, text, len);
}

static void took_status(struct caller *c, const char *text, size_t len)
{
	struct terminal *t = c->ctx;

	snprintf(t->status, sizeof(t->status), "%.*s", (int)len, text);
	show_prompt(t);
}

static void took_console(struct caller *c, uint64_t offset, const void *bytes, size_t len)
{
	struct terminal *t = c->ctx;

	attach_console(&t->attach, offset, bytes, len);
}

static void took_console_end(struct caller *c)
{
	struct terminal *t = c->ctx;

	attach_ended(&t->attach);
	terminal_leave_raw(t);
	show_prompt(t);
}

/* A session that CP has ended is not begun again; the line being typed goes with it. */
static void took_gone(struct caller *c, bool ended, const char *why)
{
	struct terminal *t = c->ctx;

	terminal_leave_raw(t);
	prompt_cancel(&t->question);
	logon_cancel(&t->logon);
	terminal_forget_ahead(t);
	show_answer_end(t);
	t->id = t->table_id = 0;
	if (ended && t->begun)
		terminal_stop(t, STATUS_DONE, why);
	else if (t->begun)
		go_away(t);
	else
		terminal_stop(t, STATUS_NO_CP, why);
}

static const struct caller_ops caller_ops = {
	.welcome = took_welcome,
	.out = took_out,
	.err = took_err,
	.done = took_done,
	.prompt = took_prompt,
	.note = took_note,
	.status = took_status,
	.console = took_console,
	.console_end = took_console_end,
	.gone = took_gone,
};
