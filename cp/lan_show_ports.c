/* A LAN as QUERY shows it: what its process says of ports, VLANs and addresses. */
#include "cp/lan_show.h"
#include "cp/lan_text.h"
#include "cp/lan_use.h"
#include "cp/nic_show.h"

#include <inttypes.h>
#include <string.h>

static void show_totals(
	struct request *rq, json_t *rec, const uint8_t *bytes, size_t len);
static void show_port(struct request *rq, json_t *port, struct lan *lan,
	const struct lan_member *member);
static void show_waiting(struct request *rq, json_t *ports, struct lan *lan);
static bool may_see(
	const struct request *rq, const struct lan *lan, const struct lan_member *m);
static const struct lan_member *member_of_id(const struct lan *lan, uint32_t id);

void lan_show_ports(struct request *rq, json_t *rec, struct lan *lan,
	const uint8_t *bytes, size_t len)
{
	struct result *r = &rq->result;
	const struct list *pos;
	json_t *ports;

	if (lan_is_ones_own(rq, lan))
		show_totals(rq, rec, bytes, len);
	ports = rec_array(rec, "ports");
	result_line(r, " Adapter Connections:");
	list_for_each (pos, &lan->members) {
		const struct lan_member *m = container_of(
			pos, const struct lan_member, node);
		struct lan_stat_port stat = { 0 };
		json_t *port;

		if (!may_see(rq, lan, m))
			continue;
		port = rec_item(ports);
		show_port(rq, port, lan, m);
		if (!bytes || !stat_find(bytes, len, m->id, &stat))
			continue;
		port_counters(port, &stat);
		port_counter_lines(r, "      ", &stat);
	}
	if (lan_is_ones_own(rq, lan))
		show_waiting(rq, ports, lan);
}

/* Outlets with nobody plugged in are no members. */
static void show_waiting(struct request *rq, json_t *ports, struct lan *lan)
{
	const struct list *pos;

	list_for_each (pos, &lan->outlets) {
		const struct lan_outlet *o = container_of(
			pos, const struct lan_outlet, node);
		struct lan_member nobody = { .lan = lan };

		if (lan_outlet_member(o))
			continue;
		lan_outlet_member_name(&o->def, nobody.name);
		show_port(rq, rec_item(ports), lan, &nobody);
	}
}

static void show_totals(struct request *rq, json_t *rec, const uint8_t *bytes, size_t len)
{
	struct lan_stat s;

	if (!bytes || len < sizeof(s))
		return;
	memcpy(&s, bytes, sizeof(s));
	rec_u64(rec, "received", s.received);
	rec_u64(rec, "copies", s.copies);
	rec_u64(rec, "sent", s.sent);
	rec_u64(rec, "dropped", s.dropped);
	rec_u64(rec, "held", s.held);
	rec_u64(rec, "macs", s.n_macs);
	result_line(&rq->result, "  Frames received: %-20" PRIu64 " Copies:  %" PRIu64,
		s.received, s.copies);
	result_line(&rq->result,
		"  Frames sent:     %-20" PRIu64 " Dropped: %-20" PRIu64
		" Waiting: %" PRIu64,
		s.sent, s.dropped, s.held);
}

/* The VLANs of a port, as GRANT would have them. */
static void port_vlans(const struct lan_port *conf, char *buf, size_t len)
{
	if (conf->flags & LAN_PORT_TRUNK)
		vlan_set_text(conf->vlans, buf, len);
	else if (conf->native)
		snprintf(buf, len, "%u", conf->native);
	else
		buf[0] = '\0';
}

static void port_lines(struct result *r, const struct lan *lan,
	const struct lan_member *m, const struct lan_port *conf, const char *vlans)
{
	const char *plugged = m->plugged ? "" : "  not plugged in";
	const struct lan_outlet *o = lan_outlet_of(m);
	char mac[MAC_TEXT], community[32] = "";

	if (m->userid[0])
		result_line(r, "    Adapter Owner: %-8s NIC: %04X  MAC: %s%s", m->userid,
			m->vdev, mac_text(conf->mac, mac), plugged);
	else if (o)
		result_line(r, "    Port: %s  State: %s  MAC: %s  Socket: %s", m->name,
			lan_outlet_state(o), o->def.mac[0] ? o->def.mac : "any",
			o->def.path);
	else
		result_line(r, "    Port: %s%s", m->name, plugged);
	if (conf->community)
		snprintf(
			community, sizeof(community), "  Community: %u", conf->community);
	result_line(r, "      Porttype: %-6s%s%s%s%s%s",
		conf->flags & LAN_PORT_TRUNK ? "Trunk" : "Access",
		lan->def.aware ? "  VLAN: " : "", lan->def.aware ? vlans : "", community,
		conf->flags & LAN_PORT_PROMISCUOUS ? "  Promiscuous" : "",
		conf->flags & LAN_PORT_LINK_DOWN ? "  Link down" : "");
}

static void outlet_keys(json_t *port, const struct lan_outlet *o)
{
	if (o) {
		rec_str(port, "socket", o->def.path);
		rec_str(port, "socket_state", lan_outlet_state(o));
	} else {
		rec_null(port, "socket");
		rec_null(port, "socket_state");
	}
}

/* Where copies of its frames go is for who may change that. */
static void show_mirror(struct request *rq, json_t *port, const struct lan *lan,
	const struct lan_member *m)
{
	const struct lan_member *to = NULL;

	if (m->mirror && lan_is_ones_own(rq, lan))
		to = member_of_id(lan, m->mirror);
	if (!to) {
		rec_null(port, "mirror");
		return;
	}
	rec_str(port, "mirror", to->name);
	result_line(&rq->result, "      Mirrored to: %s", to->name);
}

static void show_port(
	struct request *rq, json_t *port, struct lan *lan, const struct lan_member *m)
{
	struct lan_port conf = { 0 };
	char vlans[128], vdev[8], mac[MAC_TEXT];

	lan_member_port(lan, m, &conf);
	port_vlans(&conf, vlans, sizeof(vlans));
	snprintf(vdev, sizeof(vdev), "%04X", m->vdev);
	rec_str(port, "name", m->name);
	rec_str(port, "userid", m->userid);
	if (m->userid[0])
		rec_str(port, "vdev", vdev);
	else
		rec_null(port, "vdev");
	rec_str(port, "mac", mac_text(conf.mac, mac));
	rec_bool(port, "uplink", conf.flags & LAN_PORT_UPLINK);
	rec_bool(port, "plugged", m->plugged);
	rec_str(port, "porttype", conf.flags & LAN_PORT_TRUNK ? "trunk" : "access");
	rec_str(port, "vlans", vlans);
	if (conf.native)
		rec_u64(port, "native", conf.native);
	else
		rec_null(port, "native");
	rec_bool(port, "promiscuous", conf.flags & LAN_PORT_PROMISCUOUS);
	rec_str(port, "link", conf.flags & LAN_PORT_LINK_DOWN ? "down" : "up");
	rec_u64(port, "community", conf.community);
	port_lines(&rq->result, lan, m, &conf, vlans);
	show_mirror(rq, port, lan, m);
	outlet_keys(port, lan_outlet_of(m));
}

static void show_vlan(struct result *r, json_t *vlans, const struct lan_stat_vlan *v)
{
	json_t *item = rec_item(vlans);

	rec_u64(item, "vlan", v->vlan);
	rec_u64(item, "frames", v->frames);
	rec_u64(item, "bytes", v->bytes);
	rec_u64(item, "dropped", v->dropped);
	result_line(r,
		"    VLAN: %04u  Packets: %-20" PRIu64 " Bytes: %-20" PRIu64
		" Discarded: %" PRIu64,
		v->vlan, v->frames, v->bytes, v->dropped);
}

uint16_t lan_show_vlans(
	struct request *rq, json_t *rec, uint16_t after, const uint8_t *bytes, size_t len)
{
	json_t *vlans = after ? json_object_get(rec, "vlans") : rec_array(rec, "vlans");
	struct lan_stat_vlan v;
	uint16_t last = 0;

	if (!after)
		result_line(&rq->result, " VLANs:");
	for (; len >= sizeof(v); bytes += sizeof(v), len -= sizeof(v)) {
		memcpy(&v, bytes, sizeof(v));
		if (v.vlan <= after)
			return 0; /* they rise, or there would be no end */
		show_vlan(&rq->result, vlans, &v);
		after = last = v.vlan;
	}
	return last;
}

static void show_entry(struct request *rq, const struct lan *lan,
	const struct lan_member *m, const struct lan_fdb_entry *e)
{
	json_t *rec = result_record(&rq->result);
	char mac[MAC_TEXT], vdev[8] = "", vlan[8] = "any", age[32] = "static";

	mac_text(e->mac, mac);
	if (m->userid[0])
		snprintf(vdev, sizeof(vdev), "%04X", m->vdev);
	if (e->vlan)
		snprintf(vlan, sizeof(vlan), "%04u", e->vlan);
	if (!e->is_static)
		snprintf(age, sizeof(age), "%" PRIu64 "s", e->age_ns / 1000000000);
	rec_str(rec, "lan", lan->def.name);
	rec_str(rec, "lan_owner", lan->def.owner);
	rec_str(rec, "mac", mac);
	rec_u64(rec, "vlan", e->vlan);
	rec_str(rec, "userid", m->userid);
	rec_str(rec, "vdev", vdev);
	rec_str(rec, "port", m->name);
	rec_u64(rec, "age_ns", e->age_ns);
	rec_bool(rec, "static", e->is_static);
	result_line(&rq->result, "  MAC: %s  VLAN: %-4s  Port: %-14s Age: %s", mac, vlan,
		m->name, age);
}

void lan_show_fdb(struct request *rq, struct lan *lan, const uint8_t *bytes, size_t len)
{
	struct lan_fdb_entry e;

	result_line(&rq->result, "%s %s %s", lan_word(&lan->def), lan->def.owner,
		lan->def.name);
	for (; len >= sizeof(e); bytes += sizeof(e), len -= sizeof(e)) {
		const struct lan_member *m;

		memcpy(&e, bytes, sizeof(e));
		m = member_of_id(lan, e.port);
		if (m && may_see(rq, lan, m))
			show_entry(rq, lan, m, &e);
	}
}

/* Others' NICs are their users' affair. */
static bool may_see(
	const struct request *rq, const struct lan *lan, const struct lan_member *m)
{
	return !m->left && (lan_is_ones_own(rq, lan) || !strcmp(m->userid, rq->userid));
}

static const struct lan_member *member_of_id(const struct lan *lan, uint32_t id)
{
	const struct list *pos;

	list_for_each (pos, &lan->members) {
		const struct lan_member *m = container_of(
			pos, const struct lan_member, node);

		if (m->id == id)
			return m;
	}
	return NULL;
}
