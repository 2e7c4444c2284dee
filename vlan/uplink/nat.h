/* NAT's knowledge of which address a NIC has, by what passes through: only for nat.c. */
#ifndef VLAN_UPLINK_NAT_H
#define VLAN_UPLINK_NAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nat_seen {
	uint8_t mac[6];
	uint32_t ip; /* host order */
};

/* A frame from the NAT: does it give an address by DHCP (an ACK)?  Hostile as any. */
bool nat_sees_lease(const uint8_t *frame, size_t len, struct nat_seen *out);

/* A frame from a guest: may it go out?  Not to what is the host itself for a socket of
 * the host's: 127.0.0.0/8, 0.0.0.0/8, and of IPv6 ::/64 (RFC 4291, 2.5). */
bool nat_may_pass(const uint8_t *frame, size_t len);

/* A frame from a guest: does it say its own address by ARP? */
bool nat_sees_arp(const uint8_t *frame, size_t len, struct nat_seen *out);

#endif
