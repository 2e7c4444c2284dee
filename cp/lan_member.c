/* Who is in a LAN: NICs, and what leads out of it. */
#include "cp/lan_engine.h"

#include "cp/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int may_couple(
	struct partition *p, uint16_t vdev, const struct lan *lan, struct message *err);
static void copy_text(char *to, size_t size, const char *from);

struct part_dev *lan_nic(struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev == vdev && p->dev[i].type == PART_DEV_NIC)
			return &p->dev[i];
	}
	return NULL;
}

struct lan_member *lan_member_find(struct lan *lan, const char *userid, uint16_t vdev)
{
	struct list *pos;

	list_for_each (pos, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (m->vdev == vdev && !strcmp(m->userid, userid) && !m->left)
			return m;
	}
	return NULL;
}

struct lan_member *lan_member_by_id(struct lan *lan, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (m->id == id)
			return m;
	}
	return NULL;
}

struct lan *lan_of_nic(struct partition *p, uint16_t vdev, struct lan_member **member)
{
	const struct part_dev *nic = lan_nic(p, vdev);
	struct lan *lan = NULL;
	struct lan_member *m;

	if (nic && nic->nic.lan[0])
		lan = lan_find(p->cp, nic->nic.lan_owner, nic->nic.lan);
	m = lan ? lan_member_find(lan, p->userid, vdev) : NULL;
	if (member)
		*member = m;
	return m ? lan : NULL;
}

/* Ids rise, as long as they can: who says what the last one was may lie. */
static uint32_t new_id(struct lan *lan)
{
	do {
		lan->last_id++;
	} while (!lan->last_id || lan_member_by_id(lan, lan->last_id));
	return lan->last_id;
}

/* What leads out of it and serves it is not among what MAXCONN is about. */
static bool counts(const struct lan_member *m)
{
	return !m->left && (m->userid[0] || lan_outlet_of(m));
}

static void append(struct lan *lan, struct lan_member *m)
{
	m->lan = lan;
	m->id = new_id(lan);
	list_append(&lan->members, &m->node);
	lan->n_nics += counts(m);
}

struct lan_member *lan_member_add(struct lan *lan, const char *userid, uint16_t vdev)
{
	struct lan_member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->vdev = vdev;
	copy_text(m->userid, sizeof(m->userid), userid);
	snprintf(m->name, sizeof(m->name), "%s.%04X", userid, vdev);
	append(lan, m);
	return m;
}

struct lan_member *lan_member_add_named(struct lan *lan, const char *name)
{
	struct lan_member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	copy_text(m->name, sizeof(m->name), name);
	append(lan, m);
	return m;
}

int lan_max_conn(const struct lan *lan)
{
	return lan->def.max_conn ? (int)lan->def.max_conn : LAN_MAX_PORTS;
}

bool lan_is_full(const struct lan *lan)
{
	return lan->n_nics >= lan_max_conn(lan);
}

/* Who is copied to it follows. */
void lan_member_renumber(struct lan_member *m)
{
	struct lan *lan = m->lan;
	uint32_t old = m->id;
	struct list *pos;

	m->id = new_id(lan);
	list_for_each (pos, &lan->members) {
		struct lan_member *other = container_of(pos, struct lan_member, node);

		if (other->mirror == old)
			other->mirror = m->id;
	}
}

/* Nobody is copied to it any more. */
static void forget_mirrors(struct lan *lan, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (m->mirror == id)
			m->mirror = 0;
	}
}

/* What is under way goes on without it, to be cleared up when it is answered.  Who waits
 * for UNCOUPLE has it; who waits for COUPLE has not, though `why` may only warn. */
static void leave_op(const struct lan *lan, struct lan_op *op, const struct message *why)
{
	const struct lan_def *def = &lan->def;
	struct message told = *why;

	if (op->step != STEP_LEAVING && !msg_failed(why) && lan->state == LS_ENDING)
		msg_set(&told, MSG_LAN_ENDING, lan_word(def), def->owner, def->name);
	else if (op->step != STEP_LEAVING && !msg_failed(why))
		msg_set(&told, MSG_LAN_NOT_AUTHORIZED, def->owner, def->name);
	op->m = NULL;
	lan_tell_done(&op->done, op->ctx, &told);
	if (op->step == STEP_WAITING)
		free(op);
}

/* A port that is just being added is there by the time another request arrives. */
static bool has_port(const struct lan_member *m)
{
	return m->lan->state == LS_ACTIVE &&
	       (m->plugged || (m->op && m->op->step == STEP_ADDING));
}

void lan_member_drop(struct lan_member *m, const struct message *why)
{
	struct lan *lan = m->lan;
	const struct lan_id id = { .id = m->id };
	bool ask = has_port(m);
	struct lan_op *op = m->op;

	list_remove(&m->node);
	lan->n_nics -= counts(m);
	forget_mirrors(lan, m->id);
	free(m);
	if (ask)
		lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_DEL,
					      .verb = "UNCOUPLE",
					      .head = &id,
					      .head_len = sizeof(id) });
	if (op)
		leave_op(lan, op, why);
	lan_outlets_arm(lan);
}

void lan_member_mirror(struct lan_member *m)
{
	struct lan_member *to = lan_member_by_id(m->lan, m->mirror);
	struct lan_mirror head = { .from = m->id, .to = to ? to->id : 0 };

	if (m->lan->state != LS_ACTIVE || !m->plugged || (to && !to->plugged))
		return;
	lan_tell_process(m->lan, &(struct link_ask) { .type = LAN_MIRROR,
					 .verb = "MIRROR",
					 .head = &head,
					 .head_len = sizeof(head) });
}

/* The NIC is in no LAN any more. */
static void forget_lan(struct partition *p, uint16_t vdev)
{
	struct part_dev *nic = lan_nic(p, vdev);

	if (!nic)
		return;
	nic->nic.lan[0] = nic->nic.lan_owner[0] = '\0';
	record_update(p);
}

void lan_member_expel(struct lan_member *m, const struct message *why)
{
	struct partition *p = partition_find(m->lan->cp, m->userid);
	struct part_nic head = { .vdev = m->vdev };
	struct message ignored;

	if (m->userid[0] && p && !m->left) {
		forget_lan(p, m->vdev);
		part_nic_ask(p, &head, -1, NULL, NULL, &ignored);
		if (!m->op || !m->op->done)
			part_tell(p, why);
	}
	lan_member_drop(m, why);
}

/* ---- COUPLE and UNCOUPLE ---------------------------------------------------------- */

int lan_couple(struct partition *p, uint16_t vdev, struct lan *lan, part_done *done,
	void *ctx, struct message *err)
{
	int rc = may_couple(p, vdev, lan, err);
	struct part_dev *nic = lan_nic(p, vdev);
	struct lan_member *m;

	if (rc)
		return rc;
	m = lan_member_add(lan, p->userid, vdev);
	if (!m)
		return msg_set(err, MSG_NO_MEMORY, "a NIC");
	copy_text(nic->nic.lan_owner, sizeof(nic->nic.lan_owner), lan->def.owner);
	copy_text(nic->nic.lan, sizeof(nic->nic.lan), lan->def.name);
	if (!lan_plug(m, true, done, ctx))
		return 0;
	nic->nic.lan[0] = nic->nic.lan_owner[0] = '\0';
	lan_member_drop(m, err);
	return msg_set(err, MSG_NO_MEMORY, "a NIC");
}

static int may_couple(
	struct partition *p, uint16_t vdev, const struct lan *lan, struct message *err)
{
	const struct part_dev *d = partition_device(p, vdev), *nic = lan_nic(p, vdev);
	struct lan_def const *def = &lan->def;
	int rc;

	if (!nic)
		return d ? msg_set(err, MSG_NOT_A_NIC, p->userid, vdev, "another device")
			 : msg_set(err, MSG_NO_DEVICE, p->userid, vdev);
	if (nic->nic.lan[0])
		return msg_set(err, MSG_NIC_COUPLED, p->userid, vdev, "LAN",
			nic->nic.lan_owner, nic->nic.lan);
	if (lan->state == LS_ENDING)
		return msg_set(
			err, MSG_LAN_ENDING, lan_word(&lan->def), def->owner, def->name);
	rc = lan_port_of(lan, p->userid, nic, NULL, err);
	if (rc)
		return rc;
	if (lan_is_full(lan))
		return msg_set(err, MSG_LAN_FULL, lan_word(&lan->def), def->owner,
			def->name, lan_max_conn(lan));
	if (lan->state == LS_FAILED)
		return msg_set(err, MSG_LAN_PROCESS_GONE, lan_word(&lan->def), def->owner,
			def->name);
	return 0;
}

int lan_uncouple(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err)
{
	struct part_dev *nic = lan_nic(p, vdev);
	struct lan_member *m = NULL;

	if (!nic)
		return msg_set(err, MSG_NO_DEVICE, p->userid, vdev);
	if (!lan_of_nic(p, vdev, &m))
		return msg_set(err, MSG_NIC_NOT_COUPLED, p->userid, vdev);
	if (lan_unplug(m, p, done, ctx))
		return msg_set(err, MSG_NO_MEMORY, "UNCOUPLE");
	forget_lan(p, vdev);
	return 0;
}

/* Both sides are told; what it may not be any more it loses. */
void lan_nic_changed(struct partition *p, uint16_t vdev)
{
	struct lan_member *m;
	struct lan *lan = lan_of_nic(p, vdev, &m);
	const struct part_dev *nic = lan_nic(p, vdev);
	struct lan_port port;
	struct message why;

	record_update(p);
	if (!lan)
		return;
	if (lan_port_of(lan, p->userid, nic, &port, &why)) {
		msg_set(&why, MSG_NIC_EXPELLED, p->userid, vdev, lan_word(&lan->def),
			lan->def.owner, lan->def.name);
		lan_member_expel(m, &why);
		lan_record_update(lan);
		return;
	}
	if (!has_port(m))
		return;
	lan_member_port(lan, m, &port);
	lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_SET,
				      .verb = "SET NIC",
				      .head = &port,
				      .head_len = sizeof(port) });
	if (!m->plugged)
		return; /* the partition hears of it with the rest */
	part_nic_ask(p,
		&(struct part_nic) { .vdev = vdev,
			.flags = PART_NIC_KEEP |
				 (nic->nic.link_down ? 0 : PART_NIC_LINK) },
		-1, NULL, NULL, &why);
}

/* ---- What becomes of NICs --------------------------------------------------------- */

void lan_nic_gone(struct partition *p, const struct part_dev *nic)
{
	struct lan *lan = nic->nic.lan[0]
				  ? lan_find(p->cp, nic->nic.lan_owner, nic->nic.lan)
				  : NULL;
	struct lan_member *m = lan ? lan_member_find(lan, p->userid, nic->vdev) : NULL;
	struct message why;

	if (!m)
		return;
	msg_set(&why, MSG_NO_DEVICE, p->userid, nic->vdev);
	lan_member_drop(m, &why);
	lan_record_update(lan);
}

void lan_partition_ends(struct partition *p)
{
	struct list *pos, *tmp, *pos2, *tmp2;
	struct message why;

	msg_set(&why, MSG_PART_GONE, p->userid);
	list_for_each_safe (pos, tmp, &p->cp->lans) {
		struct lan *lan = container_of(pos, struct lan, node);
		bool any = false;

		list_for_each_safe (pos2, tmp2, &lan->members) {
			struct lan_member *m = container_of(
				pos2, struct lan_member, node);

			if (!strcmp(m->userid, p->userid)) {
				lan_member_drop(m, &why);
				any = true;
			}
		}
		if (any)
			lan_record_update(lan);
	}
}

int lan_mirror(struct lan *lan, const char *userid, uint16_t vdev, const char *to,
	uint16_t to_vdev, struct message *err)
{
	struct lan_member *from = lan_member_find(lan, userid, vdev);
	struct lan_member *into = to ? lan_member_find(lan, to, to_vdev) : NULL;

	if (!from)
		return msg_set(err, MSG_NIC_NOT_COUPLED, userid, vdev);
	if (to && (!into || into == from))
		return msg_set(err, MSG_NIC_NOT_COUPLED, to, to_vdev);
	from->mirror = into ? into->id : 0;
	lan_member_mirror(from);
	lan_record_update(lan);
	return 0;
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}
