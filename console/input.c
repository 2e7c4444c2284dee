/* Lines of a standard input that is no terminal. */
#include "console/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void arm(struct input *in);
static void readable(struct loop_fd *watch, uint32_t events);
static void go_on(struct loop_call *call);

int input_open(struct input *in, struct loop *loop, int fd)
{
	int err;

	in->buf = malloc(INPUT_LINE + 1);
	if (!in->buf)
		return -ENOMEM;
	in->loop = loop;
	in->fd = fd;
	err = loop_fd_add(loop, &in->watch, fd, EPOLLIN, readable, in);
	in->plain = err == -EPERM;
	if (err && !in->plain) {
		input_close(in);
		return err;
	}
	arm(in);
	return 0;
}

void input_close(struct input *in)
{
	if (!in->loop)
		return;
	loop_undefer(&in->again);
	loop_fd_del(&in->watch);
	free(in->buf);
	in->buf = NULL;
	in->loop = NULL;
}

void input_pause(struct input *in, bool paused)
{
	if (!in->loop || in->paused == paused)
		return;
	in->paused = paused;
	arm(in);
}

static char *find_newline(const struct input *in)
{
	return in->len ? memchr(in->buf, '\n', in->len) : NULL;
}

/* Says when to look again: at once where a line or the end is at hand already. */
static void arm(struct input *in)
{
	bool at_hand = in->plain || in->eof || find_newline(in);

	if (!in->plain)
		loop_fd_mod(&in->watch, in->paused || at_hand ? 0 : EPOLLIN);
	if (at_hand && !in->paused)
		loop_defer(in->loop, &in->again, go_on, in);
	else
		loop_undefer(&in->again);
}

static void read_more(struct input *in)
{
	ssize_t n = read(in->fd, in->buf + in->len, INPUT_LINE - in->len);

	if (n > 0)
		in->len += (size_t)n;
	else if (!n || (errno != EAGAIN && errno != EINTR))
		in->eof = true;
}

/* The next line, if it has come whole, is too long to come whole, or is the last. */
static void give_line(struct input *in)
{
	char *newline = find_newline(in);
	size_t len = newline ? (size_t)(newline - in->buf) : in->len;

	if (!newline && !in->eof && in->len < INPUT_LINE)
		return;
	in->buf[len] = 0;
	in->line(in, in->buf);
	if (!in->loop)
		return;
	len += newline != NULL;
	in->len -= len;
	memmove(in->buf, in->buf + len, in->len);
}

static void step(struct input *in)
{
	if (in->eof && !in->len) {
		input_close(in);
		in->ended(in);
		return;
	}
	give_line(in);
	if (in->loop)
		arm(in);
}

static void readable(struct loop_fd *watch, uint32_t events)
{
	struct input *in = watch->ctx;

	(void)events;
	read_more(in);
	step(in);
}

static void go_on(struct loop_call *call)
{
	struct input *in = call->ctx;

	if (in->plain && !in->eof && !find_newline(in))
		read_more(in);
	step(in);
}
