/* IPv4 (RFC 791) and IPv6 (RFC 8200): packets in, out, and through. */
#ifndef CMS_IP_H
#define CMS_IP_H

#include "cms/route.h"

#define IP_HOPOPTS  0
#define IP_ICMP     1
#define IP_IGMP     2
#define IP_UDP      17
#define IP_ROUTING  43
#define IP_FRAGMENT 44
#define IP_ICMPV6   58
#define IP_NO_NEXT  59
#define IP_DESTOPTS 60

#define IP4_HEADER 20u
#define IP6_HEADER 40u

/* What goes in front of a payload. */
struct ip_head {
	struct addr from;     /* family 0: chosen */
	struct addr to;       /* anybody: broadcast and groups, too */
	uint8_t protocol;     /* IP_... */
	uint8_t ttl;          /* 0: as usual */
	bool alert;           /* routers on the way look at it */
	unsigned checksum_at; /* in the payload, to be filled in; 0: it has none */
	struct iface *iface;  /* by which it must go; NULL: as the routes are */
};

enum sent { SENT, SENT_NO_ROUTE, SENT_NO_ADDRESS, SENT_NO_BUFFER };

/* Sends the payload in `b`, in fragments if it must be.  What happens to it afterwards is
 * told by an ICMP error or not at all. */
enum sent ip_send(struct inet *n, struct buf *b, struct ip_head *head);

/* The same by a hop that is known; to anybody but ourselves the interface is a way. */
enum sent ip_send_by(
	struct inet *n, struct buf *b, struct ip_head *head, const struct hop *hop);

/* A whole packet with its header, to the next hop. */
void ip_transmit(struct inet *n, const struct hop *hop, struct buf *b);

/* Packets as Ethernet brought them. */
void ip4_input(
	struct inet *n, struct iface *in, const uint8_t *data, size_t len, bool to_many);
void ip6_input(
	struct inet *n, struct iface *in, const uint8_t *data, size_t len, bool to_many);

/* The header in front. */
void ip4_push(struct inet *n, struct buf *b, const struct ip_head *head);
void ip6_push(struct buf *b, const struct ip_head *head);

/* Sends a packet that is longer than the MTU in pieces, where that is allowed; a packet
 * of IPv6 must be our own. */
void ip4_fragment(struct inet *n, const struct hop *hop, struct buf *b);
void ip6_fragment(struct inet *n, const struct hop *hop, struct buf *b);

/* A packet for us, to its protocol. */
void ip_deliver(struct inet *n, struct packet *p);

/* A packet for somebody else, as it came. */
void ip_forward(struct inet *n, const struct packet *p);

/* Is it for us: an address, a broadcast, a group we hear? */
bool ip_is_ours(struct inet *n, const struct iface *in, const struct addr *to);

#endif
