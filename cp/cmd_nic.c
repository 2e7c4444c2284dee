/* Commands: NICs that come and go while the guest runs. */
#include "cp/commands.h"
#include "cp/partition.h"
#include "cp/request.h"

#include <stdlib.h>
#include <string.h>

/* One DEFINE or DETACH under way. */
struct nic_change {
	struct request *rq;
	struct partition *p; /* there when the change is done; else it may have ended */
	uint16_t vdev;
	uint8_t mac[6];
};

typedef int change_fn(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err);

static int change(
	struct request *rq, struct operands *ops, change_fn *fn, part_done *done);
static void on_defined(void *ctx, const struct message *m);
static void on_detached(void *ctx, const struct message *m);

int define_nic(struct request *rq, struct operands *ops)
{
	return change(rq, ops, partition_define_nic, on_defined);
}

int detach_nic(struct request *rq, struct operands *ops)
{
	return change(rq, ops, partition_detach_nic, on_detached);
}

/* The address of the NIC, if it is there. */
static void note_mac(struct nic_change *c)
{
	const struct part_dev *d = partition_device(c->p, c->vdev);

	if (d)
		memcpy(c->mac, d->mac, sizeof(c->mac));
}

static int change(
	struct request *rq, struct operands *ops, change_fn *fn, part_done *done)
{
	struct nic_change *c;
	struct partition *p;
	struct message m;
	uint16_t vdev;
	int rc;

	rc = op_vdev(rq, ops, &vdev);
	if (!rc)
		rc = op_end(rq, ops);
	if (!rc)
		rc = request_own(rq, &p);
	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c)
		return result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	*c = (struct nic_change) { .rq = rq, .p = p, .vdev = vdev };
	note_mac(c);
	rc = fn(p, vdev, done, c, &m);
	if (rc)
		free(c);
	return request_underway(rq, rc, &m);
}

static void finish(struct nic_change *c, const char *what, const struct message *m)
{
	struct request *rq = c->rq;
	char vdev[8], mac[MAC_TEXT];
	json_t *rec;

	if (!m->number) {
		snprintf(vdev, sizeof(vdev), "%04X", c->vdev);
		rec = result_record(&rq->result);
		rec_str(rec, "userid", rq->userid);
		rec_str(rec, "vdev", vdev);
		rec_str(rec, "mac", mac_text(c->mac, mac));
		result_line(&rq->result, "NIC %s is %s", vdev, what);
	}
	free(c);
	request_outcome(rq, m);
}

static void on_defined(void *ctx, const struct message *m)
{
	struct nic_change *c = ctx;

	if (!m->number)
		note_mac(c);
	finish(c, "created", m);
}

static void on_detached(void *ctx, const struct message *m)
{
	finish(ctx, "destroyed", m);
}
