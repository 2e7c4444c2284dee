/* vmcp: one command for CP, or several separated by '#', and out. */
#include "console/connect.h"
#include "console/logon.h"
#include "console/output.h"
#include "console/signals.h"
#include "console/status.h"
#include "cp/lib/std_fds.h"
#include "cp/lib/words.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define RETRY_NS (NS_PER_S / 20)

struct options {
	bool json;
	const char *userid, *rundir;
	uint64_t wait; /* seconds for CP to come */
	char *command; /* owned */
};

struct vmcp {
	struct loop *loop;
	struct caller caller;
	struct signals signals;
	struct loop_timer retry; /* while CP is waited for... */
	uint64_t give_up;        /* ...until this, loop_now() ns */
	struct logon logon;
	struct prompt prompt; /* what CP asks in mid-command... */
	uint32_t prompt_id;   /* ...for this command */
	struct output out, err;
	const struct options *options;
	bool person; /* at a terminal: may be asked and told things */
	uint32_t id; /* of the command; 0: not sent yet */
	int status;  /* enum exit_status */
	int signo;   /* that ended us, or 0 */
};

static const char usage_text[] =
	"Usage: vmcp [-j] [-u USERID] [-r RUNDIR] [-w SECONDS] COMMAND...\n"
	"Issues a CP command, or several separated by '#', and prints the answer.\n"
	"\n"
	"  -j, --json          one line of JSON per command\n"
	"  -u, --user USERID   log on as USERID\n"
	"  -r, --run RUNDIR    the run-time directory of CP\n"
	"  -w, --wait SECONDS  wait that long for CP to be there\n"
	"  -h, --help          this text\n"
	"  -V, --version       the version\n"
	"\n"
	"Exit status: 0 done; 1 CP refused; 3 no CP to talk to; 4 bad option.\n";

static const struct caller_ops caller_ops;

static int parse_options(struct options *o, int argc, char **argv);
static int run(struct vmcp *v);

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct vmcp v = { .options = &options, .status = STATUS_NO_CP };
	int status;

	if (std_fds_fill())
		return STATUS_NO_CP;
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	status = parse_options(&options, argc, argv);
	if (status >= 0)
		return status;
	v.person = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	output_init(&v.out, stdout, false);
	output_init(&v.err, stderr, false);
	status = run(&v);
	free(options.command);
	if (v.signo)
		signals_die(v.signo);
	if (status == STATUS_DONE && output_failed(&v.out, "vmcp"))
		status = STATUS_OUTPUT;
	return status;
}

/* The words of a command with blanks between them; NULL without memory. */
static char *join_words(int n, char **word)
{
	size_t size = 1;
	char *joined, *at;

	for (int i = 0; i < n; i++)
		size += strlen(word[i]) + 1;
	joined = at = malloc(size);
	if (!joined)
		return NULL;
	*at = 0;
	for (int i = 0; i < n; i++) {
		if (i)
			*at++ = ' ';
		at = stpcpy(at, word[i]);
	}
	return joined;
}

static int bad_usage(const char *what)
{
	fprintf(stderr, "%s%sTry vmcp --help.\n", what, *what ? "\n" : "");
	return STATUS_USAGE;
}

/* The status to end with, or -1 to go on. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option list[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "user", required_argument, NULL, 'u' },
		{ "run", required_argument, NULL, 'r' },
		{ "wait", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+ju:r:w:hV", list, NULL)) != -1) {
		switch (c) {
		case 'j': o->json = true; break;
		case 'u': o->userid = optarg; break;
		case 'r': o->rundir = optarg; break;
		case 'w':
			if (word_u64(optarg, 0, 86400, &o->wait))
				return bad_usage("vmcp: -w takes a number of seconds");
			break;
		case 'h': fputs(usage_text, stdout); return STATUS_DONE;
		case 'V': puts("vmcp " BULKHEAD_VERSION); return STATUS_DONE;
		default: return bad_usage("");
		}
	}
	if (optind == argc)
		return bad_usage("vmcp: a command is missing");
	o->command = join_words(argc - optind, argv + optind);
	return o->command ? -1 : bad_usage("vmcp: no memory");
}

/* What CP says after the answer, such as its own end, changes nothing any more. */
static void finish(struct vmcp *v, int status)
{
	v->status = status;
	caller_close(&v->caller);
	loop_stop(v->loop);
}

static void fail(struct vmcp *v, int status, const char *why)
{
	fprintf(stderr, "vmcp: %s\n", why);
	finish(v, status);
}

static void send_command(struct vmcp *v)
{
	int err = caller_command(
		&v->caller, v->options->command, v->options->json, &v->id);

	if (err == -EMSGSIZE)
		fail(v, STATUS_REFUSED, "the command is too long");
	else if (err)
		fail(v, STATUS_NO_CP, strerror(-err));
}

static void logged_on(struct logon *l, int rc, const char *why)
{
	struct vmcp *v = l->ctx;

	if (!rc) {
		send_command(v);
		return;
	}
	output_line(&v->err, why, strlen(why));
	finish(v, STATUS_REFUSED);
}

/* Without a logon the command goes out behind the greeting at once. */
static void start(struct vmcp *v)
{
	if (!v->options->userid)
		send_command(v);
	else if (caller_is_guest(&v->caller))
		fail(v, STATUS_USAGE,
			"a guest speaks to CP as itself: -u is of no use here");
}

/* Ctrl-C takes the command back; what CP has begun already it ends. */
static void caught(struct signals *s, int signo)
{
	struct vmcp *v = s->ctx;

	if (v->id)
		caller_cancel(&v->caller, v->id);
	v->signo = signo;
	loop_stop(v->loop);
}

static void on_retry(struct loop_timer *timer);

static void connect_or_wait(struct vmcp *v)
{
	char why[CONNECT_WHY];
	uint64_t now = loop_now(v->loop);
	int err = connect_cp(
		&v->caller, v->loop, v->options->rundir, v->person, &caller_ops, v, why);

	if (!err) {
		caller_set_output(&v->caller, STDOUT_FILENO);
		start(v);
	} else if ((err != -ENOENT && err != -ECONNREFUSED) || now >= v->give_up ||
		   loop_timer_set(v->loop, &v->retry, now + RETRY_NS, on_retry, v)) {
		fail(v, STATUS_NO_CP, why);
	}
}

static void on_retry(struct loop_timer *timer)
{
	connect_or_wait(timer->ctx);
}

static int talk(struct vmcp *v)
{
	int err = signals_open(&v->signals, v->loop, (const int[]) { 0 }, caught, v);

	if (err)
		return err;
	v->give_up = loop_now(v->loop) + v->options->wait * NS_PER_S;
	connect_or_wait(v);
	err = loop_run(v->loop);
	loop_timer_cancel(&v->retry);
	prompt_cancel(&v->prompt);
	logon_cancel(&v->logon);
	caller_close(&v->caller);
	signals_close(&v->signals);
	return err;
}

static int run(struct vmcp *v)
{
	int err = loop_create(&v->loop);

	if (!err)
		err = talk(v);
	loop_destroy(v->loop);
	if (err) {
		fprintf(stderr, "vmcp: %s\n", strerror(-err));
		return STATUS_NO_CP;
	}
	return v->status;
}

static void took_out(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct vmcp *v = c->ctx;

	if (id == v->id)
		output_write(&v->out, text, len);
}

static void took_welcome(struct caller *c, const struct cps_welcome *w)
{
	struct vmcp *v = c->ctx;
	int err;

	if (!v->options->userid || v->logon.loop)
		return;
	err = logon_start(
		&v->logon, v->loop, c, v->options->userid, *w->userid, logged_on, v);
	if (err)
		fail(v, STATUS_NO_CP, strerror(-err));
}

static void took_err(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct vmcp *v = c->ctx;

	if (!logon_err(&v->logon, id, text, len) && id == v->id)
		output_write(&v->err, text, len);
}

static void took_done(struct caller *c, uint32_t id, uint32_t rc)
{
	struct vmcp *v = c->ctx;

	if (logon_done(&v->logon, id, rc) || id != v->id)
		return;
	finish(v, rc ? STATUS_REFUSED : STATUS_DONE);
}

/* A script wants its answer and nothing else; a person wants to hear what is said. */
static void took_note(struct caller *c, const char *text, size_t len)
{
	struct vmcp *v = c->ctx;

	if (v->person)
		output_line(&v->err, text, len);
}

static void answered(struct prompt *p, const char *text)
{
	struct vmcp *v = p->ctx;

	if (text)
		caller_reply(&v->caller, v->prompt_id, text);
	else
		fail(v, STATUS_REFUSED, "no answer was given");
}

static void took_prompt(
	struct caller *c, uint32_t id, bool hidden, const char *text, size_t len)
{
	struct vmcp *v = c->ctx;
	char question[PROMPT_MAX];
	int err;

	snprintf(question, sizeof(question), "%.*s", (int)len, text);
	v->prompt_id = id;
	prompt_cancel(&v->prompt);
	err = prompt_ask(&v->prompt, v->loop, question, hidden, answered, v);
	if (err)
		fail(v, STATUS_REFUSED, "CP asks a question, and there is no terminal");
}

static void took_gone(struct caller *c, bool ended, const char *why)
{
	(void)ended;
	fail(c->ctx, STATUS_NO_CP, why);
}

static const struct caller_ops caller_ops = {
	.welcome = took_welcome,
	.out = took_out,
	.err = took_err,
	.done = took_done,
	.prompt = took_prompt,
	.note = took_note,
	.gone = took_gone,
};
