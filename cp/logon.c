/* Bringing a partition into being.
 *
 * What can be refused is refused at once: storage, devices, the record of the intent, the
 * process.  Then the loop goes on as the process gets ready: it says so, we connect and
 * check who answers, it is activated, the record says so, and what is to be IPLed is.
 * Whatever fails on the way ends the partition by part_end(), which leaves nothing. */
#include "cp/engine.h"

#include "cp/lib/log.h"
#include "cp/record.h"
#include "cp/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GIB (UINT64_C(1) << 30)

static int check(
	struct cp *cp, const struct dir_user *u, uint64_t storage, struct message *err);
static struct partition *make(
	struct cp *cp, const struct dir_user *u, const struct logon_opts *o);
static int acquire(struct partition *p, const struct dir_user *u, struct message *err);
static int begin(struct partition *p, struct message *err);
static int start_process(struct partition *p, int *log_fd);
static void on_ready(void *ctx, const char *missing);
static void on_refused(void *ctx, const char *why);
static void on_start_limit(struct loop_timer *timer);
static void say_hello(struct partition *p);
static void activate(struct partition *p);
static void fail(struct partition *p, const char *why);

int partition_logon(struct cp *cp, const struct dir_user *u, const struct logon_opts *o,
	part_done *done, void *ctx, struct message *err)
{
	int rc = check(cp, u, o->storage ? o->storage : u->storage, err);
	struct partition *p;

	if (rc)
		return rc;
	p = make(cp, u, o);
	if (!p)
		return msg_set(err, MSG_NO_MEMORY, "a partition");
	rc = acquire(p, u, err);
	if (!rc)
		rc = begin(p, err);
	if (rc) {
		cgroup_remove(&p->cgroup);
		part_release(p);
		partition_free(p);
		return rc;
	}
	p->start->done = done;
	p->start->ctx = ctx;
	return 0;
}

static int check(
	struct cp *cp, const struct dir_user *u, uint64_t storage, struct message *err)
{
	const struct partition *same = partition_find(cp, u->userid);
	char size[32], limit[32];

	if (cp->stopping)
		return msg_set(err, MSG_SHUTTING_DOWN);
	if (same)
		return msg_set(err,
			same->state == PS_ENDING ? MSG_LOGOFF_PENDING
						 : MSG_ALREADY_LOGGED_ON,
			u->userid);
	if (!cp->host->kvm_ok)
		return msg_set(err, MSG_KVM_UNUSABLE, u->userid, cp->host->kvm);
	if (storage > u->max_storage)
		return msg_set(err, MSG_STORAGE_OVER_MAX,
			size_text(storage, size, sizeof(size)),
			size_text(u->max_storage, limit, sizeof(limit)));
	if (!storage || storage % cp->host->page_size)
		return msg_set(err, MSG_STORAGE_UNIT,
			size_text(storage, size, sizeof(size)),
			size_text(cp->host->page_size, limit, sizeof(limit)));
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* What is recorded with the activation. */
static void set_todo(struct partition *p, const struct ipl *ipl, bool more)
{
	bool any = ipl && ipl->kind != IPL_NONE;
	bool kept = any && part_keep_ipl(p, ipl);

	if (more)
		p->todo = TODO_MORE;
	else if (any)
		p->todo = kept ? TODO_IPL : TODO_IPL_UNKNOWN;
	else
		p->todo = TODO_NOTHING;
}

void partition_commands_done(struct partition *p, const struct ipl *later)
{
	set_todo(p, later, false);
	record_update(p);
}

static struct partition *make(
	struct cp *cp, const struct dir_user *u, const struct logon_opts *o)
{
	struct partition *p = partition_new(cp, u->userid);

	if (!p)
		return NULL;
	p->start = calloc(1, sizeof(*p->start));
	if (!p->start) {
		partition_free(p);
		return NULL;
	}
	p->start->ready.fd = -1;
	for (int i = 0; i < PART_MAX_DEVICES; i++)
		p->start->dev_fd[i] = -1;
	p->start->ipl = o->ipl ? *o->ipl : u->ipl;
	set_todo(p, p->start->ipl.kind == IPL_NONE ? o->later : &p->start->ipl, o->more);
	p->start->synch = o->synch;
	p->start->flags = (u->huge_2m ? PART_ACT_HUGE_2M : 0) |
			  (u->huge_1g ? PART_ACT_HUGE_1G : 0);
	p->storage = o->storage ? o->storage : u->storage;
	p->start->max_vcpus = u->max_cpus;
	p->n_vcpus = u->n_cpus;
	p->logon_time = now_ns();
	snprintf(p->classes, sizeof(p->classes), "%s", u->classes);
	snprintf(p->account, sizeof(p->account), "%s", u->account);
	snprintf(p->logon_by, sizeof(p->logon_by), "%s", o->by ? o->by : "");
	return p;
}

/* Storage of the pool and a uid.  What fails is given back by who called. */
static int acquire(struct partition *p, const struct dir_user *u, struct message *err)
{
	struct cp *cp = p->cp;
	int rc = part_devices(p, u, p->start->dev_fd, err);

	if (rc)
		return rc;
	rc = host_reserve(cp->host, p->userid, p->storage, err);
	if (rc)
		return rc;
	p->reserved = true;
	p->uid = cp->privileged ? host_take_uid(cp->host) : geteuid();
	if (!p->uid && cp->privileged)
		return msg_set(err, MSG_START_FAILED, p->userid, "no uid is left");
	return 0;
}

/* A negative errno as a message. */
static int start_failed(
	const struct partition *p, const char *what, int rc, struct message *err)
{
	char text[200];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-rc));
	return msg_set(err, MSG_START_FAILED, p->userid, text);
}

static int watch_start(struct partition *p, int log_fd)
{
	struct loop *loop = p->cp->loop;
	uint64_t limit = START_SECONDS + p->storage / GIB;
	int rc = process_log_open(loop, p->userid, log_fd, &p->log);

	if (!rc)
		rc = process_ready_watch(&p->start->ready, loop);
	if (!rc)
		rc = part_watch_process(p);
	if (!rc)
		rc = loop_timer_set(loop, &p->timer, loop_now(loop) + limit * NS_PER_S,
			on_start_limit, p);
	return rc;
}

/* The intent, the group, the process.  From when there is a process, failures are ends.
 */
static int begin(struct partition *p, struct message *err)
{
	struct cgroup_limits limits = { .memory = p->storage + PART_OVERHEAD,
		.tasks = p->n_vcpus + PART_SPARE_TASKS };
	int rc, log_fd;

	cgroup_name(p->cp->cgroups, p->userid, &p->cgroup);
	rc = record_write(p, RECORD_INTENT);
	if (rc)
		return start_failed(p, "its record", rc, err);
	rc = cgroup_make(p->cp->cgroups, p->userid, &limits, &p->cgroup);
	if (rc)
		return start_failed(p, "its control group", rc, err);
	rc = start_process(p, &log_fd);
	if (rc)
		return start_failed(p, "its process", rc, err);
	list_append(&p->cp->partitions, &p->node);
	rc = watch_start(p, log_fd);
	if (rc)
		fail(p, strerror(-rc));
	return 0;
}

static int start_process(struct partition *p, int *log_fd)
{
	char sock[4096], pid_file[4096];
	struct spawn what = { .program = "partition",
		.name = p->userid,
		.socket = part_path(p->cp, p->userid, PART_FILE_SOCK, sock, sizeof(sock)),
		.pid_file = part_path(
			p->cp, p->userid, PART_FILE_PID, pid_file, sizeof(pid_file)),
		.uid = p->uid,
		.group = &p->cgroup,
		.fd = { SPAWN_LISTEN, -1, -1, SPAWN_READY },
		.n_fds = PART_FD_FIRST_FREE - PART_FD_LISTEN };
	int *kvm = &what.fd[PART_FD_KVM - 3], *seccomp = &what.fd[PART_FD_SECCOMP - 3];
	struct spawned made;
	int rc;

	*kvm = open(p->cp->host->kvm_path, O_RDWR | O_CLOEXEC);
	if (*kvm < 0)
		return -errno;
	*seccomp = spawn_seccomp(p->cp->seccomp_fd);
	rc = *seccomp < 0 ? *seccomp : spawn(p->cp, &what, &made);
	close(*kvm);
	if (*seccomp >= 0)
		close(*seccomp);
	if (rc)
		return rc;
	p->pid = made.pid;
	p->pidfd = made.pidfd;
	p->start_ticks = made.start_ticks;
	p->start->ready = (struct process_ready) {
		.fd = made.ready_fd, .ready = on_ready, .refused = on_refused, .ctx = p
	};
	*log_fd = made.log_fd;
	return 0;
}

/* The partition ends; who asked for it is told then. */
static void fail(struct partition *p, const char *why)
{
	struct message m, ignored;

	msg_set(&m, MSG_START_FAILED, p->userid, why);
	partition_event(
		p, PE_ACTIVATE_FAILED, &(struct part_args) { .why = &m }, &ignored);
}

static void on_start_limit(struct loop_timer *timer)
{
	fail(timer->ctx, "its process was not ready in time");
}

static void on_ready(void *ctx, const char *missing)
{
	struct partition *p = ctx;

	if (*missing)
		log_warn("partition", "%s: not in force: %s", p->userid, missing);
	say_hello(p);
}

static void on_refused(void *ctx, const char *why)
{
	fail(ctx, why);
}

void part_start_last_words(struct partition *p)
{
	const char *words = process_ready_words(&p->start->ready);

	if (*words)
		fail(p, words);
}

static void answered_hello(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct part_hello_answer answer;

	(void)rq;
	memset(&answer, 0, sizeof(answer));
	if (reply->why->number) {
		fail(p, reply->why->text);
		return;
	}
	memcpy(&answer, reply->bytes,
		reply->len < sizeof(answer) ? reply->len : sizeof(answer));
	if (answer.version < PART_OLDEST || answer.version > PART_VERSION ||
		answer.run != PART_EMPTY) {
		fail(p, "its process does not speak as it must");
		return;
	}
	p->version = answer.version;
	activate(p);
}

static void say_hello(struct partition *p)
{
	struct part_hello hello = { .version = PART_VERSION };
	struct message err;
	int rc = part_link_connect(p);

	if (rc) {
		fail(p, rc == -EPERM ? "another process answers" : strerror(-rc));
		return;
	}
	if (part_link_ask(p,
		    &(struct link_ask) { .type = PART_HELLO,
			    .verb = "HELLO",
			    .head = &hello,
			    .head_len = sizeof(hello),
			    .fn = answered_hello },
		    &err))
		fail(p, err.text);
}

static void answered_activate(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct message ignored;

	(void)rq;
	partition_event(p, reply->why->number ? PE_ACTIVATE_FAILED : PE_ACTIVATED,
		&(struct part_args) { .why = reply->why }, &ignored);
}

/* The devices and, in their order, the descriptors behind them.  The number of these. */
static int list_devices(
	const struct partition *p, struct part_device dev[], int fds[PART_MAX_DEVICES])
{
	int n_fds = 0;

	for (int i = 0; i < p->n_dev; i++) {
		int fd = p->start->dev_fd[i];

		dev[i] = part_device_of(&p->dev[i], fd >= 0 ? n_fds : -1);
		if (fd >= 0)
			fds[n_fds++] = fd;
	}
	return n_fds;
}

static void activate(struct partition *p)
{
	struct part_device dev[PART_MAX_DEVICES];
	int fds[PART_MAX_DEVICES];
	int n_fds = list_devices(p, dev, fds);
	struct part_activate head = { .storage = p->storage,
		.n_vcpus = p->n_vcpus,
		.flags = p->start->flags,
		.n_devices = (uint32_t)p->n_dev,
		.max_vcpus = p->start->max_vcpus };
	struct message err;

	snprintf(head.userid, sizeof(head.userid), "%s", p->userid);
	if (part_link_ask(p,
		    &(struct link_ask) { .type = PART_ACTIVATE,
			    .verb = "ACTIVATE",
			    .head = &head,
			    .head_len = sizeof(head),
			    .more = dev,
			    .more_len = (size_t)p->n_dev * sizeof(dev[0]),
			    .fds = fds,
			    .n_fds = n_fds,
			    .fn = answered_activate },
		    &err))
		fail(p, err.text);
}

/* Nobody waits for this IPL: the operator is told if it fails. */
static void ipl_told(void *ctx, const struct message *m)
{
	struct partition *p = ctx;

	if (m->number && m->severity != 'I' && p->state != PS_ENDING)
		part_tell(p, m);
}

void part_start_activated(struct partition *p)
{
	struct part_start s = *p->start;
	struct message m = { 0 };
	char path[4096];
	int rc = record_write(p, RECORD_ACTIVE);

	if (rc) {
		start_failed(p, "its record", rc, &m);
		part_end(p, END_UNSTARTED, "", &m, true);
		return;
	}
	unlink(part_path(p->cp, p->userid, PART_FILE_PID, path, sizeof(path)));
	loop_timer_cancel(&p->timer);
	part_start_free(p);

	rc = 0;
	if (s.ipl.kind != IPL_NONE) {
		bool told = s.synch && s.done;

		rc = partition_ipl(
			p, &s.ipl, false, told ? s.done : ipl_told, told ? s.ctx : p, &m);
		if (rc && !told)
			part_tell(p, &m);
		if (told && !rc)
			return;
	}
	if (s.done)
		s.done(s.ctx, s.synch ? &m : &(struct message) { 0 });
}

void part_start_stop(struct partition *p)
{
	struct part_start *s = p->start;

	if (!s)
		return;
	process_ready_close(&s->ready);
	for (int i = 0; i < PART_MAX_DEVICES; i++) {
		if (s->dev_fd[i] >= 0)
			close(s->dev_fd[i]);
		s->dev_fd[i] = -1;
	}
}

void part_start_free(struct partition *p)
{
	part_start_stop(p);
	free(p->start);
	p->start = NULL;
}
