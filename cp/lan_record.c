/* The record of a LAN: RUNDIR/lans/OWNER.NAME.rec, by which another cpd finds it.
 *
 * It has the whole definition: a LAN outlives its process.  A record that is read is
 * hostile. */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"
#include "cp/record_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct field def_fields[] = {
	FIELD(lan_def, "owner", TEXT, owner),
	FIELD(lan_def, "name", TEXT, name),
	FIELD(lan_def, "vswitch", BOOL, vswitch),
	FIELD(lan_def, "restricted", BOOL, restricted),
	FIELD(lan_def, "aware", BOOL, aware),
	FIELD(lan_def, "isolation", BOOL, isolation),
	FIELD(lan_def, "protect", BOOL, protect),
	FIELD(lan_def, "bounce", BOOL, bounce),
	FIELD(lan_def, "memory_said", BOOL, memory_said),
	FIELD(lan_def, "max_conn", NUMBER, max_conn),
	FIELD(lan_def, "mtu", NUMBER, mtu),
	FIELD(lan_def, "native", NUMBER, native),
	FIELD(lan_def, "dhcp", BOOL, dhcp),
	FIELD(lan_def, "dhcp_net", TEXT, dhcp_net),
};

static const struct field uplink_fields[] = {
	FIELD(lan_uplink, "kind", NUMBER, kind),
	FIELD(lan_uplink, "name", TEXT, name),
	FIELD(lan_uplink, "here", TEXT, here),
	FIELD(lan_uplink, "there", TEXT, there),
	FIELD(lan_uplink, "trunk", BOOL, trunk),
	FIELD(lan_uplink, "native", NUMBER, native),
};

static const struct field forward_fields[] = {
	FIELD(lan_forward, "host_port", NUMBER, host_port),
	FIELD(lan_forward, "port", NUMBER, port),
	FIELD(lan_forward, "userid", TEXT, userid),
};

static const struct field grant_fields[] = {
	FIELD(lan_grant, "userid", TEXT, userid),
	FIELD(lan_grant, "trunk", BOOL, trunk),
	FIELD(lan_grant, "promiscuous", BOOL, promiscuous),
	FIELD(lan_grant, "vlans", TEXT, vlans),
	FIELD(lan_grant, "community", NUMBER, community),
};

static const struct field outlet_fields[] = {
	FIELD(lan_outlet_def, "name", TEXT, name),
	FIELD(lan_outlet_def, "path", TEXT, path),
	FIELD(lan_outlet_def, "mac", TEXT, mac),
	FIELD(lan_outlet_def, "trunk", BOOL, trunk),
	FIELD(lan_outlet_def, "vlans", TEXT, vlans),
	FIELD(lan_outlet_def, "community", NUMBER, community),
};

static const struct field inode_field = { "inode", FIELD_BITS, 0, sizeof(uint64_t) };

static const struct field member_fields[] = {
	FIELD(lan_member, "id", NUMBER, id),
	FIELD(lan_member, "userid", TEXT, userid),
	FIELD(lan_member, "vdev", NUMBER, vdev),
	FIELD(lan_member, "name", TEXT, name),
	FIELD(lan_member, "mirror", NUMBER, mirror),
};

static const struct field process_fields[] = {
	FIELD(process_id, "pid", NUMBER, pid),
	FIELD(process_id, "start_ticks", NUMBER, start_ticks),
};

/* ---- Writing ---------------------------------------------------------------------- */

static int put_process(json_t *root, const char *key, const struct service *s)
{
	json_t *o = fields_add_object(root, key);

	return fields_put(o, &s->id, process_fields, N_FIELDS(process_fields)) |
	       json_object_set_new(o, "uid", json_integer(s->uid)) |
	       record_put_group(o, &s->group);
}

/* An array of structs under `key`. */
static int put_array(json_t *root, const char *key, const void *from, size_t size, int n,
	const struct field *fields, size_t n_fields)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, key, array);

	for (int i = 0; i < n && !err; i++)
		err = fields_put(fields_add_object(array, NULL),
			(const char *)from + (size_t)i * size, fields, n_fields);
	return err;
}

static int put_members(json_t *root, const struct lan *lan)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, "members", array);
	const struct list *pos;

	list_for_each (pos, &lan->members) {
		const struct lan_member *m = container_of(
			pos, const struct lan_member, node);

		if (!m->left && !(m->op && m->op->fresh))
			err |= fields_put(fields_add_object(array, NULL), m,
				member_fields, N_FIELDS(member_fields));
	}
	return err;
}

static int put_outlets(json_t *root, const struct lan *lan)
{
	json_t *array = json_array();
	int err = json_object_set_new(root, "outlets", array);
	const struct list *pos;

	list_for_each (pos, &lan->outlets) {
		const struct lan_outlet *o = container_of(
			pos, const struct lan_outlet, node);
		json_t *item = fields_add_object(array, NULL);

		err |= fields_put(item, &o->def, outlet_fields, N_FIELDS(outlet_fields)) |
		       fields_put(item, &o->inode, &inode_field, 1);
	}
	return err;
}

static json_t *lan_json(const struct lan *lan, bool active)
{
	const struct lan_def *def = &lan->def;
	json_t *root = json_object(), *uplink;
	int err = record_put_head(
		root, active ? RECORD_ACTIVE : RECORD_INTENT, lan->link->id);

	uplink = fields_add_object(root, "uplink");
	err |= fields_put(root, def, def_fields, N_FIELDS(def_fields)) |
	       fields_put(uplink, &def->uplink, uplink_fields, N_FIELDS(uplink_fields)) |
	       put_array(uplink, "forwards", def->uplink.forward,
		       sizeof(def->uplink.forward[0]), def->uplink.n_forwards,
		       forward_fields, N_FIELDS(forward_fields)) |
	       put_array(root, "grants", def->grant, sizeof(def->grant[0]), def->n_grants,
		       grant_fields, N_FIELDS(grant_fields)) |
	       put_process(root, "process", &lan->link->service) |
	       put_outlets(root, lan) | put_members(root, lan) |
	       json_object_set_new(root, "last_id", json_integer(lan->last_id));
	if (err) {
		json_decref(root);
		return NULL;
	}
	return root;
}

char *lan_record_text(const struct lan *lan, bool active)
{
	json_t *root = lan_json(lan, active);
	char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;

	json_decref(root);
	return text;
}

int lan_record_write(const struct lan *lan, bool active)
{
	char path[4096];
	char *text = lan_record_text(lan, active && !lan->link->intended);
	int err;

	if (!text)
		return -ENOMEM;
	err = record_replace(
		lan_path(lan->cp, lan->link->id, LAN_FILE_RECORD, path, sizeof(path)),
		text);
	free(text);
	return err;
}

void lan_record_update(const struct lan *lan)
{
	int err = 0;

	if (lan->link->defined && lan->state != LS_ENDING)
		err = lan_record_write(lan, true);
	if (err)
		log_error("record", "%s: not written anew: %s", lan->link->id,
			strerror(-err));
}

void lan_record_remove(const struct lan *lan)
{
	char path[4096];

	lan_path(lan->cp, lan->link->id, LAN_FILE_RECORD, path, sizeof(path));
	if (unlink(path) && errno != ENOENT)
		log_error("record", "%s: not removed: %s", path, strerror(errno));
}

/* ---- Reading ---------------------------------------------------------------------- */

static const char *get_array(const json_t *root, const char *key, void *to, size_t size,
	int max, int *n, const struct field *fields, size_t n_fields)
{
	const json_t *array = json_object_get(root, key);
	const char *why = NULL;

	if (!json_is_array(array) || json_array_size(array) > (size_t)max)
		return key;
	for (*n = 0; *n < (int)json_array_size(array) && !why; (*n)++)
		why = fields_get(json_array_get(array, (size_t)*n),
			(char *)to + (size_t)*n * size, fields, n_fields, false);
	return why;
}

static const char *get_process(const json_t *root, const char *key, struct process_id *id,
	uid_t *uid, struct cgroup *group)
{
	static const struct field uid_field = { "uid", FIELD_NUMBER, 0, sizeof(*uid) };
	const json_t *o = json_object_get(root, key);
	const char *why = fields_get(
		o, id, process_fields, N_FIELDS(process_fields), false);

	id->pidfd = -1;
	if (!why)
		why = fields_get(o, uid, &uid_field, 1, false);
	return why ? why : record_get_group(o, group);
}

static const char *get_uplink(const json_t *root, struct lan_uplink *up)
{
	const json_t *o = json_object_get(root, "uplink");
	const char *why = fields_get(
		o, up, uplink_fields, N_FIELDS(uplink_fields), false);

	return why ? why
		   : get_array(o, "forwards", up->forward, sizeof(up->forward[0]),
			     LAN_MAX_FORWARDS, &up->n_forwards, forward_fields,
			     N_FIELDS(forward_fields));
}

/* A record of a cpd that knew of none has none. */
static const char *get_outlets(const json_t *root, struct lan_record *out)
{
	const json_t *array = json_object_get(root, "outlets");
	const char *why;

	if (!array)
		return NULL;
	why = get_array(root, "outlets", out->outlet, sizeof(out->outlet[0]),
		LAN_MAX_OUTLETS, &out->n_outlets, outlet_fields, N_FIELDS(outlet_fields));
	for (int i = 0; i < out->n_outlets && !why; i++)
		why = fields_get(json_array_get(array, (size_t)i), &out->inode[i],
			&inode_field, 1, false);
	return why;
}

static const char *get_parts(const json_t *root, struct lan_record *out)
{
	struct lan_def *def = &out->def;
	const char *why = fields_get(root, def, def_fields, N_FIELDS(def_fields), false);
	const struct field last = { "last_id", FIELD_NUMBER, 0, sizeof(out->last_id) };

	if (!why)
		why = get_uplink(root, &def->uplink);
	if (!why)
		why = get_array(root, "grants", def->grant, sizeof(def->grant[0]),
			LAN_MAX_GRANTS, &def->n_grants, grant_fields,
			N_FIELDS(grant_fields));
	if (!why)
		why = get_process(root, "process", &out->id, &out->uid, &out->group);
	if (!why)
		why = get_outlets(root, out);
	if (!why)
		why = get_array(root, "members", out->member, sizeof(out->member[0]),
			(int)(sizeof(out->member) / sizeof(out->member[0])),
			&out->n_members, member_fields, N_FIELDS(member_fields));
	return why ? why : fields_get(root, &out->last_id, &last, 1, false);
}

static bool is_name(const char *text)
{
	char name[USERID_MAX + 1];

	return !word_userid(text, name) && !strcmp(name, text);
}

static const char *check_users(const struct lan_record *r)
{
	uint8_t set[512];

	for (int i = 0; i < r->def.n_grants; i++) {
		const struct lan_grant *g = &r->def.grant[i];

		if (!is_name(g->userid))
			return "userid";
		if (g->vlans[0] && word_vlan_set(g->vlans, set))
			return "vlans";
	}
	for (int i = 0; i < r->n_members; i++) {
		const struct lan_member *m = &r->member[i];

		if (!m->id || m->id > r->last_id || (m->userid[0] && !is_name(m->userid)))
			return "members";
	}
	return NULL;
}

static bool outlet_can_be(const struct lan_record *r, int i)
{
	const struct lan_outlet_def *def = &r->outlet[i];
	uint8_t set[512], mac[6];

	for (int j = 0; j < i; j++) {
		if (!strcmp(r->outlet[j].name, def->name))
			return false;
	}
	return is_name(def->name) && def->path[0] == '/' &&
	       (!def->mac[0] || !word_mac(def->mac, mac)) &&
	       (!def->vlans[0] || !word_vlan_set(def->vlans, set));
}

/* What is no NIC has a name of its own: of an outlet, where it is that of one. */
static bool named_can_be(const struct lan_record *r, int i)
{
	const struct lan_member *m = &r->member[i];
	char name[LAN_NAME];

	for (int j = 0; j < i; j++) {
		if (!r->member[j].userid[0] && !strcmp(r->member[j].name, m->name))
			return false;
	}
	if (m->name[0] != '*')
		return true;
	for (int j = 0; j < r->n_outlets; j++) {
		lan_outlet_member_name(&r->outlet[j], name);
		if (!strcmp(name, m->name))
			return true;
	}
	return false;
}

static const char *check_outlets(const struct lan_record *r)
{
	for (int i = 0; i < r->n_outlets; i++) {
		if (!outlet_can_be(r, i))
			return "outlets";
	}
	for (int i = 0; i < r->n_members; i++) {
		if (!r->member[i].userid[0] && !named_can_be(r, i))
			return "members";
	}
	return NULL;
}

/* Can this be a LAN? */
static const char *check(const struct lan_record *r, const char *id)
{
	const struct lan_def *def = &r->def;
	const char *why;
	char name[LAN_ID];

	if (!is_name(def->owner) || !is_name(def->name))
		return "name";
	snprintf(name, sizeof(name), "%s.%s", def->owner, def->name);
	if (strcmp(name, id))
		return "name";
	if ((unsigned)def->uplink.kind > UPLINK_VDE)
		return "kind";
	if (def->max_conn > LAN_MAX_PORTS || def->mtu > 65535)
		return "mtu";
	if (def->native > 4094 || def->uplink.native > 4094)
		return "native";
	if (r->id.pid < 0 || r->id.pid == 1)
		return "pid";
	why = check_users(r);
	return why ? why : check_outlets(r);
}

int lan_record_parse(const char *text, size_t len, const char *id, struct lan_record *out,
	const char **why)
{
	enum record_phase phase = RECORD_INTENT;
	json_error_t error;
	json_t *root = len <= LAN_RECORD_MAX
			       ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &error)
			       : NULL;

	*out = (struct lan_record) { 0 };
	if (!root) {
		*why = "it is not JSON";
		return -EINVAL;
	}
	*why = record_get_head(root, id, &phase, out->boot_id);
	if (!*why)
		*why = get_parts(root, out);
	if (!*why)
		*why = check(out, id);
	out->active = phase == RECORD_ACTIVE;
	json_decref(root);
	return *why ? -EINVAL : 0;
}
