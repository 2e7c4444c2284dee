/* Commands: what is done to the frames of a NIC. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/lan_text.h"
#include "cp/lan_use.h"
#include "cp/nic_show.h"
#include "cp/record.h"

static int set_impair(
	struct request *rq, struct operands *ops, struct partition *p, uint16_t vdev);
static int set_rate(
	struct request *rq, struct operands *ops, struct partition *p, uint16_t vdev);
static void changed(struct request *rq, struct partition *p, const struct part_dev *d);

/* vdev [USER u] {IMPAIR ... | RATE ...} */
int set_nic(struct request *rq, struct operands *ops)
{
	struct partition *p;
	uint16_t vdev;
	int rc;

	rc = op_vdev(rq, ops, &vdev);
	if (!rc)
		rc = request_nic_target(rq, ops, &p);
	if (rc)
		return rc;
	if (op_keyword(ops, "IMPAIR"))
		return set_impair(rq, ops, p, vdev);
	if (op_keyword(ops, "RATE"))
		return set_rate(rq, ops, p, vdev);
	return request_expects(rq, ops, "IMPAIR or RATE");
}

/* The link is not of a direction: it stays as it is where nothing is said of it, and
 * where nothing else is said everything else does. */
static void apply(struct part_nic_conf *nic, const struct impair_clause *c)
{
	if ((c->off || c->line) && c->in)
		nic->in = c->impair;
	if ((c->off || c->line) && c->out)
		nic->out = c->impair;
	if (c->link)
		nic->link_down = c->link_down;
	else if (c->off && c->in && c->out)
		nic->link_down = false;
}

static int set_impair(
	struct request *rq, struct operands *ops, struct partition *p, uint16_t vdev)
{
	struct impair_clause c;
	struct part_dev *d;
	struct message m;

	if (scan_impair(ops, &c, &m))
		return result_message(&rq->result, &m);
	d = request_nic(rq, p, vdev);
	if (!d)
		return rq->result.rc;
	apply(&d->nic, &c);
	changed(rq, p, d);
	nic_impair_lines(&rq->result, d);
	return 0;
}

static int set_rate(
	struct request *rq, struct operands *ops, struct partition *p, uint16_t vdev)
{
	struct lan_rate rate;
	struct part_dev *d;
	struct message m;
	char text[32], burst[32];
	int rc;

	rc = scan_nic_rate(ops, &rate, &m);
	if (!rc)
		rc = scan_end(ops, &m);
	if (rc)
		return result_message(&rq->result, &m);
	d = request_nic(rq, p, vdev);
	if (!d)
		return rq->result.rc;
	d->nic.rate = rate;
	changed(rq, p, d);
	if (!rate.bps)
		result_line(&rq->result, "NIC %04X has no limit of its rate", vdev);
	else if (rate.burst)
		result_line(&rq->result, "NIC %04X RATE %s BURST %s", vdev,
			rate_text(rate.bps, text, sizeof(text)),
			size_text(rate.burst, burst, sizeof(burst)));
	else
		result_line(&rq->result, "NIC %04X RATE %s", vdev,
			rate_text(rate.bps, text, sizeof(text)));
	return 0;
}

/* It is made to hold, and kept for the next cpd. */
static void changed(struct request *rq, struct partition *p, const struct part_dev *d)
{
	lan_nic_changed(p, d->vdev);
	record_update(p);
	nic_record(&rq->result, p, d);
}
