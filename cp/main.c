/* cpd, the Control Program: options, start, loop, end. */
#include "cp/daemon.h"
#include "cp/document.h"
#include "cp/hash_tool.h"
#include "cp/lib/log.h"
#include "cp/lib/std_fds.h"
#include "cp/msg.h"
#include "cp/options.h"
#include "cp/server.h"
#include "cp/session.h"
#include "cp/start.h"
#include "cp/sysconfig.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_USAGE 4

/* Signals as events of the loop. */
struct signals {
	struct cp *cp;
	struct loop_fd watch;
};

static int run(const struct options *o);
static int document(const char *part);
static int watch_signals(struct signals *s, struct cp *cp);

int main(int argc, char **argv)
{
	struct options o;
	int status;

	if (std_fds_fill())
		return 1;
	/* Whoever started us may not care about children; we ask how ours ended. */
	signal(SIGCHLD, SIG_DFL);
	status = options_parse(&o, argc, argv);
	if (status)
		return status;
	switch (o.action) {
	case ACTION_CHECK: return check_files(o.config, o.direct, stderr) ? 1 : 0;
	case ACTION_HASH: return hash_tool();
	case ACTION_DOCUMENT: return document(o.document);
	case ACTION_RUN: return run(&o);
	default: return 0;
	}
}

static int document(const char *part)
{
	static const struct {
		const char *name;
		void (*fn)(FILE *out);
	} parts[] = {
		{ "messages", document_messages },
		{ "commands", document_commands },
		{ "directory", document_directory },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strcmp(parts[i].name, part)) {
			parts[i].fn(stdout);
			return fflush(stdout) ? 1 : 0;
		}
	}
	fprintf(stderr, "cpd: no such part of the manual: %s\n", part);
	return STATUS_USAGE;
}

/* From here on the process is the Control Program. */
static int run(const struct options *o)
{
	char log_path[PATH_MAX + 8];
	struct signals signals = { 0 };
	struct cp cp;
	int ready = -1, err;

	umask(022);
	log_init("cpd", NULL, LOG_LVL_INFO);
	if (!o->foreground)
		ready = daemon_start();
	if (!o->foreground && ready < 0) {
		fprintf(stderr, "cpd: cannot go into the background: %s\n",
			strerror(-ready));
		return 1;
	}
	if (cp_start(&cp, o))
		return 1;
	err = watch_signals(&signals, &cp);
	if (!err && ready >= 0) {
		snprintf(log_path, sizeof(log_path), "%s/log", o->statedir);
		daemon_ready(ready, log_path);
	}
	if (!err)
		err = loop_run(cp.loop);
	if (err)
		log_error("main", "the loop failed: %s", strerror(-err));
	if (signals.watch.loop)
		loop_fd_del(&signals.watch);
	cp_stop(&cp);
	return err ? 1 : 0;
}

static int count_partitions(const struct cp *cp)
{
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &cp->partitions)
		n++;
	return n;
}

/* The partitions do not notice. */
static void end(struct cp *cp)
{
	char line[MSG_TEXT_MAX + 16];
	struct message m;

	msg_set(&m, MSG_CP_ENDS, count_partitions(cp));
	operator_tell(cp, &m);
	server_end_all(cp->server, msg_line(&m, line, sizeof(line)));
	loop_stop(cp->loop);
}

static void on_signal(struct loop_fd *watch, uint32_t events)
{
	struct signals *s = watch->ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		cp_reload(s->cp);
	else
		end(s->cp);
}

static int watch_signals(struct signals *s, struct cp *cp)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	s->cp = cp;
	return loop_fd_add(cp->loop, &s->watch, fd, EPOLLIN, on_signal, s);
}
