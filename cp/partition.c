/* Partitions as the rest of CP uses them: finding one, asking something of it, what is
 * said about it. */
#include "cp/engine.h"

#include "cp/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A guest can cause messages, but not a flood of them. */
static const struct allowance_rule tell_rule = { 10, 5 * NS_PER_S };

static int ask_chunk(struct partition *p, uint32_t len, struct message *err);
static void say_left_out(struct chatter *c, uint32_t left_out);

struct partition *partition_find(struct cp *cp, const char *userid)
{
	struct list *pos;

	list_for_each (pos, &cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		if (!strcmp(p->userid, userid))
			return p;
	}
	return NULL;
}

const struct part_dev *partition_device(const struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev == vdev)
			return &p->dev[i];
	}
	return NULL;
}

struct partition *partition_new(struct cp *cp, const char *userid)
{
	struct partition *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->cp = cp;
	p->state = PS_STARTING;
	p->pidfd = -1;
	snprintf(p->userid, sizeof(p->userid), "%s", userid);
	list_init(&p->node);
	list_init(&p->watchers);
	list_init(&p->ends);
	p->telling = (struct chatter) {
		.rule = &tell_rule, .pause_ns = tell_rule.refill_ns, .said = say_left_out
	};
	part_link_init(p);
	p->finish = calloc(1, sizeof(*p->finish));
	if (p->finish)
		return p;
	partition_free(p);
	return NULL;
}

void partition_free(struct partition *p)
{
	part_start_free(p);
	process_log_close(p->log);
	part_link_free(p);
	loop_fd_del(&p->pid_watch);
	loop_timer_cancel(&p->timer);
	chatter_stop(&p->telling);
	chatter_stop(&p->talk);
	if (p->pidfd >= 0)
		close(p->pidfd);
	conring_free(&p->console);
	list_remove(&p->node);
	if (p->finish)
		loop_undefer(&p->finish->call);
	free(p->finish);
	free(p);
}

const char *partition_shown(struct partition *p)
{
	static const char *const shown[PS_STATES] = {
#define STATE(name, shown) [PS_##name] = shown,
#include "cp/partition_states.def"
#undef STATE
	};

	if ((p->state == PS_RUNNING || p->state == PS_SIGNALLED) && part_idle(p))
		return "idle";
	return shown[p->state];
}

static void tell(struct partition *p, const struct message *m)
{
	char line[MSG_TEXT_MAX + 16];

	part_console_told(p, msg_line(m, line, sizeof(line)));
	operator_tell(p->cp, m);
}

static void say_left_out(struct chatter *c, uint32_t left_out)
{
	struct partition *p = container_of(c, struct partition, telling);
	struct message m;

	msg_set(&m, MSG_MESSAGES_LEFT_OUT, p->userid, left_out);
	tell(p, &m);
}

void part_tell(struct partition *p, const struct message *m)
{
	if (chatter_passes(&p->telling, p->cp->loop))
		tell(p, m);
}

int partition_ipl(struct partition *p, const struct ipl *ipl, bool stop, part_done *done,
	void *ctx, struct message *err)
{
	return partition_event(p, PE_IPL,
		&(struct part_args) { .verb = "IPL",
			.ipl = ipl,
			.stop = stop,
			.done = done,
			.ctx = ctx },
		err);
}

int partition_begin(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err)
{
	return partition_event(p, PE_BEGIN,
		&(struct part_args) {
			.verb = "BEGIN", .cpu = cpu, .done = done, .ctx = ctx },
		err);
}

int partition_stop(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err)
{
	return partition_event(p, PE_STOP,
		&(struct part_args) {
			.verb = "STOP", .cpu = cpu, .done = done, .ctx = ctx },
		err);
}

int partition_reset(struct partition *p, enum part_reset_kind kind, part_done *done,
	void *ctx, struct message *err)
{
	return partition_event(p, PE_RESET,
		&(struct part_args) { .verb = kind == PART_RESET_RESTART
						      ? "SYSTEM RESTART"
						      : "SYSTEM RESET",
			.kind = kind,
			.done = done,
			.ctx = ctx },
		err);
}

int partition_signal(struct partition *p, unsigned seconds, part_done *done, void *ctx,
	struct message *err)
{
	return partition_event(p, PE_SIGNAL,
		&(struct part_args) { .verb = "SIGNAL SHUTDOWN",
			.seconds = seconds,
			.done = done,
			.ctx = ctx },
		err);
}

int partition_signal_sent(struct partition *p, unsigned seconds, part_done *done,
	void *ctx, struct message *err)
{
	return partition_event(p, PE_SIGNAL,
		&(struct part_args) { .verb = "SIGNAL SHUTDOWN",
			.seconds = seconds,
			.sent = true,
			.done = done,
			.ctx = ctx },
		err);
}

int partition_force(struct partition *p, const char *by, part_done *done, void *ctx,
	struct message *err)
{
	return partition_event(p, PE_FORCE,
		&(struct part_args) {
			.verb = "FORCE", .by = by, .done = done, .ctx = ctx },
		err);
}

int partition_give_up(struct partition *p, const struct message *why, part_done *done,
	void *ctx, struct message *err)
{
	return partition_event(p, PE_FORCE,
		&(struct part_args) {
			.verb = "FORCE", .by = "", .why = why, .done = done, .ctx = ctx },
		err);
}

/* What was stored by hand can be begun. */
static void answered_store(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	(void)rq;
	if (reply->why->number || p->loaded)
		return;
	p->loaded = true;
	record_update(p);
}

/* Asks for something that changes no state. */
static int inspect(struct partition *p, struct link_ask *ask, struct message *err)
{
	int rc = partition_event(
		p, PE_INSPECT, &(struct part_args) { .verb = ask->verb }, err);

	ask->seconds = LINK_SECONDS;
	return rc ? rc : part_link_ask(p, ask, err);
}

int partition_read(struct partition *p, uint64_t addr, uint32_t len, part_bytes *done,
	void *ctx, struct message *err)
{
	struct part_storage what = { .addr = addr, .len = len };
	struct link_ask ask = { .type = PART_STORAGE_READ,
		.verb = "DISPLAY",
		.head = &what,
		.head_len = sizeof(what),
		.bytes = done,
		.ctx = ctx };
	int rc = ask_chunk(p, len, err);

	return rc ? rc : inspect(p, &ask, err);
}

int partition_write(struct partition *p, uint64_t addr, const void *bytes, uint32_t len,
	part_done *done, void *ctx, struct message *err)
{
	struct part_storage what = { .addr = addr, .len = len };
	struct link_ask ask = { .type = PART_STORAGE_WRITE,
		.verb = "STORE",
		.head = &what,
		.head_len = sizeof(what),
		.more = bytes,
		.more_len = len,
		.fn = answered_store,
		.done = done,
		.ctx = ctx };
	int rc = ask_chunk(p, len, err);

	return rc ? rc : inspect(p, &ask, err);
}

int partition_regs(struct partition *p, uint32_t cpu, part_bytes *done, void *ctx,
	struct message *err)
{
	struct part_cpu which = { .cpu = cpu };
	struct link_ask ask = { .type = PART_REGS_READ,
		.verb = "DISPLAY",
		.head = &which,
		.head_len = sizeof(which),
		.bytes = done,
		.ctx = ctx };

	if (cpu >= p->n_vcpus)
		return msg_set(err, MSG_NO_SUCH_CPU, p->userid, cpu);
	return inspect(p, &ask, err);
}

int partition_set_regs(struct partition *p, const struct part_regs *regs, part_done *done,
	void *ctx, struct message *err)
{
	struct link_ask ask = { .type = PART_REGS_WRITE,
		.verb = "STORE",
		.head = regs,
		.head_len = sizeof(*regs),
		.fn = answered_store,
		.done = done,
		.ctx = ctx };

	if (regs->cpu >= p->n_vcpus)
		return msg_set(err, MSG_NO_SUCH_CPU, p->userid, regs->cpu);
	return inspect(p, &ask, err);
}

int partition_stat(struct partition *p, part_bytes *done, void *ctx, struct message *err)
{
	struct link_ask ask = {
		.type = PART_STAT, .verb = "INDICATE", .bytes = done, .ctx = ctx
	};

	return inspect(p, &ask, err);
}

static int ask_chunk(struct partition *p, uint32_t len, struct message *err)
{
	if (len && len <= PART_CHUNK)
		return 0;
	return msg_set(
		err, MSG_PART_ADDRESS, p->userid, "too many bytes, or none, at once");
}

/* In pieces a record holds; one that is not taken ends it, so that nothing is left out in
 * the middle. */
static void send_pieces(
	struct partition *p, uint16_t type, uint32_t id, const char *bytes, size_t len)
{
	while (len) {
		size_t piece = len < PART_CHUNK ? len : PART_CHUNK;

		if (part_link_send(p, type, id, bytes, piece))
			return;
		bytes += piece;
		len -= piece;
	}
}

void partition_input(struct partition *p, const void *bytes, size_t len)
{
	if (p->state != PS_STARTING && p->state != PS_ENDING)
		send_pieces(p, PART_CONSOLE_IN, 0, bytes, len);
}

int partition_smsg(
	struct partition *p, const char *from, const char *text, struct message *err)
{
	char line[USERID_MAX + 2 + 4096];
	int len = snprintf(line, sizeof(line), "%s %s", from, text);

	if (p->version < 2 || p->state == PS_STARTING || p->state == PS_ENDING)
		return msg_set(err, MSG_NOT_RECEIVING, p->userid);
	if (len >= (int)sizeof(line))
		len = (int)sizeof(line) - 1;
	if (part_link_send(p, PART_SMSG, 0, line, (size_t)len))
		return msg_set(err, MSG_NOT_RECEIVING, p->userid);
	return 0;
}

void partition_guest_out(
	struct partition *p, uint32_t id, bool err, const void *bytes, size_t len)
{
	send_pieces(p, err ? PART_GUEST_ERR : PART_GUEST_OUT, id, bytes, len);
}

void partition_guest_done(struct partition *p, uint32_t id, uint32_t rc)
{
	part_link_send(p, PART_GUEST_DONE, id, &rc, sizeof(rc));
}
