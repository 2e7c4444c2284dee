/* Connections to the processes of cpd. */
#include "cp/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static void on_record(struct wire *w, struct wire_msg *msg);
static void on_gone(struct wire *w, int err);
static void on_limit(struct loop_timer *timer);
static int send_ask(struct link *l, const struct link_ask *ask, uint32_t id);
static void answer(struct link_pending *rq, const struct link_reply *reply);

static const struct wire_ops wire_ops = { .record = on_record, .gone = on_gone };

void link_init(struct link *l, const struct link_kind *kind, struct loop *loop,
	void *owner, const char *name)
{
	*l = (struct link) { .kind = kind,
		.loop = loop,
		.owner = owner,
		.name = name,
		.log = LOG_LIMIT(20, 1000) };
	list_init(&l->pending);
}

int link_open(struct link *l, int fd)
{
	return wire_open(&l->wire, l->loop, fd, l->kind->max_queued, &wire_ops, l);
}

int link_connect(struct link *l, const char *path, pid_t pid, uid_t uid)
{
	pid_t their_pid;
	uid_t their_uid;
	gid_t gid;
	int fd = wire_connect(path);
	int err;

	if (fd < 0)
		return fd;
	err = link_open(l, fd);
	if (err)
		return err;
	err = wire_peer(&l->wire, &their_pid, &their_uid, &gid);
	if (!err && (their_pid != pid || their_uid != uid))
		err = -EPERM;
	if (err)
		wire_close(&l->wire);
	return err;
}

void link_close(struct link *l, const struct message *why)
{
	if (!l->kind)
		return;
	wire_close(&l->wire);
	while (!list_empty(&l->pending)) {
		struct link_pending *rq = container_of(
			l->pending.next, struct link_pending, node);

		/* Not rq->fn: the end has taken the place of any answer. */
		rq->fn = NULL;
		answer(rq, &(struct link_reply) { .type = l->kind->fail, .why = why });
	}
}

int link_ask(struct link *l, const struct link_ask *ask, struct message *err)
{
	struct link_pending *rq;
	int rc = 0;

	if (l->n_pending >= l->kind->max_pending)
		return msg_set(err, MSG_TOO_MANY_REQUESTS, l->name);
	rq = calloc(1, sizeof(*rq));
	if (!rq)
		return msg_set(err, MSG_NO_MEMORY, ask->verb);
	*rq = (struct link_pending) { .link = l,
		.type = ask->type,
		.seconds = ask->seconds,
		.fn = ask->fn,
		.done = ask->done,
		.bytes = ask->bytes,
		.ctx = ask->ctx,
		.note = ask->note };
	snprintf(rq->verb, sizeof(rq->verb), "%s", ask->verb);
	rq->id = ++l->last_id ? l->last_id : ++l->last_id;

	if (ask->seconds)
		rc = loop_timer_set(l->loop, &rq->timer,
			loop_now(l->loop) + ask->seconds * NS_PER_S, on_limit, rq);
	if (!rc)
		rc = send_ask(l, ask, rq->id);
	if (rc) {
		loop_timer_cancel(&rq->timer);
		free(rq);
		return msg_set(err, MSG_PART_FAILED, l->name, ask->verb, strerror(-rc));
	}
	list_append(&l->pending, &rq->node);
	l->n_pending++;
	return 0;
}

int link_send(struct link *l, uint16_t type, uint32_t id, const void *bytes, size_t len)
{
	int err = wire_send(&l->wire, type, id, 0, bytes, len, NULL, 0);

	if (err)
		log_limited(&l->log, LOG_LVL_WARN, l->kind->subsystem,
			"%s: record %u dropped: %s", l->name, type, strerror(-err));
	return err;
}

void link_break(struct link *l, const char *what)
{
	log_error(l->kind->subsystem, "%s: protocol broken: %s", l->name, what);
	wire_close(&l->wire);
	l->kind->lost(l->owner, what);
}

size_t link_take(void *to, size_t size, const void *from, size_t len)
{
	if (len > size)
		len = size;
	memset(to, 0, size);
	if (len)
		memcpy(to, from, len);
	return len;
}

void link_take_text(char *to, size_t size, const void *from, size_t len, size_t skip)
{
	len -= skip;
	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(to, (const char *)from + skip, len);
	to[len] = '\0';
}

const char *link_error_text(int err)
{
	if (err < 0 && err > -4096)
		return strerror(-err);
	return err > 0 && err < 4096 ? strerror(err) : "no reason given";
}

static int send_ask(struct link *l, const struct link_ask *ask, uint32_t id)
{
	uint8_t payload[WIRE_MAX_DATA];

	if (ask->head_len + ask->more_len > sizeof(payload))
		return -EMSGSIZE;
	if (ask->head_len)
		memcpy(payload, ask->head, ask->head_len);
	if (ask->more_len)
		memcpy(payload + ask->head_len, ask->more, ask->more_len);
	return wire_send(&l->wire, ask->type, id, 0, payload,
		ask->head_len + ask->more_len, ask->fds, ask->n_fds);
}

/* Tells who waits, once. */
static void tell(struct link_pending *rq, const struct link_reply *reply)
{
	link_done *done = rq->done;
	link_bytes *bytes = rq->bytes;
	void *ctx = rq->ctx;

	/* They may close the link, and end this request with it. */
	rq->done = NULL;
	rq->bytes = NULL;
	if (done)
		done(ctx, reply->why);
	if (bytes)
		bytes(ctx, reply->why, reply->bytes, reply->len);
}

/* Ends a request. */
static void answer(struct link_pending *rq, const struct link_reply *reply)
{
	list_remove(&rq->node);
	rq->link->n_pending--;
	loop_timer_cancel(&rq->timer);
	if (rq->fn)
		rq->fn(rq->link->owner, rq, reply);
	tell(rq, reply);
	free(rq);
}

static void on_limit(struct loop_timer *timer)
{
	struct link_pending *rq = timer->ctx;
	struct link *l = rq->link;
	struct message m;

	msg_set(&m, MSG_PART_SILENT, l->name, rq->verb, rq->seconds);
	tell(rq, &(struct link_reply) { .type = l->kind->fail, .why = &m });
}

/* Requests are mostly answered in order: the search is short. */
static struct link_pending *find_pending(struct link *l, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &l->pending) {
		struct link_pending *rq = container_of(pos, struct link_pending, node);

		if (rq->id == id)
			return rq;
	}
	return NULL;
}

static int take_answer(struct link *l, const struct wire_msg *msg, const char **what)
{
	struct link_pending *rq = find_pending(l, msg->id);
	const struct link_kind *kind = l->kind;
	struct message why = { 0 };

	if (!rq) {
		*what = "it answered what was not asked";
		return -EPROTO;
	}
	if ((msg->type == kind->hello_answer) != (rq->type == kind->hello) &&
		msg->type != kind->fail) {
		*what = "an answer is not of the kind asked for";
		return -EPROTO;
	}
	if (msg->type == kind->fail)
		kind->fail_message(l->owner, rq->verb, msg->data, msg->len, &why);
	answer(rq, &(struct link_reply) { msg->type, &why, msg->data, msg->len });
	return 0;
}

static void on_record(struct wire *w, struct wire_msg *msg)
{
	struct link *l = w->ctx;
	const char *what = NULL;
	int err;

	if (msg->n_fds) {
		what = "it sent descriptors";
		err = -EPROTO;
	} else if (msg->type == l->kind->ok || msg->type == l->kind->fail ||
		   msg->type == l->kind->hello_answer) {
		err = take_answer(l, msg, &what);
	} else {
		err = l->kind->happened(l->owner, msg, &what);
	}
	if (err)
		link_break(l, what);
}

static void on_gone(struct wire *w, int err)
{
	struct link *l = w->ctx;

	if (err) {
		link_break(
			l, err == -EPROTO ? "it sent what is no record" : strerror(-err));
		return;
	}
	/* Mostly because it has ended: then its status says more. */
	wire_close(w);
	l->kind->lost(l->owner, NULL);
}
