/* Neighbour discovery. */
#include "cms/nd.h"

#include "cms/iface.h"
#include "cms/ip.h"
#include "cms/neighbour.h"
#include "cms/octets.h"
#include "cms/string.h"
#include "cms/timer.h"

#define ND_HOPS        255 /* nobody outside of the link can send with as many */
#define TARGET_AT      8
#define TARGET_SIZE    24 /* of a message with a target, without options */
#define OPTION_SIZE    8  /* with a MAC */
#define SOURCE_MAC     1
#define TARGET_MAC     2
#define PREFIX         3
#define ADVERT_SIZE    16 /* of a router's */
#define PREFIX_SIZE    32
#define PREFIX_AT      16
#define PREFIX_AUTO    0x40
#define SOLICIT_SIZE   8
#define FLAG_ROUTER    0x80
#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE  0x20

static void nd_send(struct inet *n, struct iface *i, struct ip_head *head,
	const uint8_t *message, size_t len);
static void target_send(struct inet *n, struct iface *i, struct ip_head *head,
	unsigned type, unsigned flags, const struct addr *target);
static const uint8_t *option_find(
	const uint8_t *options, size_t len, uint8_t type, size_t least);
static void take_ask(struct inet *n, const struct packet *p);
static void take_advert(struct inet *n, const struct packet *p);
static void take_router(struct inet *n, const struct packet *p);
static void take_prefix(struct inet *n, struct iface *i, const uint8_t *option);
static uint64_t end_of(const struct inet *n, uint32_t seconds);

void nd_ask(struct inet *n, struct iface *i, const struct addr *who, const uint8_t *mac)
{
	struct ip_head head = { .from = iface_source(n, i, who),
		.to = mac ? *who : addr_solicited(who) };

	target_send(n, i, &head, ND_NEIGHBOUR_ASK, 0, who);
}

void nd_announce(struct inet *n, struct iface *i, const struct addr *a)
{
	struct ip_head head = { .from = *a, .to = addr_all_nodes() };
	unsigned flags = FLAG_OVERRIDE | (n->forward ? FLAG_ROUTER : 0);

	target_send(n, i, &head, ND_NEIGHBOUR_ADVERT, flags, a);
}

void nd_solicit_routers(struct inet *n, struct iface *i)
{
	struct ip_head head = { .to = addr_all_routers() };
	uint8_t message[SOLICIT_SIZE + OPTION_SIZE] = {
		ND_ROUTER_SOLICIT, [SOLICIT_SIZE] = SOURCE_MAC, 1
	};

	memcpy(message + SOLICIT_SIZE + 2, i->mac, MAC_SIZE);
	nd_send(n, i, &head, message, sizeof(message));
}

void nd_input(struct inet *n, const struct packet *p)
{
	size_t least = p->data[0] == ND_ROUTER_ADVERT ? ADVERT_SIZE : TARGET_SIZE;

	if (p->data[0] == ND_ROUTER_SOLICIT)
		return;
	if (p->ttl != ND_HOPS || p->data[1] != 0 || p->len < least) {
		iface_drop(p->in, DROP_MALFORMED);
		return;
	}
	switch (p->data[0]) {
	case ND_NEIGHBOUR_ASK: take_ask(n, p); break;
	case ND_NEIGHBOUR_ADVERT: take_advert(n, p); break;
	default: take_router(n, p); break;
	}
}

static void nd_send(struct inet *n, struct iface *i, struct ip_head *head,
	const uint8_t *message, size_t len)
{
	const struct hop hop = { .iface = i, .to = head->to };
	struct buf *b = buf_get(n, len);

	if (!b) {
		iface_drop(i, DROP_NO_BUFFER);
		return;
	}
	memcpy(b->at, message, len);
	head->protocol = IP_ICMPV6;
	head->ttl = ND_HOPS;
	head->checksum_at = 2;
	ip_send_by(n, b, head, &hop);
}

/* An ask or an advert, with our MAC as its option. */
static void target_send(struct inet *n, struct iface *i, struct ip_head *head,
	unsigned type, unsigned flags, const struct addr *target)
{
	uint8_t message[TARGET_SIZE + OPTION_SIZE] = {
		(uint8_t)type, [4] = (uint8_t)flags
	};

	memcpy(message + TARGET_AT, target->b, 16);
	message[TARGET_SIZE] = type == ND_NEIGHBOUR_ASK ? SOURCE_MAC : TARGET_MAC;
	message[TARGET_SIZE + 1] = OPTION_SIZE / 8;
	memcpy(message + TARGET_SIZE + 2, i->mac, MAC_SIZE);
	nd_send(n, i, head, message, sizeof(message));
}

/* The first option of a type; NULL: none, or shorter than `least`. */
static const uint8_t *option_find(
	const uint8_t *options, size_t len, uint8_t type, size_t least)
{
	while (len >= 2) {
		size_t size = 8 * (size_t)options[1];

		if (!size || size > len)
			return NULL;
		if (options[0] == type)
			return size >= least ? options : NULL;
		options += size;
		len -= size;
	}
	return NULL;
}

/* Somebody without an address yet (:: asks) is answered to all. */
static void take_ask(struct inet *n, const struct packet *p)
{
	struct addr target = addr_make(IPV6, p->data + TARGET_AT);
	const uint8_t *mac = option_find(
		p->data + TARGET_SIZE, p->len - TARGET_SIZE, SOURCE_MAC, OPTION_SIZE);
	bool nobody = addr_is_any(&p->from);
	struct ip_head head = { .from = target,
		.to = nobody ? addr_all_nodes() : p->from };
	unsigned flags = FLAG_OVERRIDE | (nobody ? 0 : FLAG_SOLICITED) |
			 (n->forward ? FLAG_ROUTER : 0);

	if (iface_of(n, &p->from) || !iface_has(p->in, &target))
		return;
	if (mac && !nobody)
		neighbour_heard(n, p->in, &p->from, mac + 2, true);
	target_send(n, p->in, &head, ND_NEIGHBOUR_ADVERT, flags, &target);
}

static void take_advert(struct inet *n, const struct packet *p)
{
	struct addr target = addr_make(IPV6, p->data + TARGET_AT);
	const uint8_t *mac = option_find(
		p->data + TARGET_SIZE, p->len - TARGET_SIZE, TARGET_MAC, OPTION_SIZE);

	if (mac && !iface_of(n, &target))
		neighbour_heard(n, p->in, &target, mac + 2, false);
}

/* A router itself listens to no other. */
static void take_router(struct inet *n, const struct packet *p)
{
	const uint8_t *options = p->data + ADVERT_SIZE, *option;
	size_t len = p->len - ADVERT_SIZE;
	struct route r = { .net = addr_any(IPV6),
		.origin = BY_ROUTER,
		.via = p->from,
		.iface = p->in,
		.until = end_of(n, get16(p->data + 6)) };

	if (n->forward || !addr_is_link_local(&p->from))
		return;
	option = option_find(options, len, SOURCE_MAC, OPTION_SIZE);
	if (option)
		neighbour_heard(n, p->in, &p->from, option + 2, true);
	route_delete_origin(n, p->in, BY_ROUTER);
	if (get16(p->data + 6))
		route_add(n, &r);
	option = option_find(options, len, PREFIX, PREFIX_SIZE);
	if (option)
		take_prefix(n, p->in, option);
}

/* An address of our own in the network (RFC 4862, 5.5.3). */
static void take_prefix(struct inet *n, struct iface *i, const uint8_t *option)
{
	struct addr net = addr_make(IPV6, option + PREFIX_AT);
	struct iface_addr a = { addr_eui64(&net, i->mac), 64, BY_ROUTER,
		end_of(n, get32(option + 4)) };
	const struct iface_addr *have = iface_has(i, &a.addr);

	if (option[2] != 64 || !(option[3] & PREFIX_AUTO) || !addr_is_host(&net) ||
		addr_is_link_local(&net) || !get32(option + 4))
		return;
	if (!have || have->origin == BY_ROUTER)
		iface_add(n, i, &a);
}

static uint64_t end_of(const struct inet *n, uint32_t seconds)
{
	return seconds == UINT32_MAX ? FOR_EVER : n->now + seconds * NS_PER_S;
}
