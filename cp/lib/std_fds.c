/* The standard descriptors of a program. */
#include "cp/lib/std_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int std_fds_fill(void)
{
	int fd;

	/* The lowest that is free; writing fails, so that output is not lost in silence.
	 */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
