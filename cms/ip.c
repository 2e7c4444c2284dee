/* What both families do alike: sending, delivering, forwarding. */
#include "cms/ip.h"

#include "cms/eth.h"
#include "cms/group.h"
#include "cms/icmp.h"
#include "cms/iface.h"
#include "cms/neighbour.h"
#include "cms/octets.h"
#include "cms/string.h"
#include "cms/sum.h"
#include "cms/udp.h"

#define TTL_USUAL 64
#define DF        0x4000u
#define TTL4_AT   8
#define SUM4_AT   10
#define TTL6_AT   7

static void put_checksum(struct buf *b, const struct ip_head *head);
static void loop(struct inet *n, struct iface *i, struct buf *b);
static void send_fitting(struct inet *n, const struct hop *hop, struct buf *b);
static bool may_forward(const struct packet *p);
static bool may_cut(const struct packet *p);
static void refuse(
	struct inet *n, const struct packet *p, enum drop reason, enum icmp_kind kind);
static void count_hop(struct buf *b);

enum sent ip_send(struct inet *n, struct buf *b, struct ip_head *head)
{
	struct hop hop;

	if (!route_find(n, &head->to, head->iface, &hop)) {
		buf_free(n, b);
		return SENT_NO_ROUTE;
	}
	return ip_send_by(n, b, head, &hop);
}

enum sent ip_send_by(
	struct inet *n, struct buf *b, struct ip_head *head, const struct hop *hop)
{
	if (!head->from.family)
		head->from = hop->local ? head->to
					: iface_source(n, hop->iface, &head->to);
	if (!head->from.family) {
		buf_free(n, b);
		return SENT_NO_ADDRESS;
	}
	if (head->checksum_at)
		put_checksum(b, head);
	if (!head->ttl)
		head->ttl = TTL_USUAL;
	if (head->to.family == IPV4)
		ip4_push(n, b, head);
	else
		ip6_push(b, head);
	if (hop->local)
		loop(n, hop->iface, b);
	else
		send_fitting(n, hop, b);
	return SENT;
}

void ip_transmit(struct inet *n, const struct hop *hop, struct buf *b)
{
	unsigned type = hop->to.family == IPV4 ? ETH_IPV4 : ETH_IPV6;
	uint8_t mac[MAC_SIZE];

	if (addr_is_multicast(&hop->to)) {
		addr_group_mac(&hop->to, mac);
		eth_send(n, hop->iface, mac, type, b);
	} else if (iface_is_broadcast(hop->iface, &hop->to)) {
		eth_send(n, hop->iface, eth_broadcast, type, b);
	} else {
		neighbour_send(n, hop->iface, &hop->to, b);
	}
}

bool ip_is_ours(struct inet *n, const struct iface *in, const struct addr *to)
{
	if (addr_is_multicast(to))
		return group_heard(in, to);
	return iface_of(n, to) || iface_is_broadcast(in, to);
}

void ip_deliver(struct inet *n, struct packet *p)
{
	bool six = p->to.family == IPV6;

	p->to_many |= addr_is_multicast(&p->to) || iface_is_broadcast(p->in, &p->to);
	if (p->protocol == IP_UDP)
		udp_input(n, p);
	else if (p->protocol == IP_ICMP && !six)
		icmp4_input(n, p);
	else if (p->protocol == IP_ICMPV6 && six)
		icmp6_input(n, p);
	else if (p->protocol == IP_IGMP && !six)
		igmp_input(n, p);
	else if (p->protocol != IP_NO_NEXT)
		refuse(n, p, DROP_NO_PROTOCOL, ICMP_NO_PROTOCOL);
}

/* The packet came from outside, and goes out as it came but for its hops.  One for all of
 * a network that is not its sender's goes nowhere: its answers would be too many for who
 * is said to have sent it (RFC 2644). */
void ip_forward(struct inet *n, const struct packet *p)
{
	struct hop hop;
	struct buf *b;

	if (addr_is_multicast(&p->to)) {
		iface_drop(p->in, DROP_GROUP);
	} else if (!n->forward || !may_forward(p)) {
		iface_drop(p->in, DROP_NOT_HERE);
	} else if (p->ttl <= 1) {
		refuse(n, p, DROP_TTL, ICMP_TIME);
	} else if (!route_find(n, &p->to, NULL, &hop) || hop.local) {
		refuse(n, p, DROP_NO_ROUTE, ICMP_NO_ROUTE);
	} else if (iface_is_broadcast(hop.iface, &p->to)) {
		iface_drop(p->in, DROP_BROADCAST);
	} else if (p->whole_len > hop.iface->mtu && !may_cut(p)) {
		iface_drop(p->in, DROP_TOO_BIG);
		icmp_send_error(
			n, p->in, p->whole, p->whole_len, ICMP_TOO_BIG, hop.iface->mtu);
	} else if (!(b = buf_get(n, p->whole_len))) {
		iface_drop(p->in, DROP_NO_BUFFER);
	} else {
		memcpy(b->at, p->whole, p->whole_len);
		count_hop(b);
		send_fitting(n, &hop, b);
	}
}

static void put_checksum(struct buf *b, const struct ip_head *head)
{
	uint8_t *at = b->at + head->checksum_at;
	uint64_t sum = sum_pseudo(&head->from, &head->to, head->protocol, b->len);
	uint16_t checksum;

	put16(at, 0);
	checksum = sum_end(sum_add(sum, b->at, b->len));
	put16(at, checksum ? checksum : 0xffff); /* 0 would mean: none */
}

/* Taken by inet_tick(): nothing calls itself. */
static void loop(struct inet *n, struct iface *i, struct buf *b)
{
	b->next = NULL;
	b->iface = i;
	*n->looped_end = b;
	n->looped_end = &b->next;
}

static void send_fitting(struct inet *n, const struct hop *hop, struct buf *b)
{
	if (b->len <= hop->iface->mtu)
		ip_transmit(n, hop, b);
	else if (hop->to.family == IPV4)
		ip4_fragment(n, hop, b);
	else
		ip6_fragment(n, hop, b);
}

static bool may_forward(const struct packet *p)
{
	return !p->to_many && addr_is_host(&p->from) && addr_is_host(&p->to) &&
	       !addr_is_link_local(&p->from) && !addr_is_link_local(&p->to);
}

static bool may_cut(const struct packet *p)
{
	return p->to.family == IPV4 && !(get16(p->whole + 6) & DF);
}

/* No error about what went to many, or was put together: there its header is gone. */
static void refuse(
	struct inet *n, const struct packet *p, enum drop reason, enum icmp_kind kind)
{
	iface_drop(p->in, reason);
	if (!p->to_many && p->whole)
		icmp_send_error(n, p->in, p->whole, p->whole_len, kind, 0);
}

static void count_hop(struct buf *b)
{
	if (b->at[0] >> 4 == IPV6) {
		b->at[TTL6_AT]--;
		return;
	}
	b->at[TTL4_AT]--;
	put16(b->at + SUM4_AT, 0);
	put16(b->at + SUM4_AT, sum_end(sum_add(0, b->at, 4 * (b->at[0] & 0xfu))));
}
