/* What the files of the forwarding core share, and nobody else sees.
 *
 * A frame's way: switch.c takes it in and checks it, switch_wait.c delays it where its
 * port is impaired, switch_forward.c finds who gets it, switch_send.c hands it out. */
#ifndef VLAN_SWITCH_CORE_H
#define VLAN_SWITCH_CORE_H

#include "vlan/fdb.h"
#include "vlan/held.h"
#include "vlan/impair.h"
#include "vlan/snoop.h"
#include "vlan/storm.h"
#include "vlan/switch.h"
#include "vlan/vlan_rules.h"

struct port_state {
	struct port *port;
	struct vlan_port vlan;
	uint64_t mac; /* of its own, as fdb_mac(); 0: none */
	uint32_t community;
	uint16_t number; /* its place in sw->slot, by which tables know it */
	uint16_t flags;
	bool guarded;  /* sends from its own address only */
	bool link;     /* is up */
	bool slow_in;  /* what it gets may have to wait, or its link is down */
	bool slow_out; /* what it sends may have to wait */
	bool bare;     /* what it gets goes out of the LAN, without a tag of ours */
	bool touched;  /* it is among sw->touched */

	uint8_t n_pending;
	uint32_t copies; /* bit i: pending[i] is the copy of a mirror */
	struct egress pending[FRAME_BURST];

	uint64_t stamp;            /* sw->stamp: it has been given this frame */
	struct port_state *mirror; /* gets copies; or NULL */
	struct storm storm;
	struct impair in, out;
	uint64_t waiting_in, waiting_out; /* frames */
};

struct vlan_count {
	uint64_t frames, bytes, dropped;
};

struct lan_switch {
	struct lan_conf conf;
	bool aware, isolation;
	uint32_t max_macs;
	uint64_t clock;  /* what the time is... */
	uint64_t now;    /* ...and when what is being done was due */
	uint64_t due_at; /* frames wait that were due when they came, at this time */
	uint64_t stamp;
	struct fdb *fdb;
	struct held *held;
	struct snoop *snoop;
	uint64_t received, copies, sent, dropped;

	void (*tap)(void *ctx, const struct switch_event *ev);
	void *tap_ctx;

	int n_ports, n_promiscuous, n_uplinks, n_mirrors, n_touched;
	struct port_state *slot[LAN_MAX_PORTS];  /* by number, with holes */
	struct port_state *by_id[LAN_MAX_PORTS]; /* as the following: in order of ids */
	struct port_state *promiscuous[LAN_MAX_PORTS];
	struct port_state *uplink[LAN_MAX_PORTS];
	struct port_state *touched[LAN_MAX_PORTS]; /* they got frames in this burst */
	struct vlan_count vlan[VLAN_COUNT];
};

/* May they talk?  One that is promiscuous by grant hears all. */
static inline bool switch_permitted(const struct lan_switch *sw,
	const struct port_state *from, const struct port_state *to)
{
	if (!sw->isolation || (from->flags | to->flags) & LAN_PORT_UPLINK)
		return true;
	if (to->flags & LAN_PORT_PROMISCUOUS)
		return true;
	return from->community && from->community == to->community;
}

/* switch_port.c: what follows from the configuration. */
void switch_port_refresh(struct lan_switch *sw, struct port_state *ps);

/* switch_forward.c: gives a frame to whom it is for.  `came`: its sender's tap has not
 * been told of it yet. */
void switch_forward(
	struct lan_switch *sw, struct port_state *from, const struct frame *f, bool came);

/* switch_wait.c: the fate of frames on the way from a port, and to one. */
void switch_wait_out(
	struct lan_switch *sw, struct port_state *from, const struct frame *f);
void switch_wait_in(struct lan_switch *sw, struct port_state *to, struct egress e);
void switch_release(struct lan_switch *sw, uint64_t now); /* what is due */
void switch_wait_forget(struct lan_switch *sw, struct port_state *ps, enum lan_drop why);

/* switch_send.c: frames are gathered by receiver, then sent together. */
void switch_push(struct lan_switch *sw, struct port_state *to, struct egress e);
void switch_push_copy(
	struct lan_switch *sw, struct port_state *to, const struct frame *f);
void switch_send(struct lan_switch *sw);

/* A frame goes no further, at its sender or at a receiver; the tap is told. */
void switch_drop_out(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, enum lan_drop why);
void switch_drop_in(struct lan_switch *sw, struct port_state *to, const struct egress *e,
	enum lan_drop why);
void switch_tell(struct lan_switch *sw, const struct port_state *ps,
	const struct frame *f, const struct egress *e, enum lan_drop why);

#endif
