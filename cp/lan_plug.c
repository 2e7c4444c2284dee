/* Plugging NICs in, and out.
 *
 * A cable is a pair of sockets.  The LAN's process gets one end with the port, then the
 * partition's process the other; when both have said yes the NIC is coupled.  Where the
 * LAN's process dies on the way, the whole begins again when there is another. */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"
#include "cp/record.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without anybody asking for it: what a guest makes its LAN detach it for is not undone
 * for ever. */
const struct allowance_rule lan_replug_rule = { 5, 10 * NS_PER_S };

static void add_port(struct lan_op *op);
static void on_added(void *ctx, const struct message *m);
static void join(struct lan_op *op, struct partition *p);
static void on_joined(void *ctx, const struct message *m);
static void on_left(void *ctx, const struct message *m);
static void op_done(struct lan_op *op);
static void op_failed(struct lan_op *op, const struct message *why);

static struct lan_op *op_new(
	struct lan_member *m, enum lan_step step, part_done *done, void *ctx)
{
	struct lan_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	*op = (struct lan_op) {
		.m = m, .step = step, .fd = -1, .done = done, .ctx = ctx
	};
	m->op = op;
	return op;
}

static void close_cable(struct lan_op *op)
{
	if (op->fd >= 0)
		close(op->fd);
	op->fd = -1;
}

int lan_plug(struct lan_member *m, bool fresh, part_done *done, void *ctx)
{
	struct lan_op *op = op_new(m, STEP_WAITING, done, ctx);

	if (!op)
		return -ENOMEM;
	op->fresh = fresh;
	if (m->lan->state == LS_ACTIVE)
		add_port(op);
	return 0;
}

/* An adopted partition that has not answered yet; lan_partition_back() will say so. */
static bool is_starting(const struct lan_member *m)
{
	const struct partition *p = partition_find(m->lan->cp, m->userid);

	return p && p->state == PS_STARTING;
}

void lan_plug_all(struct lan *lan)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (lan->state != LS_ACTIVE)
			return;
		if (m->plugged || !m->userid[0] || is_starting(m))
			continue;
		if (m->op && m->op->step == STEP_WAITING)
			add_port(m->op);
		else if (!m->op && lan_plug(m, false, NULL, NULL))
			log_error("lan", "%s: no memory for %s", lan->link->id, m->name);
	}
}

static void add_port(struct lan_op *op)
{
	struct lan_member *m = op->m;
	struct lan_port port;
	struct message err;
	int cable[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cable)) {
		msg_set(&err, MSG_PART_FAILED, m->name, "COUPLE", strerror(errno));
		op_failed(op, &err);
		return;
	}
	close_cable(op);
	lan_member_port(m->lan, m, &port);
	op->fd = cable[1];
	op->step = STEP_ADDING;
	lan_tell_process(m->lan, &(struct link_ask) { .type = LAN_PORT_ADD,
					 .verb = "COUPLE",
					 .head = &port,
					 .head_len = sizeof(port),
					 .fds = cable,
					 .n_fds = 1,
					 .done = on_added,
					 .ctx = op });
	close(cable[0]);
}

/* Those who copy to it, or whom it copies to, could not say so before. */
static void restore_mirrors(struct lan_member *m)
{
	struct list *pos;

	if (m->mirror)
		lan_member_mirror(m);
	list_for_each (pos, &m->lan->members) {
		struct lan_member *other = container_of(pos, struct lan_member, node);

		if (other->mirror == m->id)
			lan_member_mirror(other);
	}
}

static void on_added(void *ctx, const struct message *why)
{
	struct lan_op *op = ctx;
	struct lan_member *m = op->m;
	struct partition *p;

	if (!m) { /* the LAN was told to remove it */
		close_cable(op);
		free(op);
		return;
	}
	if (m->lan->state != LS_ACTIVE) {
		close_cable(op);
		op->step = STEP_WAITING;
		return;
	}
	if (why->number == MSG_PART_SILENT) {
		close_cable(op);
		op->step = STEP_WAITING;
		lan_process_end(m->lan, "it does not answer");
		return;
	}
	if (why->number) {
		op_failed(op, why);
		return;
	}
	m->plugged = true;
	restore_mirrors(m);
	p = partition_find(m->lan->cp, m->userid);
	if (p && lan_nic(p, m->vdev))
		join(op, p);
	else
		op_failed(op, why);
}

static bool bounces(const struct lan *lan)
{
	return lan->def.memory_said ? lan->def.bounce : lan->def.restricted;
}

static void join(struct lan_op *op, struct partition *p)
{
	const struct lan *lan = op->m->lan;
	const struct part_dev *nic = lan_nic(p, op->m->vdev);
	struct part_nic head = { .vdev = op->m->vdev,
		.flags = (uint16_t)(PART_NIC_COUPLE |
				    (bounces(lan) ? PART_NIC_BOUNCE : 0) |
				    (nic->nic.link_down ? 0 : PART_NIC_LINK)),
		.mtu = (uint16_t)lan->def.mtu };
	struct message err;
	int rc;

	op->step = STEP_JOINING;
	rc = part_nic_ask(p, &head, op->fd, on_joined, op, &err);
	close_cable(op);
	if (rc)
		op_failed(op, &err);
}

static void on_joined(void *ctx, const struct message *why)
{
	struct lan_op *op = ctx;
	struct lan_member *m = op->m;

	if (!m) {
		free(op);
		return;
	}
	if (m->plugged && !why->number) {
		op_done(op);
	} else if (!m->plugged || lan_process_has_ended(m->lan)) {
		/* The LAN's process has died meanwhile, and the cable with it. */
		op->step = STEP_WAITING;
		if (m->lan->state == LS_ACTIVE && !m->plugged)
			add_port(op);
	} else if (op->fresh) {
		op_failed(op, why);
	} else {
		m->op = NULL;
		free(op);
		lan_replug(m);
	}
}

static void op_done(struct lan_op *op)
{
	struct lan_member *m = op->m;
	struct partition *p = partition_find(m->lan->cp, m->userid);

	m->op = NULL;
	if (p)
		record_update(p);
	lan_record_update(m->lan);
	lan_feeder_changed(m->lan);
	lan_tell_done(&op->done, op->ctx, &(struct message) { 0 });
	free(op);
}

/* The NIC is in no LAN after it; who waits for it is told, else its user. */
static void op_failed(struct lan_op *op, const struct message *why)
{
	struct lan_member *m = op->m;
	struct lan *lan = m->lan;
	part_done *done = op->done;
	void *ctx = op->ctx;
	struct message copy = *why;

	close_cable(op);
	m->op = NULL;
	op->done = NULL;
	free(op);
	if (done) {
		struct partition *p = partition_find(lan->cp, m->userid);
		struct part_dev *nic = p ? lan_nic(p, m->vdev) : NULL;

		if (nic)
			nic->nic.lan[0] = nic->nic.lan_owner[0] = '\0';
		lan_member_drop(m, &copy);
	} else {
		lan_member_expel(m, &copy);
	}
	lan_record_update(lan);
	lan_tell_done(&done, ctx, &copy);
}

/* ---- Out -------------------------------------------------------------------------- */

int lan_unplug(struct lan_member *m, struct partition *p, part_done *done, void *ctx)
{
	struct part_nic head = { .vdev = m->vdev };
	struct lan_op *before = m->op, *op = op_new(m, STEP_LEAVING, done, ctx);
	struct message err;

	if (!op) {
		m->op = before;
		return -ENOMEM;
	}
	if (before) {
		msg_set(&err, MSG_NIC_NOT_COUPLED, p->userid, m->vdev);
		before->m = NULL;
		m->plugged |= before->step == STEP_ADDING; /* by the time it is asked */
		lan_tell_done(&before->done, before->ctx, &err);
		if (before->step == STEP_WAITING)
			free(before);
	}
	m->left = true;
	m->lan->n_nics--;
	if (part_nic_ask(p, &head, -1, on_left, op, &err))
		on_left(op, &err);
	return 0;
}

/* Whatever the partition says: without its port it is coupled to nothing. */
static void on_left(void *ctx, const struct message *why)
{
	struct lan_op *op = ctx;
	struct lan_member *m = op->m;
	struct lan *lan = m ? m->lan : NULL;
	const struct message none = { 0 };

	(void)why;
	if (!m) {
		free(op);
		return;
	}
	m->op = NULL;
	lan_member_drop(m, &none);
	lan_record_update(lan);
	lan_tell_done(&op->done, op->ctx, &none);
	free(op);
}

/* ---- In again --------------------------------------------------------------------- */

static bool has_ended(const struct partition *p)
{
	struct pollfd end = { .fd = p->pidfd, .events = POLLIN };

	return p->pidfd >= 0 && poll(&end, 1, 0) == 1;
}

void lan_replug(struct lan_member *m)
{
	struct lan *lan = m->lan;
	struct partition *p = partition_find(lan->cp, m->userid);
	const struct lan_id id = { .id = m->id };
	struct message why;

	if (m->op || lan->state != LS_ACTIVE || !p || has_ended(p))
		return;
	if (!allowance_take(&m->replugged, &lan_replug_rule, loop_now(lan->cp->loop))) {
		msg_set(&why, MSG_NIC_GIVEN_UP, p->userid, m->vdev, lan_word(&lan->def),
			lan->def.owner, lan->def.name);
		lan_member_expel(m, &why);
		lan_record_update(lan);
		return;
	}
	lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_DEL,
				      .verb = "COUPLE",
				      .head = &id,
				      .head_len = sizeof(id) });
	m->plugged = false;
	lan_member_renumber(m);
	if (lan_plug(m, false, NULL, NULL))
		log_error("lan", "%s: no memory for %s", lan->link->id, m->name);
}

void lan_nic_lost(struct partition *p, uint16_t vdev)
{
	struct lan_member *m;

	if (lan_of_nic(p, vdev, &m) && m->plugged)
		lan_replug(m);
}
