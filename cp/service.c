/* The life of a process that serves partitions. */
#include "cp/service.h"

#include "cp/host.h"
#include "cp/lib/log.h"
#include "cp/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_S   UINT64_C(1000000000)
#define REMOVE_NS  (NS_PER_S / 50) /* between attempts to remove a control group... */
#define REMOVE_MAX 150             /* ...and how many */

static int begin(struct service *s, struct spawn *what);
static int watch_end(struct service *s);
static void on_ready(void *ctx, const char *missing);
static void on_refused(void *ctx, const char *why);
static void on_late(struct loop_timer *timer);
static void on_process_ended(struct loop_fd *watch, uint32_t events);
static void finish(struct loop_call *call);
static void give_back(struct service *s);

void service_init(struct service *s, struct cp *cp, const char *name,
	const struct service_ops *ops, void *ctx)
{
	*s = (struct service) { .cp = cp, .ops = ops, .ctx = ctx };
	s->id.pidfd = s->ready.fd = -1;
	snprintf(s->name, sizeof(s->name), "%s", name);
}

int service_start(
	struct service *s, struct spawn *what, const struct cgroup_limits *limits)
{
	int err;

	s->why[0] = '\0';
	s->tries = 0;
	s->uid = s->cp->privileged ? host_take_uid(s->cp->host) : geteuid();
	if (!s->uid && s->cp->privileged)
		return -EUSERS;
	s->uid_taken = s->cp->privileged;
	err = cgroup_make(s->cp->cgroups, s->name, limits, &s->group);
	if (!err)
		err = begin(s, what);
	if (err) {
		cgroup_remove(&s->group);
		give_back(s);
	}
	return err;
}

int service_adopt(struct service *s)
{
	uid_t uid;
	int err = process_open(&s->id);

	if (err)
		return err;
	if (process_uid(s->id.pid, &uid) || uid != s->uid)
		err = -EPERM;
	if (!err && s->cp->privileged) {
		err = host_claim_uid(s->cp->host, s->uid) ? -EPERM : 0;
		s->uid_taken = !err;
	}
	if (!err)
		err = watch_end(s);
	if (err) {
		close(s->id.pidfd);
		s->id.pidfd = -1;
		give_back(s);
	}
	return err;
}

void service_clear(
	struct service *s, const char *pid_file, const char *socket, const char *why)
{
	process_find(pid_file, &s->group, socket, &s->id);
	if (s->id.pidfd >= 0 && watch_end(s)) {
		pidfd_send_signal(s->id.pidfd, SIGKILL, NULL, 0);
		close(s->id.pidfd);
		s->id.pidfd = -1;
	}
	service_end(s, why);
}

void service_end(struct service *s, const char *why)
{
	if (why && !s->why[0])
		snprintf(s->why, sizeof(s->why), "%s", why);
	process_ready_close(&s->ready);
	if (s->id.pidfd < 0) {
		loop_defer(s->cp->loop, &s->call, finish, s);
		return;
	}
	loop_timer_cancel(&s->timer);
	if (pidfd_send_signal(s->id.pidfd, SIGKILL, NULL, 0) && errno != ESRCH)
		log_error(
			"service", "%s: cannot be killed: %s", s->name, strerror(errno));
}

void service_fini(struct service *s)
{
	if (!s->cp)
		return;
	process_log_close(s->log);
	s->log = NULL;
	process_ready_close(&s->ready);
	loop_fd_del(&s->watch);
	loop_timer_cancel(&s->timer);
	loop_undefer(&s->call);
	if (s->id.pidfd >= 0)
		close(s->id.pidfd);
	s->id.pidfd = -1;
}

/* Nobody would learn of its end. */
static int unspawn(struct spawned *made, int err)
{
	pidfd_send_signal(made->pidfd, SIGKILL, NULL, 0);
	waitpid(made->pid, NULL, 0);
	close(made->pidfd);
	close(made->ready_fd);
	close(made->log_fd);
	return err;
}

/* From when its end is watched, what fails is its end. */
static int begin(struct service *s, struct spawn *what)
{
	struct loop *loop = s->cp->loop;
	struct spawned made;
	int err;

	what->uid = s->uid;
	what->group = &s->group;
	err = spawn(s->cp, what, &made);
	if (err)
		return err;
	s->id = (struct process_id) { made.pid, made.pidfd, made.start_ticks };
	err = watch_end(s);
	if (err) {
		s->id.pidfd = -1;
		return unspawn(&made, err);
	}
	s->ready = (struct process_ready) {
		.fd = made.ready_fd, .ready = on_ready, .refused = on_refused, .ctx = s
	};
	err = process_log_open(loop, s->name, made.log_fd, &s->log);
	if (!err)
		err = process_ready_watch(&s->ready, loop);
	if (!err)
		err = loop_timer_set(loop, &s->timer,
			loop_now(loop) + SERVICE_SECONDS * NS_PER_S, on_late, s);
	if (err)
		service_end(s, strerror(-err));
	return 0;
}

static int watch_end(struct service *s)
{
	return loop_fd_add(
		s->cp->loop, &s->watch, s->id.pidfd, EPOLLIN, on_process_ended, s);
}

static void on_ready(void *ctx, const char *missing)
{
	struct service *s = ctx;

	loop_timer_cancel(&s->timer);
	process_ready_close(&s->ready);
	if (*missing)
		log_warn("service", "%s: not in force: %s", s->name, missing);
	s->ops->ready(s->ctx);
}

static void on_refused(void *ctx, const char *why)
{
	service_end(ctx, why);
}

static void on_late(struct loop_timer *timer)
{
	service_end(timer->ctx, "it was not ready in time");
}

static void on_process_ended(struct loop_fd *watch, uint32_t events)
{
	struct service *s = watch->ctx;
	int code = 0, status = 0;
	const char *words;
	bool known;

	(void)events;
	loop_fd_del(watch);
	known = process_reap(s->id.pidfd, &code, &status);
	close(s->id.pidfd);
	s->id.pidfd = -1;
	words = process_ready_words(&s->ready);
	if (!s->why[0] && *words)
		snprintf(s->why, sizeof(s->why), "%s", words);
	if (!s->why[0])
		process_end_text(known, code, status, s->why, sizeof(s->why));
	process_ready_close(&s->ready);
	loop_timer_cancel(&s->timer);
	loop_defer(s->cp->loop, &s->call, finish, s);
}

static void on_remove(struct loop_timer *timer)
{
	struct service *s = timer->ctx;

	loop_defer(s->cp->loop, &s->call, finish, s);
}

/* The kernel lets go of a group a moment after its last process. */
static bool remove_group(struct service *s)
{
	int err = cgroup_remove(&s->group);

	if (err == -EBUSY && s->tries++ < REMOVE_MAX &&
		!loop_timer_set(s->cp->loop, &s->timer, loop_now(s->cp->loop) + REMOVE_NS,
			on_remove, s))
		return false;
	if (err)
		operator_say(s->cp, MSG_GROUP_STUCK, s->name, strerror(-err));
	return true;
}

static void finish(struct loop_call *call)
{
	struct service *s = call->ctx;

	if (!remove_group(s))
		return;
	process_log_close(s->log);
	s->log = NULL;
	give_back(s);
	s->ops->ended(s->ctx, s->why);
}

static void give_back(struct service *s)
{
	if (s->uid_taken)
		host_release_uid(s->cp->host, s->uid);
	s->uid_taken = false;
	s->id.pid = 0;
	s->group.n = 0;
}
