/* What cpd is started with: options, and where things are without them. */
#include "cp/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_USAGE 4

enum { OPT_CHECK = 256, OPT_HASH, OPT_DOCUMENT };

static const char usage_text[] =
	"Usage: cpd [-c SYSTEM.CONFIG] [-d USER.DIRECT] [-r RUNDIR] [-s STATEDIR] [-f]\n"
	"The Control Program of Bulkhead: starts, runs and ends partitions.\n"
	"\n"
	"  -c, --config FILE     the system configuration\n"
	"  -d, --directory FILE  the user directory\n"
	"  -r, --run DIR         the run-time directory, with the socket cp.sock\n"
	"  -s, --state DIR       what outlives CP: disks, accounting, audit log\n"
	"  -L, --lib DIR         where the partition program and CMS are\n"
	"  -f, --foreground      stay in the foreground, log on standard error\n"
	"      --check           read both files, report every error, and end\n"
	"      --hash            read a password, print what the directory may hold, and end\n"
	"      --document PART   print a part of the manual: messages, commands, directory\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n"
	"\n"
	"As root, files are in /etc/bulkhead, /run/bulkhead and /var/lib/bulkhead; else where\n"
	"the XDG directories say.  SIGHUP reads the directory again; SIGTERM ends CP and leaves\n"
	"the partitions running, to be adopted by the next one.\n";

static int read_options(struct options *o, int argc, char **argv);
static int set_defaults(struct options *o);
static int set_directories(struct options *o, bool root);
static bool xdg(char *out, size_t len, const char *variable, const char *in_home);
static bool set(char *out, const char *value);
static bool make_absolute(char *path);
static void find_libdir(char *out);

int options_parse(struct options *o, int argc, char **argv)
{
	int status;

	memset(o, 0, sizeof(*o));
	status = read_options(o, argc, argv);
	if (status || (o->action != ACTION_RUN && o->action != ACTION_CHECK))
		return status;
	return set_defaults(o);
}

static int bad_usage(const char *what, const char *value)
{
	if (what)
		fprintf(stderr, "cpd: %s%s\n", what, value);
	fprintf(stderr, "Try cpd --help.\n");
	return STATUS_USAGE;
}

static int take_path(char *out)
{
	return set(out, optarg) ? 0 : bad_usage("empty or too long: ", optarg);
}

static int take_option(struct options *o, int c)
{
	switch (c) {
	case 'c': return take_path(o->config);
	case 'd': return take_path(o->direct);
	case 'r': return take_path(o->rundir);
	case 's': return take_path(o->statedir);
	case 'L': return take_path(o->libdir);
	case 'f': o->foreground = true; return 0;
	case OPT_CHECK: o->action = ACTION_CHECK; return 0;
	case OPT_HASH: o->action = ACTION_HASH; return 0;
	case OPT_DOCUMENT:
		o->action = ACTION_DOCUMENT;
		o->document = optarg;
		return 0;
	case 'h':
		fputs(usage_text, stdout);
		o->action = ACTION_SHOWN;
		return 0;
	case 'V':
		puts("cpd " BULKHEAD_VERSION);
		o->action = ACTION_SHOWN;
		return 0;
	default: return bad_usage(NULL, NULL);
	}
}

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option list[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "directory", required_argument, NULL, 'd' },
		{ "run", required_argument, NULL, 'r' },
		{ "state", required_argument, NULL, 's' },
		{ "lib", required_argument, NULL, 'L' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "hash", no_argument, NULL, OPT_HASH },
		{ "document", required_argument, NULL, OPT_DOCUMENT },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status = 0;

	optind = 0; /* 1 would go on inside the last word of an earlier parse */
	while (!status && o->action != ACTION_SHOWN &&
		(c = getopt_long(argc, argv, "c:d:r:s:L:fhV", list, NULL)) != -1)
		status = take_option(o, c);
	if (!status && o->action != ACTION_SHOWN && optind < argc)
		return bad_usage("unexpected: ", argv[optind]);
	return status;
}

/* Where the files are that no option names. */
static int set_defaults(struct options *o)
{
	bool root = !geteuid(), ok = true;
	char etc[PATH_MAX - 32] = "/etc/bulkhead";

	if (!root && !(o->config[0] && o->direct[0]))
		ok = xdg(etc, sizeof(etc), "XDG_CONFIG_HOME", ".config");
	if (!ok)
		return bad_usage("HOME is not set: ", "use -c and -d");
	if (!o->config[0])
		snprintf(o->config, sizeof(o->config), "%s/system.config", etc);
	if (!o->direct[0])
		snprintf(o->direct, sizeof(o->direct), "%s/user.direct", etc);
	return o->action == ACTION_CHECK ? 0 : set_directories(o, root);
}

static int set_directories(struct options *o, bool root)
{
	bool ok = true;

	if (!o->statedir[0])
		ok = root ? set(o->statedir, "/var/lib/bulkhead")
			  : xdg(o->statedir, PATH_MAX, "XDG_STATE_HOME", ".local/state");
	if (!ok)
		return bad_usage("HOME is not set: ", "use -s");
	if (!o->rundir[0])
		ok = root ? set(o->rundir, "/run/bulkhead")
			  : xdg(o->rundir, PATH_MAX, "XDG_RUNTIME_DIR", NULL);
	if (!ok)
		return bad_usage("XDG_RUNTIME_DIR is not set: ", "use -r");
	if (!o->libdir[0])
		find_libdir(o->libdir);
	if (!make_absolute(o->rundir) || !make_absolute(o->statedir))
		return bad_usage("too long: ", "a directory name");
	return 0;
}

/* Our directory below the one a variable names, or below a place in HOME. */
static bool xdg(char *out, size_t len, const char *variable, const char *in_home)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	int n;

	if (base && *base == '/')
		n = snprintf(out, len, "%s/bulkhead", base);
	else if (in_home && home && *home == '/')
		n = snprintf(out, len, "%s/%s/bulkhead", home, in_home);
	else
		return false;
	return n > 0 && (size_t)n < len;
}

static bool set(char *out, const char *value)
{
	size_t len = strlen(value);

	if (!len || len >= PATH_MAX)
		return false;
	memcpy(out, value, len + 1);
	return true;
}

/* The daemon works in no directory of anybody's. */
static bool make_absolute(char *path)
{
	char cwd[PATH_MAX], whole[2 * PATH_MAX];

	if (*path == '/')
		return true;
	if (!getcwd(cwd, sizeof(cwd)))
		return false;
	snprintf(whole, sizeof(whole), "%s/%s", cwd, path);
	return set(path, whole);
}

/* Where this program is, if the partition program is there too; else where `make install`
 * puts it. */
static void find_libdir(char *out)
{
	char exe[PATH_MAX] = "", partition[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (slash)
		*slash = '\0';
	snprintf(partition, sizeof(partition), "%s/partition", exe);
	if (!access(partition, X_OK)) {
		set(out, exe);
		return;
	}
	slash = strrchr(exe, '/'); /* PREFIX/sbin */
	if (slash)
		*slash = '\0';
	snprintf(partition, sizeof(partition), "%.*s/lib/bulkhead", PATH_MAX - 16, exe);
	set(out, partition);
}
