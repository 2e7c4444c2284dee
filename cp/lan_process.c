/* The process of a LAN: it is started, asked, and started anew when it dies. */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STABLE_NS   (10 * NS_PER_S) /* a process that lived that long has not failed */
#define FIRST_NS    (NS_PER_S / 20) /* before the second try, doubled each time... */
#define LAST_NS     (30 * NS_PER_S) /* ...up to this */
#define FAILED_AT   5               /* tries, after which the operator is told */
#define DEFAULT_MTU 1500
#define STORM_FPS   10000 /* a second from each NIC of a LAN of tenants */

static void on_service_ready(void *ctx);
static void on_service_ended(void *ctx, const char *why);
static void on_again(struct loop_timer *timer);
static int connect_to(struct lan *lan);
static void fail_message(void *owner, const char *verb, const void *bytes, size_t len,
	struct message *out);
static int happened(void *owner, const struct wire_msg *msg, const char **what);
static void lost(void *owner, const char *what);

static const struct service_ops service_ops = { on_service_ready, on_service_ended };

static const struct link_kind kind = { .ok = LAN_OK,
	.fail = LAN_FAIL,
	.hello = LAN_HELLO,
	.hello_answer = LAN_HELLO_ANSWER,
	.subsystem = "lan",
	.max_pending = 4 * LAN_MAX_PORTS,
	.max_queued = 4 << 20,
	.fail_message = fail_message,
	.happened = happened,
	.lost = lost };

const char *lan_path(
	const struct cp *cp, const char *id, enum lan_file f, char *buf, size_t len)
{
	static const char *const ends[] = { [LAN_FILE_SOCK] = "sock",
		[LAN_FILE_RECORD] = "rec",
		[LAN_FILE_PID] = "pid" };

	snprintf(buf, len, "%s/lans/%s.%s", cp->rundir, id, ends[f]);
	return buf;
}

void lan_process_init(struct lan *lan)
{
	struct lan_link *l = lan->link;
	char name[32];

	l->lan = lan;
	snprintf(l->id, sizeof(l->id), "%s.%s", lan->def.owner, lan->def.name);
	snprintf(l->shown, sizeof(l->shown), "%s %s %s", lan_word(&lan->def),
		lan->def.owner, lan->def.name);
	snprintf(name, sizeof(name), "LAN.%s", l->id);
	link_init(&l->link, &kind, lan->cp->loop, lan, l->shown);
	service_init(&l->service, lan->cp, name, &service_ops, lan);
}

int lan_process_start(struct lan *lan)
{
	static const struct cgroup_limits limits = { LAN_MEMORY, LAN_TASKS };
	struct lan_link *l = lan->link;
	char sock[4096], pid_file[4096];
	struct spawn what = { .program = "lan",
		.name = l->id,
		.socket = lan_path(lan->cp, l->id, LAN_FILE_SOCK, sock, sizeof(sock)),
		.pid_file = lan_path(
			lan->cp, l->id, LAN_FILE_PID, pid_file, sizeof(pid_file)),
		.fd = { SPAWN_LISTEN, -1, SPAWN_READY },
		.n_fds = LAN_FD_FIRST_FREE - LAN_FD_LISTEN };
	int *seccomp = &what.fd[LAN_FD_SECCOMP - LAN_FD_LISTEN];
	int err;

	lan->state = lan->state == LS_FAILED ? LS_FAILED : LS_STARTING;
	*seccomp = spawn_seccomp(lan->cp->lan_seccomp_fd);
	if (*seccomp < 0)
		return *seccomp;
	err = service_start(&l->service, &what, &limits);
	close(*seccomp);
	lan->pid = err ? 0 : l->service.id.pid;
	return err;
}

int lan_process_adopt(struct lan *lan)
{
	struct lan_link *l = lan->link;
	int err = service_adopt(&l->service);

	if (err)
		return err;
	lan->pid = l->service.id.pid;
	l->adopted = true;
	if (connect_to(lan))
		lan_process_end(lan, "it does not listen");
	return 0;
}

bool lan_process_has_ended(const struct lan *lan)
{
	struct pollfd end = { .fd = lan->link->service.id.pidfd, .events = POLLIN };

	return end.fd < 0 || poll(&end, 1, 0) == 1;
}

void lan_process_end(struct lan *lan, const char *why)
{
	if (lan->state == LS_ACTIVE)
		lan->state = LS_STARTING;
	loop_timer_cancel(&lan->link->timer);
	service_end(&lan->link->service, why);
}

/* ---- Its start -------------------------------------------------------------------- */

static void on_service_ready(void *ctx)
{
	struct lan *lan = ctx;
	int err = connect_to(lan);

	if (err)
		lan_process_end(
			lan, err == -EPERM ? "another process answers" : strerror(-err));
}

static void answered_conf(
	void *owner, struct link_pending *rq, const struct link_reply *r)
{
	struct lan *lan = owner;

	(void)rq;
	if (r->why->number)
		lan_process_end(lan, r->why->text);
	else
		lan_is_ready(lan);
}

static struct lan_conf conf_of(const struct lan *lan)
{
	const struct lan_def *def = &lan->def;
	struct lan_conf conf = { .flags = (def->aware ? LAN_AWARE : 0) |
					  (def->isolation ? LAN_ISOLATION : 0) |
					  (def->protect ? LAN_PROTECT : 0),
		.mtu = def->mtu ? def->mtu : DEFAULT_MTU,
		.storm_fps = def->restricted ? STORM_FPS : 0 };

	snprintf(conf.name, sizeof(conf.name), "%s", lan->link->id);
	return conf;
}

static void ask_conf(struct lan *lan, link_answered *fn)
{
	struct lan_conf conf = conf_of(lan);

	lan_tell_process(lan, &(struct link_ask) { .type = LAN_SET,
				      .verb = "SET",
				      .head = &conf,
				      .head_len = sizeof(conf),
				      .fn = fn });
}

void lan_send_conf(struct lan *lan)
{
	if (lan->state == LS_ACTIVE)
		ask_conf(lan, NULL);
}

static void answered_hello(
	void *owner, struct link_pending *rq, const struct link_reply *r)
{
	struct lan *lan = owner;
	struct lan_hello_answer answer;

	(void)rq;
	link_take(&answer, sizeof(answer), r->bytes, r->why->number ? 0 : r->len);
	if (answer.version < 1 || answer.version > LAN_VERSION) {
		lan_process_end(lan, "it does not speak as it must");
		return;
	}
	lan->features = answer.features;
	ask_conf(lan, answered_conf);
}

static int connect_to(struct lan *lan)
{
	static const struct lan_hello hello = { .version = LAN_VERSION };
	struct lan_link *l = lan->link;
	char path[4096];
	int err = link_connect(&l->link,
		lan_path(lan->cp, l->id, LAN_FILE_SOCK, path, sizeof(path)),
		l->service.id.pid, l->service.uid);

	if (err)
		return err;
	lan_tell_process(lan, &(struct link_ask) { .type = LAN_HELLO,
				      .verb = "HELLO",
				      .head = &hello,
				      .head_len = sizeof(hello),
				      .fn = answered_hello });
	return 0;
}

/* ---- Requests --------------------------------------------------------------------- */

/* Only what was too late has a message here: a failure is what it does, or not. */
static void on_told(void *ctx, const struct message *m)
{
	struct lan *lan = ctx;

	if (m->number == MSG_PART_SILENT)
		lan_process_end(lan, "it does not answer");
}

void lan_tell_process(struct lan *lan, const struct link_ask *ask)
{
	struct link_ask mine = *ask;
	struct message err;

	mine.seconds = LINK_SECONDS;
	if (!mine.done && !mine.bytes) {
		mine.done = on_told;
		mine.ctx = lan;
	}
	if (!link_ask(&lan->link->link, &mine, &err))
		return;
	log_warn("lan", "%s: %s", lan->link->id, err.text);
	lan_process_end(lan, NULL);
	if (mine.done != on_told && mine.done)
		mine.done(mine.ctx, &err);
}

static void fail_message(
	void *owner, const char *verb, const void *bytes, size_t len, struct message *out)
{
	const struct lan *lan = owner;
	struct lan_fail fail;
	size_t head = link_take(&fail, sizeof(fail), bytes, len);
	char text[200];

	link_take_text(text, sizeof(text), bytes, len, head);
	msg_set(out, MSG_LAN_REFUSED, lan_word(&lan->def), lan->def.owner, lan->def.name,
		verb, text[0] ? text : link_error_text(fail.err));
}

static int happened(void *owner, const struct wire_msg *msg, const char **what)
{
	return lan_happened(owner, msg, what);
}

static void lost(void *owner, const char *what)
{
	lan_process_end(owner, what);
}

/* ---- Its end ---------------------------------------------------------------------- */

/* Nothing is left of it but what we know. */
static void end_lan(struct lan *lan)
{
	struct lan_link *l = lan->link;
	struct cp *cp = lan->cp;
	const struct message none = { 0 };
	part_done *done = l->detach_done, *shutdown_done = l->shutdown_done;
	void *ctx = l->detach_ctx, *shutdown_ctx = l->shutdown_ctx;
	char path[4096];

	lan_outlets_end(lan);
	unlink(lan_path(cp, l->id, LAN_FILE_SOCK, path, sizeof(path)));
	unlink(lan_path(cp, l->id, LAN_FILE_PID, path, sizeof(path)));
	lan_record_remove(lan);
	lan_free(lan);
	lan_tell_done(&done, ctx, &none);
	lan_tell_done(&shutdown_done, shutdown_ctx, &none);
}

void lan_process_gone(struct lan *lan)
{
	if (lan->state == LS_ENDING && lan->link->ended && lan_uplink_end(lan))
		end_lan(lan);
}

/* The first try is the answer to DEFINE. */
static void undefine(struct lan *lan, const char *why)
{
	struct lan_link *l = lan->link;
	part_done *done = l->define_done;
	void *ctx = l->define_ctx;
	struct message m;

	msg_set(&m, MSG_LAN_NOT_STARTED, lan_word(&lan->def), lan->def.owner,
		lan->def.name, why);
	l->define_done = NULL;
	if (!done)
		operator_tell(lan->cp, &m);
	lan->state = LS_ENDING;
	while (!list_empty(&lan->members))
		lan_member_expel(
			container_of(lan->members.next, struct lan_member, node), &m);
	end_lan(lan);
	lan_tell_done(&done, ctx, &m);
}

/* Those who wait for something new need not wait as long as that takes. */
static void give_up_waiting(struct lan *lan, const struct message *why)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (m->op && m->op->fresh && m->op->step == STEP_WAITING)
			lan_member_expel(m, why);
	}
}

static uint64_t delay_of(unsigned failures)
{
	uint64_t ns = FIRST_NS;

	if (!failures)
		return 0;
	for (unsigned i = 1; i < failures && ns < LAST_NS; i++)
		ns *= 2;
	return ns < LAST_NS ? ns : LAST_NS;
}

static void say_ended(struct lan *lan, const char *why)
{
	struct message m;

	if (lan->link->failures < FAILED_AT) {
		msg_set(&m, MSG_LAN_RESTARTED, lan_word(&lan->def), lan->def.owner,
			lan->def.name, why);
	} else if (lan->link->failures == FAILED_AT) {
		lan->state = LS_FAILED;
		msg_set(&m, MSG_LAN_FAILED, lan_word(&lan->def), lan->def.owner,
			lan->def.name, why);
		give_up_waiting(lan, &m);
	} else {
		log_warn("lan", "%s: %s", lan->link->id, why);
		return;
	}
	operator_tell(lan->cp, &m);
}

static void on_again(struct loop_timer *timer)
{
	struct lan *lan = timer->ctx;
	int err = lan_process_start(lan);

	if (err)
		on_service_ended(lan, strerror(-err));
}

static void on_service_ended(void *ctx, const char *why)
{
	struct lan *lan = ctx;
	struct lan_link *l = lan->link;
	struct loop *loop = lan->cp->loop;
	struct message gone;
	struct list *pos;

	lan->pid = 0;
	l->adopted = false;
	if (lan->state == LS_ACTIVE)
		lan->state = LS_STARTING;
	list_for_each (pos, &lan->members)
		container_of(pos, struct lan_member, node)->plugged = false;
	msg_set(&gone, MSG_LAN_PROCESS_GONE, lan_word(&lan->def), lan->def.owner,
		lan->def.name);
	link_close(&l->link, &gone);
	lan_uplink_stop(lan);
	lan_outlets_lost(lan);
	if (lan->state == LS_ENDING) {
		l->ended = true;
		lan_process_gone(lan);
		return;
	}
	if (!l->defined) {
		undefine(lan, why);
		return;
	}
	lan->restarts++;
	l->failures = l->since && loop_now(loop) - l->since >= STABLE_NS
			      ? 0
			      : l->failures + 1;
	l->since = 0;
	say_ended(lan, why);
	/* A first death is answered at once. */
	if (loop_timer_set(loop, &l->timer,
		    loop_now(loop) + delay_of(l->failures ? l->failures - 1 : 0),
		    on_again, lan))
		operator_say(lan->cp, MSG_NO_MEMORY, l->shown);
}

void lan_process_recorded(const struct lan *lan)
{
	char path[4096];

	if (!lan->link->intended)
		unlink(lan_path(
			lan->cp, lan->link->id, LAN_FILE_PID, path, sizeof(path)));
}

void lan_is_ready(struct lan *lan)
{
	struct lan_link *l = lan->link;
	bool first = !l->defined;
	int err;

	if (lan->state == LS_ENDING)
		return;
	lan->state = LS_ACTIVE;
	l->defined = true;
	l->since = loop_now(lan->cp->loop);
	if (l->adopted) { /* what it has is asked first */
		lan_compare(lan);
		return;
	}
	err = lan_record_write(lan, true);
	if (err && first) {
		l->defined = false;
		lan_process_end(lan, strerror(-err));
		return;
	}
	lan_process_recorded(lan);
	trace_lan_ready(lan); /* its traces miss nothing */
	lan_uplink_start(lan);
	lan_plug_all(lan);
	lan_outlets_arm(lan);
	lan_tell_done(&l->define_done, l->define_ctx, &(struct message) { 0 });
}
