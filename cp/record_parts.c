/* The common parts of records. */
#include "cp/record_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_VERSION 1

static int write_file(const char *path, const char *text);
static int sync_dir_of(const char *path);

int record_put_head(json_t *root, enum record_phase phase, const char *name)
{
	char boot_id[BOOT_ID_LEN + 1], socket[32];

	boot_id_read(boot_id);
	snprintf(socket, sizeof(socket), "%s.sock", name);
	return json_object_set_new(root, "version", json_integer(RECORD_VERSION)) |
	       json_object_set_new(root, "phase",
		       json_string(phase == RECORD_ACTIVE ? "active" : "intent")) |
	       json_object_set_new(root, "boot_id", json_string(boot_id)) |
	       json_object_set_new(root, "socket", json_string(socket));
}

const char *record_get_head(const json_t *root, const char *name,
	enum record_phase *phase, char boot_id[BOOT_ID_LEN + 1])
{
	char text[8], socket[32], expected[32];

	if (json_integer_value(json_object_get(root, "version")) != RECORD_VERSION)
		return "version";
	if (!fields_text(json_object_get(root, "phase"), text, sizeof(text)) ||
		(strcmp(text, "active") && strcmp(text, "intent")))
		return "phase";
	*phase = strcmp(text, "active") ? RECORD_INTENT : RECORD_ACTIVE;
	if (!fields_text(json_object_get(root, "boot_id"), boot_id, BOOT_ID_LEN + 1))
		return "boot_id";
	snprintf(expected, sizeof(expected), "%s.sock", name);
	if (!fields_text(json_object_get(root, "socket"), socket, sizeof(socket)) ||
		strcmp(socket, expected))
		return "socket";
	return NULL;
}

int record_put_group(json_t *root, const struct cgroup *c)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, "cgroup", array);

	for (int i = 0; i < c->n; i++)
		err |= json_array_append_new(array, json_string(c->dir[i]));
	return err;
}

const char *record_get_group(const json_t *root, struct cgroup *c)
{
	const json_t *array = json_object_get(root, "cgroup");

	if (!json_is_array(array) || json_array_size(array) > CGROUP_MAX_DIRS)
		return "cgroup";
	for (c->n = 0; c->n < (int)json_array_size(array); c->n++) {
		if (!fields_text(json_array_get(array, (size_t)c->n), c->dir[c->n],
			    sizeof(c->dir[0])))
			return "cgroup";
	}
	return NULL;
}

int record_replace(const char *path, const char *text)
{
	char temp[4096 + 8];
	int err;

	snprintf(temp, sizeof(temp), "%s.tmp", path);
	err = write_file(temp, text);
	if (!err && rename(temp, path))
		err = -errno;
	if (err) {
		unlink(temp);
		return err;
	}
	return sync_dir_of(path);
}

ssize_t record_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		n = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		n = -EPERM;
	else if (st.st_size > (off_t)size)
		n = -EFBIG;
	else
		n = read(fd, buf, size);
	close(fd);
	return n;
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

static int sync_dir_of(const char *path)
{
	char dir[4096];
	int fd, err;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}
