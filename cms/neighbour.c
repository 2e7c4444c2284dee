/* The table of neighbours, for both families. */
#include "cms/neighbour.h"

#include "cms/arp.h"
#include "cms/eth.h"
#include "cms/icmp.h"
#include "cms/iface.h"
#include "cms/nd.h"
#include "cms/string.h"
#include "cms/timer.h"

#define ASK_TIMES   3
#define ASK_EVERY   NS_PER_S
#define FRESH       (60 * NS_PER_S) /* after that one who is needed is asked again */
#define WAITING_MAX 4               /* packets for each */
#define KEPT_FREE   8               /* buffers that none may wait in */

static struct neighbour *lookup(
	struct inet *n, const struct iface *i, const struct addr *addr);
static struct neighbour *insert(struct inet *n, struct iface *i, const struct addr *addr);
static struct neighbour *oldest(struct inet *n);
static void ask(struct inet *n, struct neighbour *e);
static void hold(struct inet *n, struct neighbour *e, struct buf *b);
static void send_held(struct inet *n, struct neighbour *e);
static void give_up(struct inet *n, struct neighbour *e, bool tell);
static void send_to(struct inet *n, const struct neighbour *e, struct buf *b);

void neighbour_send(struct inet *n, struct iface *i, const struct addr *to, struct buf *b)
{
	struct neighbour *e = lookup(n, i, to);

	if (!e)
		e = insert(n, i, to);
	e->used = n->now;
	if (!e->asked && (!e->known || n->now - e->heard > FRESH))
		ask(n, e);
	if (e->known)
		send_to(n, e, b);
	else
		hold(n, e, b);
}

enum neighbour_state neighbour_state(
	struct inet *n, struct iface *i, const struct addr *to)
{
	const struct neighbour *e = lookup(n, i, to);

	if (!e)
		return NEIGHBOUR_UNKNOWN;
	return e->known ? NEIGHBOUR_KNOWN : NEIGHBOUR_ASKED;
}

void neighbour_ask(struct inet *n, struct iface *i, const struct addr *to)
{
	if (!lookup(n, i, to))
		ask(n, insert(n, i, to));
}

void neighbour_heard(struct inet *n, struct iface *i, const struct addr *addr,
	const uint8_t mac[MAC_SIZE], bool make)
{
	struct neighbour *e = lookup(n, i, addr);

	if (mac[0] & 1 || (!e && !make) || !addr_is_host(addr))
		return;
	if (!e)
		e = insert(n, i, addr);
	memcpy(e->mac, mac, MAC_SIZE);
	e->known = true;
	e->asked = 0;
	e->heard = n->now;
	send_held(n, e);
}

void neighbour_forget(struct inet *n, const struct iface *i)
{
	for (struct neighbour *e = n->neighbour; e < n->neighbour + NEIGHBOURS_MAX; e++) {
		if (e->iface == i)
			give_up(n, e, false);
	}
}

void neighbour_tick(struct inet *n)
{
	for (struct neighbour *e = n->neighbour; e < n->neighbour + NEIGHBOURS_MAX; e++) {
		if (!e->iface || !e->asked || e->next > n->now)
			continue;
		if (e->asked < ASK_TIMES)
			ask(n, e);
		else
			give_up(n, e, true);
	}
}

uint64_t neighbour_next(const struct inet *n)
{
	const struct neighbour *end = n->neighbour + NEIGHBOURS_MAX;
	uint64_t next = FOR_EVER;

	for (const struct neighbour *e = n->neighbour; e < end; e++) {
		if (e->iface && e->asked && e->next < next)
			next = e->next;
	}
	return next;
}

static struct neighbour *lookup(
	struct inet *n, const struct iface *i, const struct addr *addr)
{
	for (struct neighbour *e = n->neighbour; e < n->neighbour + NEIGHBOURS_MAX; e++) {
		if (e->iface == i && addr_same(&e->addr, addr))
			return e;
	}
	return NULL;
}

static struct neighbour *insert(struct inet *n, struct iface *i, const struct addr *addr)
{
	struct neighbour *e = oldest(n);

	if (e->iface)
		give_up(n, e, false);
	memset(e, 0, sizeof(*e));
	e->iface = i;
	e->addr = *addr;
	e->used = n->now;
	return e;
}

/* A free place, or one that was not used for longest. */
static struct neighbour *oldest(struct inet *n)
{
	struct neighbour *best = n->neighbour;

	for (struct neighbour *e = n->neighbour; e < n->neighbour + NEIGHBOURS_MAX; e++) {
		if (!e->iface)
			return e;
		if (e->used < best->used)
			best = e;
	}
	return best;
}

static void ask(struct inet *n, struct neighbour *e)
{
	const uint8_t *mac = e->known ? e->mac : NULL;

	e->asked++;
	e->next = n->now + ASK_EVERY;
	if (e->addr.family == IPV4)
		arp_ask(n, e->iface, &e->addr, mac);
	else
		nd_ask(n, e->iface, &e->addr, mac);
}

/* Somebody who asks for many that are not there must not get all buffers. */
static void hold(struct inet *n, struct neighbour *e, struct buf *b)
{
	struct buf **end = &e->waiting;
	int waiting = 0;

	for (; *end; end = &(*end)->next)
		waiting++;
	if (waiting == WAITING_MAX || n->n_free < KEPT_FREE) {
		iface_drop(e->iface, DROP_NO_BUFFER);
		buf_free(n, b);
		return;
	}
	b->next = NULL;
	*end = b;
}

static void send_held(struct inet *n, struct neighbour *e)
{
	while (e->waiting) {
		struct buf *b = e->waiting;

		e->waiting = b->next;
		send_to(n, e, b);
	}
}

/* The place is free before an error goes out, which may need one. */
static void give_up(struct inet *n, struct neighbour *e, bool tell)
{
	struct iface *i = e->iface;
	struct buf *b = e->waiting, *next;

	memset(e, 0, sizeof(*e));
	for (; b; b = next) {
		next = b->next;
		iface_drop(i, DROP_NO_NEIGHBOUR);
		if (tell)
			icmp_send_error(n, NULL, b->at, b->len, ICMP_NO_HOST, 0);
		buf_free(n, b);
	}
}

static void send_to(struct inet *n, const struct neighbour *e, struct buf *b)
{
	eth_send(n, e->iface, e->mac, e->addr.family == IPV4 ? ETH_IPV4 : ETH_IPV6, b);
}
