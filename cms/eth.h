/* Ethernet II frames and VLAN tags (IEEE 802.3, 802.1Q). */
#ifndef CMS_ETH_H
#define CMS_ETH_H

#include "cms/inet.h"

#define ETH_HEADER 14u
#define ETH_TAG    4u

#define ETH_IPV4 0x0800u
#define ETH_ARP  0x0806u
#define ETH_VLAN 0x8100u
#define ETH_IPV6 0x86ddu

extern const uint8_t eth_broadcast[MAC_SIZE];

/* Puts the header in front and sends. */
void eth_send(struct inet *n, struct iface *i, const uint8_t to[MAC_SIZE], unsigned type,
	struct buf *b);

/* A frame of a NIC, to its interface and protocol. */
void eth_input(struct inet *n, int nic, const uint8_t *frame, size_t len);

#endif
