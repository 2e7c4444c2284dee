/* The records of partitions: written whole and atomically. */
#include "cp/record.h"

#include "cp/engine.h"
#include "cp/lib/log.h"
#include "cp/record_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *part_path(
	const struct cp *cp, const char *userid, enum part_file f, char *buf, size_t len)
{
	static const char *const ends[] = { [PART_FILE_SOCK] = "sock",
		[PART_FILE_RECORD] = "rec",
		[PART_FILE_PID] = "pid" };

	snprintf(buf, len, "%s/partitions/%s.%s", cp->rundir, userid, ends[f]);
	return buf;
}

int record_write(const struct partition *p, enum record_phase phase)
{
	char path[4096];
	char *text = record_text(p, phase);
	int err;

	if (!text)
		return -ENOMEM;
	err = record_replace(
		part_path(p->cp, p->userid, PART_FILE_RECORD, path, sizeof(path)), text);
	free(text);
	return err;
}

void record_update(const struct partition *p)
{
	int err = p->start ? 0 : record_write(p, RECORD_ACTIVE);

	if (err)
		log_error(
			"record", "%s: not written anew: %s", p->userid, strerror(-err));
}

void record_remove(const struct partition *p)
{
	char path[4096];

	if (unlink(part_path(p->cp, p->userid, PART_FILE_RECORD, path, sizeof(path))) &&
		errno != ENOENT)
		log_error("record", "%s: not removed: %s", path, strerror(errno));
}

void boot_id_read(char out[BOOT_ID_LEN + 1])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	size_t n = f ? fread(out, 1, BOOT_ID_LEN, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
}
