/* bulkhead without a terminal. */
#include "console/batch.h"

#include "console/attach.h"
#include "console/connect.h"
#include "console/input.h"
#include "console/logon.h"
#include "console/output.h"
#include "console/signals.h"
#include "console/status.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct batch {
	struct loop *loop;
	const struct options *options;
	struct caller caller;
	struct signals signals;
	struct input input;
	struct logon logon;
	struct attach attach;
	struct output out, err, console;
	uint32_t id; /* of the command in progress, or of leaving the console; 0: none */
	bool at_end; /* of standard input, or of the console */
	bool over;   /* the console has ended before standard input */
	int status;  /* enum exit_status: of the first failure */
	int signo;   /* that ended us, or 0 */
};

static const struct caller_ops caller_ops;

static int talk(struct batch *b);

int batch_run(const struct options *options)
{
	struct batch b = { .options = options };
	int err = loop_create(&b.loop);

	output_init(&b.out, stdout, false);
	output_init(&b.console, stdout, true);
	output_init(&b.err, stderr, false);
	if (!err)
		err = talk(&b);
	loop_destroy(b.loop);
	if (err) {
		fprintf(stderr, "bulkhead: %s\n", strerror(-err));
		return STATUS_NO_CP;
	}
	if (b.signo)
		signals_die(b.signo);
	if (b.status == STATUS_DONE && (output_failed(&b.out, "bulkhead") ||
					       output_failed(&b.console, "bulkhead")))
		b.status = STATUS_OUTPUT;
	return b.status;
}

static void failed(struct batch *b, int status)
{
	if (b->status == STATUS_DONE)
		b->status = status;
}

/* What CP says from here on, such as its own end, changes nothing any more. */
static void finish(struct batch *b)
{
	caller_close(&b->caller);
	loop_stop(b->loop);
}

static void stop(struct batch *b, int status, const char *why)
{
	fprintf(stderr, "bulkhead: %s\n", why);
	failed(b, status);
	finish(b);
}

/* Nothing is read until the command has been answered. */
static void command(struct batch *b, const char *text)
{
	int err = caller_command(&b->caller, text, false, &b->id);

	if (!err) {
		input_pause(&b->input, true);
	} else if (err == -EMSGSIZE) {
		fprintf(stderr, "bulkhead: the command is too long\n");
		failed(b, STATUS_REFUSED);
	} else {
		stop(b, STATUS_NO_CP, "there is no CP to talk to any more");
	}
}

/* Without the keyboard there is nothing to type on; why, was said when it was refused. */
static void type(struct batch *b, const char *text)
{
	if (!b->attach.drives)
		failed(b, STATUS_REFUSED);
	else if (caller_input_line(&b->caller, text))
		stop(b, STATUS_NO_CP, "there is no CP to talk to any more");
}

/* A console takes every line but #CP; blank lines and comments are no commands. */
static void took_line(struct input *in, const char *text)
{
	struct batch *b = in->ctx;
	const char *word = text + strspn(text, " \t\r");

	if (b->options->console && !strncasecmp(word, "#CP ", 4))
		command(b, word + 4);
	else if (b->options->console)
		type(b, text);
	else if (*word && *word != '*')
		command(b, word);
}

static void ended(struct input *in)
{
	struct batch *b = in->ctx;

	b->at_end = true;
	if (!b->attach.on || attach_leave(&b->attach, &b->id))
		finish(b);
}

static void start_input(struct batch *b)
{
	int err;

	b->input.line = took_line;
	b->input.ended = ended;
	b->input.ctx = b;
	err = input_open(&b->input, b->loop, STDIN_FILENO);
	if (err)
		stop(b, STATUS_NO_CP, strerror(-err));
}

static void console_output(struct attach *a, const void *bytes, size_t len)
{
	struct batch *b = a->ctx;

	output_write(&b->console, bytes, len);
}

static void console_say(struct attach *a, const char *text)
{
	struct batch *b = a->ctx;

	output_line(&b->err, text, strlen(text));
}

static void console_changed(struct attach *a)
{
	struct batch *b = a->ctx;

	if (a->on) {
		start_input(b);
	} else {
		failed(b, STATUS_REFUSED);
		finish(b);
	}
}

static void begin(struct batch *b)
{
	int err;

	if (!b->options->console) {
		start_input(b);
		return;
	}
	b->attach = (struct attach) { .caller = &b->caller,
		.output = console_output,
		.say = console_say,
		.changed = console_changed,
		.ctx = b };
	err = attach_start(&b->attach, b->options->console, ATTACH_DRIVE);
	if (err == -EINVAL)
		stop(b, STATUS_USAGE, "that is no userid");
	else if (err)
		stop(b, STATUS_NO_CP, strerror(-err));
}

static void logged_on(struct logon *l, int rc, const char *why)
{
	struct batch *b = l->ctx;

	if (!rc) {
		begin(b);
		return;
	}
	output_line(&b->err, why, strlen(why));
	failed(b, STATUS_REFUSED);
	finish(b);
}

static void start(struct batch *b)
{
	const struct options *o = b->options;

	if (caller_is_guest(&b->caller) && (o->userid || o->console))
		stop(b, STATUS_USAGE,
			"a guest speaks to CP as itself: no -u and no -C here");
	else if (!o->userid)
		begin(b);
}

static void caught(struct signals *s, int signo)
{
	struct batch *b = s->ctx;

	if (b->id)
		caller_cancel(&b->caller, b->id);
	b->signo = signo;
	loop_stop(b->loop);
}

static int talk(struct batch *b)
{
	char why[CONNECT_WHY];
	int err;

	err = signals_open(&b->signals, b->loop, (const int[]) { 0 }, caught, b);
	if (err)
		return err;
	if (connect_cp(&b->caller, b->loop, b->options->rundir, false, &caller_ops, b,
		    why)) {
		stop(b, STATUS_NO_CP, why);
	} else {
		caller_set_output(&b->caller, STDOUT_FILENO);
		start(b);
		err = loop_run(b->loop);
	}
	logon_cancel(&b->logon);
	input_close(&b->input);
	caller_close(&b->caller);
	signals_close(&b->signals);
	return err;
}

static void took_welcome(struct caller *c, const struct cps_welcome *w)
{
	struct batch *b = c->ctx;
	int err;

	if (!b->options->userid || b->logon.loop)
		return;
	err = logon_start(
		&b->logon, b->loop, c, b->options->userid, *w->userid, logged_on, b);
	if (err)
		stop(b, STATUS_NO_CP, strerror(-err));
}

static void took_out(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct batch *b = c->ctx;

	if (id == b->id)
		output_write(&b->out, text, len);
}

static void took_err(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct batch *b = c->ctx;

	if (!logon_err(&b->logon, id, text, len) &&
		!attach_err(&b->attach, id, text, len))
		output_write(&b->err, text, len);
}

static void took_done(struct caller *c, uint32_t id, uint32_t rc)
{
	struct batch *b = c->ctx;

	if (logon_done(&b->logon, id, rc) || attach_done(&b->attach, id, rc) ||
		id != b->id)
		return;
	b->id = 0;
	if (rc)
		failed(b, STATUS_REFUSED);
	if (b->at_end)
		finish(b);
	else
		input_pause(&b->input, false);
}

static void took_note(struct caller *c, const char *text, size_t len)
{
	struct batch *b = c->ctx;

	output_line(&b->out, text, len);
}

static void took_console(struct caller *c, uint64_t offset, const void *bytes, size_t len)
{
	struct batch *b = c->ctx;

	attach_console(&b->attach, offset, bytes, len);
}

/* There is nothing to type on any more.  A command in progress is answered yet; of one's
 * own console CP ends the session. */
static void took_console_end(struct caller *c)
{
	struct batch *b = c->ctx;
	int err = 0;

	b->at_end = b->over = true;
	input_pause(&b->input, true);
	if (b->id)
		attach_ended(&b->attach);
	else
		err = attach_leave(&b->attach, &b->id);
	if (err && err != -EPIPE) /* that comes before CP's last word */
		finish(b);
}

/* After the last command CP may end the session: that is what SHUTDOWN and LOGOFF do. */
static void took_gone(struct caller *c, bool ended_by_cp, const char *why)
{
	struct batch *b = c->ctx;

	if (ended_by_cp && (b->over || (!b->id && !b->options->console)))
		fprintf(stderr, "bulkhead: %s\n", why);
	else
		stop(b, STATUS_NO_CP, why);
	if (b->over)
		finish(b);
}

static const struct caller_ops caller_ops = {
	.welcome = took_welcome,
	.out = took_out,
	.err = took_err,
	.done = took_done,
	.note = took_note,
	.console = took_console,
	.console_end = took_console_end,
	.gone = took_gone,
};
