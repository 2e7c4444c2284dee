/* Which LAN a command means, and what its user may do with it. */
#include "cp/lan_use.h"

#include <string.h>

bool lan_is_ones_own(const struct request *rq, const struct lan *lan)
{
	return request_has_class(rq, "B") || !strcmp(lan->def.owner, rq->userid);
}

bool lan_is_visible(const struct request *rq, const struct lan *lan)
{
	return lan_is_ones_own(rq, lan) || !lan->def.restricted ||
	       lan_granted(lan, rq->userid);
}

struct lan *request_lan(
	struct request *rq, bool vswitch, const char *owner, const char *name)
{
	struct lan *lan;

	if (vswitch && !owner)
		owner = "SYSTEM";
	lan = owner ? lan_find(rq->cp, owner, name)
		    : lan_find_for(rq->cp, rq->userid, name);
	if (lan && (!vswitch || lan->def.vswitch) && lan_is_visible(rq, lan))
		return lan;
	result_say(&rq->result, MSG_LAN_NOT_HERE, vswitch ? "VSWITCH" : "LAN",
		owner ? owner : "SYSTEM", name);
	return NULL;
}

struct lan *request_own_lan(
	struct request *rq, bool vswitch, const char *owner, const char *name)
{
	struct lan *lan = request_lan(rq, vswitch, owner, name);

	if (!lan || lan_is_ones_own(rq, lan))
		return lan;
	result_say(&rq->result, MSG_LAN_NOT_YOURS, lan_word(&lan->def), lan->def.owner,
		lan->def.name);
	return NULL;
}

struct lan *request_traced_lan(struct request *rq, const char *owner, const char *name)
{
	struct lan *lan = owner ? lan_find(rq->cp, owner, name)
				: lan_find_for(rq->cp, rq->userid, name);

	if (lan && (request_has_class(rq, "C") || !strcmp(lan->def.owner, rq->userid)))
		return lan;
	if (lan && lan_is_visible(rq, lan))
		result_say(&rq->result, MSG_LAN_NOT_YOURS, lan_word(&lan->def),
			lan->def.owner, lan->def.name);
	else
		result_say(&rq->result, MSG_LAN_NOT_HERE, "LAN", owner ? owner : "SYSTEM",
			name);
	return NULL;
}

struct part_dev *request_nic(struct request *rq, struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev == vdev && p->dev[i].type == PART_DEV_NIC)
			return &p->dev[i];
	}
	result_say(&rq->result, MSG_NO_DEVICE, p->userid, vdev);
	return NULL;
}

int request_nic_target(struct request *rq, struct operands *ops, struct partition **out)
{
	char userid[USERID_MAX + 1];
	int rc;

	if (!op_keyword(ops, "USER"))
		return request_own(rq, out);
	rc = op_userid(rq, ops, userid);
	if (rc)
		return rc;
	if (strcmp(userid, rq->userid) != 0 && !request_has_class(rq, "B"))
		return request_unknown(rq);
	*out = partition_find(rq->cp, userid);
	return *out ? 0 : result_say(&rq->result, MSG_NOT_LOGGED_ON, userid);
}
