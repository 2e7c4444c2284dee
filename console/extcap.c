/* bulkhead-extcap: guest LANs among the interfaces of Wireshark (extcap(4)). */
#include "console/connect.h"
#include "console/extcap_text.h"
#include "console/output.h"
#include "console/signals.h"
#include "console/status.h"

#include "cp/guest_abi.h"
#include "cp/lib/std_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct extcap {
	struct loop *loop;
	struct caller caller;
	struct signals signals;
	struct output err;
	const char *rundir;
	uint32_t id;
	char *answer; /* of a QUERY; NULL: of a capture nothing is kept */
	size_t answer_len;
	FILE *keep;
	int status; /* enum exit_status */
};

enum what { NOTHING, INTERFACES, DLTS, CONFIG, CAPTURE, VERSION, HELP };

struct options {
	enum what what;
	struct extcap_choice choice;
	const char *fifo, *rundir;
};

static const char usage_text[] =
	"Usage: bulkhead-extcap [-r RUNDIR] --extcap-interfaces\n"
	"       bulkhead-extcap --extcap-interface bulkhead-OWNER.LAN --capture --fifo FILE\n"
	"                       [--extcap-capture-filter FILTER] [--nic \"USERID VDEV\"]\n"
	"                       [--only all|dropped|trunk] [--vlan N] [--length N]\n"
	"Puts guest LANs among the interfaces of Wireshark, which starts it when it finds it\n"
	"in a directory for extcap programs, such as ~/.local/lib/wireshark/extcap.\n";

static int parse_options(struct options *o, int argc, char **argv);
static int list(struct extcap *x);
static int capture(struct extcap *x, const struct options *o);
static int talk(struct extcap *x, const char *command, bool json, int out);

int main(int argc, char **argv)
{
	struct extcap x = { .status = STATUS_NO_CP };
	struct options o = { 0 };

	if (std_fds_fill())
		return STATUS_NO_CP;
	signal(SIGPIPE, SIG_IGN);
	if (parse_options(&o, argc, argv))
		return STATUS_USAGE;
	output_init(&x.err, stderr, false);
	x.rundir = o.rundir;
	switch (o.what) {
	case INTERFACES: return list(&x);
	case DLTS: extcap_dlts(stdout); return STATUS_DONE;
	case CONFIG: extcap_config(stdout); return STATUS_DONE;
	case CAPTURE: return capture(&x, &o);
	case VERSION: puts("bulkhead-extcap " BULKHEAD_VERSION); return STATUS_DONE;
	case HELP: fputs(usage_text, stdout); return STATUS_DONE;
	case NOTHING: break;
	}
	fputs(usage_text, stderr);
	return STATUS_USAGE;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	enum { V = 256, IFS, IF, DLT, CONF, CAP, FIFO, FILT, NIC, ONLY, VLAN, LEN };
	static const struct option all[] = {
		{ "extcap-interfaces", no_argument, NULL, IFS },
		{ "extcap-version", optional_argument, NULL, V },
		{ "extcap-interface", required_argument, NULL, IF },
		{ "extcap-dlts", no_argument, NULL, DLT },
		{ "extcap-config", no_argument, NULL, CONF },
		{ "capture", no_argument, NULL, CAP },
		{ "fifo", required_argument, NULL, FIFO },
		{ "extcap-capture-filter", required_argument, NULL, FILT },
		{ "nic", required_argument, NULL, NIC },
		{ "only", required_argument, NULL, ONLY },
		{ "vlan", required_argument, NULL, VLAN },
		{ "length", required_argument, NULL, LEN },
		{ "run", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "r:hV", all, NULL)) != -1) {
		switch (c) {
		case V: break; /* Wireshark's own, which changes nothing */
		case IFS: o->what = INTERFACES; break;
		case IF: o->choice.interface = optarg; break;
		case DLT: o->what = DLTS; break;
		case CONF: o->what = CONFIG; break;
		case CAP: o->what = CAPTURE; break;
		case FIFO: o->fifo = optarg; break;
		case FILT: o->choice.filter = optarg; break;
		case NIC: o->choice.nic = optarg; break;
		case ONLY: o->choice.only = optarg; break;
		case VLAN: o->choice.vlan = optarg; break;
		case LEN: o->choice.length = optarg; break;
		case 'r': o->rundir = optarg; break;
		case 'h': o->what = HELP; break;
		case 'V': o->what = VERSION; break;
		default: return -EINVAL;
		}
	}
	return 0;
}

/* Where there is no CP, or none that says anything to us, there are no interfaces. */
static int list(struct extcap *x)
{
	extcap_version(stdout);
	x->keep = open_memstream(&x->answer, &x->answer_len);
	if (!x->keep)
		return STATUS_NO_CP;
	talk(x, "QUERY LAN", true, -1);
	fclose(x->keep);
	extcap_interfaces(stdout, x->answer);
	free(x->answer);
	return STATUS_DONE;
}

/* Waits for whoever reads the FIFO: until then there is nothing to capture for. */
static int capture(struct extcap *x, const struct options *o)
{
	char command[CP_COMMAND_MAX + 1];
	int fifo, status;

	if (!o->fifo || extcap_command(command, sizeof(command), &o->choice,
				(unsigned)getpid())) {
		fprintf(stderr, "bulkhead-extcap: no such interface or option\n");
		return STATUS_USAGE;
	}
	fifo = open(o->fifo, O_WRONLY | O_CLOEXEC);
	if (fifo < 0) {
		fprintf(stderr, "bulkhead-extcap: %s: %s\n", o->fifo, strerror(errno));
		return STATUS_OUTPUT;
	}
	status = talk(x, command, false, fifo);
	close(fifo);
	return status;
}

static void finish(struct extcap *x, int status)
{
	x->status = status;
	caller_close(&x->caller);
	loop_stop(x->loop);
}

/* What stops a capture; with the session CP ends the trace. */
static void caught(struct signals *s, int signo)
{
	(void)signo;
	finish(s->ctx, STATUS_DONE);
}

static void took_out(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct extcap *x = c->ctx;

	if (id == x->id && x->keep)
		fwrite(text, 1, len, x->keep);
}

static void took_err(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct extcap *x = c->ctx;

	if (id == x->id)
		output_write(&x->err, text, len);
}

static void took_done(struct caller *c, uint32_t id, uint32_t rc)
{
	struct extcap *x = c->ctx;

	if (id == x->id)
		finish(x, rc ? STATUS_REFUSED : STATUS_DONE);
}

static void took_gone(struct caller *c, bool ended, const char *why)
{
	struct extcap *x = c->ctx;

	(void)ended;
	output_line(&x->err, why, strlen(why));
	finish(x, STATUS_NO_CP);
}

static const struct caller_ops caller_ops = {
	.out = took_out,
	.err = took_err,
	.done = took_done,
	.gone = took_gone,
};

/* One command, until it is answered. */
static int converse(struct extcap *x, const char *command, bool json, int out)
{
	char why[CONNECT_WHY];
	int err = connect_cp(&x->caller, x->loop, x->rundir, false, &caller_ops, x, why);

	if (err) {
		if (out >= 0)
			fprintf(stderr, "bulkhead-extcap: %s\n", why);
		return err;
	}
	caller_set_output(&x->caller, out);
	err = caller_command(&x->caller, command, json, &x->id);
	return err ? err : loop_run(x->loop);
}

static int talk(struct extcap *x, const char *command, bool json, int out)
{
	int err = loop_create(&x->loop);

	if (!err)
		err = signals_open(&x->signals, x->loop, (const int[]) { 0 }, caught, x);
	if (!err)
		err = converse(x, command, json, out);
	caller_close(&x->caller);
	signals_close(&x->signals);
	loop_destroy(x->loop);
	return err ? STATUS_NO_CP : x->status;
}
