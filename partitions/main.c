/* The process of one partition: partition USERID UID GID, started by cpd with the
 * descriptors of enum part_fd.
 *
 * It confines itself, listens, says that it does, and serves.  What it says on
 * PART_FD_READY: one byte 0, then what of its sandbox could not be had, if anything; or,
 * where it cannot go on, why. */
#include "cp/lib/log.h"
#include "partitions/ctl.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Tells cpd and ends its waiting. */
static void say_ready(const char *text, size_t len)
{
	if (write(PART_FD_READY, text, len) < 0)
		log_warn("main", "nobody hears that we are ready");
	close(PART_FD_READY);
}

static void die(const struct fail *why)
{
	log_error("main", "%s", why->text);
	say_ready(why->text, strlen(why->text));
	_exit(1);
}

static unsigned number(const char *text)
{
	struct fail why;
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (!errno && *text && !*end && n < 0xffffffffu)
		return (unsigned)n;
	fail_set(&why, PART_R_PROTOCOL, EINVAL, "\"%s\" is not an id", text);
	die(&why);
	return 0;
}

/* Before anything hostile is read; ends the process where that is not to be had. */
static void confine(struct sandbox *s, unsigned uid, unsigned gid)
{
	struct fail why;

	if (sandbox_load(s, PART_FD_SECCOMP, &why))
		die(&why);
	close(PART_FD_SECCOMP);
	if (sandbox_enter(s, uid, gid, &why))
		die(&why);
	if (s->missing[0])
		log_warn("main", "not in force: %s", s->missing);
}

/* Here and not in cpd: a client learns from the kernel who it was that listened. */
static void start_listening(void)
{
	struct fail why;

	if (!listen(PART_FD_LISTEN, 4))
		return;
	fail_set(&why, PART_R_PROTOCOL, errno, "it cannot listen: %s",
		strerrorname_np(errno));
	die(&why);
}

static struct loop *make_loop(const struct sandbox *s)
{
	struct fail why;
	struct loop *loop = NULL;
	struct ctl *ctl;
	int err = loop_create(&loop);

	if (!err)
		err = ctl_create(loop, PART_FD_LISTEN, PART_FD_KVM, s, &ctl);
	if (!err)
		return loop;
	fail_set(&why, PART_R_IO, err, "it cannot begin: %s", strerrorname_np(-err));
	die(&why);
	return NULL;
}

/* The end comes at once, by PART_END or because the loop cannot go on: what this process
 * holds is the kernel's to release. */
int main(int argc, char **argv)
{
	static struct sandbox sandbox;
	char ready[1 + sizeof(sandbox.missing)] = "";
	struct loop *loop;
	int err;

	log_init("partition", argc > 1 ? argv[1] : NULL, LOG_LVL_INFO);
	if (argc != 4) {
		log_error("main", "usage: partition USERID UID GID (cpd starts it)");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	/* An arena for each thread would have malloc count the host's processors, by
	 * calls that our filters do not allow. */
	mallopt(M_ARENA_MAX, 1);
	confine(&sandbox, number(argv[2]), number(argv[3]));
	loop = make_loop(&sandbox);
	start_listening();
	memcpy(ready + 1, sandbox.missing, strlen(sandbox.missing));
	say_ready(ready, 1 + strlen(sandbox.missing));

	err = loop_run(loop);
	if (err)
		log_error("main", "the loop failed: %s", strerrorname_np(-err));
	_exit(err ? 1 : 0);
}
