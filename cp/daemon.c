/* Going into the background. */
#include "cp/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void wait_for_child(int fd);

int daemon_start(void)
{
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid) {
		close(fd[1]);
		wait_for_child(fd[0]);
	}
	close(fd[0]);
	setsid();
	return chdir("/") ? -errno : fd[1];
}

void daemon_ready(int fd, const char *log_path)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(
		log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(log >= 0 ? log : null, STDERR_FILENO);
		close(null);
	}
	if (log >= 0)
		close(log);
	n = write(fd, "", 1);
	(void)n; /* a parent that is gone needs no word */
	close(fd);
}

/* The child has said why on standard error if it fails. */
static void wait_for_child(int fd)
{
	char byte;

	_exit(read(fd, &byte, 1) == 1 ? 0 : 1);
}
