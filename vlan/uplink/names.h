/* Addresses and names for LANs without NAT: DHCP (RFC 2131, 2132), DNS (RFC 1035) and ARP
 * for itself, as one function from frames to frames.  All it is sent is hostile.
 *
 * The network's first address is its own.  NICs that CP knows have addresses of their own
 * that depend on nothing but the order they are named in; others get what is free, by
 * their MAC address, so that one asks in vain for another's.  Names are userids, also
 * with ".lan", and the addresses' names in in-addr.arpa. */
#ifndef VLAN_UPLINK_NAMES_H
#define VLAN_UPLINK_NAMES_H

#include "vlan/uplink/conf.h"

#define NAMES_FRAME  1514
#define NAMES_LEASES 1024
#define NAMES_LEASE  3600 /* seconds */
#define NAMES_USERID 8
#define NAMES_DOMAIN "lan"

struct names_host {
	char userid[NAMES_USERID + 1]; /* lower case */
	uint8_t mac[6];
	uint32_t ip; /* host order, as all here */
};

struct names_lease {
	uint8_t mac[6]; /* zeros: somebody unknown has the address */
	uint32_t ip;    /* 0: free */
	uint64_t until; /* s */
};

struct names {
	uint8_t mac[6];
	uint32_t net, mask, own;
	uint16_t mtu;
	struct names_host host[UPLINK_MAX_HOSTS];
	int n_hosts;
	struct names_lease lease[NAMES_LEASES];
};

/* 0 and *out, for free(); -EINVAL with the line or key in *bad; -ENOSPC: more hosts than
 * addresses; -ENOMEM. */
int names_create(const struct uplink_conf *c, struct names **out, const char **bad);

/* The answer to a frame: its bytes, 0: none. */
size_t names_answer(struct names *n, const uint8_t *frame, size_t len, uint64_t now_s,
	uint8_t out[NAMES_FRAME]);

/* ---- Its parts (names_table.c, names_dhcp.c, names_dns.c) ---- */

/* The address of a NIC, `wanted` if that is free, for `seconds` from now on.  0: none is
 * left. */
uint32_t names_address(struct names *n, const uint8_t mac[6], uint32_t wanted,
	uint64_t now_s, uint64_t seconds);
void names_release(struct names *n, const uint8_t mac[6]);

/* It says that another has the address it was given. */
void names_decline(struct names *n, const uint8_t mac[6], uint64_t now_s);

/* By MAC address, or NULL. */
const struct names_host *names_host_of(const struct names *n, const uint8_t mac[6]);

struct names_datagram {
	uint32_t to; /* UINT32_MAX: to all */
	size_t len;  /* 0: no answer */
	uint8_t bytes[NAMES_FRAME - 14 - 20 - 8];
};

/* A message from a client at `mac`; what is to be answered, from port 67 to 68. */
void names_dhcp(struct names *n, const uint8_t mac[6], const uint8_t *in, size_t len,
	uint64_t now_s, struct names_datagram *out);

/* A query; only len and bytes of *out are set. */
void names_dns(
	const struct names *n, const uint8_t *in, size_t len, struct names_datagram *out);

/* Big-endian numbers in packets. */
static inline uint16_t names_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t names_get32(const uint8_t *p)
{
	return (uint32_t)names_get16(p) << 16 | names_get16(p + 2);
}

static inline void names_put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void names_put32(uint8_t *p, uint32_t value)
{
	names_put16(p, value >> 16);
	names_put16(p + 2, value);
}

#endif
