/* What encloses a partition's process, read back from the kernel: never what was meant,
 * only what is. */
#ifndef CP_SANDBOX_H
#define CP_SANDBOX_H

#include "cp/lib/words.h"

#include <stdbool.h>
#include <sys/types.h>

enum sandbox_ns {
	SANDBOX_MNT,
	SANDBOX_PID,
	SANDBOX_NET,
	SANDBOX_IPC,
	SANDBOX_UTS,
	SANDBOX_USER,
	SANDBOX_NAMESPACES
};

enum sandbox_fact { FACT_UNREADABLE, FACT_NO, FACT_YES };

struct sandbox_view {
	char userid[USERID_MAX + 1];
	pid_t pid;
	bool uid_known;
	uid_t uid;
	enum sandbox_fact own_ns[SANDBOX_NAMESPACES]; /* another than cpd's */
	char capabilities[512]; /* "none", names, or "unreadable: why" */
	enum sandbox_fact no_new_privs;
	char seccomp[160]; /* "filter on all 4 threads", "none", "unreadable: why" */
	char root[160];    /* "empty", "5 entries", "unreadable: why" */
};

const char *sandbox_ns_name(enum sandbox_ns ns); /* "mnt" ... as in /proc/PID/ns */

struct partition;
void sandbox_read(const struct partition *p, struct sandbox_view *out);

/* The same of any process, for tests. */
void sandbox_read_pid(pid_t pid, struct sandbox_view *out);

#endif
