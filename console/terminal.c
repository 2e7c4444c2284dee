/* bulkhead on a terminal: how it starts and ends, and the signals. */
#include "console/terminal.h"

#include "console/status.h"

#include <string.h>

static int open_all(struct terminal *t);
static void close_all(struct terminal *t);
static void caught(struct signals *s, int signo);

int terminal_run(const struct options *options)
{
	struct terminal t = { .options = options, .status = "CP READ" };
	int err;

	show_init(&t);
	terminal_keys_init(&t);
	terminal_cp_init(&t);
	err = loop_create(&t.loop);
	if (!err)
		err = open_all(&t);
	if (!err)
		err = loop_run(t.loop);
	close_all(&t);
	if (t.signo)
		signals_die(t.signo);
	if (err)
		fprintf(stderr, "bulkhead: %s\n", strerror(-err));
	return err ? STATUS_NO_CP : t.exit;
}

void terminal_stop(struct terminal *t, int status, const char *why)
{
	terminal_leave_raw(t);
	line_suspend(&t->line);
	fprintf(stderr, "bulkhead: %s\n", why);
	t->exit = status;
	loop_stop(t->loop);
}

static int open_all(struct terminal *t)
{
	static const int more[] = { SIGTSTP, SIGWINCH, 0 };
	char why[CONNECT_WHY];
	int err = signals_open(&t->signals, t->loop, more, caught, t);

	if (err)
		return err;
	if (terminal_connect(t, why))
		terminal_stop(t, STATUS_NO_CP, why);
	return 0;
}

static void close_all(struct terminal *t)
{
	terminal_leave_raw(t);
	prompt_cancel(&t->question);
	logon_cancel(&t->logon);
	line_close(&t->line);
	loop_timer_cancel(&t->retry);
	caller_close(&t->caller);
	signals_close(&t->signals);
	loop_destroy(t->loop);
	terminal_forget_ahead(t);
	complete_clear(&t->table);
}

/* Takes the command in progress back, and what was typed behind it. */
static void interrupt(struct terminal *t)
{
	if (t->logon.prompt.loop) {
		t->signo = SIGINT;
		loop_stop(t->loop);
		return;
	}
	if (t->question.loop) {
		prompt_cancel(&t->question);
		line_resume(&t->line);
	}
	terminal_forget_ahead(t);
	if (!t->id) {
		line_discard(&t->line);
		return;
	}
	caller_cancel(&t->caller, t->id);
	terminal_command_ended(t);
	show_line(t, "Cancelled: what CP has begun it ends");
}

/* The shell gets its terminal back as it was. */
static void suspend(struct terminal *t)
{
	bool active = t->line.active;

	line_suspend(&t->line);
	raise(SIGSTOP);
	if (active)
		line_resume(&t->line);
}

static void caught(struct signals *s, int signo)
{
	struct terminal *t = s->ctx;

	if (signo == SIGINT) {
		interrupt(t);
	} else if (signo == SIGTSTP) {
		suspend(t);
	} else if (signo == SIGWINCH) {
		line_resized(&t->line);
	} else {
		t->signo = signo;
		loop_stop(t->loop);
	}
}
