/* bulkhead: the operator's console. */
#include "console/batch.h"
#include "console/options.h"
#include "console/status.h"
#include "console/terminal.h"
#include "cp/lib/std_fds.h"

#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char usage_text[] =
	"Usage: bulkhead [-u USERID] [-C USERID] [-r RUNDIR]\n"
	"The operator's console.  On a terminal it is a line mode with history and completion;\n"
	"else commands are read from standard input line by line.\n"
	"\n"
	"  -u, --user USERID     log on as USERID\n"
	"  -C, --console USERID  show this partition's console; what is typed goes to it\n"
	"  -r, --run RUNDIR      the run-time directory of CP\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n"
	"\n"
	"Exit status: 0 done; 1 CP refused a command; 3 no CP to talk to; 4 bad option.\n";

static int parse_options(struct options *o, int argc, char **argv);

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int status;

	if (std_fds_fill())
		return STATUS_NO_CP;
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	status = parse_options(&options, argc, argv);
	if (status >= 0)
		return status;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return terminal_run(&options);
	return batch_run(&options);
}

static int bad_usage(const char *what)
{
	fprintf(stderr, "%s%sTry bulkhead --help.\n", what, *what ? "\n" : "");
	return STATUS_USAGE;
}

/* The status to end with, or -1 to go on. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option list[] = {
		{ "user", required_argument, NULL, 'u' },
		{ "console", required_argument, NULL, 'C' },
		{ "run", required_argument, NULL, 'r' },
		{ "full-screen", no_argument, NULL, 'F' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "u:C:r:FhV", list, NULL)) != -1) {
		switch (c) {
		case 'u': o->userid = optarg; break;
		case 'C': o->console = optarg; break;
		case 'r': o->rundir = optarg; break;
		case 'F':
			return bad_usage(
				"bulkhead: full screen mode is not part of this release");
		case 'h': fputs(usage_text, stdout); return STATUS_DONE;
		case 'V': puts("bulkhead " BULKHEAD_VERSION); return STATUS_DONE;
		default: return bad_usage("");
		}
	}
	return optind == argc ? -1
			      : bad_usage("bulkhead: commands are read, not given here");
}
