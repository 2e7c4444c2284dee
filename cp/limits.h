/* What the kernel limits for a partition, and how near it is: read from its control
 * group. */
#ifndef CP_LIMITS_H
#define CP_LIMITS_H

#include "cp/cgroup.h"

#define LIMITS_MAX 4

struct limit {
	const char *name; /* "memory" (bytes), "tasks" */
	uint64_t held, max_held, limit, failures;
};

/* The limits in force; how many there are (none where there is no control group). */
int limits_read(const struct cgroup *c, struct limit out[LIMITS_MAX]);

#endif
