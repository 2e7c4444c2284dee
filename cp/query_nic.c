/* QUERY: NICs, what they are connected to and what went through them. */
#include "cp/commands.h"
#include "cp/lan_text.h"
#include "cp/lan_use.h"
#include "cp/nic_show.h"

#include <stdlib.h>
#include <string.h>

/* One QUERY NIC under way: the NICs are shown one after the other. */
struct nic_query {
	struct request *rq;
	char userid[USERID_MAX + 1];
	bool details;
	bool asking, answered; /* a LAN is asked; its answer came while it was */
	uint16_t vdev[PART_MAX_DEVICES];
	int n, at;
};

static int op_which(struct request *rq, struct operands *ops, bool *all, uint16_t *vdev);
static int collect(struct nic_query *q, struct partition *p, bool all, uint16_t vdev);
static void run(struct nic_query *q);
static bool show(struct nic_query *q);
static void on_stat(void *ctx, const struct message *m, const void *bytes, size_t len);
static void show_nic(struct nic_query *q, const struct lan_stat_port *stat);
static void show_lan(struct result *r, const struct part_dev *d, const struct lan *lan);

/* [vdev | ALL] [USER u] [DETAILS] */
int query_nic(struct request *rq, struct operands *ops)
{
	struct nic_query *q;
	struct partition *p;
	bool all, details;
	uint16_t vdev;
	int rc;

	rc = op_which(rq, ops, &all, &vdev);
	if (!rc)
		rc = request_nic_target(rq, ops, &p);
	if (rc)
		return rc;
	details = op_keyword(ops, "DETAILS");
	rc = op_end(rq, ops);
	if (rc)
		return rc;
	q = calloc(1, sizeof(*q));
	if (!q)
		return result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	q->rq = rq;
	q->details = details;
	snprintf(q->userid, sizeof(q->userid), "%s", p->userid);
	rc = collect(q, p, all, vdev);
	if (rc) {
		free(q);
		return rc;
	}
	run(q);
	return REQUEST_PENDING;
}

static int op_which(struct request *rq, struct operands *ops, bool *all, uint16_t *vdev)
{
	*all = op_keyword(ops, "ALL") || !op_more(ops) ||
	       word_is(op_peek(ops), "USER", 4) || word_is(op_peek(ops), "DETAILS", 7);
	return *all ? 0 : op_vdev(rq, ops, vdev);
}

static int collect(struct nic_query *q, struct partition *p, bool all, uint16_t vdev)
{
	if (!all && !request_nic(q->rq, p, vdev))
		return q->rq->result.rc;
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].type == PART_DEV_NIC && (all || p->dev[i].vdev == vdev))
			q->vdev[q->n++] = p->dev[i].vdev;
	}
	if (!q->n)
		result_line(&q->rq->result, "%s has no NIC", p->userid);
	return 0;
}

/* Goes on until a LAN has to be waited for. */
static void run(struct nic_query *q)
{
	struct request *rq = q->rq;

	for (; q->at < q->n; q->at++) {
		if (!show(q))
			return;
	}
	free(q);
	request_finish(rq, 0);
}

/* Shows the next one; false: when its LAN has answered. */
static bool show(struct nic_query *q)
{
	struct partition *p = partition_find(q->rq->cp, q->userid);
	struct lan_member *member;
	struct lan *lan = p ? lan_of_nic(p, q->vdev[q->at], &member) : NULL;
	struct message m;
	int rc;

	q->answered = false;
	q->asking = true;
	rc = q->details && lan ? lan_stat_all(lan, on_stat, q, &m) : MSG_NIC_NOT_COUPLED;
	q->asking = false;
	if (rc)
		show_nic(q, NULL);
	return rc || q->answered;
}

static void on_stat(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct nic_query *q = ctx;
	struct partition *p = partition_find(q->rq->cp, q->userid);
	struct lan_member *member;
	struct lan_stat_port stat;
	bool found = p && !msg_failed(m) && lan_of_nic(p, q->vdev[q->at], &member) &&
		     stat_find(bytes, len, member->id, &stat);

	show_nic(q, found ? &stat : NULL);
	q->answered = true;
	if (q->asking)
		return;
	q->at++;
	run(q);
}

/* It may have gone meanwhile, and its partition. */
static void show_nic(struct nic_query *q, const struct lan_stat_port *stat)
{
	struct partition *p = partition_find(q->rq->cp, q->userid);
	uint16_t vdev = q->vdev[q->at];
	const struct part_dev *d = p ? partition_device(p, vdev) : NULL;
	struct result *r = &q->rq->result;
	struct lan_member *member;
	json_t *rec;

	if (!d || d->type != PART_DEV_NIC)
		return;
	rec = nic_record(r, p, d);
	show_lan(r, d, lan_of_nic(p, vdev, &member));
	if (!q->details)
		return;
	nic_impair_lines(r, d);
	if (!stat)
		return;
	port_counters(rec, stat);
	port_counter_lines(r, "  ", stat);
}

static void show_lan(struct result *r, const struct part_dev *d, const struct lan *lan)
{
	char mac[MAC_TEXT], rate[32], limit[48] = "";

	if (d->nic.rate.bps)
		snprintf(limit, sizeof(limit), "  RATE %s",
			rate_text(d->nic.rate.bps, rate, sizeof(rate)));
	mac_text(d->mac, mac);
	if (lan)
		result_line(r, "NIC %04X MAC %s  %s %s %s  LINK %s  %s%s", d->vdev, mac,
			lan_word(&lan->def), lan->def.owner, lan->def.name,
			d->nic.link_down ? "DOWN" : "UP",
			lan->def.bounce ? "BOUNCE" : "SHARED", limit);
	else if (d->nic.lan[0])
		result_line(r, "NIC %04X MAC %s  LAN %s %s is not there  LINK DOWN%s",
			d->vdev, mac, d->nic.lan_owner, d->nic.lan, limit);
	else
		result_line(r, "NIC %04X MAC %s  LAN * NONE  LINK DOWN%s", d->vdev, mac,
			limit);
}
