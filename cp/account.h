/* Accounting: one line per partition that ended, in STATEDIR/accounting.
 *
 * A line is a JSON object: userid, account, logon, logoff (ISO 8601), reason, by, cpu_ns
 * (null: nothing counted it), storage (bytes).  Lines are appended and synced; those a
 * full disk refuses are kept in memory and tried again, and the operator is told once. */
#ifndef CP_ACCOUNT_H
#define CP_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct accounting;
struct cp;

struct account_line {
	const char *userid, *account;
	uint64_t logon, logoff; /* CLOCK_REALTIME ns */
	const char *reason;     /* "forced", "power off", "signal", "lost" */
	const char *by;         /* the userid that caused it, or "" */
	bool cpu_known;
	uint64_t cpu_ns;
	uint64_t storage;
};

/* Keeps STATEDIR/accounting.  0 or -ENOMEM: that the file cannot be written is said when
 * there is something to write. */
int accounting_create(struct cp *cp, struct accounting **out);

/* Tries a last time to write what is kept; what cannot be written goes to the log.
 * Accepts NULL. */
void accounting_free(struct accounting *a);

void account_write(struct accounting *a, const struct account_line *line);

/* Is there a line for this logon near the end of the file? */
bool account_has(const struct accounting *a, const char *userid, uint64_t logon);

/* Lines kept in memory because they could not be written. */
int account_kept(const struct accounting *a);

#endif
