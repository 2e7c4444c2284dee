/* What a process of Bulkhead gives up: names, files, privileges, and at last system
 * calls.
 *
 * sandbox_enter() is for the start, before a single request was read; what it takes away
 * is not needed to begin.  sandbox_close() takes away what only the beginning needed,
 * thread by thread.
 *
 * The process is not dumpable, from setting its ids or by itself: its memory and
 * descriptors are for the host's root alone, not for another process of its uid.  What
 * /proc tells of any process (stat, status, task/N/schedstat) stays readable to all. */
#ifndef CP_LIB_SANDBOX_H
#define CP_LIB_SANDBOX_H

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

#define SANDBOX_ROLES 4 /* of threads: each has its own allowlist */
#define SANDBOX_WHY   160

struct sandbox {
	struct sock_fprog filter[SANDBOX_ROLES]; /* len 0: none; filters owned */
	char missing[200];                       /* what could not be given up, or "" */
};

/* What is left to it. */
struct sandbox_rest {
	uid_t uid;
	gid_t gid;
	int first_free;     /* descriptors from this one on are closed */
	unsigned max_fds;   /* it may open, where the host allows as many */
	unsigned max_tasks; /* of its uid */
	bool keeps_files;   /* the root directory stays as it is */
};

/* Reads from `fd` how many instructions each of the `n_roles` roles has, uint32_t each,
 * and the filters behind that.  0, or -errno with the reason in `why`. */
int sandbox_load(struct sandbox *s, int fd, int n_roles, char why[SANDBOX_WHY]);
void sandbox_fini(struct sandbox *s);

/* Closes every descriptor from rest->first_free on, leaves the host's files for an empty
 * root, becomes the uid and gid, drops every capability for good.
 *
 * 0, or -errno with the reason in `why`.  What an unprivileged process may not do is left
 * out and said in s->missing; where there is privilege it must succeed. */
int sandbox_enter(
	struct sandbox *s, const struct sandbox_rest *rest, char why[SANDBOX_WHY]);

/* Confines the calling thread to what its role needs.  0 or -errno. */
int sandbox_close(const struct sandbox *s, int role);

#endif
