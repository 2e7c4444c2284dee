/* Why something could not be done, as PART_FAIL and PART_EVENT tell it to cpd: an errno,
 * a reason, and what only we know about it. */
#ifndef PARTITIONS_FAIL_H
#define PARTITIONS_FAIL_H

#include "cp/part_proto.h"

struct fail {
	int err; /* an errno, positive */
	enum part_reason reason;
	char text[160];
};

/* Fills *f in and returns -err; `err` may be given with either sign, and is not 0. */
int fail_set(struct fail *f, enum part_reason reason, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
