/* QUERY: guest LANs and VSWITCHes. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/lan_show.h"
#include "cp/lan_use.h"

#include <stdlib.h>
#include <string.h>

/* One QUERY under way: the LANs are shown one after the other.  A LAN may go while it is
 * asked, so it is known by its name. */
struct lan_query {
	struct request *rq;
	enum lan_view view;
	json_t *rec;    /* of the LAN that is shown */
	bool vlans;     /* it has answered for its ports, and is asked for VLANs... */
	uint16_t after; /* ...after this one */
	bool asking, answered; /* as of struct nic_query */
	int n, at;
	struct {
		char owner[USERID_MAX + 1], name[USERID_MAX + 1];
	} lan[];
};

static int query(struct request *rq, struct operands *ops, bool vswitch);
static struct lan_query *query_create(struct request *rq, size_t n);
static int op_one(
	struct request *rq, struct operands *ops, bool vswitch, struct lan **out);
static void collect(struct lan_query *q, struct lan *one, bool vswitch);
static void run(struct lan_query *q);
static bool show(struct lan_query *q);
static bool ask(struct lan_query *q, struct lan *lan);
static void refused(struct lan_query *q, const struct message *m);
static void on_ports(void *ctx, const struct message *m, const void *bytes, size_t len);
static void on_vlans(void *ctx, const struct message *m, const void *bytes, size_t len);
static void on_fdb(void *ctx, const struct message *m, const void *bytes, size_t len);

int query_lan(struct request *rq, struct operands *ops)
{
	return query(rq, ops, false);
}

int query_vswitch(struct request *rq, struct operands *ops)
{
	return query(rq, ops, true);
}

/* [ALL | name [OWNERid u]] [DETAILS | ACCESSLIST | PROMiscuous | FDB] */
static int query(struct request *rq, struct operands *ops, bool vswitch)
{
	struct lan *one = NULL;
	struct lan_query *q;
	const struct list *pos;
	enum lan_view view;
	size_t n = 0;
	int rc;

	rc = op_one(rq, ops, vswitch, &one);
	if (rc)
		return rc;
	view = scan_lan_view(ops);
	rc = op_end(rq, ops);
	if (rc)
		return rc;
	list_for_each (pos, &rq->cp->lans)
		n++;
	q = query_create(rq, n);
	if (!q)
		return rq->result.rc;
	q->view = view;
	collect(q, one, vswitch);
	run(q);
	return REQUEST_PENDING;
}

static struct lan_query *query_create(struct request *rq, size_t n)
{
	struct lan_query *q = calloc(1, sizeof(*q) + n * sizeof(q->lan[0]));

	if (q)
		q->rq = rq;
	else
		result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	return q;
}

/* The LAN that is named; NULL: all. */
static int op_one(
	struct request *rq, struct operands *ops, bool vswitch, struct lan **out)
{
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
	struct operands ahead = *ops;
	struct message m;
	bool said;

	*out = NULL;
	if (!op_more(ops) || op_keyword(ops, "ALL") ||
		scan_lan_view(&ahead) != VIEW_SUMMARY)
		return 0;
	if (scan_lan_name(ops, vswitch, owner, name, &said, &m))
		return result_message(&rq->result, &m);
	*out = request_lan(rq, vswitch, said ? owner : NULL, name);
	return *out ? 0 : rq->result.rc;
}

static void collect(struct lan_query *q, struct lan *one, bool vswitch)
{
	struct request *rq = q->rq;
	const struct list *pos;

	list_for_each (pos, &rq->cp->lans) {
		const struct lan *lan = container_of(pos, const struct lan, node);

		if (one ? lan != one
			: !lan_is_visible(rq, lan) || (vswitch && !lan->def.vswitch))
			continue;
		memcpy(q->lan[q->n].owner, lan->def.owner, sizeof(lan->def.owner));
		memcpy(q->lan[q->n].name, lan->def.name, sizeof(lan->def.name));
		q->n++;
	}
	if (!q->n)
		result_line(&rq->result, "There is no %s that you may use",
			vswitch ? "VSWITCH" : "LAN");
}

/* Goes on until a LAN has to be waited for. */
static void run(struct lan_query *q)
{
	struct request *rq = q->rq;

	while (q->at < q->n) {
		if (!show(q))
			return;
	}
	free(q);
	request_finish(rq, 0);
}

static struct lan *present(const struct lan_query *q)
{
	return lan_find(q->rq->cp, q->lan[q->at].owner, q->lan[q->at].name);
}

static void next(struct lan_query *q)
{
	q->at++;
	q->rec = NULL;
	q->vlans = false;
	q->after = 0;
}

/* Shows the present one, or what is still to be shown of it; false: when it has answered.
 */
static bool show(struct lan_query *q)
{
	struct lan *lan = present(q);

	if (!lan) {
		next(q); /* it has gone meanwhile */
		return true;
	}
	if (!q->vlans && q->view != VIEW_FDB)
		q->rec = lan_show(q->rq, lan);
	if (q->view == VIEW_ACCESS)
		lan_show_access(q->rq, q->rec, lan);
	else if (q->view == VIEW_PROMISCUOUS)
		lan_show_promiscuous(q->rq, q->rec, lan);
	else if (q->view != VIEW_SUMMARY)
		return ask(q, lan);
	next(q);
	return true;
}

/* True: there is no answer to wait for. */
static bool ask(struct lan_query *q, struct lan *lan)
{
	const struct lan_id after = { .id = q->after };
	struct message m;
	int rc;

	q->answered = false;
	q->asking = true;
	if (q->view == VIEW_FDB)
		rc = lan_fdb_all(lan, on_fdb, q, &m);
	else if (q->vlans)
		rc = lan_ask(lan, LAN_VLANS, &after, sizeof(after), NULL, 0, NULL, 0,
			on_vlans, q, &m);
	else
		rc = lan_stat_all(lan, on_ports, q, &m);
	if (rc)
		refused(q, &m);
	q->asking = false;
	return q->answered;
}

/* It cannot even be asked: as if it had answered that. */
static void refused(struct lan_query *q, const struct message *m)
{
	if (q->view == VIEW_FDB)
		on_fdb(q, m, NULL, 0);
	else if (q->vlans)
		on_vlans(q, m, NULL, 0);
	else
		on_ports(q, m, NULL, 0);
}

static void answered(struct lan_query *q)
{
	q->answered = true;
	if (!q->asking)
		run(q);
}

/* A LAN whose process does not answer is shown without what only that knows. */
static void on_ports(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct lan_query *q = ctx;
	struct lan *lan = present(q);
	bool ok = !msg_failed(m);

	if (lan)
		lan_show_ports(q->rq, q->rec, lan, ok ? bytes : NULL, ok ? len : 0);
	if (!ok)
		result_line(&q->rq->result, "  No counters: %s", m->text);
	if (lan && ok && lan->def.aware && lan_is_ones_own(q->rq, lan))
		q->vlans = true;
	else
		next(q);
	answered(q);
}

static void on_vlans(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct lan_query *q = ctx;

	q->after = msg_failed(m) ? 0
				 : lan_show_vlans(q->rq, q->rec, q->after, bytes, len);
	if (!q->after)
		next(q);
	answered(q);
}

static void on_fdb(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct lan_query *q = ctx;
	struct lan *lan = present(q);

	if (msg_failed(m))
		result_message(&q->rq->result, m);
	else if (lan)
		lan_show_fdb(q->rq, lan, bytes, len);
	next(q);
	answered(q);
}
