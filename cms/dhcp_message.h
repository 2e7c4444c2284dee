/* DHCP messages (RFC 2131, 2; RFC 2132).  Pure. */
#ifndef CMS_DHCP_MESSAGE_H
#define CMS_DHCP_MESSAGE_H

#include "cms/dhcp.h"

#define DHCP_SIZE 300u /* of what we send: some relays want as much */

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_ACK = 5,
	DHCP_NAK = 6,
	DHCP_RELEASE = 7
};

/* What a server says. */
struct dhcp_reply {
	enum dhcp_type type;
	uint32_t xid;
	uint8_t mac[MAC_SIZE];
	struct addr addr;                /* that is given */
	struct addr server, router, dns; /* family 0: not said */
	unsigned len;                    /* of the network */
	uint32_t lease, t1, t2;          /* seconds; 0: not said */
};

/* False: this is none. */
bool dhcp_read(struct dhcp_reply *r, const uint8_t *data, size_t len);

/* Writes DHCP_SIZE bytes.  `have`: we have the address already. */
void dhcp_write(uint8_t *to, const struct dhcp *d, const uint8_t mac[MAC_SIZE],
	enum dhcp_type type, bool have);

#endif
