/* Traces of guest LANs. */
#include "cp/trace.h"

#include "cp/replay.h"
#include "cp/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What waits for an answer.  The trace, and its LAN, may be no more by then. */
struct waiting {
	struct cp *cp;
	uint32_t number; /* of the trace */
	bool live;       /* that somebody waits for: its end is told by trace.ended */
	part_done *done;
	void *ctx;
};

static struct trace *by_number(struct cp *cp, uint32_t number);
static uint32_t new_number(struct cp *cp);
static int ask(struct trace *t, uint16_t type, const void *head, size_t len,
	const void *more, size_t more_len, lan_bytes *fn, struct waiting *w,
	struct message *err);
static int add(struct trace *t, lan_bytes *fn, struct waiting *w, struct message *err);
static struct waiting *wait_for(struct trace *t, part_done *done, void *ctx);
static void answered(struct waiting *w, const struct message *m);
static void on_added(void *ctx, const struct message *m, const void *bytes, size_t len);
static void on_answer(void *ctx, const struct message *m, const void *bytes, size_t len);
static void on_added_again(
	void *ctx, const struct message *m, const void *bytes, size_t len);
static void breaks_off(struct trace *t, const char *why);
static void trace_free(struct trace *t);

int trace_start(struct trace *t, part_done *done, void *ctx, struct message *err)
{
	struct cp *cp = t->lan->cp;
	struct waiting *w;
	uint32_t number;
	int rc;

	list_init(&t->node);
	t->conf.id = number = new_number(cp);
	w = wait_for(t, done, ctx);
	if (!w) {
		trace_free(t);
		return msg_set(err, MSG_NO_MEMORY, "TRSOURCE");
	}
	list_append(&t->lan->traces, &t->node);
	rc = add(t, on_added, w, err);
	if (rc && by_number(cp, number))
		trace_free(t);
	return rc;
}

void trace_end(struct trace *t, part_done *done, void *ctx)
{
	const struct lan_id id = { .id = t->conf.id };
	struct message m = { 0 };
	struct waiting *w = done ? wait_for(t, done, ctx) : NULL;
	void (*ended)(void *, const struct message *) = t->ended;
	void *ended_ctx = t->ended_ctx;
	struct lan *lan = t->lan;

	trace_free(t);
	if (ended)
		ended(ended_ctx, &m);
	if (lan_ask(lan, LAN_TRACE_DEL, &id, sizeof(id), NULL, 0, NULL, 0, on_answer, w,
		    &m)) {
		free(w);
		m.number = 0; /* without a process there is nothing to complete */
		w = NULL;
		if (done)
			done(ctx, &m);
	} else if (done && !w) {
		done(ctx, &m); /* no memory to wait for the answer */
	}
}

int trace_enable(
	struct trace *t, bool on, part_done *done, void *ctx, struct message *err)
{
	struct lan_trace_set set = { .id = t->conf.id, .flags = on ? 0 : LAN_TRACE_OFF };

	t->conf.flags &= ~LAN_TRACE_OFF;
	t->conf.flags |= set.flags;
	return ask(t, LAN_TRACE_SET, &set, sizeof(set), NULL, 0, on_answer,
		wait_for(t, done, ctx), err);
}

int trace_note(struct trace *t, const char *text, part_done *done, void *ctx,
	struct message *err)
{
	const struct lan_id id = { .id = t->conf.id };

	return ask(t, LAN_TRACE_NOTE, &id, sizeof(id), text, strlen(text), on_answer,
		wait_for(t, done, ctx), err);
}

void traces_heard(struct lan *lan, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	struct lan_stat_trace st;

	for (; len >= sizeof(st); len -= sizeof(st), at += sizeof(st)) {
		struct trace *t;

		memcpy(&st, at, sizeof(st));
		t = by_number(lan->cp, st.id);
		if (t && t->lan == lan)
			t->stat = st;
	}
}

/* `userid` NULL: whoever's; `number` not 0: by that alone. */
static struct trace *find(
	struct cp *cp, const char *userid, const char *id, uint32_t number)
{
	struct list *l, *pos;

	list_for_each (l, &cp->lans) {
		list_for_each (pos, &container_of(l, struct lan, node)->traces) {
			struct trace *t = container_of(pos, struct trace, node);

			if (number ? t->conf.id == number
				   : !strcmp(t->id, id) &&
						(!userid || !strcmp(t->userid, userid)))
				return t;
		}
	}
	return NULL;
}

struct trace *trace_find(struct cp *cp, const char *userid, const char *id)
{
	return find(cp, userid, id, 0);
}

struct trace *trace_find_any(struct cp *cp, const char *id)
{
	return find(cp, NULL, id, 0);
}

int traces_count(const struct lan *lan)
{
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &lan->traces)
		n++;
	return n;
}

uint64_t traces_room(struct cp *cp, const char *userid)
{
	struct list *l, *pos;
	uint64_t sum = 0;

	list_for_each (l, &cp->lans) {
		list_for_each (pos, &container_of(l, struct lan, node)->traces) {
			const struct trace *t = container_of(pos, struct trace, node);

			if (!strcmp(t->userid, userid))
				sum += t->room;
		}
	}
	return sum;
}

static bool has_file(const struct trace *t, const struct stat *file)
{
	struct stat st;

	for (int i = 0; i < t->n_fds; i++) {
		if (!fstat(t->fd[i], &st) && st.st_dev == file->st_dev &&
			st.st_ino == file->st_ino)
			return true;
	}
	return false;
}

bool traces_have(struct cp *cp, const struct stat *file)
{
	struct list *l, *pos;

	list_for_each (l, &cp->lans) {
		list_for_each (pos, &container_of(l, struct lan, node)->traces) {
			if (has_file(container_of(pos, struct trace, node), file))
				return true;
		}
	}
	return false;
}

const char *trace_state_name(const struct trace *t)
{
	if (t->why[0])
		return "broken";
	return t->conf.flags & LAN_TRACE_OFF ? "disabled" : "active";
}

/* A new process has none of them, and one that an earlier cpd began has others. */
struct leftovers {
	struct cp *cp;
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
};

static void on_leftovers(
	void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct leftovers *left = ctx;
	struct lan *lan = lan_find(left->cp, left->owner, left->name);
	const struct lan_stat_trace *st = bytes;
	struct message err;

	for (; lan && !msg_failed(m) && len >= sizeof(*st); st++, len -= sizeof(*st)) {
		struct lan_id id;

		memcpy(&id.id, &st->id, sizeof(id.id));
		id.zero = 0;
		if (!by_number(left->cp, id.id))
			lan_ask(lan, LAN_TRACE_DEL, &id, sizeof(id), NULL, 0, NULL, 0,
				on_answer, NULL, &err);
	}
	free(left);
}

static void end_leftovers(struct lan *lan)
{
	struct leftovers *left = calloc(1, sizeof(*left));
	struct message err;

	if (!left)
		return;
	left->cp = lan->cp;
	memcpy(left->owner, lan->def.owner, sizeof(left->owner));
	memcpy(left->name, lan->def.name, sizeof(left->name));
	if (lan_ask(lan, LAN_TRACE_STAT, NULL, 0, NULL, 0, NULL, 0, on_leftovers, left,
		    &err))
		free(left);
}

static void add_again(struct trace *t)
{
	struct waiting *w = wait_for(t, NULL, NULL);
	struct message err;

	if (!w || add(t, on_added_again, w, &err))
		breaks_off(t, w ? err.text : "no memory");
}

void trace_lan_ready(struct lan *lan)
{
	struct list *pos, *tmp;

	replays_lost(lan, "the process of the LAN ended");
	end_leftovers(lan);
	list_for_each_safe (pos, tmp, &lan->traces) {
		struct trace *t = container_of(pos, struct trace, node);

		if (!t->why[0])
			add_again(t);
	}
}

void trace_event(struct lan *lan, const struct lan_event *ev, const char *text)
{
	struct trace *t = by_number(lan->cp, ev->id);

	if (ev->kind == LAN_EV_REPLAY_DONE)
		replay_done(lan, ev, text);
	else if (ev->kind == LAN_EV_TRACE_BROKEN && t && t->lan == lan)
		breaks_off(t, text);
}

void trace_lan_gone(struct lan *lan)
{
	struct message m;

	replays_lost(lan, "the LAN is no more");
	while (!list_empty(&lan->traces)) {
		struct trace *t = container_of(lan->traces.next, struct trace, node);
		void (*ended)(void *, const struct message *) = t->ended;
		void *ctx = t->ended_ctx;

		msg_set(&m, MSG_TRACE_BROKEN, t->id, lan->def.owner, lan->def.name,
			"the LAN is no more");
		trace_free(t);
		if (ended)
			ended(ctx, &m);
	}
}

static struct trace *by_number(struct cp *cp, uint32_t number)
{
	return number ? find(cp, NULL, "", number) : NULL;
}

/* Not one that a process may still have of an earlier cpd. */
static uint32_t new_number(struct cp *cp)
{
	uint32_t number = (uint32_t)time(NULL);

	while (!number || by_number(cp, number))
		number++;
	return number;
}

static struct waiting *wait_for(struct trace *t, part_done *done, void *ctx)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (w)
		*w = (struct waiting) { .cp = t->lan->cp,
			.number = t->conf.id,
			.live = t->ended,
			.done = done,
			.ctx = ctx };
	return w;
}

/* Owns `w`, which may be NULL. */
static int ask(struct trace *t, uint16_t type, const void *head, size_t len,
	const void *more, size_t more_len, lan_bytes *fn, struct waiting *w,
	struct message *err)
{
	int rc;

	if (!w)
		return msg_set(err, MSG_NO_MEMORY, "TRSOURCE");
	rc = lan_ask(t->lan, type, head, len, more, more_len, NULL, 0, fn, w, err);
	if (rc)
		free(w);
	return rc;
}

static int add(struct trace *t, lan_bytes *fn, struct waiting *w, struct message *err)
{
	int rc = lan_ask(t->lan, LAN_TRACE_ADD, &t->conf, sizeof(t->conf), t->insn,
		t->conf.n_insns * sizeof(*t->insn), t->fd, t->n_fds, fn, w, err);

	if (rc)
		free(w);
	return rc;
}

static void answered(struct waiting *w, const struct message *m)
{
	part_done *done = w ? w->done : NULL;
	void *ctx = w ? w->ctx : NULL;

	free(w);
	if (done)
		done(ctx, m);
}

/* Refused, there is no such trace. */
static void on_added(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct waiting *w = ctx;
	struct trace *t = by_number(w->cp, w->number);

	(void)bytes, (void)len;
	if (!t && w->live)
		w->done = NULL;
	if (t && msg_failed(m))
		trace_free(t);
	answered(w, m);
}

static void on_answer(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	(void)bytes, (void)len;
	answered(ctx, m);
}

/* A process that ends before it has answered is not the last. */
static void on_added_again(
	void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct waiting *w = ctx;
	struct trace *t = by_number(w->cp, w->number);

	(void)bytes, (void)len;
	if (t && msg_failed(m) && t->lan->state == LS_ACTIVE)
		breaks_off(t, m->text);
	answered(w, m);
}

/* A trace somebody waits for is of no use any more; others stay, to be looked at. */
static void breaks_off(struct trace *t, const char *why)
{
	struct cp *cp = t->lan->cp;
	char line[MSG_TEXT_MAX + 16];
	struct message m;

	msg_set(&m, MSG_TRACE_BROKEN, t->id, t->lan->def.owner, t->lan->def.name, why);
	snprintf(t->why, sizeof(t->why), "%s", *why ? why : "no reason was given");
	if (t->ended) {
		void (*ended)(void *, const struct message *) = t->ended;

		t->ended = NULL;
		ended(t->ended_ctx, &m);
		trace_end(t, NULL, NULL);
		return;
	}
	operator_tell(cp, &m);
	session_tell(cp, t->userid, "%s", msg_line(&m, line, sizeof(line)));
}

static void trace_free(struct trace *t)
{
	list_remove(&t->node);
	for (int i = 0; i < t->n_fds; i++)
		close(t->fd[i]);
	free(t->insn);
	free(t->filter);
	free(t->file);
	free(t);
}
