/* QUERY: what a partition is promised, limited to and enclosed by. */
#include "cp/commands.h"
#include "cp/limits.h"
#include "cp/partition.h"
#include "cp/request.h"
#include "cp/sandbox.h"
#include "cp/share.h"

#include <inttypes.h>
#include <string.h>

static int last_target(struct request *rq, struct operands *ops, struct partition **out);
static void show_limit(
	struct request *rq, const struct partition *p, const struct limit *l);
static const char *amount_text(bool counted, uint64_t n, char *buf, size_t len);
static void sandbox_record(struct result *r, const struct sandbox_view *v);
static void sandbox_lines(struct result *r, const struct sandbox_view *v);
static int query_other(struct request *rq, struct operands *ops, bool secuser);
static void show_signal(struct request *rq, const struct partition *p);

/* [USER u] */
int query_limits(struct request *rq, struct operands *ops)
{
	struct limit limits[LIMITS_MAX], storage = { .name = "storage" };
	struct partition *p;
	int n, rc = last_target(rq, ops, &p);

	if (rc)
		return rc;
	storage.held = storage.max_held = storage.limit = p->storage;
	show_limit(rq, p, &storage);
	n = limits_read(&p->cgroup, limits);
	for (int i = 0; i < n; i++)
		show_limit(rq, p, &limits[i]);
	return 0;
}

/* userid: on or not, for the directory has it. */
int query_share(struct request *rq, struct operands *ops)
{
	char userid[USERID_MAX + 1];
	const struct dir_user *u;
	int rc;

	rc = op_userid(rq, ops, userid);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	u = request_user(rq, userid);
	if (!u)
		return MSG_NOT_IN_DIRECTORY;
	share_show(rq, u);
	return 0;
}

int query_sandbox(struct request *rq, struct operands *ops)
{
	struct sandbox_view v;
	struct partition *p;
	int rc;

	rc = request_partition(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	sandbox_read(p, &v);
	sandbox_record(&rq->result, &v);
	sandbox_lines(&rq->result, &v);
	return 0;
}

/* [USER u] */
int query_observer(struct request *rq, struct operands *ops)
{
	return query_other(rq, ops, false);
}

int query_secuser(struct request *rq, struct operands *ops)
{
	return query_other(rq, ops, true);
}

/* [SHUTdown] [ALL | USER u] */
int query_signals(struct request *rq, struct operands *ops)
{
	struct partition *p;
	struct list *pos;
	int rc;

	op_keyword(ops, "SHUTdown");
	if (op_more(ops) && !op_keyword(ops, "ALL")) {
		rc = last_target(rq, ops, &p);
		if (!rc)
			show_signal(rq, p);
		return rc;
	}
	rc = op_end(rq, ops);
	if (rc)
		return rc;
	list_for_each (pos, &rq->cp->partitions)
		show_signal(rq, container_of(pos, struct partition, node));
	return 0;
}

/* [USER u] and the end. */
static int last_target(struct request *rq, struct operands *ops, struct partition **out)
{
	int rc = request_target(rq, ops, out);

	return rc ? rc : op_end(rq, ops);
}

static void show_limit(
	struct request *rq, const struct partition *p, const struct limit *l)
{
	json_t *rec = result_record(&rq->result);
	bool counted = !strcmp(l->name, "tasks");
	char held[24], max_held[24], limit[24];

	rec_str(rec, "userid", p->userid);
	rec_str(rec, "name", l->name);
	rec_u64(rec, "held", l->held);
	rec_u64(rec, "max_held", l->max_held);
	if (l->limit == UINT64_MAX)
		rec_null(rec, "limit");
	else
		rec_u64(rec, "limit", l->limit);
	rec_u64(rec, "failures", l->failures);
	result_line(&rq->result, "%-8s %-8s HELD=%s MAX=%s LIMIT=%s FAILURES=%" PRIu64,
		p->userid, l->name, amount_text(counted, l->held, held, sizeof(held)),
		amount_text(counted, l->max_held, max_held, sizeof(max_held)),
		amount_text(counted, l->limit, limit, sizeof(limit)), l->failures);
}

/* A number of things, or a size. */
static const char *amount_text(bool counted, uint64_t n, char *buf, size_t len)
{
	if (n == UINT64_MAX)
		return "NONE";
	if (!counted)
		return size_text(n, buf, len);
	snprintf(buf, len, "%" PRIu64, n);
	return buf;
}

static void sandbox_record(struct result *r, const struct sandbox_view *v)
{
	json_t *rec = result_record(r), *namespaces;

	rec_str(rec, "userid", v->userid);
	rec_u64(rec, "pid", (uint64_t)v->pid);
	if (v->uid_known)
		rec_u64(rec, "uid", v->uid);
	else
		rec_null(rec, "uid");
	namespaces = rec_array(rec, "namespaces");
	for (enum sandbox_ns ns = 0; ns < SANDBOX_NAMESPACES; ns++) {
		if (v->own_ns[ns] == FACT_YES)
			json_array_append_new(
				namespaces, json_string(sandbox_ns_name(ns)));
	}
	rec_str(rec, "capabilities", v->capabilities);
	if (v->no_new_privs == FACT_UNREADABLE)
		rec_null(rec, "no_new_privs");
	else
		rec_bool(rec, "no_new_privs", v->no_new_privs == FACT_YES);
	rec_str(rec, "seccomp", v->seccomp);
	rec_str(rec, "root", v->root);
}

static const char *fact_text(enum sandbox_fact fact)
{
	switch (fact) {
	case FACT_YES: return "yes";
	case FACT_NO: return "no";
	default: return "unreadable";
	}
}

static void sandbox_lines(struct result *r, const struct sandbox_view *v)
{
	char uid[16] = "unreadable";

	if (v->uid_known)
		snprintf(uid, sizeof(uid), "%u", (unsigned)v->uid);
	result_line(r, "%-8s process %d, uid %s", v->userid, (int)v->pid, uid);
	for (enum sandbox_ns ns = 0; ns < SANDBOX_NAMESPACES; ns++)
		result_line(r, "  own %-4s namespace: %s", sandbox_ns_name(ns),
			fact_text(v->own_ns[ns]));
	result_line(r, "  capabilities: %s", v->capabilities);
	result_line(r, "  no_new_privs: %s", fact_text(v->no_new_privs));
	result_line(r, "  seccomp: %s", v->seccomp);
	result_line(r, "  root directory: %s", v->root);
}

static int query_other(struct request *rq, struct operands *ops, bool secuser)
{
	const char *what = secuser ? "SECUSER" : "OBSERVER";
	const char *key = secuser ? "secuser" : "observer", *userid;
	struct partition *p;
	json_t *rec;
	int rc = last_target(rq, ops, &p);

	if (rc)
		return rc;
	userid = secuser ? p->secuser : p->observer;
	rec = result_record(&rq->result);
	rec_str(rec, "userid", p->userid);
	if (userid[0]) {
		rec_str(rec, key, userid);
		result_line(&rq->result, "%s %s IS %sLOGGED ON", what, userid,
			partition_find(rq->cp, userid) ? "" : "NOT ");
	} else {
		rec_null(rec, key);
		result_line(&rq->result, "%s IS UNDEFINED", what);
	}
	return 0;
}

static void show_signal(struct request *rq, const struct partition *p)
{
	bool pending = p->state == PS_SIGNALLED;
	const char *status = pending             ? "pending"
			     : p->signal_enabled ? "enabled"
						 : "not enabled";
	uint64_t now = loop_now(rq->cp->loop), left = 0;
	json_t *rec = result_record(&rq->result);
	char remaining[24] = "";

	if (pending && p->signal_deadline > now)
		left = p->signal_deadline - now;
	rec_str(rec, "userid", p->userid);
	rec_str(rec, "signal", "shutdown");
	rec_str(rec, "status", status);
	if (pending)
		rec_u64(rec, "remaining_ns", left);
	else
		rec_null(rec, "remaining_ns");
	if (pending)
		snprintf(remaining, sizeof(remaining), ", %u seconds left",
			(unsigned)(left / 1000000000u));
	result_line(&rq->result, "%-8s SHUTDOWN %s%s", p->userid, status, remaining);
}
