/* The cp port of a guest on a loop. */
#include "console/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_NS   UINT64_C(20000000) /* the device tells nobody when it becomes free */
#define GIVE_UP_NS UINT64_C(30000000000)
#define READ_SIZE  16384

static int port_init(
	struct port *p, struct loop *loop, const struct port_ops *ops, void *ctx);
static int port_start(struct port *p, int fd);
static void port_try(struct loop_timer *timer);
static void port_event(struct loop_fd *watch, uint32_t events);

int port_open(struct port *p, struct loop *loop, const char *path,
	const struct port_ops *ops, void *ctx)
{
	int err = port_init(p, loop, ops, ctx);
	int fd;

	if (err)
		return err;
	p->path = path;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		err = port_start(p, fd);
	else if (errno == EBUSY)
		err = loop_timer_set(
			loop, &p->retry, loop_now(loop) + RETRY_NS, port_try, p);
	else
		err = -errno;
	if (err)
		port_close(p);
	return err;
}

int port_open_fd(
	struct port *p, struct loop *loop, int fd, const struct port_ops *ops, void *ctx)
{
	int err = port_init(p, loop, ops, ctx);

	if (err) {
		close(fd);
		return err;
	}
	err = port_start(p, fd);
	if (err)
		port_close(p);
	return err;
}

void port_close(struct port *p)
{
	if (!port_is_open(p))
		return;
	loop_timer_cancel(&p->retry);
	loop_fd_del(&p->watch);
	if (p->fd >= 0)
		close(p->fd);
	free(p->frames);
	free(p->out);
	memset(p, 0, sizeof(*p));
	p->fd = -1;
}

int port_send(struct port *p, const struct cp_frame *frame, const void *data)
{
	size_t size = sizeof(*frame) + frame->len;
	uint8_t *out;

	if (frame->len > CP_FRAME_MAX)
		return -EMSGSIZE;
	out = realloc(p->out, p->out_len + size);
	if (!out)
		return -ENOMEM;
	p->out = out;
	memcpy(out + p->out_len, frame, sizeof(*frame));
	memcpy(out + p->out_len + sizeof(*frame), data, frame->len);
	p->out_len += size;
	/* Whether the port takes it is told by its events, as everything of the port is.
	 */
	return p->fd >= 0 ? loop_fd_mod(&p->watch, EPOLLIN | EPOLLOUT) : 0;
}

static int port_init(
	struct port *p, struct loop *loop, const struct port_ops *ops, void *ctx)
{
	memset(p, 0, sizeof(*p));
	p->fd = -1;
	p->frames = calloc(1, sizeof(*p->frames));
	if (!p->frames)
		return -ENOMEM;
	p->loop = loop;
	p->ops = ops;
	p->ctx = ctx;
	p->give_up = loop_now(loop) + GIVE_UP_NS;
	return 0;
}

static int port_start(struct port *p, int fd)
{
	p->fd = fd;
	return loop_fd_add(p->loop, &p->watch, fd,
		p->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN, port_event, p);
}

static void port_try(struct loop_timer *timer)
{
	struct port *p = timer->ctx;
	int fd = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int err = -errno;

	if (fd >= 0)
		err = port_start(p, fd);
	else if (err == -EBUSY && loop_now(p->loop) < p->give_up)
		err = loop_timer_set(
			p->loop, timer, loop_now(p->loop) + RETRY_NS, port_try, p);
	if (err)
		p->ops->gone(p, err);
}

static int pass_frame(void *ctx, const struct cp_frame *frame, const void *data)
{
	struct port *p = ctx;

	p->ops->frame(p, frame, data);
	return port_is_open(p) ? 0 : -ECANCELED;
}

/* Passes on what came.  The port may be closed by one of its frames: the parser outlives
 * that, since it is ours until then.  -ECANCELED: it was. */
static int port_push(struct port *p, const void *bytes, size_t len)
{
	struct frames *frames = p->frames;
	int rc;

	p->frames = NULL;
	rc = frames_push(frames, bytes, len, pass_frame, p);
	if (rc)
		free(frames);
	else
		p->frames = frames;
	return rc;
}

/* 0; -EPIPE at the end of the stream; -ECANCELED: closed from inside. */
static int port_read(struct port *p)
{
	uint8_t bytes[READ_SIZE];
	ssize_t n = read(p->fd, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n ? port_push(p, bytes, (size_t)n) : -EPIPE;
}

/* Puts what is kept on its way; what the port does not take now goes when it is writable.
 */
static int port_flush(struct port *p)
{
	while (p->fd >= 0 && p->out_len) {
		ssize_t n = write(p->fd, p->out, p->out_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			break;
		p->out_len -= (size_t)n;
		memmove(p->out, p->out + n, p->out_len);
	}
	if (p->fd < 0)
		return 0;
	return loop_fd_mod(&p->watch, p->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void port_event(struct loop_fd *watch, uint32_t events)
{
	struct port *p = watch->ctx;
	int err = 0;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		err = port_read(p);
	if (err == -ECANCELED)
		return;
	if (!err)
		err = port_flush(p);
	if (err)
		p->ops->gone(p, err == -EPIPE ? 0 : err);
}
