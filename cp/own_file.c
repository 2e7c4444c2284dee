/* Files that a user names. */
#include "cp/own_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_dir(const struct cp *cp, const char *userid, int flags)
{
	char dir[4096];
	int fd;

	snprintf(dir, sizeof(dir), "%s/%s", cp->statedir, userid);
	fd = open(dir, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int own_file_open(
	const struct cp *cp, const char *userid, const char *name, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
	};
	int base = open_dir(cp, userid, O_PATH), fd;

	if (base < 0)
		return base;
	fd = (int)syscall(SYS_openat2, base, name, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(base);
	return fd;
}

int own_file_dir(const struct cp *cp, const char *userid)
{
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/%s", cp->statedir, userid);
	return mkdir(dir, 0700) && errno != EEXIST ? -errno : 0;
}

bool own_file_is_capture(const char *name)
{
	const char *end = strrchr(name, '.');

	return end && end != name && !strcmp(end, ".pcapng") && !strchr(name, '/');
}

static uint64_t room_of(int base, const char *name)
{
	struct stat st;

	if (!own_file_is_capture(name) || fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) ||
		!S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_size < CAPTURE_MIN ? CAPTURE_MIN : (uint64_t)st.st_size;
}

uint64_t own_file_captures(const struct cp *cp, const char *userid)
{
	int base = open_dir(cp, userid, O_RDONLY);
	DIR *dir = base < 0 ? NULL : fdopendir(base);
	const struct dirent *e;
	uint64_t sum = 0;

	if (!dir) {
		if (base >= 0)
			close(base);
		return 0;
	}
	while ((e = readdir(dir)))
		sum += room_of(base, e->d_name);
	closedir(dir);
	return sum;
}
