/* The Control Program's one root object; everything hangs from it and is passed it. */
#ifndef CP_CP_H
#define CP_CP_H

#include "cp/lib/list.h"
#include "cp/lib/loop.h"
#include "cp/lib/words.h"

#include <stdbool.h>
#include <stdint.h>

struct cp {
	struct loop *loop;
	struct sysconfig *config; /* as read at the start */
	struct directory *directory;
	struct host *host;       /* pool and processors: who holds what (cp/host.h) */
	struct cgroups *cgroups; /* cp/cgroup.h */
	struct accounting *accounting; /* cp/account.h */
	struct server *server;         /* the CP socket and its clients (cp/server.h) */
	struct passwords *passwords;   /* being checked (cp/password.h) */
	struct audit *audit;           /* who asked for what; NULL: nowhere to write it */
	struct list partitions;        /* struct partition.node, by time of logon */
	struct list lans;              /* struct lan.node (cp/lan.h), by definition */
	struct list sessions;          /* struct session.node */

	int lock_fd;        /* says that RUNDIR is ours (cp/lock.h); -1 */
	const char *rundir; /* absolute; ours, mode 0755 */
	const char *statedir;
	const char *config_path, *direct_path;
	const char *libdir; /* where the partition program and the CMS image are */

	int seccomp_fd;        /* sealed memfd: what PART_FD_SECCOMP gets */
	int lan_seccomp_fd;    /* likewise LAN_FD_SECCOMP */
	int uplink_seccomp_fd; /* likewise UPLINK_FD_SECCOMP */
	bool privileged;       /* we are root */
	bool stopping;         /* SHUTDOWN is in progress */
	bool configuring;      /* the system configuration's commands are being issued */
	uint64_t started;      /* CLOCK_REALTIME ns */
};

#endif
