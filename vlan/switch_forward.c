/* Who gets a frame. */
#include "vlan/switch_core.h"

/* Where a frame has gone so far. */
struct spread {
	unsigned n;    /* to so many */
	bool isolated; /* there is one that isolation keeps it from */
};

static enum lan_drop unicast(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, struct spread *s);
static enum lan_drop unknown(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, struct spread *s);
static enum lan_drop multicast(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, struct spread *s);
static void listeners(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, enum snoop_way way, struct spread *s);
static void flood(struct lan_switch *sw, struct port_state *from, const struct frame *f,
	uint16_t not_to, struct spread *s);
static void promiscuous(struct lan_switch *sw, struct port_state *from,
	const struct port_state *but, const struct frame *f, struct spread *s);

/* One that reaches nobody is dropped at its sender; each further port is a copy. */
void switch_forward(
	struct lan_switch *sw, struct port_state *from, const struct frame *f, bool came)
{
	uint64_t source = fdb_mac(f->head + 6);
	struct spread s = { 0 };
	enum lan_drop why;

	if (source != from->mac && !(f->head[6] & 1))
		fdb_learn(sw->fdb, f->vlan, source, from->number, sw->max_macs, sw->now);
	if (frame_is_multicast(f))
		why = multicast(sw, from, f, &s);
	else
		why = unicast(sw, from, f, &s);
	if (why != DROP_NONE) {
		switch_drop_out(sw, from, f, why);
		s.n++;
	} else if (came && sw->tap) {
		switch_tell(sw, from, f, NULL, DROP_NONE);
	}
	sw->copies += s.n - 1;
}

/* A tag that is further in would lead to another VLAN of what is behind an uplink, to
 * which its sender may not belong. */
static inline void deliver(struct lan_switch *sw, struct port_state *to,
	const struct frame *f, struct spread *s)
{
	struct egress e = vlan_output(&to->vlan, f);

	s->n++;
	if (to->bare && frame_has_tag(f))
		switch_drop_in(sw, to, &e, DROP_VLAN);
	else if (to->slow_in)
		switch_wait_in(sw, to, e);
	else
		switch_push(sw, to, e);
}

static void deliver_once(struct lan_switch *sw, const struct port_state *from,
	struct port_state *to, const struct frame *f, struct spread *s)
{
	if (to->stamp == sw->stamp || !vlan_member(&to->vlan, f->vlan))
		return;
	to->stamp = sw->stamp;
	if (switch_permitted(sw, from, to))
		deliver(sw, to, f, s);
	else
		s->isolated = true;
}

static enum lan_drop unicast(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, struct spread *s)
{
	uint16_t number = fdb_find(sw->fdb, f->vlan, fdb_mac(f->head), sw->now);
	enum lan_drop why = DROP_NONE;
	struct port_state *to;

	if (number == FDB_NONE)
		return unknown(sw, from, f, s);
	to = sw->slot[number];
	if (to == from)
		why = DROP_LOCAL;
	else if (!vlan_member(&to->vlan, f->vlan))
		why = DROP_VLAN;
	else if (!switch_permitted(sw, from, to))
		why = DROP_ISOLATED;
	else
		deliver(sw, to, f, s);
	if (sw->n_promiscuous)
		promiscuous(sw, from, to, f, s);
	return why;
}

/* Why it reached nobody, if so: isolation, where somebody would have had it without. */
static enum lan_drop reached(const struct spread *s)
{
	if (s->n)
		return DROP_NONE;
	return s->isolated ? DROP_ISOLATED : DROP_UNKNOWN;
}

static enum lan_drop unknown(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, struct spread *s)
{
	if (!storm_take(&from->storm, sw->now))
		return DROP_STORM;
	flood(sw, from, f, LAN_PORT_NO_UNKNOWN | LAN_PORT_DEAF, s);
	return reached(s);
}

static enum lan_drop multicast(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, struct spread *s)
{
	bool router = !sw->isolation || from->flags & LAN_PORT_UPLINK;
	enum snoop_way way;

	if (!storm_take(&from->storm, sw->now))
		return DROP_STORM;
	/* Where ports are isolated, one's queries do not reach the others' hosts. */
	way = snoop_frame(sw->snoop, f, from->number, router, sw->now);
	if (way == SNOOP_ALL)
		flood(sw, from, f, LAN_PORT_DEAF, s);
	else
		listeners(sw, from, f, way, s);
	return reached(s);
}

/* To ports that have been found, some of them in more than one way. */
static void listeners(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, enum snoop_way way, struct spread *s)
{
	uint16_t ports[SNOOP_PORTS];
	int n_ports = snoop_ports(sw->snoop, f, way, sw->now, ports);

	from->stamp = ++sw->stamp;
	for (int i = 0; i < n_ports; i++)
		deliver_once(sw, from, sw->slot[ports[i]], f, s);
	for (int i = 0; i < sw->n_uplinks; i++)
		deliver_once(sw, from, sw->uplink[i], f, s);
	for (int i = 0; i < sw->n_promiscuous; i++)
		deliver_once(sw, from, sw->promiscuous[i], f, s);
}

/* To all of its VLAN but those with one of the flags `not_to`. */
static void flood(struct lan_switch *sw, struct port_state *from, const struct frame *f,
	uint16_t not_to, struct spread *s)
{
	for (int i = 0; i < sw->n_ports; i++) {
		struct port_state *to = sw->by_id[i];

		if (to == from || !vlan_member(&to->vlan, f->vlan))
			continue;
		if (to->flags & not_to && !(to->flags & LAN_PORT_PROMISCUOUS))
			continue;
		if (switch_permitted(sw, from, to))
			deliver(sw, to, f, s);
		else
			s->isolated = true;
	}
}

static void promiscuous(struct lan_switch *sw, struct port_state *from,
	const struct port_state *but, const struct frame *f, struct spread *s)
{
	for (int i = 0; i < sw->n_promiscuous; i++) {
		struct port_state *to = sw->promiscuous[i];

		if (to != from && to != but && vlan_member(&to->vlan, f->vlan))
			deliver(sw, to, f, s);
	}
}
