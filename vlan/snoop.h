/* Which ports want which multicast groups, by listening to what hosts and routers say of
 * them (RFC 4541).
 *
 * Where nobody asks for members, membership cannot be known and all goes to everybody.
 * Once somebody does and there was time to answer, a group goes to who joined it and to
 * who asks.  What links cannot do without is never held back: 224.0.0.0/24, all nodes of
 * IPv6, and the groups by which neighbours are found. */
#ifndef VLAN_SNOOP_H
#define VLAN_SNOOP_H

#include "vlan/frame.h"

#define SNOOP_PORT_MAX 512                  /* groups that one port may have joined */
#define SNOOP_LEAVE_NS UINT64_C(2000000000) /* until a leave holds: others may answer */

#define SNOOP_PORTS (2 * LAN_MAX_PORTS)

struct snoop; /* ports are numbers below LAN_MAX_PORTS here */

enum snoop_way {
	SNOOP_ALL,       /* to all of its VLAN */
	SNOOP_LISTENERS, /* to who joined, and to routers */
	SNOOP_ROUTERS,
};

int snoop_create(struct snoop **out); /* 0 or -ENOMEM */
void snoop_destroy(struct snoop *s);  /* accepts NULL */

/* A multicast frame came from a port: learns from it, and says which way it goes.
 * `router`: queries from there count. */
enum snoop_way snoop_frame(
	struct snoop *s, const struct frame *f, uint16_t port, bool router, uint64_t now);

/* The ports that way leads to, some of them twice; how many. */
int snoop_ports(const struct snoop *s, const struct frame *f, enum snoop_way way,
	uint64_t now, uint16_t ports[SNOOP_PORTS]);

void snoop_forget(struct snoop *s, uint16_t port); /* what it joined */
void snoop_forget_all(struct snoop *s);            /* and who asks */

uint64_t snoop_next(const struct snoop *s); /* when snoop_tick() has something to do */
void snoop_tick(struct snoop *s, uint64_t now);
uint32_t snoop_count(const struct snoop *s); /* ports by groups that are remembered */

#endif
