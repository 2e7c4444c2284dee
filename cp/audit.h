/* The audit log: who asked for what, and what CP said to it.
 *
 * STATEDIR/audit, a line each, only ever appended to; each line also goes to the log.
 * What a user without authority can cause is limited, for each host user and each guest
 * and however often they come anew, so that nobody fills the disk: lines left out are
 * counted, and the next line says how many. */
#ifndef CP_AUDIT_H
#define CP_AUDIT_H

#include "cp/allowance.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct audit;

/* Opens the file in this directory.  0 or -errno.  audit_close() accepts NULL. */
int audit_open(const char *statedir, struct audit **out);
void audit_close(struct audit *a);

/* The allowance of a guest, or of a host user (`guest` NULL); a few may share one. */
struct allowance *audit_limit_of(struct audit *a, const char *guest, uid_t uid);

/* May a line be written at `now_ns`? */
bool audit_allows(struct allowance *limit, uint64_t now_ns);

/* Appends "TIME WHO: command: verdict"; control characters become '?'.  `left_out` lines
 * before it were not written. */
void audit_write(struct audit *a, const char *who, const char *command,
	const char *verdict, uint32_t left_out);

#endif
