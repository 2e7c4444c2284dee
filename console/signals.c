/* Signals as events of the loop. */
#include "console/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void readable(struct loop_fd *watch, uint32_t events);

int signals_open(struct signals *s, struct loop *loop, const int *more,
	void (*caught)(struct signals *, int), void *ctx)
{
	sigset_t set;
	int err;

	s->caught = caught;
	s->ctx = ctx;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	while (*more)
		sigaddset(&set, *more++);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0)
		return -errno;
	err = loop_fd_add(loop, &s->watch, s->fd, EPOLLIN, readable, s);
	if (err)
		close(s->fd);
	return err;
}

void signals_close(struct signals *s)
{
	if (!s->watch.loop)
		return;
	loop_fd_del(&s->watch);
	close(s->fd);
}

_Noreturn void signals_die(int signo)
{
	sigset_t set;

	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	raise(signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + signo); /* one that is ignored by default */
}

static void readable(struct loop_fd *watch, uint32_t events)
{
	struct signals *s = watch->ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->caught(s, (int)info.ssi_signo);
}
