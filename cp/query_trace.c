/* QUERY TRSOURCE: traces of guest LANs, and what they have written. */
#include "cp/commands.h"
#include "cp/request.h"
#include "cp/trace.h"

#include <stdlib.h>
#include <string.h>

/* One QUERY under way.  All LANs that have traces to be shown are asked at once. */
struct trace_query {
	struct request *rq;
	char id[USERID_MAX + 1]; /* "": all */
	int waiting;             /* for so many, and one while they are asked */
};

/* An answer of one LAN, which may be no more by then. */
struct trace_answer {
	struct trace_query *q;
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
};

static void ask(struct trace_query *q, struct lan *lan);
static void on_stat(void *ctx, const struct message *m, const void *bytes, size_t len);
static void heard(struct trace_query *q);
static void show_all(struct trace_query *q);
static void show(struct request *rq, const struct trace *t);
static bool is_shown(const struct trace_query *q, const struct trace *t);

/* [ID x] */
int query_trsource(struct request *rq, struct operands *ops)
{
	struct trace_query *q = calloc(1, sizeof(*q));
	struct message m = { 0 };
	struct list *pos;
	int rc;

	if (!q)
		return result_say(&rq->result, MSG_NO_MEMORY, "QUERY TRSOURCE");
	*q = (struct trace_query) { .rq = rq, .waiting = 1 };
	if (op_keyword(ops, "ID"))
		scan_name(ops, "id", q->id, &m);
	rc = m.number ? result_message(&rq->result, &m) : op_end(rq, ops);
	if (rc) {
		free(q);
		return rc;
	}
	list_for_each (pos, &rq->cp->lans)
		ask(q, container_of(pos, struct lan, node));
	heard(q);
	return REQUEST_PENDING;
}

static bool any_shown(const struct trace_query *q, const struct lan *lan)
{
	const struct list *pos;

	list_for_each (pos, &lan->traces) {
		if (is_shown(q, container_of(pos, const struct trace, node)))
			return true;
	}
	return false;
}

/* Without an answer what was heard last is shown. */
static void ask(struct trace_query *q, struct lan *lan)
{
	struct trace_answer *a;
	struct message err;

	if (!any_shown(q, lan))
		return;
	a = calloc(1, sizeof(*a));
	if (!a)
		return;
	a->q = q;
	memcpy(a->owner, lan->def.owner, sizeof(a->owner));
	memcpy(a->name, lan->def.name, sizeof(a->name));
	q->waiting++;
	if (lan_ask(lan, LAN_TRACE_STAT, NULL, 0, NULL, 0, NULL, 0, on_stat, a, &err)) {
		q->waiting--;
		free(a);
	}
}

static void on_stat(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct trace_answer *a = ctx;
	struct trace_query *q = a->q;
	struct lan *lan = lan_find(q->rq->cp, a->owner, a->name);

	if (lan && !msg_failed(m))
		traces_heard(lan, bytes, len);
	free(a);
	heard(q);
}

static void heard(struct trace_query *q)
{
	struct request *rq = q->rq;

	if (--q->waiting)
		return;
	show_all(q);
	free(q);
	request_finish(rq, rq->result.rc);
}

static void show_all(struct trace_query *q)
{
	struct list *l, *pos;
	int n = 0;

	list_for_each (l, &q->rq->cp->lans) {
		list_for_each (pos, &container_of(l, struct lan, node)->traces) {
			const struct trace *t = container_of(pos, struct trace, node);

			if (is_shown(q, t)) {
				show(q->rq, t);
				n++;
			}
		}
	}
	if (!n && q->id[0])
		result_say(&q->rq->result, MSG_TRACE_NOT_HERE, q->id);
	else if (!n)
		result_line(&q->rq->result, "There are no traces");
}

static bool is_shown(const struct trace_query *q, const struct trace *t)
{
	const struct request *rq = q->rq;

	return (request_has_class(rq, "C") || !strcmp(t->userid, rq->userid)) &&
	       (!q->id[0] || !strcmp(t->id, q->id));
}

static void show_record(struct request *rq, const struct trace *t)
{
	json_t *rec = result_record(&rq->result);

	rec_str(rec, "id", t->id);
	rec_str(rec, "userid", t->userid);
	rec_str(rec, "lan", t->lan->def.name);
	rec_str(rec, "lan_owner", t->lan->def.owner);
	rec_str(rec, "file", t->file);
	rec_u64(rec, "frames", t->stat.frames);
	rec_u64(rec, "bytes", t->stat.bytes);
	rec_u64(rec, "dropped", t->stat.dropped);
	rec_str(rec, "state", trace_state_name(t));
	rec_str(rec, "reason", t->why);
	rec_str(rec, "port", t->conf.name);
	rec_bool(rec, "trunk", t->conf.flags & LAN_TRACE_TRUNK);
	rec_bool(rec, "dropped_only", t->conf.flags & LAN_TRACE_DROPPED);
	rec_u64(rec, "vlan", t->conf.vlan);
	rec_str(rec, "filter", t->filter ? t->filter : "");
	rec_u64(rec, "length", t->conf.length);
	rec_u64(rec, "size", t->conf.size);
	rec_u64(rec, "files", (uint64_t)t->n_fds);
}

static void show(struct request *rq, const struct trace *t)
{
	struct result *r = &rq->result;

	show_record(rq, t);
	result_line(r, "Trace %s of %s: LAN %s %s, %s", t->id, t->userid,
		t->lan->def.owner, t->lan->def.name, trace_state_name(t));
	if (t->why[0])
		result_line(r, "  Reason: %s", t->why);
	if (t->conf.name[0])
		result_line(r, "  NIC %s", t->conf.name);
	if (t->conf.flags & (LAN_TRACE_TRUNK | LAN_TRACE_DROPPED))
		result_line(r, "  %s only",
			t->conf.flags & LAN_TRACE_TRUNK ? "TRUNK" : "DROPPED");
	if (t->conf.vlan)
		result_line(r, "  VLAN %u", t->conf.vlan);
	if (t->filter)
		result_line(r, "  FILTER %s", t->filter);
	result_line(r, "  FILE %s: frames %llu, bytes %llu, dropped %llu", t->file,
		(unsigned long long)t->stat.frames, (unsigned long long)t->stat.bytes,
		(unsigned long long)t->stat.dropped);
}
