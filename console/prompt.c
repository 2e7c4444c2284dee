/* A question to the person at the terminal. */
#include "console/prompt.h"

#include "console/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int open_terminal(struct prompt *p);
static int set_terminal(struct prompt *p, bool hidden);
static int show(struct prompt *p, const char *text);
static void readable(struct loop_fd *watch, uint32_t events);

int prompt_ask(struct prompt *p, struct loop *loop, const char *text, bool hidden,
	void (*answered)(struct prompt *, const char *), void *ctx)
{
	int err = open_terminal(p);

	if (err)
		return err;
	p->loop = loop;
	p->answered = answered;
	p->ctx = ctx;
	err = set_terminal(p, hidden);
	if (!err)
		err = show(p, text);
	if (!err)
		err = loop_fd_add(loop, &p->watch, p->fd, EPOLLIN, readable, p);
	if (err)
		prompt_cancel(p);
	return err;
}

void prompt_cancel(struct prompt *p)
{
	if (!p->loop)
		return;
	loop_fd_del(&p->watch);
	tcsetattr(p->fd, TCSAFLUSH, &p->saved);
	close(p->fd);
	p->fd = -1;
	p->loop = NULL;
}

static int open_terminal(struct prompt *p)
{
	int err = 0;

	p->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (p->fd < 0)
		return -errno;
	if (tcgetattr(p->fd, &p->saved)) {
		err = -errno;
		close(p->fd);
	}
	return err;
}

/* Whole lines, echoed or not.  A process that is stopped here would leave the shell a
 * terminal without echo, so the stop character is off. */
static int set_terminal(struct prompt *p, bool hidden)
{
	struct termios t = p->saved;

	t.c_lflag |= ICANON | ISIG | ECHO | ECHONL;
	t.c_iflag |= ICRNL;
	t.c_oflag |= OPOST | ONLCR;
	if (hidden)
		t.c_lflag &= ~(tcflag_t)ECHO;
	t.c_cc[VSUSP] = _POSIX_VDISABLE;
	return tcsetattr(p->fd, TCSAFLUSH, &t) ? -errno : 0;
}

static int show(struct prompt *p, const char *text)
{
	char shown[PROMPT_MAX + FILTER_HOLD];
	struct filter filter;
	size_t len = strlen(text);

	filter_init(&filter, FILTER_LINE, output_utf8());
	len = filter_push(&filter, text, len < PROMPT_MAX ? len : PROMPT_MAX, shown);
	return write(p->fd, shown, len) < 0 ? -errno : 0;
}

static void readable(struct loop_fd *watch, uint32_t events)
{
	struct prompt *p = watch->ctx;
	char text[PROMPT_MAX + 2];
	ssize_t n = read(p->fd, text, sizeof(text) - 1);

	(void)events;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	prompt_cancel(p);
	p->answered(p, n > 0 ? text : NULL);
	explicit_bzero(text, sizeof(text));
}
