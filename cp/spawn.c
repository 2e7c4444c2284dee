/* Starting a process.
 *
 * cpd binds the socket and the process listens on it, so that SO_PEERCRED of who connects
 * names the process.  The child is in its control group before it allocates anything; it
 * then writes its /proc/self/stat to the pid file, which it keeps locked until it is the
 * program: a cpd that finds the file of an interrupted start waits for the lock
 * and then knows which process to end. */
#include "cp/spawn.h"

#include "cp/lib/wire.h"
#include "cp/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define MAX_FD (3 + SPAWN_MAX_FDS)

/* All the child needs, made before there is one. */
struct making {
	const struct spawn *what;
	char program[4096];
	char uid[16], gid[16];
	char uid_map[40], gid_map[40]; /* "": no user namespace */
	char *env[4];
	int null, listen, pid_file;
	int ready[2], log[2];
	struct cgroup_entry entry;
};

static int prepare(const struct cp *cp, struct making *s);
static void unprepare(struct making *s);
static int start(struct making *s, struct spawned *out);
static void child(const struct making *s) __attribute__((noreturn));

int spawn(const struct cp *cp, const struct spawn *what, struct spawned *out)
{
	struct making s = { .what = what,
		.null = -1,
		.listen = -1,
		.pid_file = -1,
		.ready = { -1, -1 },
		.log = { -1, -1 },
		.entry = { -1, { -1, -1, -1 } } };
	int err = prepare(cp, &s);

	if (!err)
		err = start(&s, out);
	if (!err) {
		out->ready_fd = s.ready[0];
		out->log_fd = s.log[0];
		s.ready[0] = s.log[0] = -1;
	}
	unprepare(&s);
	return err;
}

int spawn_seccomp(int memfd)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Neither may block: the log because a process must not wait for a cpd that is away. */
static int make_pipes(struct making *s)
{
	if (pipe2(s->ready, O_CLOEXEC | O_NONBLOCK) ||
		pipe2(s->log, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	return 0;
}

/* Of cpd's environment only what tells a sanitizer how to behave. */
static void copy_env(struct making *s)
{
	static const char *const names[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS" };
	int n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && asprintf(&s->env[n], "%s=%s", names[i], value) >= 0)
			n++;
	}
	s->env[n] = NULL;
}

/* A root cpd gives each process a uid of its own; without privilege the process is root
 * of a user namespace in which that root is us and nobody else exists. */
static void name_ids(const struct cp *cp, struct making *s)
{
	bool own_uid = cp->privileged;

	snprintf(s->uid, sizeof(s->uid), "%u", own_uid ? s->what->uid : 0);
	snprintf(s->gid, sizeof(s->gid), "%u", own_uid ? s->what->uid : 0);
	if (own_uid)
		return;
	snprintf(s->uid_map, sizeof(s->uid_map), "0 %u 1", geteuid());
	snprintf(s->gid_map, sizeof(s->gid_map), "0 %u 1", getegid());
}

static int open_pid_file(const char *path)
{
	int fd;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* The socket is watched by a loop. */
static int bind_socket(struct making *s)
{
	if (!s->what->socket)
		return 0;
	s->listen = wire_bind(s->what->socket, 0600);
	if (s->listen < 0)
		return s->listen;
	return fcntl(s->listen, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int prepare(const struct cp *cp, struct making *s)
{
	int err;

	snprintf(s->program, sizeof(s->program), "%s/%s", cp->libdir, s->what->program);
	name_ids(cp, s);
	copy_env(s);
	err = make_pipes(s);
	if (err)
		return err;
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s->null < 0)
		return -errno;
	err = bind_socket(s);
	if (err)
		return err;
	s->pid_file = open_pid_file(s->what->pid_file);
	if (s->pid_file < 0)
		return s->pid_file;
	return cgroup_open_entry(s->what->group, &s->entry);
}

static void unprepare(struct making *s)
{
	int fds[] = { s->null, s->listen, s->pid_file, s->ready[0], s->ready[1],
		s->log[0], s->log[1] };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	for (size_t i = 0; s->env[i]; i++)
		free(s->env[i]);
	cgroup_close_entry(&s->entry);
}

/* As fork(2), with what only clone3(2) can. */
static pid_t clone_child(const struct making *s, int *pidfd)
{
	struct clone_args args = { .flags = NAMESPACES | CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD };

	if (s->what->host_net)
		args.flags &= ~(uint64_t)CLONE_NEWNET;
	if (s->uid_map[0])
		args.flags |= CLONE_NEWUSER;
	if (s->entry.into >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)s->entry.into;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int start(struct making *s, struct spawned *out)
{
	pid_t pid = clone_child(s, &out->pidfd);
	int err;

	if (pid < 0)
		return -errno;
	if (!pid)
		child(s);
	err = process_start(pid, &out->start_ticks);
	if (!err) {
		out->pid = pid;
		return 0;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(out->pidfd);
	return err;
}

/* ---- In the child ----------------------------------------------------------------- */

static void fail(const struct making *s, const char *what)
{
	char text[160];
	int len = snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));

	if (write(s->ready[1], text, (size_t)len) < 0)
		_exit(126);
	_exit(127);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static void join_groups(const struct making *s)
{
	for (int i = 0; i < CGROUP_MAX_DIRS; i++) {
		if (s->entry.join[i] >= 0 && write(s->entry.join[i], "0", 1) != 1)
			fail(s, "joining its control group");
	}
}

/* A group may be mapped without privilege only once setgroups(2) is given up
 * (user_namespaces(7)). */
static void map_ids(const struct making *s)
{
	if (!s->uid_map[0])
		return;
	if (!put("/proc/self/setgroups", "deny") ||
		!put("/proc/self/gid_map", s->gid_map) ||
		!put("/proc/self/uid_map", s->uid_map))
		fail(s, "mapping its uid");
}

static void write_pid(const struct making *s)
{
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char text[512];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n <= 0 || write(s->pid_file, text, (size_t)n) != n)
		fail(s, "writing its pid file");
	close(fd);
}

static int descriptor(const struct making *s, int fd)
{
	if (fd == SPAWN_LISTEN)
		return s->listen;
	return fd == SPAWN_READY ? s->ready[1] : fd;
}

/* To their places: first all out of the way of all.  The place of the ready pipe. */
static int place_descriptors(const struct making *s)
{
	int n = 3 + s->what->n_fds, ready = -1;
	int from[MAX_FD] = { s->null, s->null, s->log[1] };
	int high[MAX_FD];

	for (int i = 3; i < n; i++) {
		from[i] = descriptor(s, s->what->fd[i - 3]);
		if (s->what->fd[i - 3] == SPAWN_READY)
			ready = i;
	}
	for (int i = 0; i < n; i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, MAX_FD);
		if (high[i] < 0)
			fail(s, "its descriptors");
	}
	for (int i = 0; i < n; i++) {
		if (dup2(high[i], i) < 0)
			_exit(126);
	}
	return ready;
}

/* The pid file's lock ends with the exec: it is the only descriptor left to close. */
static void child(const struct making *s)
{
	const char *const argv[] = { s->program, s->what->name, s->uid, s->gid, NULL };
	struct making here = *s;
	sigset_t none;

	join_groups(s);
	map_ids(s);
	write_pid(s);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	setsid();
	here.ready[1] = place_descriptors(s);
	close_range(3 + (unsigned)s->what->n_fds, ~0u, CLOSE_RANGE_CLOEXEC);
	execve(s->program, (char *const *)(uintptr_t)argv, s->env);
	fail(&here, s->program);
	_exit(127);
}
