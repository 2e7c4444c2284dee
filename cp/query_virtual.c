/* QUERY: what a partition is made of. */
#include "cp/commands.h"
#include "cp/lan_use.h"

#include <string.h>

struct show {
	struct request *rq;
	struct partition *p;
};

static void show_storage(const struct show *s);
static void show_cpus(const struct show *s);
static void show_device(const struct show *s, const struct part_dev *d);
static void show_all(const struct show *s);
static int show_one(const struct show *s, uint16_t vdev);
static bool is_same_disk(const struct part_dev *a, const struct part_dev *b);
static void show_link(
	struct result *r, const struct partition *p, const struct part_dev *d);

/* [ALL | STORage | CPUs | vdev] [USER u] */
int query_virtual(struct request *rq, struct operands *ops)
{
	enum { ALL, STORAGE, CPUS, VDEV } what = ALL;
	struct show s = { .rq = rq };
	struct partition *p;
	uint16_t vdev = 0;
	int rc = 0;

	if (op_keyword(ops, "STORage"))
		what = STORAGE;
	else if (op_keyword(ops, "CPUs"))
		what = CPUS;
	else if (op_more(ops) && !op_keyword(ops, "ALL") &&
		 !word_is(op_peek(ops), "USER", 4)) {
		what = VDEV;
		rc = op_vdev(rq, ops, &vdev);
	}
	if (!rc)
		rc = request_target(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;

	s.p = p;
	if (what == VDEV)
		return show_one(&s, vdev);
	if (what != CPUS)
		show_storage(&s);
	if (what != STORAGE)
		show_cpus(&s);
	if (what == ALL)
		show_all(&s);
	return 0;
}

/* [USER u] */
int query_mdisk(struct request *rq, struct operands *ops)
{
	struct show s = { .rq = rq };
	struct partition *p;
	int n = 0, rc;

	rc = request_target(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	s.p = p;
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].type != PART_DEV_DISK)
			continue;
		show_device(&s, &p->dev[i]);
		n++;
	}
	if (!n)
		result_line(&rq->result, "%s has no minidisk", p->userid);
	return 0;
}

/* vdev [USER u]: who else has that minidisk. */
int query_links(struct request *rq, struct operands *ops)
{
	const struct part_dev *mine;
	const struct list *pos;
	struct partition *p;
	uint16_t vdev;
	int rc;

	rc = op_vdev(rq, ops, &vdev);
	if (!rc)
		rc = request_target(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	mine = partition_device(p, vdev);
	if (!mine || mine->type != PART_DEV_DISK)
		return result_say(&rq->result, MSG_NO_DEVICE, p->userid, vdev);

	list_for_each (pos, &rq->cp->partitions) {
		const struct partition *other = container_of(pos, struct partition, node);

		for (int i = 0; i < other->n_dev; i++) {
			if (is_same_disk(mine, &other->dev[i]))
				show_link(&rq->result, other, &other->dev[i]);
		}
	}
	return 0;
}

static json_t *new_record(const struct show *s, const char *type)
{
	json_t *rec = result_record(&s->rq->result);

	rec_str(rec, "userid", s->p->userid);
	rec_str(rec, "type", type);
	return rec;
}

static void show_storage(const struct show *s)
{
	json_t *rec = new_record(s, "storage");
	char size[32];

	rec_null(rec, "vdev");
	rec_u64(rec, "size", s->p->storage);
	result_line(&s->rq->result, "STORAGE = %s",
		size_text(s->p->storage, size, sizeof(size)));
}

static void show_cpus(const struct show *s)
{
	for (unsigned i = 0; i < s->p->n_vcpus; i++) {
		json_t *rec = new_record(s, "cpu");

		rec_null(rec, "vdev");
		rec_u64(rec, "cpu", i);
		rec_bool(rec, "dedicated", false);
		result_line(&s->rq->result, "CPU %02X%s", i, i ? "" : "  (BASE)");
	}
}

static void show_all(const struct show *s)
{
	for (int i = 0; i < s->p->n_dev; i++)
		show_device(s, &s->p->dev[i]);
}

static int show_one(const struct show *s, uint16_t vdev)
{
	const struct part_dev *d = partition_device(s->p, vdev);

	if (!d)
		return result_say(&s->rq->result, MSG_NO_DEVICE, s->p->userid, vdev);
	show_device(s, d);
	return 0;
}

static void show_disk(const struct show *s, const struct part_dev *d, json_t *rec)
{
	const char *mode = d->read_only ? "R/O" : "R/W";
	char size[32], link[40] = "";

	rec_u64(rec, "size", d->size);
	rec_str(rec, "mode", mode);
	rec_str(rec, "link_owner", d->link_owner);
	if (d->link_owner[0]) {
		snprintf(link, sizeof(link), "  LINK %s %04X", d->link_owner,
			d->link_vdev);
		rec_u64(rec, "link_vdev", d->link_vdev);
	}
	if (request_names_others(s->rq))
		rec_str(rec, "file", d->file);
	result_line(&s->rq->result, "DASD %04X %s %s%s%s%s", d->vdev, mode,
		size_text(d->size, size, sizeof(size)), link,
		request_names_others(s->rq) ? "  FILE " : "",
		request_names_others(s->rq) ? d->file : "");
}

static void show_nic(const struct show *s, const struct part_dev *d, json_t *rec)
{
	struct lan_member *member;
	const struct lan *lan = lan_of_nic(s->p, d->vdev, &member);
	char mac[MAC_TEXT];

	rec_str(rec, "mac", mac_text(d->mac, mac));
	rec_str(rec, "lan", lan ? lan->def.name : "");
	rec_str(rec, "lan_owner", lan ? lan->def.owner : "");
	result_line(&s->rq->result, "NIC  %04X MAC %s  %s %s %s", d->vdev, mac,
		lan ? lan_word(&lan->def) : "LAN", lan ? lan->def.owner : "*",
		lan ? lan->def.name : "NONE");
}

static const char *type_name(const struct part_dev *d)
{
	switch (d->type) {
	case PART_DEV_CONSOLE: return "cons";
	case PART_DEV_RNG: return "rng";
	case PART_DEV_DISK: return "dasd";
	case PART_DEV_NIC: return "nic";
	default: return "unknown";
	}
}

static void show_device(const struct show *s, const struct part_dev *d)
{
	json_t *rec = new_record(s, type_name(d));
	char vdev[8];

	snprintf(vdev, sizeof(vdev), "%04X", d->vdev);
	rec_str(rec, "vdev", vdev);
	rec_u64(rec, "slot", d->slot);
	rec_str(rec, "status", d->broken ? "needs_reset" : "ready");
	switch (d->type) {
	case PART_DEV_DISK: show_disk(s, d, rec); break;
	case PART_DEV_NIC: show_nic(s, d, rec); break;
	case PART_DEV_CONSOLE:
		rec_str(rec, "driver", s->p->driver ? s->p->driver_name : "");
		result_line(&s->rq->result, "CONS %04X %s%s", d->vdev,
			s->p->driver ? "DRIVEN BY " : "DISCONNECTED",
			s->p->driver ? s->p->driver_name : "");
		break;
	default: result_line(&s->rq->result, "RNG  %04X", d->vdev); break;
	}
	if (d->broken)
		result_line(&s->rq->result, "     %04X needs reset", d->vdev);
}

static bool is_same_disk(const struct part_dev *a, const struct part_dev *b)
{
	return b->type == PART_DEV_DISK && !strcmp(a->file, b->file);
}

static void show_link(
	struct result *r, const struct partition *p, const struct part_dev *d)
{
	json_t *rec = result_record(r);
	char vdev[8];

	snprintf(vdev, sizeof(vdev), "%04X", d->vdev);
	rec_str(rec, "userid", p->userid);
	rec_str(rec, "vdev", vdev);
	rec_str(rec, "mode", d->read_only ? "R/O" : "R/W");
	result_line(r, "%-8s %s %s", p->userid, vdev, d->read_only ? "R/O" : "R/W");
}
