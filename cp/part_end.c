/* The end of a partition: its process is killed if it has not gone, and once the kernel
 * says that it has, the partition is accounted, all it held is given back, and whoever
 * waits is told.  Nothing is given back before: what a live process holds is not free. */
#include "cp/engine.h"

#include "cp/lan.h"
#include "cp/lib/log.h"
#include "cp/record.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#define GRACE_NS   NS_PER_S        /* for a process that closed its connection to go */
#define REMOVE_NS  (NS_PER_S / 50) /* between attempts to remove a control group... */
#define REMOVE_MAX 150             /* ...and how many */

/* Who waits for the end. */
struct part_wait {
	struct list node;
	part_done *done;
	void *ctx;
};

static void kill_process(struct partition *p);
static void on_grace_over(struct loop_timer *timer);
static void on_process_ended(struct loop_fd *watch, uint32_t events);
static void finish_soon(struct partition *p);
static void finish(struct loop_call *call);
static void account(struct partition *p);
static void say_ended(struct partition *p, struct message *m);

int part_end_wait(struct partition *p, part_done *done, void *ctx)
{
	struct part_wait *w;

	if (!done)
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->done = done;
	w->ctx = ctx;
	list_append(&p->ends, &w->node);
	return 0;
}

void part_end_told(struct partition *p, const struct message *why)
{
	while (!list_empty(&p->ends)) {
		struct part_wait *w = container_of(p->ends.next, struct part_wait, node);

		list_remove(&w->node);
		w->done(w->ctx, why);
		free(w);
	}
}

int part_watch_process(struct partition *p)
{
	return loop_fd_add(
		p->cp->loop, &p->pid_watch, p->pidfd, EPOLLIN, on_process_ended, p);
}

void part_end(struct partition *p, enum end_reason reason, const char *by,
	const struct message *why, bool kill)
{
	struct part_finish *f = p->finish;
	struct message gone;

	if (p->state == PS_ENDING)
		return;
	p->state = PS_ENDING;
	p->signal_deadline = 0;
	loop_timer_cancel(&p->timer);
	f->reason = reason;
	snprintf(f->by, sizeof(f->by), "%s", by);
	if (why)
		f->why = *why;
	if (f->ended || p->pid <= 0)
		finish_soon(p);
	else if (kill)
		kill_process(p);
	else if (loop_timer_set(p->cp->loop, &p->timer, loop_now(p->cp->loop) + GRACE_NS,
			 on_grace_over, p))
		kill_process(p);

	msg_set(&gone, MSG_PART_GONE, p->userid);
	part_start_stop(p);
	lan_partition_ends(p);
	part_link_close(p, &gone);
	guest_gone(p);
}

void part_release(struct partition *p)
{
	char path[4096];

	if (p->reserved)
		host_release(p->cp->host, p->storage);
	p->reserved = false;
	if (p->cp->privileged)
		host_release_uid(p->cp->host, p->uid);
	unlink(part_path(p->cp, p->userid, PART_FILE_SOCK, path, sizeof(path)));
	unlink(part_path(p->cp, p->userid, PART_FILE_PID, path, sizeof(path)));
	record_remove(p);
}

/* Its CPU time first: of a process that is not our child nothing is left afterwards. */
static void kill_process(struct partition *p)
{
	struct part_finish *f = p->finish;

	f->cpu_known = !process_cpu(p->pid, &f->cpu_ns);
	if (pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0) && errno != ESRCH)
		log_error("partition", "%s: cannot be killed: %s", p->userid,
			strerror(errno));
}

static void on_grace_over(struct loop_timer *timer)
{
	kill_process(timer->ctx);
}

/* As much as the kernel tells: of another's child, after a restart of cpd, nothing. */
static void reap(struct partition *p)
{
	struct part_finish *f = p->finish;

	if (!process_cpu(p->pid, &f->cpu_ns))
		f->cpu_known = true;
	f->status_known = process_reap(p->pidfd, &f->code, &f->status);
}

static void on_process_ended(struct loop_fd *watch, uint32_t events)
{
	struct partition *p = watch->ctx;
	struct message none;

	(void)events;
	loop_fd_del(watch);
	reap(p);
	p->finish->ended = true;
	if (p->start)
		part_start_last_words(p);
	if (p->state == PS_ENDING)
		finish_soon(p);
	else
		partition_event(p, PE_LOST, &(struct part_args) { 0 }, &none);
}

static void finish_soon(struct partition *p)
{
	p->finish->ended = true;
	loop_timer_cancel(&p->timer);
	loop_defer(p->cp->loop, &p->finish->call, finish, p);
}

static void on_remove(struct loop_timer *timer)
{
	finish_soon(timer->ctx);
}

/* The kernel lets go of a group a moment after its last process. */
static bool remove_group(struct partition *p)
{
	struct part_finish *f = p->finish;
	int err = cgroup_remove(&p->cgroup);

	if (err == -EBUSY && f->tries++ < REMOVE_MAX &&
		!loop_timer_set(p->cp->loop, &p->timer, loop_now(p->cp->loop) + REMOVE_NS,
			on_remove, p))
		return false;
	if (err)
		operator_say(p->cp, MSG_GROUP_STUCK, p->userid, strerror(-err));
	return true;
}

static void finish(struct loop_call *call)
{
	struct partition *p = call->ctx;
	struct part_start *start = p->start;
	struct message m, none = { 0 };
	char line[MSG_TEXT_MAX + 16];
	uint64_t cpu_ns;

	if (!cgroup_usage(&p->cgroup, &cpu_ns)) {
		p->finish->cpu_known = true;
		p->finish->cpu_ns = cpu_ns;
	}
	if (!remove_group(p))
		return;
	process_log_close(p->log);
	p->log = NULL;
	chatter_tell(&p->talk); /* nobody counts them after this */
	chatter_tell(&p->telling);
	account(p);
	part_release(p);
	list_remove(&p->node);
	say_ended(p, &m);
	part_console_gone(p, msg_line(&m, line, sizeof(line)));
	if (start && start->done)
		start->done(start->ctx, &m);
	part_end_told(p, &none);
	partition_free(p);
}

/* What never was activated is not accounted. */
static void account(struct partition *p)
{
	static const char *const words[] = {
		[END_FORCED] = "forced",
		[END_SIGNALLED] = "signal",
		[END_EXPIRED] = "signal expired",
		[END_IPL_FAILED] = "ipl failed",
		[END_LOST] = "lost",
		[END_BROKEN] = "broken",
	};
	const struct part_finish *f = p->finish;
	struct timespec now;

	/* An earlier cpd may have ended between this and removing the record. */
	if (f->reason == END_UNSTARTED ||
		(p->adopted && account_has(p->cp->accounting, p->userid, p->logon_time)))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	account_write(p->cp->accounting,
		&(struct account_line) { .userid = p->userid,
			.account = p->account,
			.logon = p->logon_time,
			.logoff = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec,
			.reason = words[f->reason],
			.by = f->by,
			.cpu_known = f->cpu_known,
			.cpu_ns = f->cpu_ns,
			.storage = p->storage });
}

/* Tells the operator; *m is also for who waited for the start. */
static void say_ended(struct partition *p, struct message *m)
{
	const struct part_finish *f = p->finish;
	char text[MSG_TEXT_MAX];

	switch (f->reason) {
	case END_FORCED:
		if (!strcmp(f->by, p->userid))
			snprintf(text, sizeof(text), "by its user");
		else
			snprintf(text, sizeof(text), "forced by %s",
				f->by[0] ? f->by : "CP");
		msg_set(m, p->start ? MSG_START_FAILED : MSG_LOGGED_OFF, p->userid, text);
		break;
	case END_SIGNALLED:
		msg_set(m, MSG_LOGGED_OFF, p->userid, "the guest shut down");
		break;
	case END_EXPIRED:
		msg_set(m, MSG_LOGGED_OFF, p->userid, "its time to shut down is over");
		break;
	case END_IPL_FAILED:
		snprintf(text, sizeof(text), "its IPL failed: %.*s", MSG_TEXT_MAX - 64,
			f->why.text);
		msg_set(m, MSG_LOGGED_OFF, p->userid, text);
		break;
	default:
		process_end_text(f->status_known, f->code, f->status, text, sizeof(text));
		msg_set(m,
			f->reason == END_UNSTARTED ? MSG_START_FAILED
						   : MSG_PARTITION_LOST,
			p->userid, text);
		if (f->why.number)
			*m = f->why;
	}
	/* A failed start is the answer to who asked for it. */
	if (!p->start || !p->start->done)
		operator_tell(p->cp, m);
}
