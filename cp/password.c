/* Checking a password in a process of its own. */
#include "cp/password.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct check {
	struct loop *loop;
	bool busy, ended;
	uid_t uid;
	uint64_t began;
	pid_t pid;
	int pidfd;
	struct loop_fd watch;
	struct loop_timer timer; /* a wrong one is answered late */
	void (*done)(void *ctx, bool ok);
	void *ctx;
};

struct passwords {
	struct loop *loop;
	struct check check[PASSWORD_CHECKS];
};

static struct check *find_free(struct passwords *p, uid_t uid);
static int start(struct check *c, const struct dir_user *user, const char *text);
static void on_ended(struct loop_fd *watch, uint32_t events);
static void on_late(struct loop_timer *timer);
static void answer(struct check *c, bool ok);
static void give_up(struct check *c);
static bool reap(struct check *c);

int passwords_create(struct loop *loop, struct passwords **out)
{
	struct passwords *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->loop = loop;
	*out = p;
	return 0;
}

void passwords_destroy(struct passwords *p)
{
	for (int i = 0; p && i < PASSWORD_CHECKS; i++) {
		struct check *c = &p->check[i];

		if (!c->busy)
			continue;
		loop_timer_cancel(&c->timer);
		if (!c->ended)
			give_up(c);
		answer(c, false);
	}
	free(p);
}

int password_check(struct passwords *p, uid_t uid, const struct dir_user *user,
	const char *text, void (*done)(void *ctx, bool ok), void *ctx)
{
	struct check *c = find_free(p, uid);
	int err;

	if (!c)
		return -EAGAIN;
	*c = (struct check) { .loop = p->loop, .uid = uid, .done = done, .ctx = ctx };
	c->began = loop_now(p->loop);
	err = start(c, user, text);
	if (err)
		return err;
	err = loop_fd_add(p->loop, &c->watch, c->pidfd, EPOLLIN, on_ended, c);
	if (err)
		give_up(c);
	else
		c->busy = true;
	return err;
}

/* NULL: all are busy, or this user has one already. */
static struct check *find_free(struct passwords *p, uid_t uid)
{
	struct check *found = NULL;

	for (int i = 0; i < PASSWORD_CHECKS; i++) {
		if (p->check[i].busy && p->check[i].uid == uid)
			return NULL;
		if (!p->check[i].busy)
			found = &p->check[i];
	}
	return found;
}

/* The process says yes by its exit status, and lives for nothing else. */
static int start(struct check *c, const struct dir_user *user, const char *text)
{
	int err;

	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (!c->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(user && directory_password(user, text) ? 0 : 1);
	}
	c->pidfd = pidfd_open(c->pid, 0);
	if (c->pidfd >= 0)
		return 0;
	err = -errno;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	return err;
}

static void on_ended(struct loop_fd *watch, uint32_t events)
{
	struct check *c = watch->ctx;
	bool ok = reap(c);

	(void)events;
	c->ended = true;
	if (ok || loop_timer_set(
			  c->loop, &c->timer, c->began + PASSWORD_WRONG_NS, on_late, c))
		answer(c, ok);
}

static void on_late(struct loop_timer *timer)
{
	answer(timer->ctx, false);
}

static void answer(struct check *c, bool ok)
{
	c->busy = false;
	c->done(c->ctx, ok);
}

static void give_up(struct check *c)
{
	kill(c->pid, SIGKILL);
	reap(c);
}

static bool reap(struct check *c)
{
	int status = -1;

	loop_fd_del(&c->watch);
	waitpid(c->pid, &status, 0);
	close(c->pidfd);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
