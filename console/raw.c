/* The keyboard in raw mode. */
#include "console/raw.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void readable(struct loop_fd *watch, uint32_t events);

int raw_open(struct raw *r, struct loop *loop)
{
	struct termios t;
	int err;

	if (tcgetattr(STDIN_FILENO, &r->saved))
		return -errno;
	t = r->saved;
	cfmakeraw(&t);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &t))
		return -errno;
	r->loop = loop;
	err = loop_fd_add(loop, &r->watch, STDIN_FILENO, EPOLLIN, readable, r);
	if (err)
		raw_close(r);
	return err;
}

void raw_close(struct raw *r)
{
	if (!r->loop)
		return;
	loop_fd_del(&r->watch);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &r->saved);
	r->loop = NULL;
}

static void readable(struct loop_fd *watch, uint32_t events)
{
	struct raw *r = watch->ctx;
	char bytes[1024];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
	const char *leave;
	size_t len;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	leave = n > 0 ? memchr(bytes, RAW_LEAVE, (size_t)n) : bytes;
	len = leave ? (size_t)(leave - bytes) : (size_t)n;
	if (len)
		r->typed(r, bytes, len);
	if (leave && r->loop) {
		raw_close(r);
		r->left(r);
	}
}
