/* Control groups: what the kernel limits and accounts per partition.
 *
 * A partition's group is bulkhead/INSTANCE/USERID: one directory of cgroup v2, below the
 * root or else below the group cpd was started in, or one of each v1 controller, below
 * cpd's group.  The instance tells systems on one host apart.  Where neither version can
 * be written there is no group, and CP says so.  A group outlives its processes and cpd,
 * and so does its count of CPU time. */
#ifndef CP_CGROUP_H
#define CP_CGROUP_H

#include "cp/lib/words.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

#define CGROUP_MAX_DIRS 3 /* v1: memory, pids, cpuacct */

struct cgroups;

/* The group of one partition. */
struct cgroup {
	enum cgroup_kind kind;
	int n;                          /* directories; 0: no group */
	char dir[CGROUP_MAX_DIRS][512]; /* absolute */
};

struct cgroup_limits {
	uint64_t memory; /* bytes */
	unsigned tasks;
};

/* Finds out what is writable.  `mounts` and `self` are /proc/self/mounts and
 * /proc/self/cgroup; `instance` is a file name that every cpd of this system gives, and
 * no other.  0 or -ENOMEM; that there is none is no error. */
int cgroups_create(
	const char *mounts, const char *self, const char *instance, struct cgroups **out);
void cgroups_free(struct cgroups *g); /* accepts NULL */

enum cgroup_kind cgroups_kind(const struct cgroups *g);

/* In words what is in force: "cgroup v1: memory, pids, cpuacct" or "none: why". */
const char *cgroups_text(const struct cgroups *g);

/* Names the group of a partition that cgroup_make() would make. */
void cgroup_name(const struct cgroups *g, const char *userid, struct cgroup *out);

/* Makes an empty group with these limits; 0 also where there are none (out->n is 0 then).
 * -EBUSY: there is one with processes in it.  After an error nothing is left. */
int cgroup_make(const struct cgroups *g, const char *userid,
	const struct cgroup_limits *limits, struct cgroup *out);

/* Where a new process of the group is put.  v2: *into is the directory, for clone3()'s
 * CLONE_INTO_CGROUP; v1: `join` are cgroup.procs files, "0" written to each joins it.
 * -1 for what is not used.  0 or -errno with everything closed. */
struct cgroup_entry {
	int into;
	int join[CGROUP_MAX_DIRS];
};
int cgroup_open_entry(const struct cgroup *c, struct cgroup_entry *out);
void cgroup_close_entry(struct cgroup_entry *e);

/* CPU time of all processes that ever were in it, ns.  0; -ENOENT: nothing counts it. */
int cgroup_usage(const struct cgroup *c, uint64_t *cpu_ns);

/* Calls fn for each process of the group.  0 or -errno. */
int cgroup_each(const struct cgroup *c, void (*fn)(pid_t pid, void *ctx), void *ctx);

/* Removes it.  0, also if there is none; -EBUSY: the kernel still has something in it. */
int cgroup_remove(const struct cgroup *c);

/* Takes a group from a record, which has only its directories.  0, or -EINVAL: one of
 * them cannot be the group of `userid` in these hierarchies. */
int cgroup_adopt(const struct cgroups *g, const char *userid, struct cgroup *c);

#endif
