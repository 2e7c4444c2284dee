/* Sockets with a name in the file system. */
#include "cp/lib/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_SECONDS 2

static int make_address(struct sockaddr_un *addr, const char *path);
static int bind_at(const char *path, int type, mode_t mode);
static int new_socket(int type);
static int close_with(int fd, int err);
static int bind_with_mode(int fd, const struct sockaddr_un *addr, mode_t mode);
static int remove_stale(const struct sockaddr_un *addr, int type);

/* Only the sending timeout bounds the wait for a place in the listener's queue. */
static int connect_bounded(int fd, const struct sockaddr_un *addr)
{
	const struct timeval bounded = { .tv_sec = CONNECT_SECONDS };
	const struct timeval endless = { 0 };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bounded, sizeof(bounded)))
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &endless, sizeof(endless)))
		return -errno;
	return 0;
}

int wire_connect(const char *path)
{
	struct sockaddr_un addr;
	int err = make_address(&addr, path);
	int fd;

	if (err)
		return err;
	fd = new_socket(SOCK_SEQPACKET);
	if (fd < 0)
		return fd;
	err = connect_bounded(fd, &addr);
	return err ? close_with(fd, err) : fd;
}

int wire_bind(const char *path, mode_t mode)
{
	return bind_at(path, SOCK_SEQPACKET, mode);
}

int wire_bind_stream(const char *path, mode_t mode)
{
	return bind_at(path, SOCK_STREAM, mode);
}

static int bind_at(const char *path, int type, mode_t mode)
{
	struct sockaddr_un addr;
	int err = make_address(&addr, path);
	int fd;

	if (err)
		return err;
	fd = new_socket(type);
	if (fd < 0)
		return fd;

	err = bind_with_mode(fd, &addr, mode);
	if (err == -EADDRINUSE) {
		err = remove_stale(&addr, type);
		if (!err)
			err = bind_with_mode(fd, &addr, mode);
	}
	return err ? close_with(fd, err) : fd;
}

static int make_address(struct sockaddr_un *addr, const char *path)
{
	size_t len = strlen(path);

	if (!len)
		return -ENOENT;
	if (len >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	*addr = (struct sockaddr_un) { .sun_family = AF_UNIX };
	memcpy(addr->sun_path, path, len + 1);
	return 0;
}

static int new_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int close_with(int fd, int err)
{
	close(fd);
	return err;
}

/* By the umask, and not by chmod(2) afterwards: the mode is right from the first moment.
 */
static int bind_with_mode(int fd, const struct sockaddr_un *addr, mode_t mode)
{
	mode_t old = umask(~mode & 0777);
	int err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(old);
	return err;
}

/* 0: the path is free.  connect(2) refuses alike what nobody listens on and what is no
 * socket at all. */
static int remove_stale(const struct sockaddr_un *addr, int type)
{
	struct stat st;
	int fd, err;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = new_socket(type | SOCK_NONBLOCK);
	if (fd < 0)
		return fd;
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? errno : 0;
	close(fd);
	if (err == ENOENT)
		return 0;
	if (err != ECONNREFUSED)
		return !err || err == EAGAIN || err == EPROTOTYPE ? -EADDRINUSE : -err;
	return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}
