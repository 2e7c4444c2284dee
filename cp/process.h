/* Processes of cpd as the kernel knows them: what it says of one, finding those an
 * earlier cpd left, and what they say while they start and later. */
#ifndef CP_PROCESS_H
#define CP_PROCESS_H

#include "cp/cgroup.h"
#include "cp/lib/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- Facts (cp/usage.c) ---- */

/* CPU time of a process and its ended threads, also while it is a zombie, ns. 0 or -errno
 */
int process_cpu(pid_t pid, uint64_t *ns);

/* When a process was started, in ticks since boot (/proc/PID/stat, 22).  0 or -errno. */
int process_start(pid_t pid, uint64_t *ticks);

/* The same out of the text of such a file, and its pid.  0 or -EPROTO. */
int stat_parse(const char *text, pid_t *pid, uint64_t *ticks);

int process_uid(pid_t pid, uid_t *uid); /* its real uid, as seen here; 0 or -errno */

/* ---- Those that are there (cp/process_find.c) ---- */

struct process_id {
	pid_t pid;
	int pidfd; /* -1 */
	uint64_t start_ticks;
};

/* Is there a process id->pid, and is it the one that was started then?  0 with id->pidfd,
 * the caller's; -ESRCH or -errno with -1. */
int process_open(struct process_id *id);

/* Finds what an earlier cpd started, by the traces only a process of ours leaves: the
 * locked pid file, the control group, the socket it listens on (a path, or NULL).  All
 * others of the group are killed.  id->pidfd is -1 where there is none. */
void process_find(const char *pid_file, const struct cgroup *group, const char *socket,
	struct process_id *id);

/* ---- How they ended (cp/process_end.c) ---- */

/* si_code and si_status of waitid(2).  False: the kernel does not tell, as of another's
 * child. */
bool process_reap(int pidfd, int *code, int *status);

/* "its process ended with status 1", and so on; `known` as process_reap() said. */
void process_end_text(bool known, int code, int status, char *buf, size_t len);

/* ---- What it writes to standard error (cp/process_log.c) ---- */

struct process_log;

/* Passes it on to our log, as lines of `name`.  Owns `fd`, also on failure.  0 or -errno.
 */
int process_log_open(
	struct loop *loop, const char *name, int fd, struct process_log **out);
void process_log_close(struct process_log *l); /* reads what is left; accepts NULL */

/* ---- That it is ready (cp/process_ready.c) ---- */

/* The pipe of cp/lib/child.h; `fd` is -1 where there is none. */
struct process_ready {
	struct loop_fd watch;
	int fd;
	char text[200]; /* what has come */
	size_t len;
	/* It can be asked; `missing` is what of its sandbox could not be had, or "". */
	void (*ready)(void *ctx, const char *missing);
	void (*refused)(void *ctx, const char *why); /* it cannot go on */
	void *ctx;
};

/* Begins to watch r->fd, which it owns from here on, also on failure; 0 or -errno.  What
 * ends without a word is told by its end, not here. */
int process_ready_watch(struct process_ready *r, struct loop *loop);

/* Its last words, after its end: why it could not go on, or "". */
const char *process_ready_words(struct process_ready *r);
void process_ready_close(struct process_ready *r); /* accepts one without */

#endif
