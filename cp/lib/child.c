/* How a process of Bulkhead begins. */
#include "cp/lib/child.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned number(const struct child *c, const char *text);
static void say(const struct child *c, const char *text, size_t len);

void child_begin(struct child *c, int argc, char **argv)
{
	struct sandbox_rest rest = { .first_free = c->first_free,
		.max_fds = c->max_fds,
		.max_tasks = c->max_tasks };
	char why[SANDBOX_WHY];

	log_init(c->program, argc > 1 ? argv[1] : NULL, LOG_LVL_INFO);
	if (argc != 4) {
		log_error("main", "usage: %s %s (cpd starts it)", c->program, c->usage);
		exit(1);
	}
	signal(SIGPIPE, SIG_IGN);
	/* An arena for each thread would have malloc count the host's processors, by
	 * calls that our filters do not allow. */
	mallopt(M_ARENA_MAX, 1);
	rest.uid = number(c, argv[2]);
	rest.gid = number(c, argv[3]);
	if (sandbox_load(&c->sandbox, c->seccomp_fd, c->n_roles, why))
		child_die(c, "%s", why);
	close(c->seccomp_fd);
	if (sandbox_enter(&c->sandbox, &rest, why))
		child_die(c, "%s", why);
	if (c->sandbox.missing[0])
		log_warn("main", "not in force: %s", c->sandbox.missing);
}

void child_listen(const struct child *c, int fd)
{
	if (listen(fd, 4))
		child_die(c, "it cannot listen: %s", strerrorname_np(errno));
}

void child_ready(const struct child *c)
{
	char text[1 + sizeof(c->sandbox.missing)] = "";
	size_t len = strlen(c->sandbox.missing);

	memcpy(text + 1, c->sandbox.missing, len);
	say(c, text, 1 + len);
}

void child_die(const struct child *c, const char *fmt, ...)
{
	char text[SANDBOX_WHY];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_error("main", "%s", text);
	say(c, text, strlen(text));
	_exit(1);
}

static unsigned number(const struct child *c, const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || !*text || *end || n >= 0xffffffffu)
		child_die(c, "\"%s\" is not an id", text);
	return (unsigned)n;
}

/* Tells cpd and ends its waiting. */
static void say(const struct child *c, const char *text, size_t len)
{
	if (write(c->ready_fd, text, len) < 0)
		log_warn("main", "nobody hears that we are ready");
	close(c->ready_fd);
}
