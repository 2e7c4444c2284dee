/* The connection to a partition's process: requests with ids and time limits, answers,
 * and what the process tells of its own accord.
 *
 * Everything that arrives is hostile.  An answer must carry the id of a request that has
 * none yet; what breaks that or any other rule of cp/part_proto.h ends the partition.  A
 * request whose time is over stays in the list until its answer comes, so that a late
 * answer is not taken for a false one, and still changes the partition's state. */
#include "cp/engine.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK_QUEUE (UINT64_C(1) << 20) /* bytes for a process that does not read */

struct part_link {
	struct list pending; /* struct part_pending, oldest first */
	int n_pending;
	uint32_t last_id;
	struct log_limit log;
};

static void on_record(struct wire *w, struct wire_msg *msg);
static void on_gone(struct wire *w, int err);
static void on_limit(struct loop_timer *timer);
static int send_ask(struct partition *p, const struct part_ask *ask, uint32_t id);
static void answer(struct part_pending *rq, const struct part_reply *reply);
static void break_off(struct partition *p, const char *what);

static const struct wire_ops link_ops = { .record = on_record, .gone = on_gone };

int part_link_init(struct partition *p)
{
	p->link = calloc(1, sizeof(*p->link));
	if (!p->link)
		return -ENOMEM;
	list_init(&p->link->pending);
	p->link->log = (struct log_limit)LOG_LIMIT(20, 1000);
	return 0;
}

void part_link_free(struct partition *p)
{
	if (!p->link)
		return;
	part_link_close(p, &(struct message) { 0 });
	free(p->link);
	p->link = NULL;
}

int part_link_open(struct partition *p, int fd)
{
	return wire_open(&p->wire, p->cp->loop, fd, LINK_QUEUE, &link_ops, p);
}

int part_link_connect(struct partition *p)
{
	char path[4096];
	pid_t pid;
	uid_t uid;
	gid_t gid;
	int fd, err;

	fd = wire_connect(
		part_path(p->cp, p->userid, PART_FILE_SOCK, path, sizeof(path)));
	if (fd < 0)
		return fd;
	err = part_link_open(p, fd);
	if (err)
		return err;
	err = wire_peer(&p->wire, &pid, &uid, &gid);
	if (!err && (pid != p->pid || uid != p->uid))
		err = -EPERM;
	if (err)
		wire_close(&p->wire);
	return err;
}

void part_link_close(struct partition *p, const struct message *why)
{
	struct part_link *link = p->link;

	wire_close(&p->wire);
	while (!list_empty(&link->pending)) {
		struct part_pending *rq = container_of(
			link->pending.next, struct part_pending, node);

		/* Not rq->fn: the partition's end has taken the place of any answer. */
		rq->fn = NULL;
		answer(rq, &(struct part_reply) { .type = PART_FAIL, .why = why });
	}
}

int part_link_ask(struct partition *p, const struct part_ask *ask, struct message *err)
{
	struct part_link *link = p->link;
	struct part_pending *rq;
	int rc = 0;

	if (link->n_pending >= PART_MAX_PENDING)
		return msg_set(err, MSG_TOO_MANY_REQUESTS, p->userid);
	rq = calloc(1, sizeof(*rq));
	if (!rq)
		return msg_set(err, MSG_NO_MEMORY, ask->verb);
	*rq = (struct part_pending) { .p = p,
		.type = ask->type,
		.note = ask->note,
		.seconds = ask->seconds,
		.fn = ask->fn,
		.done = ask->done,
		.bytes = ask->bytes,
		.ctx = ask->ctx };
	snprintf(rq->verb, sizeof(rq->verb), "%s", ask->verb);
	rq->id = ++link->last_id ? link->last_id : ++link->last_id;

	if (ask->seconds)
		rc = loop_timer_set(p->cp->loop, &rq->timer,
			loop_now(p->cp->loop) + ask->seconds * NS_PER_S, on_limit, rq);
	if (!rc)
		rc = send_ask(p, ask, rq->id);
	if (rc) {
		loop_timer_cancel(&rq->timer);
		free(rq);
		return msg_set(err, MSG_PART_FAILED, p->userid, ask->verb, strerror(-rc));
	}
	list_append(&link->pending, &rq->node);
	link->n_pending++;
	return 0;
}

int part_link_send(
	struct partition *p, uint16_t type, uint32_t id, const void *bytes, size_t len)
{
	int err = wire_send(&p->wire, type, id, 0, bytes, len, NULL, 0);

	if (err)
		log_limited(&p->link->log, LOG_LVL_WARN, "partition",
			"%s: record %u dropped: %s", p->userid, type, strerror(-err));
	return err;
}

int part_link_pending(const struct partition *p)
{
	return p->link->n_pending;
}

static int send_ask(struct partition *p, const struct part_ask *ask, uint32_t id)
{
	uint8_t payload[WIRE_MAX_DATA];

	if (ask->head_len + ask->more_len > sizeof(payload))
		return -EMSGSIZE;
	if (ask->head_len)
		memcpy(payload, ask->head, ask->head_len);
	if (ask->more_len)
		memcpy(payload + ask->head_len, ask->more, ask->more_len);
	return wire_send(&p->wire, ask->type, id, 0, payload,
		ask->head_len + ask->more_len, ask->fds, ask->n_fds);
}

/* Tells who waits, once. */
static void tell(struct part_pending *rq, const struct part_reply *reply)
{
	part_done *done = rq->done;
	part_bytes *bytes = rq->bytes;
	void *ctx = rq->ctx;

	/* They may end the partition, and this request with it. */
	rq->done = NULL;
	rq->bytes = NULL;
	if (done)
		done(ctx, reply->why);
	if (bytes)
		bytes(ctx, reply->why, reply->bytes, reply->len);
}

/* Ends a request. */
static void answer(struct part_pending *rq, const struct part_reply *reply)
{
	list_remove(&rq->node);
	rq->p->link->n_pending--;
	loop_timer_cancel(&rq->timer);
	if (rq->fn)
		rq->fn(rq->p, rq, reply);
	tell(rq, reply);
	free(rq);
}

static void on_limit(struct loop_timer *timer)
{
	struct part_pending *rq = timer->ctx;
	struct message m;

	msg_set(&m, MSG_PART_SILENT, rq->p->userid, rq->verb, rq->seconds);
	tell(rq, &(struct part_reply) { .type = PART_FAIL, .why = &m });
}

/* Requests are mostly answered in order: the search is short. */
static struct part_pending *find_pending(struct part_link *link, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &link->pending) {
		struct part_pending *rq = container_of(pos, struct part_pending, node);

		if (rq->id == id)
			return rq;
	}
	return NULL;
}

static int take_answer(struct partition *p, const struct wire_msg *msg, const char **what)
{
	struct part_pending *rq = find_pending(p->link, msg->id);
	struct message why = { 0 };

	if (!rq) {
		*what = "it answered what was not asked";
		return -EPROTO;
	}
	if ((msg->type == PART_HELLO_ANSWER) != (rq->type == PART_HELLO) &&
		msg->type != PART_FAIL) {
		*what = "an answer is not of the kind asked for";
		return -EPROTO;
	}
	if (msg->type == PART_FAIL)
		part_fail_message(p, rq->verb, msg->data, msg->len, &why);
	answer(rq, &(struct part_reply) { msg->type, &why, msg->data, msg->len });
	return 0;
}

static void on_record(struct wire *w, struct wire_msg *msg)
{
	struct partition *p = w->ctx;
	const char *what = NULL;
	int err;

	if (msg->n_fds) {
		what = "it sent descriptors";
		err = -EPROTO;
	} else if (msg->type == PART_OK || msg->type == PART_FAIL ||
		   msg->type == PART_HELLO_ANSWER) {
		err = take_answer(p, msg, &what);
	} else {
		err = part_happened(p, msg, &what);
	}
	if (err)
		break_off(p, what);
}

static void on_gone(struct wire *w, int err)
{
	struct partition *p = w->ctx;
	struct message why;

	if (err) {
		break_off(
			p, err == -EPROTO ? "it sent what is no record" : strerror(-err));
		return;
	}
	/* Mostly because it has ended: then its status says more. */
	wire_close(w);
	partition_event(p, PE_LOST, &(struct part_args) { 0 }, &why);
}

/* The process is not to be trusted any more. */
static void break_off(struct partition *p, const char *what)
{
	struct message why;

	log_error("partition", "%s: protocol broken: %s", p->userid, what);
	wire_close(&p->wire);
	msg_set(&why, MSG_PARTITION_LOST, p->userid, what);
	partition_event(
		p, PE_LOST, &(struct part_args) { .why = &why, .kill = true }, &why);
}
