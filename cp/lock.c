/* The claim of one cpd to its run-time directory. */
#include "cp/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static pid_t read_holder(int fd);
static int write_holder(int fd);

int lock_take(const char *rundir, pid_t *holder)
{
	char path[4200];
	int fd, err;

	snprintf(path, sizeof(path), "%s/cpd.lock", rundir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : write_holder(fd);
	if (!err)
		return fd;
	*holder = read_holder(fd);
	close(fd);
	return err;
}

static pid_t read_holder(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

static int write_holder(int fd)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return errno ? -errno : -EIO;
	return 0;
}
