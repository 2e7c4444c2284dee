/* A record as text and back: one list of fields serves both ways.
 *
 * What is read is hostile: every value is checked for its kind and range, and then
 * whether the whole can be a partition.  Files derived from the userid are never taken
 * from the record, so a false one cannot lead to another partition's. */
#include "cp/record.h"

#include "cp/lib/words.h"
#include "cp/record_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

static const struct field partition_fields[] = {
	FIELD(partition, "userid", TEXT, userid),
	FIELD(partition, "pid", NUMBER, pid),
	FIELD(partition, "start_ticks", NUMBER, start_ticks),
	FIELD(partition, "uid", NUMBER, uid),
	FIELD(partition, "storage", NUMBER, storage),
	FIELD(partition, "vcpus", NUMBER, n_vcpus),
	FIELD(partition, "logon", NUMBER, logon_time),
	FIELD(partition, "logon_by", TEXT, logon_by),
	FIELD(partition, "account", TEXT, account),
	FIELD(partition, "classes", TEXT, classes),
	FIELD(partition, "observer", TEXT, observer),
	FIELD(partition, "secuser", TEXT, secuser),
	FIELD(partition, "signal_deadline", NUMBER, signal_deadline),
	FIELD(partition, "signal_seconds", NUMBER, signal_seconds),
};

static const struct field ipl_fields[] = {
	FIELD(ipl, "kind", NUMBER, kind),
	FIELD(ipl, "kernel", TEXT, kernel),
	FIELD(ipl, "initrd", TEXT, initrd),
	FIELD(ipl, "absolute", BOOL, absolute),
	FIELD(ipl, "parm", TEXT, parm),
};

/* What records of earlier levels have not: it stays as before_these() has it. */
static const struct field later_partition_fields[] = {
	FIELD(partition, "todo", NUMBER, todo),
	FIELD(partition, "loaded", BOOL, loaded),
	FIELD(partition, "used_slots", NUMBER, used_slots),
	FIELD(partition, "changing_type", NUMBER, changing.type),
	FIELD(partition, "changing_vdev", NUMBER, changing.vdev),
};

static const struct field later_ipl_fields[] = {
	FIELD(ipl, "vdev", NUMBER, vdev),
	FIELD(ipl, "name", TEXT, name),
};

static const struct field device_fields[] = {
	FIELD(part_dev, "vdev", NUMBER, vdev),
	FIELD(part_dev, "slot", NUMBER, slot),
	FIELD(part_dev, "type", NUMBER, type),
	FIELD(part_dev, "read_only", BOOL, read_only),
	FIELD(part_dev, "size", NUMBER, size),
	FIELD(part_dev, "file", TEXT, file),
	FIELD(part_dev, "link_owner", TEXT, link_owner),
	FIELD(part_dev, "link_vdev", NUMBER, link_vdev),
	FIELD(part_dev, "lan_owner", TEXT, nic.lan_owner),
	FIELD(part_dev, "lan", TEXT, nic.lan),
};

/* What CP keeps of a NIC; not in records of earlier levels. */
static const struct field nic_fields[] = {
	FIELD(part_nic_conf, "vlans", TEXT, vlans),
	FIELD(part_nic_conf, "link_down", BOOL, link_down),
	FIELD(part_nic_conf, "rate_bps", BITS, rate.bps),
	FIELD(part_nic_conf, "rate_burst", BITS, rate.burst),
};

static const struct field impair_fields[] = {
	FIELD(lan_impair, "delay_ns", BITS, delay_ns),
	FIELD(lan_impair, "jitter_ns", BITS, jitter_ns),
	FIELD(lan_impair, "jitter", NUMBER, jitter),
	FIELD(lan_impair, "loss", NUMBER, loss),
	FIELD(lan_impair, "duplicate", NUMBER, duplicate),
	FIELD(lan_impair, "reorder", NUMBER, reorder),
	FIELD(lan_impair, "corrupt", NUMBER, corrupt),
	FIELD(lan_impair, "loss_burst", NUMBER, loss_burst),
	FIELD(lan_impair, "bps", BITS, bps),
	FIELD(lan_impair, "seed", BITS, seed),
};

static json_t *record_json(const struct partition *p, enum record_phase phase);
static const char *read_record(json_t *root, const char *userid, struct record *out);

char *record_text(const struct partition *p, enum record_phase phase)
{
	json_t *root = record_json(p, phase);
	char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;

	json_decref(root);
	return text;
}

int record_parse(const char *text, size_t len, const char *userid, struct record *out,
	const char **why)
{
	json_error_t error;
	json_t *root;

	*out = (struct record) { 0 };
	root = len <= RECORD_MAX ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &error)
				 : NULL;
	*why = root ? read_record(root, userid, out) : "it is not JSON";
	json_decref(root);
	return *why ? -EINVAL : 0;
}

/* ---- Writing ---------------------------------------------------------------------- */

static int put_nic(json_t *device, const struct part_nic_conf *nic)
{
	json_t *o = fields_add_object(device, "nic");

	return fields_put(o, nic, nic_fields, N_FIELDS(nic_fields)) |
	       fields_put(fields_add_object(o, "in"), &nic->in, impair_fields,
		       N_FIELDS(impair_fields)) |
	       fields_put(fields_add_object(o, "out"), &nic->out, impair_fields,
		       N_FIELDS(impair_fields));
}

static int put_devices(json_t *root, const struct partition *p)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, "devices", array);
	char mac[MAC_TEXT];

	for (int i = 0; i < p->n_dev && !err; i++) {
		const struct part_dev *d = &p->dev[i];
		json_t *o = fields_add_object(array, NULL);

		err = fields_put(o, d, device_fields, N_FIELDS(device_fields)) |
		      json_object_set_new(o, "mac", json_string(mac_text(d->mac, mac)));
		if (!err && d->type == PART_DEV_NIC)
			err = put_nic(o, &d->nic);
	}
	return err;
}

static int put_ipl(json_t *root, const struct ipl *ipl)
{
	json_t *o = fields_add_object(root, "ipl");

	return fields_put(o, ipl, ipl_fields, N_FIELDS(ipl_fields)) |
	       fields_put(o, ipl, later_ipl_fields, N_FIELDS(later_ipl_fields));
}

static json_t *record_json(const struct partition *p, enum record_phase phase)
{
	json_t *root = json_object();
	int err = record_put_head(root, phase, p->userid) |
		  fields_put(root, p, partition_fields, N_FIELDS(partition_fields)) |
		  fields_put(root, p, later_partition_fields,
			  N_FIELDS(later_partition_fields)) |
		  put_ipl(root, &p->ipl) | put_devices(root, p) |
		  record_put_group(root, &p->cgroup);

	if (err) {
		json_decref(root);
		return NULL;
	}
	return root;
}

/* ---- Reading ---------------------------------------------------------------------- */

/* Earlier levels let everything be begun. */
static void before_these(struct partition *p)
{
	p->loaded = true;
}

static const char *get_later(const json_t *root, struct partition *p)
{
	const char *why;

	before_these(p);
	why = fields_get(
		root, p, later_partition_fields, N_FIELDS(later_partition_fields), true);
	return why ? why
		   : fields_get(json_object_get(root, "ipl"), &p->ipl, later_ipl_fields,
			     N_FIELDS(later_ipl_fields), true);
}

static bool read_mac(const char *text, uint8_t mac[6])
{
	int end = 0;

	return text &&
	       sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1],
		       &mac[2], &mac[3], &mac[4], &mac[5], &end) == 6 &&
	       end == 17 && strlen(text) == 17;
}

static const char *get_impair(const json_t *o, struct lan_impair *impair)
{
	return fields_get(o, impair, impair_fields, N_FIELDS(impair_fields), true);
}

static const char *get_nic(const json_t *o, struct part_nic_conf *nic)
{
	const char *why = fields_get(o, nic, nic_fields, N_FIELDS(nic_fields), true);

	if (!why)
		why = get_impair(json_object_get(o, "in"), &nic->in);
	return why ? why : get_impair(json_object_get(o, "out"), &nic->out);
}

static const char *get_devices(const json_t *root, struct partition *p)
{
	const json_t *array = json_object_get(root, "devices"), *o;
	const char *why = json_is_array(array) ? NULL : "devices";

	if (why || json_array_size(array) > PART_MAX_DEVICES)
		return "devices";
	for (p->n_dev = 0; p->n_dev < (int)json_array_size(array) && !why; p->n_dev++) {
		struct part_dev *d = &p->dev[p->n_dev];

		o = json_array_get(array, (size_t)p->n_dev);
		why = fields_get(o, d, device_fields, N_FIELDS(device_fields), false);
		if (!why)
			why = get_nic(json_object_get(o, "nic"), &d->nic);
		if (!why &&
			!read_mac(json_string_value(json_object_get(o, "mac")), d->mac))
			why = "mac";
	}
	return why;
}

static bool is_name(const char *text)
{
	char name[USERID_MAX + 1];

	return !word_userid(text, name) && !strcmp(name, text);
}

static bool is_impair(const struct lan_impair *i)
{
	return i->jitter <= LAN_JITTER_NORMAL && i->loss <= LAN_PPM &&
	       i->duplicate <= LAN_PPM && i->reorder <= LAN_PPM && i->corrupt <= LAN_PPM;
}

static const char *check_nic(const struct part_nic_conf *nic)
{
	uint8_t set[512];

	if (nic->lan[0] && (!is_name(nic->lan) || !is_name(nic->lan_owner)))
		return "lan";
	if (nic->vlans[0] && word_vlan_set(nic->vlans, set))
		return "vlans";
	return is_impair(&nic->in) && is_impair(&nic->out) ? NULL : "impairment";
}

static const char *check_device(const struct part_dev *d, uint32_t slots)
{
	if (d->slot > 31 || slots >> d->slot & 1)
		return "slot";
	if (d->type < PART_DEV_CONSOLE || d->type > PART_DEV_NIC)
		return "type";
	if (d->type == PART_DEV_DISK && d->file[0] != '/')
		return "file";
	return check_nic(&d->nic);
}

/* Can this be a partition? */
static const char *check(const struct record *r, const char *userid)
{
	const struct partition *p = &r->p;
	const char *why = NULL;
	uint32_t slots = 1;

	if (strcmp(p->userid, userid) || !is_name(userid))
		return "userid";
	if (p->pid < 0 || (r->phase == RECORD_ACTIVE && p->pid <= 1))
		return "pid";
	if (!p->storage || p->storage % PAGE)
		return "storage";
	if (!p->n_vcpus || p->n_vcpus > PART_MAX_VCPUS)
		return "vcpus";
	if ((unsigned)p->ipl.kind > IPL_NAME)
		return "ipl";
	if ((unsigned)p->todo > TODO_IPL_UNKNOWN)
		return "todo";
	if (p->changing.type && p->changing.type != PART_DEV_NIC)
		return "changing_type";
	for (int i = 0; i < p->n_dev && !why; i++) {
		why = check_device(&p->dev[i], slots);
		slots |= UINT32_C(1) << (p->dev[i].slot & 31);
	}
	return why;
}

static const char *read_record(json_t *root, const char *userid, struct record *out)
{
	const char *why = record_get_head(root, userid, &out->phase, out->boot_id);

	if (!why)
		why = fields_get(root, &out->p, partition_fields,
			N_FIELDS(partition_fields), false);
	if (!why)
		why = fields_get(json_object_get(root, "ipl"), &out->p.ipl, ipl_fields,
			N_FIELDS(ipl_fields), false);
	if (!why)
		why = get_later(root, &out->p);
	if (!why)
		why = get_devices(root, &out->p);
	if (!why)
		why = record_get_group(root, &out->p.cgroup);
	return why ? why : check(out, userid);
}
