/* A record as text and back: one list of fields serves both ways.
 *
 * What is read is hostile: every value is checked for its kind and range, and then
 * whether the whole can be a partition.  Files derived from the userid are never taken
 * from the record, so a false one cannot lead to another partition's. */
#include "cp/record.h"

#include "cp/lib/words.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1
#define PAGE           4096

enum kind { TEXT, BOOL, U16, U32, U64, ENUM };

struct field {
	const char *key;
	enum kind kind;
	size_t offset, size;
};

/* A field of the struct and its bytes; an enum is one of as many bytes as unsigned. */
#define FIELD(struct_, key, kind, member)                     \
	{                                                     \
		key, kind, offsetof(struct struct_, member),  \
			sizeof(((struct struct_ *)0)->member) \
	}

static const struct field partition_fields[] = {
	FIELD(partition, "userid", TEXT, userid),
	FIELD(partition, "pid", U32, pid),
	FIELD(partition, "start_ticks", U64, start_ticks),
	FIELD(partition, "uid", U32, uid),
	FIELD(partition, "storage", U64, storage),
	FIELD(partition, "vcpus", U32, n_vcpus),
	FIELD(partition, "logon", U64, logon_time),
	FIELD(partition, "logon_by", TEXT, logon_by),
	FIELD(partition, "account", TEXT, account),
	FIELD(partition, "classes", TEXT, classes),
	FIELD(partition, "observer", TEXT, observer),
	FIELD(partition, "secuser", TEXT, secuser),
	FIELD(partition, "signal_deadline", U64, signal_deadline),
	FIELD(partition, "signal_seconds", U32, signal_seconds),
};

static const struct field ipl_fields[] = {
	FIELD(ipl, "kind", ENUM, kind),
	FIELD(ipl, "kernel", TEXT, kernel),
	FIELD(ipl, "initrd", TEXT, initrd),
	FIELD(ipl, "absolute", BOOL, absolute),
	FIELD(ipl, "parm", TEXT, parm),
};

/* What records of earlier levels have not: it stays as before_these() has it. */
static const struct field later_partition_fields[] = {
	FIELD(partition, "todo", ENUM, todo),
	FIELD(partition, "loaded", BOOL, loaded),
	FIELD(partition, "used_slots", U32, used_slots),
	FIELD(partition, "changing_type", U16, changing.type),
	FIELD(partition, "changing_vdev", U16, changing.vdev),
};

static const struct field later_ipl_fields[] = {
	FIELD(ipl, "vdev", U16, vdev),
	FIELD(ipl, "name", TEXT, name),
};

static const struct field device_fields[] = {
	FIELD(part_dev, "vdev", U16, vdev),
	FIELD(part_dev, "slot", U16, slot),
	FIELD(part_dev, "type", U16, type),
	FIELD(part_dev, "read_only", BOOL, read_only),
	FIELD(part_dev, "size", U64, size),
	FIELD(part_dev, "file", TEXT, file),
	FIELD(part_dev, "link_owner", TEXT, link_owner),
	FIELD(part_dev, "link_vdev", U16, link_vdev),
	FIELD(part_dev, "lan_owner", TEXT, lan_owner),
	FIELD(part_dev, "lan", TEXT, lan),
};

#define N(fields) (sizeof(fields) / sizeof((fields)[0]))

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

static json_t *value_json(const void *at, const struct field *f)
{
	uint64_t value = 0;

	switch (f->kind) {
	case TEXT: return json_string(at);
	case BOOL: return json_boolean(*(const bool *)at);
	default: memcpy(&value, at, f->size); return json_integer((json_int_t)value);
	}
}

static int put_fields(json_t *to, const void *from, const struct field *fields, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n; i++)
		err |= json_object_set_new(to, fields[i].key,
			value_json((const char *)from + fields[i].offset, &fields[i]));
	return err;
}

/* An object added to an array, or under a key. */
static json_t *add_object(json_t *to, const char *key)
{
	json_t *o = json_object();

	if (key ? json_object_set_new(to, key, o) : json_array_append_new(to, o))
		return NULL;
	return o;
}

static int put_devices(json_t *root, const struct partition *p)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, "devices", array);
	char mac[MAC_TEXT];

	for (int i = 0; i < p->n_dev && !err; i++) {
		const struct part_dev *d = &p->dev[i];
		json_t *o = add_object(array, NULL);

		err = put_fields(o, d, device_fields, N(device_fields)) |
		      json_object_set_new(o, "mac", json_string(mac_text(d->mac, mac)));
	}
	return err;
}

static int put_group(json_t *root, const struct cgroup *c)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, "cgroup", array);

	for (int i = 0; i < c->n; i++)
		err |= json_array_append_new(array, json_string(c->dir[i]));
	return err;
}

static int put_ipl(json_t *root, const struct ipl *ipl)
{
	json_t *o = add_object(root, "ipl");

	return put_fields(o, ipl, ipl_fields, N(ipl_fields)) |
	       put_fields(o, ipl, later_ipl_fields, N(later_ipl_fields));
}

static json_t *record_json(const struct partition *p, enum record_phase phase)
{
	char boot_id[BOOT_ID_LEN + 1], socket[32];
	json_t *root = json_object();
	int err;

	boot_id_read(boot_id);
	snprintf(socket, sizeof(socket), "%s.sock", p->userid);
	err = json_object_set_new(root, "version", json_integer(RECORD_VERSION)) |
	      json_object_set_new(root, "phase",
		      json_string(phase == RECORD_ACTIVE ? "active" : "intent")) |
	      json_object_set_new(root, "boot_id", json_string(boot_id)) |
	      json_object_set_new(root, "socket", json_string(socket)) |
	      put_fields(root, p, partition_fields, N(partition_fields)) |
	      put_fields(root, p, later_partition_fields, N(later_partition_fields)) |
	      put_ipl(root, &p->ipl) | put_devices(root, p) | put_group(root, &p->cgroup);
	if (err) {
		json_decref(root);
		return NULL;
	}
	return root;
}

/* ---- Reading ---------------------------------------------------------------------- */

/* A text of at most size - 1 bytes without control characters. */
static bool read_text(const json_t *v, char *to, size_t size)
{
	const char *text = json_string_value(v);

	if (!text || strlen(text) >= size)
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	}
	memcpy(to, text, strlen(text) + 1);
	return true;
}

/* All fields are unsigned; pid_t holds half as many values, which is checked later. */
static bool read_value(const json_t *v, void *at, const struct field *f)
{
	uint64_t value, max = f->size < 8 ? (UINT64_C(1) << 8 * f->size) - 1 : INT64_MAX;

	if (f->kind == TEXT)
		return read_text(v, at, f->size);
	if (f->kind == BOOL) {
		*(bool *)at = json_is_true(v);
		return json_is_boolean(v);
	}
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return false;
	value = (uint64_t)json_integer_value(v);
	memcpy(at, &value, f->size);
	return value <= max;
}

static const char *get_some(
	const json_t *from, void *to, const struct field *fields, size_t n, bool may_lack)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(from, fields[i].key);

		if ((v || !may_lack) &&
			!read_value(v, (char *)to + fields[i].offset, &fields[i]))
			return fields[i].key;
	}
	return NULL;
}

static const char *get_fields(
	const json_t *from, void *to, const struct field *fields, size_t n)
{
	return get_some(from, to, fields, n, false);
}

/* Earlier levels let everything be begun. */
static void before_these(struct partition *p)
{
	p->loaded = true;
}

static const char *get_later(const json_t *root, struct partition *p)
{
	const char *why;

	before_these(p);
	why = get_some(root, p, later_partition_fields, N(later_partition_fields), true);
	return why ? why
		   : get_some(json_object_get(root, "ipl"), &p->ipl, later_ipl_fields,
			     N(later_ipl_fields), true);
}

static bool read_mac(const char *text, uint8_t mac[6])
{
	int end = 0;

	return text &&
	       sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1],
		       &mac[2], &mac[3], &mac[4], &mac[5], &end) == 6 &&
	       end == 17 && strlen(text) == 17;
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
		why = get_fields(o, d, device_fields, N(device_fields));
		if (!why &&
			!read_mac(json_string_value(json_object_get(o, "mac")), d->mac))
			why = "mac";
	}
	return why;
}

static const char *get_group(const json_t *root, struct cgroup *c)
{
	const json_t *array = json_object_get(root, "cgroup");

	if (!json_is_array(array) || json_array_size(array) > CGROUP_MAX_DIRS)
		return "cgroup";
	for (c->n = 0; c->n < (int)json_array_size(array); c->n++) {
		if (!read_text(json_array_get(array, (size_t)c->n), c->dir[c->n],
			    sizeof(c->dir[0])))
			return "cgroup";
	}
	return NULL;
}

static const char *get_head(const json_t *root, const char *userid, struct record *out)
{
	char phase[8], socket[32], expected[32];

	if (json_integer_value(json_object_get(root, "version")) != RECORD_VERSION)
		return "version";
	if (!read_text(json_object_get(root, "phase"), phase, sizeof(phase)))
		return "phase";
	if (!strcmp(phase, "active"))
		out->phase = RECORD_ACTIVE;
	else if (strcmp(phase, "intent"))
		return "phase";
	if (!read_text(
		    json_object_get(root, "boot_id"), out->boot_id, sizeof(out->boot_id)))
		return "boot_id";
	snprintf(expected, sizeof(expected), "%s.sock", userid);
	if (!read_text(json_object_get(root, "socket"), socket, sizeof(socket)) ||
		strcmp(socket, expected))
		return "socket";
	return NULL;
}

/* Can this be a partition? */
static const char *check(const struct record *r, const char *userid)
{
	const struct partition *p = &r->p;
	char name[USERID_MAX + 1];
	uint32_t slots = 1;

	if (strcmp(p->userid, userid) || word_userid(userid, name) ||
		strcmp(name, userid))
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
	for (int i = 0; i < p->n_dev; i++) {
		const struct part_dev *d = &p->dev[i];

		if (d->slot > 31 || slots >> d->slot & 1)
			return "slot";
		slots |= UINT32_C(1) << d->slot;
		if (d->type < PART_DEV_CONSOLE || d->type > PART_DEV_NIC)
			return "type";
		if (d->type == PART_DEV_DISK && d->file[0] != '/')
			return "file";
	}
	return NULL;
}

static const char *read_record(json_t *root, const char *userid, struct record *out)
{
	const char *why = get_head(root, userid, out);

	if (!why)
		why = get_fields(root, &out->p, partition_fields, N(partition_fields));
	if (!why)
		why = get_fields(json_object_get(root, "ipl"), &out->p.ipl, ipl_fields,
			N(ipl_fields));
	if (!why)
		why = get_later(root, &out->p);
	if (!why)
		why = get_devices(root, &out->p);
	if (!why)
		why = get_group(root, &out->p.cgroup);
	return why ? why : check(out, userid);
}
