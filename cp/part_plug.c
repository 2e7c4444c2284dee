/* NICs that come and go while the guest runs.
 *
 * The process says when one has come or gone; until it does, be it after the time limit,
 * the NIC is p->changing, there and in the record.  There is one at a time.  Where cpd
 * ends meanwhile nobody knows what became of it, and the next one takes it away. */
#include "cp/part_life.h"

#include "cp/lan_engine.h"
#include "cp/record.h"

#include <assert.h>
#include <string.h>

#define PLUG_VERSION 3 /* of the protocol, which has these requests */

static int may_change(
	const struct partition *p, const struct part_args *a, struct message *err);
static int may_define(
	const struct partition *p, const struct part_args *a, struct message *err);
static int free_slot(const struct partition *p);
static int change(struct partition *p, const struct part_args *a,
	const struct part_dev *nic, struct link_ask *ask, struct message *err);
static void changed(struct partition *p);
static void remove_device(struct partition *p, uint16_t vdev);

int partition_define_nic(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err)
{
	return partition_event(p, PE_PLUG,
		&(struct part_args) {
			.verb = "DEFINE NIC", .vdev = vdev, .done = done, .ctx = ctx },
		err);
}

int partition_detach_nic(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err)
{
	return partition_event(p, PE_UNPLUG,
		&(struct part_args) {
			.verb = "DETACH NIC", .vdev = vdev, .done = done, .ctx = ctx },
		err);
}

static uint32_t slot_bit(const struct part_dev *d)
{
	return UINT32_C(1) << d->slot;
}

static void answered_plug(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	(void)rq;
	assert(p->n_dev < PART_MAX_DEVICES);
	if (!reply->why->number)
		p->dev[p->n_dev++] = p->changing;
	else
		p->used_slots &= ~slot_bit(&p->changing);
	changed(p);
}

int part_do_plug(struct partition *p, const struct part_args *a, struct message *err)
{
	struct part_dev nic = { .vdev = a->vdev, .type = PART_DEV_NIC };
	struct part_device device;
	struct link_ask ask = { .type = PART_PLUG,
		.head = &device,
		.head_len = sizeof(device),
		.fn = answered_plug };
	int rc = may_define(p, a, err);

	if (rc)
		return rc;
	nic.slot = (uint16_t)free_slot(p);
	part_choose_mac(p, a->vdev, nic.mac);
	device = part_device_of(&nic, -1);
	return change(p, a, &nic, &ask, err);
}

static void answered_unplug(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	(void)rq;
	if (!reply->why->number)
		remove_device(p, p->changing.vdev);
	changed(p);
}

int part_do_unplug(struct partition *p, const struct part_args *a, struct message *err)
{
	static const char *const what[] = { [PART_DEV_CONSOLE] = "the console",
		[PART_DEV_RNG] = "the entropy device",
		[PART_DEV_DISK] = "a minidisk" };
	const struct part_dev *d = partition_device(p, a->vdev);
	struct part_unplug head = { .vdev = a->vdev };
	struct link_ask ask = { .type = PART_UNPLUG,
		.head = &head,
		.head_len = sizeof(head),
		.fn = answered_unplug };
	int rc = may_change(p, a, err);

	if (rc)
		return rc;
	if (!d)
		return msg_set(err, MSG_NO_DEVICE, p->userid, a->vdev);
	if (d->type != PART_DEV_NIC)
		return msg_set(err, MSG_NOT_A_NIC, p->userid, a->vdev, what[d->type]);
	return change(p, a, d, &ask, err);
}

/* Whatever the process says to it, after that there is none. */
static void answered_settle(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct message m;

	(void)rq, (void)reply;
	msg_set(&m, MSG_NIC_UNDONE, p->userid, p->changing.vdev);
	part_tell(p, &m);
	remove_device(p, p->changing.vdev);
	changed(p);
}

/* Where it cannot be asked, nothing changes until the next cpd asks. */
void part_plug_settle(struct partition *p)
{
	struct part_unplug head = { .vdev = p->changing.vdev };
	struct message ignored;

	if (!p->changing.type)
		return;
	part_link_ask(p,
		&(struct link_ask) { .type = PART_UNPLUG,
			.verb = "DETACH NIC",
			.head = &head,
			.head_len = sizeof(head),
			.fn = answered_settle },
		&ignored);
}

static int may_change(
	const struct partition *p, const struct part_args *a, struct message *err)
{
	if (p->version < PLUG_VERSION)
		return msg_set(err, MSG_PART_OLD, p->userid, a->verb);
	if (p->changing.type)
		return msg_set(err, MSG_DEVICE_CHANGING, p->userid, p->changing.vdev);
	return 0;
}

static int may_define(
	const struct partition *p, const struct part_args *a, struct message *err)
{
	int rc = may_change(p, a, err);

	if (rc)
		return rc;
	if (partition_device(p, a->vdev))
		return msg_set(err, MSG_DEVICE_EXISTS, p->userid, a->vdev);
	if (p->n_dev >= PART_MAX_DEVICES)
		return msg_set(err, MSG_TOO_MANY, PART_MAX_DEVICES, "devices");
	if (free_slot(p) < 0)
		return msg_set(err, MSG_NO_SLOT, p->userid);
	return 0;
}

/* The lowest that no device has, and none that came or went had; -1: there is none.  The
 * directory's devices may reach into these slots. */
static int free_slot(const struct partition *p)
{
	uint32_t used = p->used_slots | ((UINT32_C(1) << PART_PLUG_SLOT) - 1);

	for (int i = 0; i < p->n_dev; i++)
		used |= slot_bit(&p->dev[i]);
	return used == UINT32_MAX ? -1 : __builtin_ctz(~used);
}

/* Asks for it, once the record has it. */
static int change(struct partition *p, const struct part_args *a,
	const struct part_dev *nic, struct link_ask *ask, struct message *err)
{
	uint32_t used = p->used_slots;
	int rc;

	p->changing = *nic;
	p->used_slots |= slot_bit(nic);
	ask->verb = a->verb;
	ask->seconds = LINK_SECONDS;
	ask->done = a->done;
	ask->ctx = a->ctx;
	rc = record_write(p, RECORD_ACTIVE);
	if (rc)
		rc = msg_set(err, MSG_PART_FAILED, p->userid, a->verb, strerror(-rc));
	else
		rc = part_link_ask(p, ask, err);
	if (rc) {
		p->used_slots = used;
		changed(p);
	}
	return rc;
}

static void changed(struct partition *p)
{
	p->changing = (struct part_dev) { 0 };
	record_update(p);
}

static void remove_device(struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev != vdev)
			continue;
		lan_nic_gone(p, &p->dev[i]);
		p->n_dev--;
		memmove(&p->dev[i], &p->dev[i + 1],
			(size_t)(p->n_dev - i) * sizeof(p->dev[0]));
		return;
	}
}
