/* Taking over the LANs of an earlier cpd.
 *
 * What is in a LAN is what the partitions' records say; what its process has is compared
 * with that.  A process that has gone is started anew, as at any other time. */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"
#include "cp/record_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_NS (5 * NS_PER_S) /* for all of them, before clients are let in */

static void adopt_file(struct cp *cp, const char *name);
static void adopt_record(struct cp *cp, const char *id, const struct lan_record *r);
static void forget_unknown(struct cp *cp);
static void wait_for_answers(struct cp *cp);

void lans_adopt(struct cp *cp)
{
	char path[4096];
	struct dirent **names = NULL;
	int n;

	snprintf(path, sizeof(path), "%s/lans", cp->rundir);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		adopt_file(cp, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	forget_unknown(cp);
	wait_for_answers(cp);
}

/* "SYSTEM.LABNET.rec" -> "SYSTEM.LABNET" and its halves. */
static bool record_name(const char *name, char id[LAN_ID], struct lan_def *def)
{
	size_t len = strlen(name);
	char upper[USERID_MAX + 1], *dot;

	if (len < 5 || len - 4 >= LAN_ID || strcmp(name + len - 4, ".rec"))
		return false;
	memcpy(id, name, len - 4);
	id[len - 4] = '\0';
	dot = strchr(id, '.');
	if (!dot || dot - id > USERID_MAX || strlen(dot + 1) > USERID_MAX)
		return false;
	snprintf(def->owner, sizeof(def->owner), "%.*s", (int)(dot - id), id);
	snprintf(def->name, sizeof(def->name), "%s", dot + 1);
	return !word_userid(def->owner, upper) && !strcmp(def->owner, upper) &&
	       !word_userid(def->name, upper) && !strcmp(def->name, upper);
}

/* Ends what runs under this name, and with it the LAN, or its process only. */
static void clear(struct lan *lan, const char *why)
{
	struct lan_link *l = lan->link;
	char pid_file[4096], sock[4096];

	service_clear(&l->service,
		lan_path(lan->cp, l->id, LAN_FILE_PID, pid_file, sizeof(pid_file)),
		lan_path(lan->cp, l->id, LAN_FILE_SOCK, sock, sizeof(sock)), why);
}

/* Not a LAN: what there is of it goes. */
static void undo(struct cp *cp, const struct lan_def *def, const char *why)
{
	struct lan *lan = lan_new(cp, def);

	if (!lan) {
		operator_say(cp, MSG_NO_MEMORY, def->name);
		return;
	}
	lan->state = LS_ENDING;
	cgroup_name(cp->cgroups, lan->link->service.name, &lan->link->service.group);
	clear(lan, why);
}

static void set_aside(struct cp *cp, const char *id, const char *why)
{
	char path[4096], bad[4096 + 8];

	lan_path(cp, id, LAN_FILE_RECORD, path, sizeof(path));
	snprintf(bad, sizeof(bad), "%.*s.bad", (int)(strlen(path) - 4), path);
	if (rename(path, bad))
		log_error("record", "%s: %s", path, strerror(errno));
	operator_say(cp, MSG_RECORD_FALSE, path, why);
}

static void adopt_file(struct cp *cp, const char *name)
{
	char path[4096], id[LAN_ID], text[200];
	struct lan_def *def = calloc(1, sizeof(*def));
	struct lan_record *r = malloc(sizeof(*r));
	char *buf = malloc(LAN_RECORD_MAX);
	size_t len = strlen(name);
	const char *why = NULL;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/lans/%s", cp->rundir, name);
	if (len > 4 && !strcmp(name + len - 4, ".tmp"))
		unlink(path); /* never was a record */
	if (def && r && buf && record_name(name, id, def)) {
		n = record_read(path, buf, LAN_RECORD_MAX);
		if (n < 0)
			snprintf(text, sizeof(text), "%s", strerror((int)-n));
		else if (lan_record_parse(buf, (size_t)n, id, r, &why))
			snprintf(text, sizeof(text), "%s cannot be so", why);
		if (n < 0 || why) {
			set_aside(cp, id, text);
			undo(cp, def, text);
		} else {
			adopt_record(cp, id, r);
		}
	}
	free(buf);
	free(r);
	free(def);
}

static struct lan *from_record(struct cp *cp, const struct lan_record *r)
{
	struct lan *lan = lan_new(cp, &r->def);

	if (!lan) {
		operator_say(cp, MSG_NO_MEMORY, r->def.name);
		return NULL;
	}
	lan->last_id = r->last_id;
	lan->link->defined = true;
	lan->link->service.id = r->id;
	lan->link->service.uid = r->uid;
	for (int i = 0; i < r->n_outlets; i++)
		lan_outlet_adopt(lan, &r->outlet[i], r->inode[i]);
	for (int i = 0; i < r->n_members; i++) {
		const struct lan_member *from = &r->member[i];
		struct lan_member *m = from->userid[0]
					       ? lan_member_add(
							 lan, from->userid, from->vdev)
					       : lan_member_add_named(lan, from->name);

		if (!m)
			continue;
		m->id = from->id;
		m->mirror = from->mirror;
		memcpy(m->name, from->name, sizeof(m->name));
	}
	lan->last_id = r->last_id;
	return lan;
}

static void adopt_record(struct cp *cp, const char *id, const struct lan_record *r)
{
	char boot_id[BOOT_ID_LEN + 1];
	struct lan *lan;
	int err;

	boot_id_read(boot_id);
	if (strcmp(boot_id, r->boot_id) || !r->active) {
		undo(cp, &r->def, "its start was interrupted");
		return;
	}
	lan = from_record(cp, r);
	if (!lan)
		return;
	lan->link->service.group = r->group;
	if (cgroup_adopt(
		    cp->cgroups, lan->link->service.name, &lan->link->service.group)) {
		set_aside(cp, id, "cgroup cannot be so");
		cgroup_name(
			cp->cgroups, lan->link->service.name, &lan->link->service.group);
		clear(lan, "its record is not true");
		return;
	}
	err = r->id.pid ? lan_process_adopt(lan) : -ESRCH;
	if (err == -EPERM)
		set_aside(cp, id, "it is about another process");
	if (err)
		clear(lan, err == -ESRCH ? "it ended while no cpd was there"
					 : "its record is not true");
}

static bool is_there(struct cp *cp, const struct part_nic_conf *nic)
{
	const struct lan *lan = lan_find(cp, nic->lan_owner, nic->lan);

	return lan && lan->state != LS_ENDING;
}

/* What the record has of partitions that are not in any LAN any more. */
static void forget_unknown(struct cp *cp)
{
	struct list *pos;

	list_for_each (pos, &cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		for (int i = 0; i < p->n_dev; i++) {
			struct part_nic_conf *nic = &p->dev[i].nic;
			struct message m;

			if (!nic->lan[0] || is_there(cp, nic))
				continue;
			msg_set(&m, MSG_LAN_DETACHED, "LAN", nic->lan_owner, nic->lan);
			nic->lan[0] = nic->lan_owner[0] = '\0';
			record_update(p);
			part_nic_ask(p, &(struct part_nic) { .vdev = p->dev[i].vdev }, -1,
				NULL, NULL, &m);
		}
	}
}

static bool still_open(const struct cp *cp)
{
	const struct list *pos, *inner;

	list_for_each (pos, &cp->lans) {
		const struct lan *lan = container_of(pos, const struct lan, node);

		if (lan->state == LS_STARTING || lan->state == LS_ENDING ||
			lan->link->adopted)
			return true;
		list_for_each (inner, &lan->members) {
			if (container_of(inner, const struct lan_member, node)->op)
				return true;
		}
	}
	return false;
}

/* Clients find everything settled, but for processes that do not answer. */
static void wait_for_answers(struct cp *cp)
{
	uint64_t now, end = loop_now(cp->loop) + ANSWER_NS;

	while (still_open(cp) && (now = loop_now(cp->loop)) < end) {
		if (loop_once(cp->loop, (int)((end - now) / 1000000) + 1) < 0)
			break;
	}
}

/* ---- What its process has --------------------------------------------------------- */

static void delete_port(struct lan *lan, uint32_t id)
{
	const struct lan_id head = { .id = id };

	lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_DEL,
				      .verb = "UNCOUPLE",
				      .head = &head,
				      .head_len = sizeof(head) });
}

static bool belongs(const struct lan *lan, const struct lan_member *m)
{
	struct partition *p = partition_find(lan->cp, m->userid);
	const struct part_dev *nic = p ? lan_nic(p, m->vdev) : NULL;

	if (lan_outlet_of(m)) /* who was there and has gone comes again */
		return m->plugged;
	return !m->userid[0] || (nic && !strcmp(nic->nic.lan, lan->def.name) &&
					!strcmp(nic->nic.lan_owner, lan->def.owner));
}

static void take_port(struct lan *lan, const struct lan_stat_port *port)
{
	struct lan_member *m = lan_member_by_id(lan, port->id);

	if (port->id > lan->last_id)
		lan->last_id = port->id;
	if (m && m->op)
		return; /* it came meanwhile */
	if (m && port->state != LAN_PORT_GONE)
		m->plugged = true;
	else
		delete_port(lan, port->id);
}

/* NICs that are here by their partitions' records. */
static void add_missing(struct lan *lan)
{
	struct list *pos;

	list_for_each (pos, &lan->cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		for (int i = 0; i < p->n_dev; i++) {
			struct lan_member wanted = { .vdev = p->dev[i].vdev };

			if (p->dev[i].type != PART_DEV_NIC)
				continue;
			memcpy(wanted.userid, p->userid, sizeof(wanted.userid));
			if (belongs(lan, &wanted) &&
				!lan_member_find(lan, p->userid, wanted.vdev) &&
				!lan_member_add(lan, p->userid, wanted.vdev))
				operator_say(lan->cp, MSG_NO_MEMORY, p->userid);
		}
	}
}

static void on_ports(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct lan *lan = ctx;
	const uint8_t *at;
	struct lan_stat_port port;
	struct list *pos, *tmp;

	lan->link->adopted = false;
	if (m->number) {
		lan_process_end(lan, m->text);
		return;
	}
	at = (const uint8_t *)bytes + sizeof(struct lan_stat);
	for (len -= sizeof(struct lan_stat); len >= sizeof(port); len -= sizeof(port)) {
		memcpy(&port, at, sizeof(port));
		at += sizeof(port);
		take_port(lan, &port);
	}
	list_for_each_safe (pos, tmp, &lan->members) {
		struct lan_member *member = container_of(pos, struct lan_member, node);

		if (!belongs(lan, member))
			lan_member_drop(member, m);
		else if (!member->plugged && !member->op)
			lan_member_renumber(member);
	}
	add_missing(lan);
	operator_say(lan->cp, MSG_LAN_ADOPTED, lan_word(&lan->def), lan->def.owner,
		lan->def.name, (int)lan->pid);
	trace_lan_ready(lan); /* its traces miss nothing */
	lan_uplink_start(lan);
	lan_plug_all(lan);
	lan_outlets_arm(lan);
	lan_record_update(lan);
}

void lan_compare(struct lan *lan)
{
	struct message err;

	if (lan_stat_all(lan, on_ports, lan, &err))
		lan_process_end(lan, err.text);
}

void lan_partition_back(struct partition *p)
{
	for (int i = 0; i < p->n_dev; i++) {
		struct lan_member *m;
		struct lan *lan = lan_of_nic(p, p->dev[i].vdev, &m);

		if (lan && lan->state == LS_ACTIVE && !m->plugged && !m->op)
			lan_plug_all(lan);
	}
}
