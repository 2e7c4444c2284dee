/* The records of partitions: written whole and atomically. */
#include "cp/record.h"

#include "cp/engine.h"
#include "cp/lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_file(const char *path, const char *text);
static int sync_dir(const struct cp *cp);

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
	char path[4096], temp[4096 + 8];
	char *text = record_text(p, phase);
	int err;

	if (!text)
		return -ENOMEM;
	part_path(p->cp, p->userid, PART_FILE_RECORD, path, sizeof(path));
	snprintf(temp, sizeof(temp), "%s.tmp", path);
	err = write_file(temp, text);
	free(text);
	if (!err && rename(temp, path))
		err = -errno;
	if (err) {
		unlink(temp);
		return err;
	}
	return sync_dir(p->cp);
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

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		text += n;
		left -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

/* A file of this name that is left over is nobody's. */
static int write_file(const char *path, const char *text)
{
	int fd, err;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text);
	close(fd);
	return err;
}

static int sync_dir(const struct cp *cp)
{
	char path[4096];
	int fd, err;

	snprintf(path, sizeof(path), "%s/partitions", cp->rundir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}
