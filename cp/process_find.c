/* Finding a process of ours.  A pid alone proves nothing: it is ours when it is in the
 * control group, when it wrote the locked pid file, or when it listens on the socket in
 * our directory. */
#include "cp/process.h"

#include "cp/lib/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void find_by_file(const char *path, struct process_id *id);
static void find_by_socket(const char *path, struct process_id *id);

int process_open(struct process_id *id)
{
	uint64_t ticks;

	id->pidfd = pidfd_open(id->pid, 0);
	if (id->pidfd < 0)
		return -errno;
	if (!process_start(id->pid, &ticks) && ticks == id->start_ticks)
		return 0;
	close(id->pidfd);
	id->pidfd = -1;
	return -ESRCH;
}

/* The first is the one to wait for: the others are in its pid namespace and die with it.
 */
static void find_one(pid_t pid, void *ctx)
{
	struct process_id *id = ctx;

	if (id->pidfd >= 0) {
		kill(pid, SIGKILL);
		return;
	}
	id->pid = pid;
	id->pidfd = pidfd_open(pid, 0);
}

void process_find(const char *pid_file, const struct cgroup *group, const char *socket,
	struct process_id *id)
{
	id->pidfd = -1;
	find_by_file(pid_file, id);
	if (id->pidfd < 0)
		cgroup_each(group, find_one, id);
	if (id->pidfd < 0 && socket)
		find_by_socket(socket, id);
}

/* The process that wrote the pid file of a start that was interrupted. */
static void find_by_file(const char *path, struct process_id *id)
{
	char text[1024];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	/* Until it is its program, or no more. */
	while (flock(fd, LOCK_SH) && errno == EINTR)
		;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (!stat_parse(text, &id->pid, &id->start_ticks))
		process_open(id);
}

/* Who listens on a socket in our directory was given it by a cpd. */
static void find_by_socket(const char *path, struct process_id *id)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd = wire_connect(path);

	if (fd < 0)
		return;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) && cred.pid > 1 &&
		cred.pid != getpid()) {
		id->pid = cred.pid;
		id->pidfd = pidfd_open(cred.pid, 0);
	}
	close(fd);
}
