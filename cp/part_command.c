/* What the commands of cp/part_life.h do where the table allows them. */
#include "cp/part_life.h"

#include "cp/record.h"

#include <string.h>

#define CLEAR_RATE (UINT64_C(256) << 20) /* bytes of storage cleared in a second */

static void answered_ipl(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct part_args args = { .why = reply->why, .stop = rq->note != 0 };
	struct message m;

	partition_event(p, reply->why->number ? PE_IPL_FAILED : PE_IPLED, &args, &m);
}

int part_do_ipl(struct partition *p, const struct part_args *a, struct message *err)
{
	int rc = part_ipl_ask(p, a->ipl, a->stop, answered_ipl, a->done, a->ctx, err);

	if (rc && part_ipl_was_last(p))
		record_update(p);
	if (rc)
		return rc;
	part_keep_ipl(p, a->ipl);
	p->state = PS_LOADING;
	part_forget_guest(p);
	return 0;
}

static int ask_cpu(struct partition *p, uint16_t type, const struct part_args *a,
	link_answered *fn, struct message *err)
{
	struct part_cpu cpu = { .cpu = a->cpu };

	if (a->cpu != PART_ALL_CPUS && a->cpu >= p->n_vcpus)
		return msg_set(err, MSG_NO_SUCH_CPU, p->userid, a->cpu);
	return part_link_ask(p,
		&(struct link_ask) { .type = type,
			.verb = a->verb,
			.head = &cpu,
			.head_len = sizeof(cpu),
			.seconds = LINK_SECONDS,
			.fn = fn,
			.note = a->cpu,
			.done = a->done,
			.ctx = a->ctx },
		err);
}

static void answered_begin(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct message m;

	(void)rq;
	if (!reply->why->number)
		partition_event(p, PE_BEGUN, &(struct part_args) { 0 }, &m);
}

int part_do_begin(struct partition *p, const struct part_args *a, struct message *err)
{
	if (!p->loaded)
		return msg_set(err, MSG_NOTHING_LOADED, p->userid);
	return ask_cpu(p, PART_BEGIN, a, answered_begin, err);
}

/* Was the vCPU that stands still now the last that ran? */
static void answered_stat(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	const char *bytes = reply->bytes;
	struct part_stat_vcpu v;
	struct message m;

	(void)rq;
	if (reply->why->number ||
		reply->len < sizeof(struct part_stat) + p->n_vcpus * sizeof(v))
		return;
	for (unsigned i = 0; i < p->n_vcpus; i++) {
		memcpy(&v, bytes + sizeof(struct part_stat) + i * sizeof(v), sizeof(v));
		if (v.state == PART_RUNNING)
			return;
	}
	partition_event(p, PE_STOPPED, &(struct part_args) { 0 }, &m);
}

/* Who asked for STOP is answered when the state is known. */
static void answered_stop(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct link_ask ask = { .type = PART_STAT,
		.verb = "STOP",
		.seconds = LINK_SECONDS,
		.fn = answered_stat,
		.done = rq->done,
		.ctx = rq->ctx };
	struct message m;

	if (reply->why->number)
		return;
	if (rq->note == PART_ALL_CPUS)
		partition_event(p, PE_STOPPED, &(struct part_args) { 0 }, &m);
	else if (!part_link_ask(p, &ask, &m))
		rq->done = NULL;
}

int part_do_stop(struct partition *p, const struct part_args *a, struct message *err)
{
	return ask_cpu(p, PART_STOP, a, answered_stop, err);
}

static void answered_reset(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct message m;

	if (rq->note == PART_RESET_RESTART) {
		rq->note = 0;
		answered_ipl(p, rq, reply);
	} else if (!reply->why->number) {
		partition_event(p, PE_RESET_DONE, &(struct part_args) { 0 }, &m);
	}
}

int part_do_reset(struct partition *p, const struct part_args *a, struct message *err)
{
	struct part_reset reset = { .kind = a->kind };
	struct link_ask ask = { .type = PART_RESET,
		.verb = a->verb,
		.head = &reset,
		.head_len = sizeof(reset),
		.seconds = LINK_SECONDS + (unsigned)(p->storage / CLEAR_RATE),
		.fn = answered_reset,
		.note = a->kind,
		.done = a->done,
		.ctx = a->ctx };
	bool restart = a->kind == PART_RESET_RESTART;
	int rc;

	if (restart && p->ipl.kind == IPL_NONE)
		return msg_set(err, MSG_NOTHING_LOADED, p->userid);
	rc = part_link_ask(p, &ask, err);
	if (rc)
		return rc;
	if (restart)
		p->state = PS_LOADING;
	part_forget_guest(p);
	return 0;
}

static void on_deadline(struct loop_timer *timer)
{
	struct message m;

	partition_event(timer->ctx, PE_TIMEOUT, &(struct part_args) { 0 }, &m);
}

int part_arm_signal(struct partition *p)
{
	return loop_timer_set(p->cp->loop, &p->timer, p->signal_deadline, on_deadline, p);
}

static void unsignal(struct partition *p)
{
	loop_timer_cancel(&p->timer);
	p->signal_deadline = 0;
	p->state = PS_RUNNING;
}

/* The guest does not listen after all. */
static void answered_signal(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	(void)rq;
	if (!reply->why->number || p->state != PS_SIGNALLED)
		return;
	unsignal(p);
	record_update(p);
	part_end_told(p, reply->why);
}

int part_do_signal_again(
	struct partition *p, const struct part_args *a, struct message *err)
{
	struct part_signal signal = { .seconds = a->seconds };
	struct link_ask ask = { .type = PART_SIGNAL,
		.verb = a->verb,
		.head = &signal,
		.head_len = sizeof(signal),
		.seconds = LINK_SECONDS,
		.fn = answered_signal,
		.done = a->sent ? a->done : NULL,
		.ctx = a->ctx };
	uint64_t was = p->signal_deadline;
	int rc;

	p->signal_deadline = loop_now(p->cp->loop) + a->seconds * NS_PER_S;
	if (part_arm_signal(p))
		rc = msg_set(err, MSG_NO_MEMORY, a->verb);
	else
		rc = part_link_ask(p, &ask, err);
	if (!rc && !a->sent && part_end_wait(p, a->done, a->ctx))
		rc = msg_set(err, MSG_NO_MEMORY, a->verb);
	if (rc) {
		loop_timer_cancel(&p->timer);
		p->signal_deadline = was;
		if (was)
			part_arm_signal(p);
		return rc;
	}
	p->state = PS_SIGNALLED;
	p->signal_seconds = a->seconds;
	record_update(p);
	return 0;
}

int part_do_signal(struct partition *p, const struct part_args *a, struct message *err)
{
	if (!p->signal_enabled)
		return msg_set(err, MSG_SIGNAL_NOT_ENABLED, p->userid);
	return part_do_signal_again(p, a, err);
}

int part_do_wait_for_end(
	struct partition *p, const struct part_args *a, struct message *err)
{
	if (part_end_wait(p, a->done, a->ctx))
		return msg_set(err, MSG_NO_MEMORY, a->verb);
	return 0;
}

int part_do_force(struct partition *p, const struct part_args *a, struct message *err)
{
	int rc = part_do_wait_for_end(p, a, err);

	if (!rc)
		part_end(p, a->why ? END_IPL_FAILED : END_FORCED, a->by, a->why, true);
	return rc;
}

int part_do_inspect(struct partition *p, const struct part_args *a, struct message *err)
{
	(void)p, (void)a, (void)err;
	return 0;
}
