/* A DHCP client for each interface (RFC 2131): it asks, holds a lease, and renews it. */
#ifndef CMS_DHCP_H
#define CMS_DHCP_H

#include "cms/addr.h"

struct inet;
struct iface;
struct packet;

enum dhcp_state { DHCP_OFF, DHCP_SELECTING, DHCP_REQUESTING, DHCP_BOUND, DHCP_RENEWING };

struct dhcp {
	enum dhcp_state state;
	uint32_t xid;
	unsigned tries;         /* of the message that is repeated */
	uint64_t next;          /* when something is to be done */
	struct addr server;     /* who leased, or offers */
	struct addr addr;       /* what */
	unsigned len;           /* and the length of its network */
	struct addr router;     /* family 0: none was given */
	struct addr dns;        /* likewise */
	uint64_t asked;         /* when the lease was */
	uint64_t renew, rebind; /* when it is to be prolonged: by its server, by any */
	uint64_t until;         /* when it ends; FOR_EVER */
};

#define DHCP_CLIENT_PORT 68

/* Asks for a lease, or anew; and gives it back. */
void dhcp_start(struct inet *n, struct iface *i);
void dhcp_stop(struct inet *n, struct iface *i);

/* A datagram to DHCP_CLIENT_PORT. */
void dhcp_input(struct inet *n, const struct packet *p);

/* What is due; and when something is. */
void dhcp_tick(struct inet *n, struct iface *i);
uint64_t dhcp_next(const struct dhcp *d);

#endif
