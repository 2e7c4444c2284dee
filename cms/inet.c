/* The state of the network, its buffers, and what is due. */
#include "cms/inet.h"

#include "cms/eth.h"
#include "cms/group.h"
#include "cms/iface.h"
#include "cms/ip.h"
#include "cms/neighbour.h"
#include "cms/reassembly.h"
#include "cms/string.h"

const char *const drop_texts[DROPS] = {
#define DROP(name, text) text,
#include "cms/drops.def"
#undef DROP
};

static void take_looped(struct inet *n);
static uint64_t earlier(uint64_t a, uint64_t b);

void inet_start(struct inet *n, uint64_t seed)
{
	n->random = seed | 1;
	n->looped_end = &n->looped;
	n->ip_id = (uint16_t)inet_random(n);
	for (int i = BUFFERS; i-- > 0;)
		buf_free(n, &n->bufs[i]);
}

struct iface *inet_add_nic(struct inet *n, const struct nic_ops *ops, void *ctx,
	const uint8_t mac[MAC_SIZE], uint16_t mtu)
{
	struct inet_nic *nic = &n->nic[n->n_nics];
	struct iface *i;

	if (n->n_nics == NICS_MAX)
		return NULL;
	nic->ops = ops;
	nic->ctx = ctx;
	nic->mtu = mtu < MTU_MAX ? mtu : MTU_MAX;
	if (nic->mtu < MTU_MIN)
		nic->mtu = MTU_MIN;
	memcpy(nic->mac, mac, MAC_SIZE);
	n->n_nics++;
	i = iface_make(n, (unsigned)n->n_nics - 1, 0);
	if (i)
		iface_up(n, i);
	return i;
}

void inet_input(struct inet *n, int nic, const uint8_t *frame, size_t len)
{
	eth_input(n, nic, frame, len);
}

void inet_tick(struct inet *n)
{
	take_looped(n);
	neighbour_tick(n);
	reassembly_tick(n);
	route_expire(n);
	group_tick(n);
	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (!i->up)
			continue;
		iface_expire(n, i);
		dhcp_tick(n, i);
	}
}

/* A reassembly that is late is thrown away whenever somebody looks. */
uint64_t inet_next(const struct inet *n)
{
	uint64_t next = earlier(neighbour_next(n), route_next(n));

	if (n->looped)
		return n->now;
	if (n->next_query)
		next = earlier(next, n->next_query);
	for (const struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (i->up)
			next = earlier(next, earlier(iface_next(i), dhcp_next(&i->dhcp)));
	}
	return next;
}

/* xorshift64* (Marsaglia, Vigna): identifiers need no more. */
uint32_t inet_random(struct inet *n)
{
	n->random ^= n->random >> 12;
	n->random ^= n->random << 25;
	n->random ^= n->random >> 27;
	return (uint32_t)(n->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

struct buf *buf_get(struct inet *n, size_t len)
{
	struct buf *b = n->free;

	if (!b || len > DATAGRAM_MAX)
		return NULL;
	n->free = b->next;
	n->n_free--;
	b->next = NULL;
	b->at = b->space + HEADROOM;
	b->len = len;
	return b;
}

void buf_free(struct inet *n, struct buf *b)
{
	b->next = n->free;
	n->free = b;
	n->n_free++;
}

uint8_t *buf_push(struct buf *b, size_t len)
{
	b->at -= len;
	b->len += len;
	return b->at;
}

/* What an answer adds is taken as well; an answer to an answer there is not. */
static void take_looped(struct inet *n)
{
	while (n->looped) {
		struct buf *b = n->looped;

		n->looped = b->next;
		if (!n->looped)
			n->looped_end = &n->looped;
		if (b->at[0] >> 4 == IPV4)
			ip4_input(n, b->iface, b->at, b->len, false);
		else
			ip6_input(n, b->iface, b->at, b->len, false);
		buf_free(n, b);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}
