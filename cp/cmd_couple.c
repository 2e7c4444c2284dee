/* Commands: NICs are coupled to LANs and uncoupled from them. */
#include "cp/commands.h"
#include "cp/lan_use.h"

#include <stdlib.h>
#include <string.h>

/* One COUPLE or UNCOUPLE under way. */
struct coupling {
	struct request *rq;
	uint16_t vdev;
	bool couple;
	const char *kind; /* of the LAN */
	char owner[USERID_MAX + 1], lan[USERID_MAX + 1];
};

static int op_lan(struct request *rq, struct operands *ops, struct coupling *c);
static int own_nic(struct request *rq, struct operands *ops, uint16_t vdev,
	struct partition **p, const struct part_dev **d);
static void note_lan(struct coupling *c, const struct lan *lan);
static int go(struct partition *p, const struct coupling *how, struct lan *lan);
static void on_done(void *ctx, const struct message *m);

/* vdev [TO] [SYSTEM | userid] lan */
int cmd_couple(struct request *rq, struct operands *ops)
{
	struct coupling c = { .rq = rq, .couple = true };
	const struct part_dev *d;
	struct lan_member *member;
	struct partition *p;
	struct lan *lan;
	int rc;

	rc = op_vdev(rq, ops, &c.vdev);
	if (!rc)
		rc = op_lan(rq, ops, &c);
	if (!rc)
		rc = own_nic(rq, ops, c.vdev, &p, &d);
	if (rc)
		return rc;
	lan = lan_of_nic(p, c.vdev, &member);
	if (lan)
		return result_say(&rq->result, MSG_NIC_COUPLED, p->userid, c.vdev,
			lan_word(&lan->def), lan->def.owner, lan->def.name);
	lan = c.owner[0] ? lan_find(rq->cp, c.owner, c.lan)
			 : lan_find_for(rq->cp, rq->userid, c.lan);
	if (!lan) /* one that may not be used is there: the engine refuses it */
		return result_say(&rq->result, MSG_LAN_NOT_HERE, "LAN",
			c.owner[0] ? c.owner : "SYSTEM", c.lan);
	note_lan(&c, lan);
	return go(p, &c, lan);
}

/* vdev */
int cmd_uncouple(struct request *rq, struct operands *ops)
{
	struct coupling c = { .rq = rq, .kind = "LAN" };
	const struct part_dev *d;
	struct lan_member *member;
	struct partition *p;
	struct lan *lan;
	int rc;

	rc = op_vdev(rq, ops, &c.vdev);
	if (!rc)
		rc = own_nic(rq, ops, c.vdev, &p, &d);
	if (rc)
		return rc;
	lan = lan_of_nic(p, c.vdev, &member);
	if (!lan && !d->nic.lan[0])
		return result_say(&rq->result, MSG_NIC_NOT_COUPLED, p->userid, c.vdev);
	snprintf(c.owner, sizeof(c.owner), "%s", d->nic.lan_owner);
	snprintf(c.lan, sizeof(c.lan), "%s", d->nic.lan);
	if (lan)
		note_lan(&c, lan);
	return go(p, &c, lan);
}

/* The LAN, by its name alone or after its owner's. */
static int op_lan(struct request *rq, struct operands *ops, struct coupling *c)
{
	struct message m;
	int rc;

	op_keyword(ops, "TO");
	rc = scan_name(ops, "LAN", c->lan, &m);
	if (!rc && op_more(ops)) {
		memcpy(c->owner, c->lan, sizeof(c->owner));
		rc = scan_name(ops, "name of the LAN", c->lan, &m);
	}
	return rc ? result_message(&rq->result, &m) : 0;
}

/* Nothing more is to come; the NIC is of one's own partition. */
static int own_nic(struct request *rq, struct operands *ops, uint16_t vdev,
	struct partition **p, const struct part_dev **d)
{
	int rc = op_end(rq, ops);

	if (!rc)
		rc = request_own(rq, p);
	if (rc)
		return rc;
	*d = request_nic(rq, *p, vdev);
	return *d ? 0 : rq->result.rc;
}

static void note_lan(struct coupling *c, const struct lan *lan)
{
	c->kind = lan_word(&lan->def);
	snprintf(c->owner, sizeof(c->owner), "%s", lan->def.owner);
	snprintf(c->lan, sizeof(c->lan), "%s", lan->def.name);
}

static int go(struct partition *p, const struct coupling *how, struct lan *lan)
{
	struct coupling *c = malloc(sizeof(*c));
	struct request *rq = how->rq;
	struct message m;
	int rc;

	if (!c)
		return result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	*c = *how;
	rc = c->couple ? lan_couple(p, c->vdev, lan, on_done, c, &m)
		       : lan_uncouple(p, c->vdev, on_done, c, &m);
	if (rc)
		free(c);
	return request_underway(rq, rc, &m);
}

static void on_done(void *ctx, const struct message *m)
{
	struct coupling *c = ctx;
	struct request *rq = c->rq;
	char vdev[8];

	if (!msg_failed(m)) {
		json_t *rec = result_record(&rq->result);

		snprintf(vdev, sizeof(vdev), "%04X", c->vdev);
		rec_str(rec, "userid", rq->userid);
		rec_str(rec, "vdev", vdev);
		rec_str(rec, "lan", c->lan);
		rec_str(rec, "lan_owner", c->owner);
		rec_bool(rec, "connected", c->couple);
		result_line(&rq->result, "NIC %s is %s %s %s %s", vdev,
			c->couple ? "connected to" : "disconnected from", c->kind,
			c->owner, c->lan);
	}
	free(c);
	request_outcome(rq, m);
}
