/* A LAN as QUERY shows it: what it is, and who may use it. */
#include "cp/lan_show.h"

#include "cp/lan_text.h"
#include "cp/lan_use.h"

#include <inttypes.h>
#include <string.h>

static void record(json_t *rec, const struct lan *lan);
static void uplink_record(json_t *rec, const struct lan_uplink *up);
static void uplink_text(const struct lan_uplink *up, char *buf, size_t len);

static const char *const kinds[] = {
	[UPLINK_NONE] = "none",
	[UPLINK_TAP] = "tap",
	[UPLINK_IF] = "if",
	[UPLINK_NAT] = "nat",
	[UPLINK_UDP] = "udp",
	[UPLINK_VDE] = "vde",
};

static const char *on_off(bool on)
{
	return on ? "ON" : "OFF";
}

static void vlan_lines(struct result *r, const struct lan_def *def)
{
	if (def->aware)
		result_line(r, "  VLAN Aware    Native VLAN: %04u", def->native);
	else
		result_line(r, "  VLAN Unaware");
}

json_t *lan_show(struct request *rq, const struct lan *lan)
{
	const struct lan_def *def = &lan->def;
	struct result *r = &rq->result;
	json_t *rec = result_record(r);
	char label[32], most[16] = "INFINITE", uplink[192], pid[32] = "";

	record(rec, lan);
	if (def->max_conn)
		snprintf(most, sizeof(most), "%u", def->max_conn);
	if (lan->pid > 0)
		snprintf(pid, sizeof(pid), "  Process: %d", (int)lan->pid);
	snprintf(label, sizeof(label), "%s %s %s", lan_word(def), def->owner, def->name);
	result_line(r, "%-25s  Connected: %-5d Maxconn: %-9s State: %s%s", label,
		lan->n_nics, most, lan_state_name(lan), pid);
	result_line(r, "  %-12s  Memory: %-8s MTU: %u",
		def->restricted ? "RESTRICTED" : "UNRESTRICTED",
		def->bounce ? "BOUNCE" : "SHARED", def->mtu);
	vlan_lines(r, def);
	result_line(r, "  MAC Protection: %-3s  Isolation: %s", on_off(def->protect),
		on_off(def->isolation));
	if (def->dhcp)
		result_line(r, "  Addresses and names served in %s", def->dhcp_net);
	if (def->vswitch) {
		uplink_text(&def->uplink, uplink, sizeof(uplink));
		result_line(r, " Uplink Port: %s", uplink);
	}
	return rec;
}

static void record(json_t *rec, const struct lan *lan)
{
	const struct lan_def *def = &lan->def;
	char features[20];

	rec_str(rec, "name", def->name);
	rec_str(rec, "owner", def->owner);
	rec_str(rec, "type", def->vswitch ? "vswitch" : "lan");
	rec_str(rec, "state", lan_state_name(lan));
	if (lan->pid > 0)
		rec_u64(rec, "pid", (uint64_t)lan->pid);
	else
		rec_null(rec, "pid");
	rec_u64(rec, "restarts", (uint64_t)lan->restarts);
	snprintf(features, sizeof(features), "%016" PRIx64, lan->features);
	rec_str(rec, "features", features);
	rec_u64(rec, "connected", (uint64_t)lan->n_nics);
	rec_u64(rec, "maxconn", def->max_conn ? def->max_conn : LAN_MAX_PORTS);
	rec_bool(rec, "restricted", def->restricted);
	rec_bool(rec, "vlan_aware", def->aware);
	if (def->native)
		rec_u64(rec, "native", def->native);
	else
		rec_null(rec, "native");
	rec_bool(rec, "isolation", def->isolation);
	rec_bool(rec, "macprotect", def->protect);
	rec_u64(rec, "mtu", def->mtu);
	rec_str(rec, "memory", def->bounce ? "bounce" : "shared");
	if (def->dhcp)
		rec_str(rec, "dhcp", def->dhcp_net);
	else
		rec_null(rec, "dhcp");
	uplink_record(rec, &def->uplink);
}

static void uplink_record(json_t *rec, const struct lan_uplink *up)
{
	json_t *more;

	rec_str(rec, "uplink", kinds[up->kind]);
	if (up->kind == UPLINK_NONE)
		return;
	more = rec_object(rec, "uplink_port");
	rec_str(more, "name", up->name);
	rec_str(more, "here", up->here);
	rec_str(more, "there", up->there);
	rec_str(more, "porttype", up->trunk ? "trunk" : "access");
	more = rec_array(more, "forwards");
	for (int i = 0; i < up->n_forwards; i++) {
		json_t *forward = rec_item(more);

		rec_u64(forward, "host_port", up->forward[i].host_port);
		rec_str(forward, "userid", up->forward[i].userid);
		rec_u64(forward, "port", up->forward[i].port);
	}
}

static void uplink_text(const struct lan_uplink *up, char *buf, size_t len)
{
	const char *porttype = up->trunk ? "Trunk" : "Access";

	switch (up->kind) {
	case UPLINK_NONE: snprintf(buf, len, "none"); return;
	case UPLINK_TAP:
		snprintf(buf, len, "TAP %s  Porttype: %s", up->name, porttype);
		return;
	case UPLINK_IF:
		snprintf(buf, len, "IF %s  Porttype: %s", up->name, porttype);
		return;
	case UPLINK_VDE:
		snprintf(buf, len, "VDE %s  Porttype: %s", up->name, porttype);
		return;
	case UPLINK_UDP:
		snprintf(buf, len, "UDP %s %s  Porttype: %s", up->here, up->there,
			porttype);
		return;
	case UPLINK_NAT: break;
	}
	snprintf(buf, len, "NAT  Porttype: %s  Forwards: %d", porttype, up->n_forwards);
}

static void show_grant(struct result *r, json_t *rec, const struct lan_grant *g)
{
	char community[32] = "";

	rec_str(rec, "userid", g->userid);
	rec_str(rec, "porttype", g->trunk ? "trunk" : "access");
	rec_str(rec, "vlans", g->vlans);
	rec_bool(rec, "promiscuous", g->promiscuous);
	if (g->community) {
		rec_u64(rec, "community", g->community);
		snprintf(community, sizeof(community), "  Community: %u", g->community);
	} else {
		rec_null(rec, "community");
	}
	result_line(r, "    %-8s  Porttype: %-6s  VLAN: %s%s%s", g->userid,
		g->trunk ? "Trunk" : "Access", g->vlans[0] ? g->vlans : "native",
		g->promiscuous ? "  Promiscuous" : "", community);
}

void lan_show_access(struct request *rq, json_t *rec, const struct lan *lan)
{
	json_t *access = rec_array(rec, "access");

	result_line(&rq->result, "  Authorized userids:%s",
		lan->def.restricted ? "" : " any; of these more is said:");
	for (int i = 0; i < lan->def.n_grants; i++) {
		const struct lan_grant *g = &lan->def.grant[i];

		if (lan_is_ones_own(rq, lan) || !strcmp(g->userid, rq->userid))
			show_grant(&rq->result, rec_item(access), g);
	}
}

/* Has it a NIC of this user? */
static bool is_connected(const struct lan *lan, const char *userid)
{
	const struct list *pos;

	list_for_each (pos, &lan->members) {
		const struct lan_member *m = container_of(
			pos, const struct lan_member, node);

		if (!m->left && !strcmp(m->userid, userid))
			return true;
	}
	return false;
}

void lan_show_promiscuous(struct request *rq, json_t *rec, struct lan *lan)
{
	json_t *users = rec_array(rec, "promiscuous");

	result_line(&rq->result, "  Promiscuous userids:");
	for (int i = 0; i < lan->def.n_grants; i++) {
		const struct lan_grant *g = &lan->def.grant[i];
		bool connected = is_connected(lan, g->userid);
		json_t *user;

		if (!g->promiscuous ||
			(!lan_is_ones_own(rq, lan) && strcmp(g->userid, rq->userid) != 0))
			continue;
		user = rec_item(users);
		rec_str(user, "userid", g->userid);
		rec_bool(user, "connected", connected);
		result_line(&rq->result, "    %-8s  %s", g->userid,
			connected ? "connected" : "not connected");
	}
}
