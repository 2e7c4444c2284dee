/* What a member is to the switch: VLANs, rates and all that its grant and its NIC say. */
#include "cp/lan_engine.h"

#include <stdio.h>
#include <string.h>

#define VLAN_FIRST 1
#define VLAN_LAST  4094

/* The VLANs of one NIC, and whether it sees their tags. */
struct vlans {
	uint8_t set[512];
	bool trunk;
};

static int choose_vlans(const struct lan *lan, const struct lan_grant *g,
	const struct part_nic_conf *nic, struct vlans *out);
static int count(const uint8_t set[512]);
static uint16_t first_of(const uint8_t set[512]);
static bool has(const uint8_t set[512], uint16_t vlan);
static void add(uint8_t set[512], uint16_t vlan);

/* Does RESTRICTED not concern this user? */
static bool is_exempt(const struct lan *lan, const char *userid)
{
	return !lan->def.restricted || !strcmp(lan->def.owner, userid);
}

static uint16_t native_of(const struct lan *lan)
{
	return lan->def.native ? lan->def.native : 1;
}

static void fill(const struct lan *lan, const struct lan_grant *g,
	const struct part_dev *nic, const struct vlans *vlans, struct lan_port *out)
{
	uint16_t native = native_of(lan);

	*out = (struct lan_port) { .kind = LAN_PORT_VHOST,
		.flags = (uint16_t)((vlans->trunk ? LAN_PORT_TRUNK : 0) |
				    (g && g->promiscuous ? LAN_PORT_PROMISCUOUS : 0) |
				    (nic->nic.link_down ? LAN_PORT_LINK_DOWN : 0) |
				    (lan->def.restricted ? LAN_PORT_NO_UNKNOWN : 0)),
		.community = g ? g->community : 0,
		.rate_in = nic->nic.rate,
		.rate_out = nic->nic.rate,
		.impair_in = nic->nic.in,
		.impair_out = nic->nic.out };
	memcpy(out->mac, nic->mac, sizeof(out->mac));
	if (vlans->trunk) {
		memcpy(out->vlans, vlans->set, sizeof(out->vlans));
		out->native = has(vlans->set, native) ? native : 0;
	} else if (lan->def.aware) {
		out->native = first_of(vlans->set);
	}
}

int lan_port_of(const struct lan *lan, const char *userid, const struct part_dev *nic,
	struct lan_port *out, struct message *err)
{
	const struct lan_grant *g = lan_granted(lan, userid);
	struct vlans vlans = { 0 };

	if (!g && !is_exempt(lan, userid))
		return msg_set(
			err, MSG_LAN_NOT_AUTHORIZED, lan->def.owner, lan->def.name);
	if (!lan->def.aware && nic->nic.vlans[0])
		return msg_set(err, MSG_LAN_UNAWARE, lan_word(&lan->def), lan->def.owner,
			lan->def.name);
	if (lan->def.aware && choose_vlans(lan, g, &nic->nic, &vlans))
		return msg_set(err, MSG_NIC_VLANS, userid, nic->vdev, lan_word(&lan->def),
			lan->def.owner, lan->def.name);
	if (out)
		fill(lan, g, nic, &vlans, out);
	return 0;
}

static void all_vlans(uint8_t set[512])
{
	for (uint16_t v = VLAN_FIRST; v <= VLAN_LAST; v++)
		add(set, v);
}

/* The uplink has no NIC of a guest behind it. */
static void uplink_port(const struct lan *lan, struct lan_port *out)
{
	const struct lan_uplink *up = &lan->def.uplink;

	*out = (struct lan_port) { .kind = LAN_PORT_VHOST,
		.flags = LAN_PORT_UPLINK,
		.native = !lan->def.aware ? 0
			  : up->native    ? up->native
			  : up->trunk     ? 0
					  : native_of(lan) };
	if (lan->def.aware && up->trunk) {
		out->flags |= LAN_PORT_TRUNK;
		all_vlans(out->vlans);
	}
}

/* As a NIC would be that had a grant of its own. */
static int outlet_vlans(const struct lan *lan, const struct lan_outlet_def *def,
	struct lan_grant *as, struct vlans *vlans)
{
	static const struct part_nic_conf nothing_said;

	*as = (struct lan_grant) { .trunk = def->trunk, .community = def->community };
	memcpy(as->vlans, def->vlans, sizeof(as->vlans));
	return lan->def.aware ? choose_vlans(lan, as, &nothing_said, vlans) : 0;
}

int lan_outlet_check(
	const struct lan *lan, const struct lan_outlet_def *def, struct message *err)
{
	struct vlans vlans = { 0 };
	struct lan_grant as;

	if (!lan->def.aware && (def->trunk || def->vlans[0]))
		return msg_set(err, MSG_LAN_UNAWARE, lan_word(&lan->def), lan->def.owner,
			lan->def.name);
	if (outlet_vlans(lan, def, &as, &vlans))
		return msg_set(err, MSG_PORT_VLANS, def->name);
	return 0;
}

static void outlet_port(
	const struct lan *lan, const struct lan_outlet *o, struct lan_port *out)
{
	struct part_dev nic = { 0 };
	struct vlans vlans = { 0 };
	struct lan_grant as;

	if (o->def.mac[0])
		word_mac(o->def.mac, nic.mac);
	outlet_vlans(lan, &o->def, &as, &vlans);
	fill(lan, &as, &nic, &vlans, out);
	if (!o->def.mac[0])
		out->flags |= LAN_PORT_OPEN;
}

/* A member that may not be is as one that is not there: the link is down. */
void lan_member_port(
	const struct lan *lan, const struct lan_member *m, struct lan_port *out)
{
	struct partition *p = partition_find(lan->cp, m->userid);
	const struct part_dev *nic = p ? lan_nic(p, m->vdev) : NULL;
	const struct lan_outlet *o = lan_outlet_of(m);
	struct message ignored;

	if (o)
		outlet_port(lan, o, out);
	else if (!m->userid[0])
		uplink_port(lan, out);
	else if (!nic || lan_port_of(lan, m->userid, nic, out, &ignored))
		*out = (struct lan_port) { .kind = LAN_PORT_VHOST,
			.flags = LAN_PORT_LINK_DOWN };
	out->id = m->id;
	snprintf(out->name, sizeof(out->name), "%s", m->name);
}

/* What is granted, and within that what the NIC says; where nothing is said, the LAN's
 * own VLAN.  0, or -1: there is none left, or more than one without TRUNK. */
static int choose_vlans(const struct lan *lan, const struct lan_grant *g,
	const struct part_nic_conf *nic, struct vlans *out)
{
	uint8_t granted[512] = { 0 };
	bool narrows = lan->def.restricted && g;

	if (g && g->vlans[0])
		word_vlan_set(g->vlans, granted);
	else
		add(granted, native_of(lan));
	if (nic->vlans[0])
		word_vlan_set(nic->vlans, out->set);
	else
		memcpy(out->set, granted, sizeof(granted));
	for (size_t i = 0; i < sizeof(granted) && narrows; i++)
		out->set[i] &= granted[i];
	out->trunk = g ? g->trunk : count(out->set) > 1;
	if (!count(out->set) || (!out->trunk && count(out->set) > 1))
		return -1;
	return 0;
}

static int count(const uint8_t set[512])
{
	int n = 0;

	for (int i = 0; i < 512; i++)
		n += __builtin_popcount(set[i]);
	return n;
}

static bool has(const uint8_t set[512], uint16_t vlan)
{
	return set[vlan / 8] >> vlan % 8 & 1;
}

static void add(uint8_t set[512], uint16_t vlan)
{
	set[vlan / 8] |= (uint8_t)(1 << vlan % 8);
}

static uint16_t first_of(const uint8_t set[512])
{
	uint16_t v = VLAN_FIRST;

	while (!has(set, v))
		v++;
	return v;
}
