/* A twin of the engine of LANs, for tests of the front end: LANs without processes.  What
 * was asked of them is in twin.log; done-callbacks wait as those of engine_twin.h do,
 * which this is a part of. */
#ifndef TESTS_UNIT_CP_LAN_TWIN_H
#define TESTS_UNIT_CP_LAN_TWIN_H

#include "cp/lan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWIN_ASKS 32

/* An answer in bytes that waits for twin_lans_go_on(). */
struct twin_ask {
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
	uint16_t type;  /* enum lan_request */
	uint32_t after; /* LAN_VLANS */
	lan_bytes *done;
	void *ctx;
};

static struct lan_twin {
	enum msg_number fail;         /* what is asked is refused at once; 0: it works */
	enum msg_number refuse;       /* it is under way, and then refused */
	enum msg_number fail_bytes;   /* the same of what asks the process: at once... */
	enum msg_number refuse_bytes; /* ...or later */
	enum msg_number warn;         /* it works, and says this */
	bool late;                    /* answers in bytes wait */
	struct lan_trace trace;       /* the last one that was added... */
	struct lan_replay replay;     /* ...or begun */
	struct lan_stat_trace stat;   /* what it says of it; its id is the trace's */
	struct twin_ask ask[TWIN_ASKS];
	int n_asks;
} lan_twin;

static inline void twin_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int twin_done(part_done *done, void *ctx);
static inline void twin_answer(part_done *done, void *ctx, enum msg_number number);

struct lan *lan_find(struct cp *cp, const char *owner, const char *name)
{
	struct list *pos;

	list_for_each (pos, &cp->lans) {
		struct lan *lan = container_of(pos, struct lan, node);

		if (!strcmp(lan->def.owner, owner) && !strcmp(lan->def.name, name))
			return lan;
	}
	return NULL;
}

struct lan *lan_find_for(struct cp *cp, const char *userid, const char *name)
{
	struct lan *lan = lan_find(cp, userid, name);

	return lan ? lan : lan_find(cp, "SYSTEM", name);
}

const char *lan_word(const struct lan_def *def)
{
	return def->vswitch ? "VSWITCH" : "LAN";
}

const char *lan_state_name(const struct lan *lan)
{
	return lan->state == LS_ACTIVE ? "active" : "starting";
}

const struct lan_grant *lan_granted(const struct lan *lan, const char *userid)
{
	for (int i = 0; i < lan->def.n_grants; i++) {
		if (!strcmp(lan->def.grant[i].userid, userid))
			return &lan->def.grant[i];
	}
	return NULL;
}

/* A LAN that is there. */
static inline struct lan *twin_lan(struct cp *cp, const struct lan_def *def)
{
	struct lan *lan = calloc(1, sizeof(*lan));

	if (!lan)
		abort();
	lan->cp = cp;
	lan->def = *def;
	lan->state = LS_ACTIVE;
	lan->pid = 4711;
	list_init(&lan->members);
	list_init(&lan->outlets);
	list_init(&lan->traces);
	list_init(&lan->replays);
	list_append(&cp->lans, &lan->node);
	return lan;
}

/* The one the engine's tests begin with: SYSTEM's, as DEFINE LAN makes it. */
static inline struct lan *twin_system_lan(struct cp *cp, const char *name)
{
	struct lan_def def = { .owner = "SYSTEM", .protect = true, .mtu = 1500 };

	snprintf(def.name, sizeof(def.name), "%s", name);
	return twin_lan(cp, &def);
}

static inline struct lan_member *twin_member(
	struct lan *lan, const char *userid, uint16_t vdev)
{
	struct lan_member *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->lan = lan;
	m->id = ++lan->last_id;
	m->vdev = vdev;
	m->plugged = true;
	snprintf(m->userid, sizeof(m->userid), "%s", userid);
	if (*userid)
		snprintf(m->name, sizeof(m->name), "%s.%04X", userid, vdev);
	else
		snprintf(m->name, sizeof(m->name), "UPLINK");
	lan->n_nics += *userid != '\0';
	list_append(&lan->members, &m->node);
	return m;
}

static inline void twin_free_member(struct lan *lan, struct lan_member *m)
{
	lan->n_nics -= m->userid[0] != '\0';
	list_remove(&m->node);
	free(m);
}

static inline void twin_free_outlet(struct lan_outlet *o)
{
	list_remove(&o->node);
	free(o);
}

static inline void twin_free_lan(struct lan *lan)
{
	while (!list_empty(&lan->outlets))
		twin_free_outlet(
			container_of(lan->outlets.next, struct lan_outlet, node));
	while (!list_empty(&lan->members))
		twin_free_member(
			lan, container_of(lan->members.next, struct lan_member, node));
	list_remove(&lan->node);
	free(lan);
}

static inline void twin_free_lans(struct cp *cp)
{
	while (!list_empty(&cp->lans))
		twin_free_lan(container_of(cp->lans.next, struct lan, node));
}

/* What it answers to what has a done-callback. */
static inline int twin_lan_done(part_done *done, void *ctx)
{
	if (!lan_twin.refuse && !lan_twin.warn)
		return twin_done(done, ctx);
	twin_answer(done, ctx, lan_twin.refuse ? lan_twin.refuse : lan_twin.warn);
	return 0;
}

static inline int twin_lan_fails(struct message *err)
{
	return lan_twin.fail ? msg_set(err, lan_twin.fail, "TWIN", "twin", "twin") : 0;
}

int lan_define(struct cp *cp, const struct lan_def *def, part_done *done, void *ctx,
	struct message *err)
{
	twin_log("define lan %s %s%s%s", def->owner, def->name,
		def->vswitch ? " vswitch" : "", def->restricted ? " restricted" : "");
	if (twin_lan_fails(err))
		return err->number;
	if (!lan_twin.refuse)
		twin_lan(cp, def);
	return twin_lan_done(done, ctx);
}

int lan_detach(struct lan *lan, part_done *done, void *ctx, struct message *err)
{
	twin_log("detach lan %s %s", lan->def.owner, lan->def.name);
	if (twin_lan_fails(err))
		return err->number;
	if (!lan_twin.refuse)
		twin_free_lan(lan);
	return twin_lan_done(done, ctx);
}

int lan_grant(struct lan *lan, const struct lan_grant *g, struct message *err)
{
	twin_log("grant %s %s %s trunk %d vlans <%s> promiscuous %d community %u",
		lan->def.owner, lan->def.name, g->userid, g->trunk, g->vlans,
		g->promiscuous, g->community);
	if (twin_lan_fails(err))
		return err->number;
	lan->def.grant[lan->def.n_grants++] = *g;
	return 0;
}

int lan_revoke(struct lan *lan, const char *userid, struct message *err)
{
	twin_log("revoke %s %s %s", lan->def.owner, lan->def.name, userid);
	return twin_lan_fails(err);
}

int lan_set(struct lan *lan, bool isolation, bool protect, struct message *err)
{
	twin_log("set %s %s isolation %d protect %d", lan->def.owner, lan->def.name,
		isolation, protect);
	if (twin_lan_fails(err))
		return err->number;
	lan->def.isolation = isolation;
	lan->def.protect = protect;
	return 0;
}

int lan_mirror(struct lan *lan, const char *userid, uint16_t vdev, const char *to,
	uint16_t to_vdev, struct message *err)
{
	twin_log("mirror %s %s %s %04x to %s %04x", lan->def.owner, lan->def.name, userid,
		vdev, to ? to : "nobody", to_vdev);
	return twin_lan_fails(err);
}

int lan_dhcp(struct lan *lan, const char *net, struct message *err)
{
	twin_log("dhcp %s %s %s", lan->def.owner, lan->def.name, net ? net : "off");
	if (twin_lan_fails(err))
		return err->number;
	lan->def.dhcp = net;
	snprintf(lan->def.dhcp_net, sizeof(lan->def.dhcp_net), "%s", net ? net : "");
	return 0;
}

int lan_outlet_define(
	struct lan *lan, const struct lan_outlet_def *def, struct message *err)
{
	struct lan_outlet *o;

	twin_log("define port %s of %s %s at <%s> mac <%s> trunk %d vlans <%s> "
		 "community %u",
		def->name, lan->def.owner, lan->def.name, def->path, def->mac, def->trunk,
		def->vlans, def->community);
	if (twin_lan_fails(err))
		return err->number;
	o = calloc(1, sizeof(*o));
	if (!o)
		abort();
	o->def = *def;
	o->lan = lan;
	if (!o->def.path[0])
		snprintf(o->def.path, sizeof(o->def.path), "/run/%s", def->name);
	list_append(&lan->outlets, &o->node);
	return 0;
}

int lan_outlet_detach(struct lan *lan, const char *name, struct message *err)
{
	struct lan_outlet *o = lan_outlet_find(lan, name);

	twin_log("detach port %s of %s %s", name, lan->def.owner, lan->def.name);
	if (!o)
		return msg_set(err, MSG_PORT_NOT_HERE, "LAN", lan->def.owner,
			lan->def.name, name);
	twin_free_outlet(o);
	return 0;
}

struct lan_member *lan_member_find(struct lan *lan, const char *userid, uint16_t vdev)
{
	struct list *pos;

	list_for_each (pos, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (!strcmp(m->userid, userid) && m->vdev == vdev)
			return m;
	}
	return NULL;
}

static inline struct part_dev *twin_nic(struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev == vdev)
			return &p->dev[i];
	}
	abort();
}

int lan_couple(struct partition *p, uint16_t vdev, struct lan *lan, part_done *done,
	void *ctx, struct message *err)
{
	struct part_dev *d = twin_nic(p, vdev);

	twin_log("couple %s %04x to %s %s", p->userid, vdev, lan->def.owner,
		lan->def.name);
	if (twin_lan_fails(err))
		return err->number;
	if (lan->def.restricted && !lan_granted(lan, p->userid))
		return msg_set(
			err, MSG_LAN_NOT_AUTHORIZED, lan->def.owner, lan->def.name);
	if (!lan_twin.refuse) {
		twin_member(lan, p->userid, vdev);
		memcpy(d->nic.lan, lan->def.name, sizeof(d->nic.lan));
		memcpy(d->nic.lan_owner, lan->def.owner, sizeof(d->nic.lan_owner));
	}
	return twin_lan_done(done, ctx);
}

struct lan *lan_of_nic(struct partition *p, uint16_t vdev, struct lan_member **member)
{
	struct list *pos;

	list_for_each (pos, &p->cp->lans) {
		struct lan *lan = container_of(pos, struct lan, node);

		*member = lan_member_find(lan, p->userid, vdev);
		if (*member)
			return lan;
	}
	return NULL;
}

int lan_uncouple(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err)
{
	struct part_dev *d = twin_nic(p, vdev);
	struct lan_member *m;
	struct lan *lan = lan_of_nic(p, vdev, &m);

	twin_log("uncouple %s %04x", p->userid, vdev);
	if (twin_lan_fails(err))
		return err->number;
	if (lan)
		twin_free_member(lan, m);
	d->nic.lan[0] = d->nic.lan_owner[0] = '\0';
	return twin_lan_done(done, ctx);
}

/* NICDEF couples nothing here. */
void lan_couple_all(struct partition *p, void (*then)(void *ctx), void *ctx)
{
	(void)p;
	then(ctx);
}

void lans_configured(struct cp *cp)
{
	twin_log("configured%s", cp->configuring ? " too early" : "");
}

void lans_end(struct cp *cp, void (*done)(void *ctx), void *ctx)
{
	twin_free_lans(cp);
	done(ctx);
}

void lan_nic_changed(struct partition *p, uint16_t vdev)
{
	twin_log("nic changed %s %04x", p->userid, vdev);
}

/* VLAN 10 for those who are granted nothing else, and all of 10 to 12 for trunks. */
void lan_member_port(
	const struct lan *lan, const struct lan_member *member, struct lan_port *out)
{
	const struct lan_grant *g = lan_granted(lan, member->userid);
	struct part_dev *d;

	*out = (struct lan_port) { .id = member->id, .native = 10 };
	if (lan_outlet_of(member)) {
		out->flags = LAN_PORT_OPEN;
		return;
	}
	if (!member->userid[0]) {
		out->flags = LAN_PORT_UPLINK | LAN_PORT_TRUNK;
		out->native = 0;
		word_vlan_set("1-10,20", out->vlans);
		return;
	}
	d = twin_nic(partition_find(lan->cp, member->userid), member->vdev);
	memcpy(out->mac, d->mac, sizeof(out->mac));
	out->flags = (uint16_t)((g && g->trunk ? LAN_PORT_TRUNK : 0) |
				(g && g->promiscuous ? LAN_PORT_PROMISCUOUS : 0) |
				(d->nic.link_down ? LAN_PORT_LINK_DOWN : 0));
	if (g && g->trunk)
		word_vlan_set("10-12", out->vlans);
}

/* ---- What the process of a LAN would say ------------------------------------------ */

/* A port of id n has been sent n * 100 frames, the third of a reason n times. */
static inline size_t twin_ports(const struct lan *lan, uint8_t *at)
{
	struct lan_stat s = {
		.received = 900, .copies = 100, .sent = 950, .dropped = 45, .held = 5
	};
	const struct list *pos;
	size_t len = sizeof(s);

	memcpy(at, &s, sizeof(s));
	list_for_each (pos, &lan->members) {
		uint32_t id = container_of(pos, const struct lan_member, node)->id;
		struct lan_stat_port port = { .id = id,
			.state = LAN_PORT_UP,
			.in_frames = id * 100,
			.in_bytes = UINT64_MAX / 2,
			.out_frames = id * 10,
			.out_bytes = id * 1000,
			.in_drops = { [3] = id, [6] = 2 } };

		memcpy(at + len, &port, sizeof(port));
		len += sizeof(port);
	}
	return len;
}

/* An address behind each port, the first one static; and one behind no port. */
static inline size_t twin_fdb(const struct lan *lan, uint8_t *at)
{
	struct lan_fdb_entry e = { .mac = { 2, 0, 0, 0, 0, 9 }, .port = 999 };
	const struct list *pos;
	size_t len = sizeof(e);

	memcpy(at, &e, sizeof(e));
	list_for_each (pos, &lan->members) {
		uint32_t id = container_of(pos, const struct lan_member, node)->id;

		e = (struct lan_fdb_entry) { .mac = { 2, 0, 0, 0, 0, (uint8_t)id },
			.vlan = (uint16_t)(id - 1) * 10,
			.port = id,
			.is_static = id == 1,
			.age_ns = id * UINT64_C(1500000000) };
		memcpy(at + len, &e, sizeof(e));
		len += sizeof(e);
	}
	return len;
}

/* One at a time. */
static inline size_t twin_vlans(uint32_t after, uint8_t *at)
{
	const struct lan_stat_vlan v[] = {
		{ .vlan = 10, .frames = 7, .bytes = 700, .dropped = 1 },
		{ .vlan = 20, .frames = UINT64_MAX / 2 },
	};

	for (size_t i = 0; i < 2; i++) {
		if (v[i].vlan <= after)
			continue;
		memcpy(at, &v[i], sizeof(v[i]));
		return sizeof(v[i]);
	}
	return 0;
}

static inline void twin_tell(struct cp *cp, const struct twin_ask *a)
{
	struct lan *lan = lan_find(cp, a->owner, a->name);
	static uint8_t bytes[65536];
	struct message m = { 0 };
	size_t len;

	if (lan_twin.refuse_bytes || !lan) {
		msg_set(&m,
			lan_twin.refuse_bytes ? lan_twin.refuse_bytes : MSG_LAN_NOT_HERE,
			"LAN", a->owner, a->name);
		a->done(a->ctx, &m, NULL, 0);
		return;
	}
	if (a->type >= LAN_TRACE_ADD) {
		lan_twin.stat.id = lan_twin.trace.id;
		len = a->type == LAN_TRACE_STAT ? sizeof(lan_twin.stat) : 0;
		memcpy(bytes, &lan_twin.stat, len);
		a->done(a->ctx, &m, bytes, len);
		return;
	}
	len = a->type == LAN_STAT  ? twin_ports(lan, bytes)
	      : a->type == LAN_FDB ? twin_fdb(lan, bytes)
				   : twin_vlans(a->after, bytes);
	a->done(a->ctx, &m, bytes, len);
}

/* Everything that waits is answered; what that asks waits for the next time. */
static inline void twin_lans_go_on(struct cp *cp)
{
	struct lan_twin now = lan_twin;

	lan_twin.n_asks = 0;
	for (int i = 0; i < now.n_asks; i++)
		twin_tell(cp, &now.ask[i]);
}

static inline int twin_ask(struct lan *lan, uint16_t type, uint32_t after,
	lan_bytes *done, void *ctx, struct message *err)
{
	struct twin_ask a = { .type = type, .after = after, .done = done, .ctx = ctx };

	memcpy(a.owner, lan->def.owner, sizeof(a.owner));
	memcpy(a.name, lan->def.name, sizeof(a.name));
	if (lan_twin.fail_bytes)
		return msg_set(err, lan_twin.fail_bytes, "LAN", a.owner, a.name);
	if (lan_twin.late && lan_twin.n_asks < TWIN_ASKS)
		lan_twin.ask[lan_twin.n_asks++] = a;
	else
		twin_tell(lan->cp, &a);
	return 0;
}

/* What is asked of traces and replays. */
static inline void twin_log_trace(uint16_t type, const void *head, size_t head_len,
	const void *more, size_t more_len, int n_fds)
{
	if (type == LAN_TRACE_ADD) {
		memcpy(&lan_twin.trace, head, sizeof(lan_twin.trace));
		twin_log("trace add, files %d, filter %zu", n_fds, more_len);
	} else if (type == LAN_REPLAY) {
		memcpy(&lan_twin.replay, head, sizeof(lan_twin.replay));
		twin_log("replay, files %d", n_fds);
	} else if (type == LAN_TRACE_NOTE) {
		twin_log("trace note %.*s", (int)more_len, (const char *)more);
	} else if (type > LAN_TRACE_ADD && type != LAN_TRACE_STAT) {
		twin_log("trace or replay %u, %u", type,
			head_len == 8 ? ((const uint32_t *)head)[1] : 0);
	}
}

int lan_ask(struct lan *lan, uint16_t type, const void *head, size_t head_len,
	const void *more, size_t more_len, const int *fds, int n_fds, lan_bytes *done,
	void *ctx, struct message *err)
{
	struct lan_id id = { 0 };

	(void)fds;
	twin_log_trace(type, head, head_len, more, more_len, n_fds);
	if (head_len >= sizeof(id))
		memcpy(&id, head, sizeof(id));
	return twin_ask(lan, type, id.id, done, ctx, err);
}

int lan_stat_all(struct lan *lan, lan_bytes *done, void *ctx, struct message *err)
{
	return twin_ask(lan, LAN_STAT, 0, done, ctx, err);
}

int lan_fdb_all(struct lan *lan, lan_bytes *done, void *ctx, struct message *err)
{
	return twin_ask(lan, LAN_FDB, 0, done, ctx, err);
}

#endif
