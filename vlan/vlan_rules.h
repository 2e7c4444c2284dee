/* The VLAN rules of a port (IEEE 802.1Q): which VLAN a frame from it is in, which VLANs
 * it is a member of, and how its frames are tagged.
 *
 * Where the LAN is not aware of VLANs there is one, 0, and tags are bytes like others. */
#ifndef VLAN_VLAN_RULES_H
#define VLAN_VLAN_RULES_H

#include "vlan/frame.h"

#define VLAN_COUNT    4096
#define VLAN_ID       0x0fffu /* of a tag's TCI; the rest is priority */
#define VLAN_RESERVED 0x0fffu

struct vlan_port {
	bool aware;
	bool trunk;
	uint16_t native;      /* VLAN of untagged frames; 0: they are in none */
	const uint8_t *vlans; /* of a trunk, bit by VLAN */
};

static inline struct vlan_port vlan_port(bool aware, const struct lan_port *conf)
{
	bool trunk = conf->flags & LAN_PORT_TRUNK;
	uint16_t native = conf->native || trunk ? conf->native : 1;

	return (struct vlan_port) {
		.aware = aware,
		.trunk = trunk,
		.native = native < VLAN_RESERVED ? native : 0,
		.vlans = conf->vlans,
	};
}

static inline bool vlan_in_set(const uint8_t *vlans, uint16_t vlan)
{
	return vlans[vlan / 8] >> vlan % 8 & 1;
}

/* May it get frames of this VLAN? */
static inline bool vlan_member(const struct vlan_port *p, uint16_t vlan)
{
	if (!p->aware)
		return true;
	if (vlan == p->native)
		return vlan;
	return p->trunk && vlan_in_set(p->vlans, vlan);
}

/* Puts a frame from the port into its VLAN.  DROP_NONE, or why it is in none: VLAN, or
 * MALFORMED.  A tag without a VLAN (priority only) in front of another would hide the
 * latter from us but not from a trunk's other end. */
static inline enum lan_drop vlan_input(const struct vlan_port *p, struct frame *f)
{
	uint16_t id = f->tci & VLAN_ID;

	f->vlan = 0;
	if (!p->aware)
		return DROP_NONE;
	if (id == VLAN_RESERVED || (f->tagged && !id && frame_has_tag(f)))
		return DROP_MALFORMED;
	if (id && !(p->trunk && vlan_in_set(p->vlans, id)))
		return DROP_VLAN;
	f->vlan = id ? id : p->native;
	return f->vlan ? DROP_NONE : DROP_VLAN;
}

/* As the port gets it: in the native VLAN without a tag, unless that would show one that
 * is further in and lead to another VLAN. */
static inline struct egress vlan_output(const struct vlan_port *p, const struct frame *f)
{
	struct egress e = { .frame = f };

	if (!p->aware) {
		e.tagged = f->tagged;
		e.tci = f->tci;
	} else if (p->trunk && (f->vlan != p->native || frame_has_tag(f))) {
		e.tagged = true;
		e.tci = (uint16_t)((f->tci & ~VLAN_ID) | f->vlan);
	}
	return e;
}

#endif
