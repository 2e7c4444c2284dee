/* What the switch tells of itself. */
#include "vlan/switch_core.h"

void switch_stat(const struct lan_switch *sw, struct lan_stat *out)
{
	*out = (struct lan_stat) {
		.received = sw->received,
		.copies = sw->copies,
		.sent = sw->sent,
		.dropped = sw->dropped,
		.held = held_count(sw->held),
		.n_ports = (uint32_t)sw->n_ports,
		.n_macs = fdb_count(sw->fdb),
	};
}

int switch_vlans(
	const struct lan_switch *sw, uint16_t after, struct lan_stat_vlan *out, int max)
{
	int n = 0;

	for (uint32_t v = after + 1u; v < VLAN_COUNT && n < max; v++) {
		const struct vlan_count *c = &sw->vlan[v];

		if (!c->frames && !c->dropped)
			continue;
		out[n++] = (struct lan_stat_vlan) { .vlan = (uint16_t)v,
			.frames = c->frames,
			.bytes = c->bytes,
			.dropped = c->dropped };
	}
	return n;
}

int switch_fdb(const struct lan_switch *sw, uint32_t after, struct lan_fdb_entry *out,
	int max, uint64_t now)
{
	struct fdb_entry e;
	int n = 0;

	while (n < max && fdb_list(sw->fdb, after + (uint32_t)n, &e, 1)) {
		bool is_static = e.vlan == FDB_ANY;

		out[n] = (struct lan_fdb_entry) {
			.vlan = is_static ? 0 : e.vlan,
			.port = sw->slot[e.port]->port->conf.id,
			.is_static = is_static,
			.age_ns = is_static || now < e.seen ? 0 : now - e.seen,
		};
		fdb_mac_bytes(e.mac, out[n++].mac);
	}
	return n;
}
