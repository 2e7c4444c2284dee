/* The forwarding core: who gets which frame.
 *
 * Pure: no descriptor, no clock, no thread; time is an argument, in ns, and only grows.
 * Ports hand in what they got in bursts; what goes out is handed to the ports' send()
 * while the sender's memory is still valid.  A frame is copied here only when it must
 * wait (delay, rate) or be changed (corruption).
 *
 * What is counted, and always adds up (struct lan_stat):
 *
 *	received + copies = sent + dropped + held
 *
 * - received: a frame that a port handed in, also one that is refused at once.  It is
 *   the port's out.frames, with out.bytes as its NIC sent it (a tag included; of those
 *   that switch_refuse() counts no bytes are known).
 * - copies: each receiver beyond the first, each duplicate, each frame for a mirror, and
 *   each part beyond the first of one that is cut to be corrupted.  Where the frame
 *   itself is dropped, each port that hears it as promiscuous is a copy.
 * - sent: a frame that a receiver's send() took: its in.frames, and in.bytes as it got
 *it.
 * - dropped: each in the drops of one port: its sender's out.drops where nothing was to
 *   be sent to a receiver (refused, lost or too long delayed on the way from it, for
 *   nobody, not permitted), else its receiver's in.drops.  What waits for or from a port
 *   that is removed is its own, DETACHED; and VLAN where LAN_AWARE changes.
 * - held: waits.
 *
 * So the sums of out.frames, of in.frames and of all drops over ports, those removed
 * included, are received, sent and dropped.  By VLAN: frames and bytes (without tags)
 * that came into it, and what was dropped of them and their copies (but not what was
 * forgotten). */
#ifndef VLAN_SWITCH_H
#define VLAN_SWITCH_H

#include "vlan/frame.h"

struct lan_switch;
struct port;

struct port_ops {
	const char *name; /* "vhost" */

	/* Sends these frames, in order; n is at most FRAME_BURST.  It copies what it
	 * takes.  Returns how many it took; *why says why not the next (FULL,
	 * UNSUPPORTED, DETACHED): after UNSUPPORTED, and after FULL of one whose queues
	 * fill one by one, it is called again for those behind that one; after the others
	 * the rest is dropped. */
	int (*send)(struct port *p, const struct egress *e, int n, enum lan_drop *why);

	/* After all sends of a burst: tells the receiver.  May be NULL.  Neither of the
	 * two may call the switch. */
	void (*flush)(struct port *p);
};

struct port_count {
	uint64_t frames, bytes;
	uint64_t drops[LAN_DROPS];
};

/* What the core and the port's own file share; embedded in the latter's struct. */
struct port {
	const struct port_ops *ops;
	bool queues;          /* it has several: one may be full while others are not */
	struct lan_port conf; /* change it by switch_port_set() */
	struct port_count in, out; /* the NIC's: in is what it got */
	struct port_state *state;  /* the core's */
};

struct switch_event {
	const struct port *port;
	const struct frame *frame;   /* as the sender sent it, in its VLAN (of those that
					switch_refuse() counts: empty)... */
	const struct egress *egress; /* ...and as the port gets it; NULL: it sent it */
	enum lan_drop drop;          /* DROP_NONE: it went */
	uint64_t now;
};

int switch_create(struct lan_switch **out); /* 0 or -ENOMEM */
void switch_destroy(struct lan_switch *sw); /* ports removed first; accepts NULL */
void switch_set(struct lan_switch *sw, const struct lan_conf *conf);
const struct lan_conf *switch_conf(const struct lan_switch *sw);

/* A port whose ops and conf are set; others than its owner see it from here on.  0;
 * -ENOMEM; -ENOSPC; -EEXIST: the id.  Its address is known at once; one that two ports
 * have is the first one's.  Setting keeps id and kind.  Removing forgets what it learned
 * and what waits for or from it; its counters remain. */
int switch_port_add(struct lan_switch *sw, struct port *p);
void switch_port_set(struct lan_switch *sw, struct port *p, const struct lan_port *conf);
void switch_port_remove(struct lan_switch *sw, struct port *p);
struct port *switch_port_find(struct lan_switch *sw, uint32_t id);    /* or NULL */
struct port *switch_port_next(struct lan_switch *sw, uint32_t after); /* by id; or NULL */

/* Forwards what a port got, n at most FRAME_BURST, in order; frames that frame_read()
 * refused are counted by switch_refuse() in place.  The frames' memory may be given back
 * when it returns. */
void switch_input(
	struct lan_switch *sw, struct port *from, struct frame *f, int n, uint64_t now);
void switch_refuse(
	struct lan_switch *sw, struct port *from, enum lan_drop why, uint64_t now);

/* When switch_tick() has something to do: frames that waited, ageing; UINT64_MAX: never.
 */
uint64_t switch_next(const struct lan_switch *sw);
void switch_tick(struct lan_switch *sw, uint64_t now);

/* Copies of what `from` sends (and may send) and gets go to `to` (NULL: no more), be it
 * isolated from it or in no VLAN of it.  They do not wait for an impaired `to`, teach
 * nothing, and of them no copies are made.  0; -EINVAL: to itself. */
int switch_mirror(struct lan_switch *sw, struct port *from, struct port *to);

/* `tap` sees every frame once where it comes, with DROP_NONE or why it goes nowhere, and
 * once for each receiver, with DROP_NONE or why it did not get it; one that came and
 * waited once more where it is dropped then.  It does not see those that are forgotten
 * with their port.  NULL ends it. */
void switch_tap(struct lan_switch *sw,
	void (*tap)(void *ctx, const struct switch_event *ev), void *ctx);

void switch_stat(const struct lan_switch *sw, struct lan_stat *out);

/* Those after this VLAN that had frames: how many were put into out. */
int switch_vlans(
	const struct lan_switch *sw, uint16_t after, struct lan_stat_vlan *out, int max);

/* Entries `after`.. of the MAC table in an order that holds while none is learned; how
 * many were put into out. */
int switch_fdb(const struct lan_switch *sw, uint32_t after, struct lan_fdb_entry *out,
	int max, uint64_t now);

#endif
