/* Starting the processes of cpd, each with a program of its own. */
#ifndef CP_SPAWN_H
#define CP_SPAWN_H

#include "cp/cgroup.h"
#include "cp/cp.h"

#include <sys/types.h>

#define SPAWN_MAX_FDS 8

/* In spawn.fd: descriptors that are made here. */
enum { SPAWN_LISTEN = -2, SPAWN_READY = -3 };

struct spawn {
	const char *program;        /* a file of LIBDIR */
	const char *name;           /* its first operand; then uid and gid */
	const char *socket;         /* path; bound, for SPAWN_LISTEN; or NULL */
	const char *pid_file;       /* path */
	uid_t uid;                  /* where cpd is privileged */
	const struct cgroup *group; /* that it is born in */
	bool host_net;              /* it stays in the host's network namespace */
	int fd[SPAWN_MAX_FDS];      /* that become its 3, 4...; one is SPAWN_READY */
	int n_fds;
};

struct spawned {
	pid_t pid;
	int pidfd;
	uint64_t start_ticks; /* as process_start() */
	int ready_fd;         /* the other end of SPAWN_READY; does not block */
	int log_fd;           /* what it writes to standard error; does not block */
};

/* Starts it.  The descriptors of *out are the caller's.  0 or -errno with no process
 * left.
 */
int spawn(const struct cp *cp, const struct spawn *what, struct spawned *out);

/* The sealed programs of struct cp, opened anew: processes that start at the same time
 * must not share an offset.  The descriptor or -errno. */
int spawn_seccomp(int memfd);

#endif
