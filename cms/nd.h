/* Neighbour discovery and what routers announce, for IPv6 (RFC 4861, 4862). */
#ifndef CMS_ND_H
#define CMS_ND_H

#include "cms/inet.h"

#define ND_ROUTER_SOLICIT   133
#define ND_ROUTER_ADVERT    134
#define ND_NEIGHBOUR_ASK    135
#define ND_NEIGHBOUR_ADVERT 136

/* Asks who has an address: its group, or `mac` if that is not NULL. */
void nd_ask(struct inet *n, struct iface *i, const struct addr *who, const uint8_t *mac);

/* Tells everybody that an address is ours. */
void nd_announce(struct inet *n, struct iface *i, const struct addr *a);

/* Asks routers to say what network this is. */
void nd_solicit_routers(struct inet *n, struct iface *i);

/* ICMPv6 of the types above, its checksum found right. */
void nd_input(struct inet *n, const struct packet *p);

#endif
