/* The record of a partition: RUNDIR/partitions/USERID.rec, by which another cpd finds it.
 *
 * Written before its process is started (phase "intent": whatever is found of it is to be
 * undone) and once it is activated ("active"), each time whole: to another name, synced,
 * renamed.  It is the last thing removed.  A record that is read is hostile. */
#ifndef CP_RECORD_H
#define CP_RECORD_H

#include "cp/partition.h"

enum record_phase { RECORD_INTENT, RECORD_ACTIVE };

#define RECORD_MAX  131072 /* bytes */
#define BOOT_ID_LEN 36

/* What a record says: `p` has everything but its connections and its console. */
struct record {
	enum record_phase phase;
	char boot_id[BOOT_ID_LEN + 1];
	struct partition p;
};

/* 0 or -errno; after an error the old record, if there was one, stands. */
int record_write(const struct partition *p, enum record_phase phase);

/* Writes the active record anew, if there is one yet; a failure goes to the log, the old
 * one is still true in what matters. */
void record_update(const struct partition *p);

void record_remove(const struct partition *p);

/* Reads text as the record of `userid`; pure.  0; -EINVAL with the reason in *why, and
 * nothing promised of *out. */
int record_parse(const char *text, size_t len, const char *userid, struct record *out,
	const char **why);

/* The text of a record; malloc'ed, NULL: no memory. */
char *record_text(const struct partition *p, enum record_phase phase);

/* The kernel's name for this boot; "" if it says none. */
void boot_id_read(char out[BOOT_ID_LEN + 1]);

#endif
