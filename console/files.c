/* Files that CP asks its client to open. */
#include "console/files.h"

#include "cp/lib/ring_name.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* To go on behind what is in a file it must be read, too; a FIFO opened both ways would
 * never lose its last reader. */
static int writing(const char *path)
{
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return O_WRONLY;
	return O_RDWR | O_CREAT | O_TRUNC;
}

int files_open(const char *name, unsigned number, bool create, int out)
{
	char path[PATH_MAX];
	int fd, err;

	if (!strcmp(name, "-")) {
		if (!create || number)
			return -EINVAL;
		fd = fcntl(out, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	err = ring_name(path, sizeof(path), name, number);
	if (err)
		return err;
	fd = open(path,
		(create ? writing(path) : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		0666);
	return fd < 0 ? -errno : fd;
}
