/* What hosts and routers say of multicast groups: IGMPv1-3 (RFC 1112, 2236, 3376) and
 * MLDv1-2 (RFC 2710, 3810).  Pure; the bytes are hostile.
 *
 * Source filters are not followed: who wants a group from some wants it from all. */
#ifndef VLAN_SNOOP_PARSE_H
#define VLAN_SNOOP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNOOP_CHANGES 192 /* of one report that are looked at */

enum snoop_kind {
	SNOOP_NOTHING, /* or nothing we understand */
	SNOOP_QUERY,   /* one from no address, or for one group, has live_ns 0 */
	SNOOP_REPORT,
};

struct snoop_change {
	uint8_t mac[6]; /* the group's */
	bool join;
};

struct snoop_message {
	enum snoop_kind kind;
	uint64_t response_ns; /* hosts take this long to answer a general query */
	uint64_t live_ns;     /* what they say is good for so long */
	int n;
	struct snoop_change change[SNOOP_CHANGES];
};

/* Reads what follows an Ethernet header.  `summed`: its checksum can be held against its
 * bytes. */
void snoop_parse_ip4(struct snoop_message *m, const uint8_t *ip, size_t len, bool summed);
void snoop_parse_ip6(struct snoop_message *m, const uint8_t *ip, size_t len, bool summed);

#endif
