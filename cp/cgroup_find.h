/* Which hierarchies of control groups can be written (cp/cgroup.c uses what is found). */
#ifndef CP_CGROUP_FIND_H
#define CP_CGROUP_FIND_H

#include "cp/cgroup.h"

#define CGROUP_MAX_MOUNTS 32
#define CGROUP_PATH       460 /* with "/INSTANCE/USERID" it fits struct cgroup */
#define CGROUP_ENABLE     "+memory +pids"

struct cgroups {
	enum cgroup_kind kind;
	char instance[32];
	int n;
	struct cgroup_base {
		const char *controller; /* "memory" ...; v2: "" */
		char dir[CGROUP_PATH];  /* ".../bulkhead" */
	} base[CGROUP_MAX_DIRS];
	int n_mounts;
	char mount[CGROUP_MAX_MOUNTS][256]; /* of any version */
	char text[200];
};

/* Fills in a zeroed struct. */
void cgroups_find(struct cgroups *g, const char *mounts, const char *self);

/* Writes a control file.  0 or -errno. */
int cgroup_write(const char *dir, const char *file, const char *value);

#endif
