/* What the process gives up: names, files, privileges, and at last system calls.
 *
 * sandbox_enter() is for the start, before a single request was read; what it takes away
 * is not needed to activate a guest.  sandbox_close() takes away what only activation
 * needed, thread by thread.
 *
 * The process is not dumpable, from setting its ids or by itself: its memory and
 * descriptors are for the host's root alone, not for another process of its uid.  What
 * /proc tells of any process (stat, status, task/N/schedstat) stays readable to all. */
#ifndef PARTITIONS_SANDBOX_H
#define PARTITIONS_SANDBOX_H

#include "cp/part_proto.h"
#include "partitions/fail.h"

#include <linux/filter.h>
#include <sys/types.h>

struct sandbox {
	struct sock_fprog filter[PART_ROLES]; /* len 0: none; filters owned */
	char missing[200];                    /* what could not be given up, or "" */
};

/* Reads struct part_seccomp and the filters behind it from `fd`.  0, or -errno with *why.
 */
int sandbox_load(struct sandbox *s, int fd, struct fail *why);
void sandbox_fini(struct sandbox *s);

/* Closes every descriptor but those of enum part_fd and standard ones, leaves the host's
 * files for an empty root, becomes `uid` and `gid`, drops every capability for good.
 *
 * 0, or -errno with *why.  What an unprivileged process may not do is left out and said
 * in s->missing; where there is privilege it must succeed. */
int sandbox_enter(struct sandbox *s, uid_t uid, gid_t gid, struct fail *why);

/* Confines the calling thread to what its role needs.  0 or -errno. */
int sandbox_close(const struct sandbox *s, enum part_role role);

#endif
