/* ARP for IPv4 over Ethernet (RFC 826, RFC 5227). */
#ifndef CMS_ARP_H
#define CMS_ARP_H

#include "cms/inet.h"

/* Asks who has an address: everybody, or `mac` if that is not NULL. */
void arp_ask(struct inet *n, struct iface *i, const struct addr *who, const uint8_t *mac);

/* Tells everybody that an address is ours. */
void arp_announce(struct inet *n, struct iface *i, const struct addr *a);

void arp_input(struct inet *n, struct iface *i, const uint8_t *data, size_t len);

#endif
