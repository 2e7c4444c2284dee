/* How a process says that it is ready: a zero byte, and what of the sandbox could not be
 * had; or why it cannot go on. */
#include "cp/process.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

static void on_readable(struct loop_fd *watch, uint32_t events);
static bool read_all(struct process_ready *r);

int process_ready_watch(struct process_ready *r, struct loop *loop)
{
	int err = loop_fd_add(loop, &r->watch, r->fd, EPOLLIN, on_readable, r);

	if (err)
		process_ready_close(r);
	return err;
}

const char *process_ready_words(struct process_ready *r)
{
	if (r->fd >= 0)
		read_all(r);
	return r->text;
}

void process_ready_close(struct process_ready *r)
{
	loop_fd_del(&r->watch);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* What has come through the pipe; false while more may come. */
static bool read_all(struct process_ready *r)
{
	ssize_t n;

	do {
		n = read(r->fd, r->text + r->len, sizeof(r->text) - 1 - r->len);
		r->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	r->text[r->len] = '\0';
	return !n || errno != EAGAIN;
}

static void on_readable(struct loop_fd *watch, uint32_t events)
{
	struct process_ready *r = watch->ctx;

	(void)events;
	if (!read_all(r))
		return;
	loop_fd_del(watch);
	if (!r->len)
		return;
	if (r->text[0])
		r->refused(r->ctx, r->text);
	else
		r->ready(r->ctx, r->len > 1 ? r->text + 1 : "");
}
