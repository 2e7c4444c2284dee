/* What the records of partitions and of LANs have in common. */
#ifndef CP_RECORD_PARTS_H
#define CP_RECORD_PARTS_H

#include "cp/fields.h"
#include "cp/record.h"

/* Version, phase, boot and socket of what has this name.  0, or not 0: no memory. */
int record_put_head(json_t *root, enum record_phase phase, const char *name);

/* Likewise; NULL, or the key of what cannot be so. */
const char *record_get_head(const json_t *root, const char *name,
	enum record_phase *phase, char boot_id[BOOT_ID_LEN + 1]);

int record_put_group(json_t *root, const struct cgroup *c);
const char *record_get_group(const json_t *root, struct cgroup *c);

/* The file `path` becomes this text, whole: written to another name, synced, renamed.  0
 * or -errno; after an error the old file, if there was one, stands. */
int record_replace(const char *path, const char *text);

/* A private file of ours, read whole.  The bytes or -errno. */
ssize_t record_read(const char *path, char *buf, size_t size);

#endif
