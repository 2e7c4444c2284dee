/* Ports that come, change and go. */
#include "vlan/switch_core.h"

#include <errno.h>
#include <stdlib.h>

static int find_place(const struct lan_switch *sw, uint32_t id);
static void list_ports(struct lan_switch *sw);
static void claim_addresses(struct lan_switch *sw);
static void forget(struct lan_switch *sw, struct port_state *ps);
static bool same_vlans(const struct lan_port *a, const struct lan_port *b);

int switch_port_add(struct lan_switch *sw, struct port *p)
{
	int at = find_place(sw, p->conf.id);
	struct port_state *ps;
	uint16_t number = 0;

	if (switch_port_find(sw, p->conf.id))
		return -EEXIST;
	if (sw->n_ports == LAN_MAX_PORTS)
		return -ENOSPC;
	ps = calloc(1, sizeof(*ps));
	if (!ps)
		return -ENOMEM;
	while (sw->slot[number])
		number++;
	ps->port = p;
	ps->number = number;
	switch_port_refresh(sw, ps);
	if (ps->mac && fdb_add_static(sw->fdb, ps->mac, number) == -ENOMEM) {
		free(ps);
		return -ENOMEM;
	}
	for (int i = sw->n_ports++; i > at; i--)
		sw->by_id[i] = sw->by_id[i - 1];
	sw->by_id[at] = sw->slot[number] = ps;
	p->state = ps;
	list_ports(sw);
	return 0;
}

/* What it learned or joined in VLANs that it may have left is forgotten. */
void switch_port_set(struct lan_switch *sw, struct port *p, const struct lan_port *conf)
{
	struct port_state *ps = p->state;
	const struct lan_port old = p->conf;

	p->conf = *conf;
	p->conf.id = old.id;
	p->conf.kind = old.kind;
	switch_port_refresh(sw, ps);
	if (!same_vlans(&old, &p->conf))
		forget(sw, ps);
	if (ps->mac != fdb_mac(old.mac)) {
		fdb_forget_static(sw->fdb, ps->number);
		claim_addresses(sw);
	}
	list_ports(sw);
}

void switch_port_remove(struct lan_switch *sw, struct port *p)
{
	struct port_state *ps = p->state;

	switch_wait_forget(sw, ps, DROP_DETACHED);
	forget(sw, ps);
	fdb_forget_static(sw->fdb, ps->number);
	switch_mirror(sw, p, NULL);
	for (int i = 0; i < sw->n_ports; i++) {
		if (sw->by_id[i]->mirror == ps)
			switch_mirror(sw, sw->by_id[i]->port, NULL);
	}
	sw->n_ports--;
	for (int i = find_place(sw, p->conf.id); i < sw->n_ports; i++)
		sw->by_id[i] = sw->by_id[i + 1];
	sw->slot[ps->number] = NULL;
	claim_addresses(sw);
	list_ports(sw);
	p->state = NULL;
	free(ps);
}

struct port *switch_port_find(struct lan_switch *sw, uint32_t id)
{
	int at = find_place(sw, id);

	if (at == sw->n_ports || sw->by_id[at]->port->conf.id != id)
		return NULL;
	return sw->by_id[at]->port;
}

struct port *switch_port_next(struct lan_switch *sw, uint32_t after)
{
	int at = after == UINT32_MAX ? sw->n_ports : find_place(sw, after + 1);

	return at == sw->n_ports ? NULL : sw->by_id[at]->port;
}

int switch_mirror(struct lan_switch *sw, struct port *from, struct port *to)
{
	if (from == to)
		return -EINVAL;
	sw->n_mirrors -= from->state->mirror != NULL;
	from->state->mirror = to ? to->state : NULL;
	sw->n_mirrors += to != NULL;
	return 0;
}

void switch_port_refresh(struct lan_switch *sw, struct port_state *ps)
{
	const struct lan_port *conf = &ps->port->conf;

	ps->vlan = vlan_port(sw->aware, conf);
	ps->mac = fdb_mac(conf->mac);
	ps->community = conf->community;
	ps->flags = conf->flags;
	ps->link = !(conf->flags & LAN_PORT_LINK_DOWN);
	ps->guarded = sw->conf.flags & LAN_PROTECT &&
		      !(conf->flags & (LAN_PORT_UPLINK | LAN_PORT_OPEN));
	storm_set(&ps->storm, sw->conf.storm_fps);
	impair_set(&ps->in, &conf->impair_in, &conf->rate_in);
	impair_set(&ps->out, &conf->impair_out, &conf->rate_out);
	ps->slow_in = impair_any(&ps->in) || !ps->link;
	ps->slow_out = impair_any(&ps->out);
	ps->bare = ps->vlan.aware && !ps->vlan.trunk && conf->flags & LAN_PORT_UPLINK;
}

/* The place of the first port whose id is not below this one. */
static int find_place(const struct lan_switch *sw, uint32_t id)
{
	int low = 0, high = sw->n_ports;

	while (low < high) {
		int middle = (low + high) / 2;

		if (sw->by_id[middle]->port->conf.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void list_ports(struct lan_switch *sw)
{
	sw->n_promiscuous = sw->n_uplinks = 0;
	for (int i = 0; i < sw->n_ports; i++) {
		struct port_state *ps = sw->by_id[i];

		if (ps->flags & LAN_PORT_PROMISCUOUS)
			sw->promiscuous[sw->n_promiscuous++] = ps;
		if (ps->flags & LAN_PORT_UPLINK && !(ps->flags & LAN_PORT_DEAF))
			sw->uplink[sw->n_uplinks++] = ps;
	}
}

/* An address that another port had is free now for the next one that has it, too. */
static void claim_addresses(struct lan_switch *sw)
{
	for (int i = 0; i < sw->n_ports; i++) {
		if (sw->by_id[i]->mac)
			fdb_add_static(sw->fdb, sw->by_id[i]->mac, sw->by_id[i]->number);
	}
}

static void forget(struct lan_switch *sw, struct port_state *ps)
{
	fdb_forget_learned(sw->fdb, ps->number);
	snoop_forget(sw->snoop, ps->number);
}

static bool same_vlans(const struct lan_port *a, const struct lan_port *b)
{
	return !((a->flags ^ b->flags) & LAN_PORT_TRUNK) && a->native == b->native &&
	       !memcmp(a->vlans, b->vlans, sizeof(a->vlans));
}
