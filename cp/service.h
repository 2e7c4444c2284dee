/* A process of CP's own that serves partitions: of a guest LAN, or of an uplink.  It has
 * a control group, a uid and namespaces of its own, as a partition's has.
 *
 * It is embedded in its owner, who is told when it can be asked and, once nothing of it
 * is left, that it has ended. */
#ifndef CP_SERVICE_H
#define CP_SERVICE_H

#include "cp/cp.h"
#include "cp/process.h"
#include "cp/spawn.h"

struct service_ops {
	void (*ready)(void *ctx); /* it says that it can be asked */
	/* It has ended, or could not be started: from the loop.  It may be started anew
	 * from inside. */
	void (*ended)(void *ctx, const char *why);
};

struct service {
	struct cp *cp;
	const struct service_ops *ops;
	void *ctx;
	char name[40];           /* in the log, and of its control group */
	struct process_id id;    /* pid 0: there is no process */
	uid_t uid;               /* it runs as */
	bool uid_taken;          /* in the ledger */
	struct cgroup group;     /* n 0: none */
	char why[200];           /* of its end, or "": its status says it */
	int tries;               /* to remove the group */
	struct process_log *log; /* the rest: while it runs */
	struct process_ready ready;
	struct loop_fd watch;
	struct loop_timer timer;
	struct loop_call call;
};

#define SERVICE_SECONDS 20 /* to begin */

void service_init(struct service *s, struct cp *cp, const char *name,
	const struct service_ops *ops, void *ctx);

/* Starts a process where there is none.  what->name is its operand; group and uid are
 * chosen here.  0; -errno: nothing is left of it, and ended() is not called. */
int service_start(
	struct service *s, struct spawn *what, const struct cgroup_limits *limits);

/* Takes one over that an earlier cpd started: id, uid and group are set.  0; -ESRCH: it
 * is gone; -EPERM: another has this pid or uid; -errno. */
int service_adopt(struct service *s);

/* Ends what an earlier cpd left of it, by its traces; ended() comes with this reason,
 * also if there is nothing.  `pid_file` and `socket` (or NULL) are paths. */
void service_clear(
	struct service *s, const char *pid_file, const char *socket, const char *why);

/* Kills it; ended() comes, with this reason (NULL: its status says it), also where there
 * is none. */
void service_end(struct service *s, const char *why);

/* Forgets it and lets it run.  Accepts one that is zero. */
void service_fini(struct service *s);

#endif
