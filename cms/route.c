/* Ways. */
#include "cms/route.h"

#include "cms/iface.h"
#include "cms/string.h"

static bool by_link(
	struct inet *n, const struct addr *to, struct iface *on, struct hop *hop);
static struct iface *any_iface(struct inet *n, uint8_t family);
static int best_network(
	struct inet *n, const struct addr *to, const struct iface *on, struct hop *hop);
static int best_route(struct inet *n, const struct addr *to, const struct iface *on,
	int longer_than, struct hop *hop);
static struct iface *iface_to(struct inet *n, const struct route *r);
static bool same_net(const struct route *r, const struct addr *net, unsigned len);

bool route_find(struct inet *n, const struct addr *to, struct iface *on, struct hop *hop)
{
	int len;

	*hop = (struct hop) { .to = *to };
	hop->iface = iface_of(n, to);
	hop->local = hop->iface;
	if (hop->local || by_link(n, to, on, hop))
		return hop->iface;
	len = best_network(n, to, on, hop);
	best_route(n, to, on, len, hop);
	return hop->iface;
}

bool route_add(struct inet *n, const struct route *r)
{
	struct route *free = NULL;

	for (struct route *p = n->route; p < n->route + ROUTES_MAX; p++) {
		if (same_net(p, &r->net, r->len) && p->origin == r->origin) {
			*p = *r;
			return true;
		}
		if (!p->net.family && !free)
			free = p;
	}
	if (free)
		*free = *r;
	return free;
}

bool route_delete(struct inet *n, const struct addr *net, unsigned len)
{
	bool found = false;

	for (struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		if (!same_net(r, net, len))
			continue;
		memset(r, 0, sizeof(*r));
		found = true;
	}
	return found;
}

void route_forget(struct inet *n, const struct iface *i)
{
	for (struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		if (r->net.family && r->iface == i)
			memset(r, 0, sizeof(*r));
	}
}

void route_delete_origin(struct inet *n, const struct iface *i, enum origin origin)
{
	for (struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		if (r->net.family && r->iface == i && r->origin == origin)
			memset(r, 0, sizeof(*r));
	}
}

void route_expire(struct inet *n)
{
	for (struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		if (r->net.family && r->until <= n->now)
			memset(r, 0, sizeof(*r));
	}
}

uint64_t route_next(const struct inet *n)
{
	uint64_t next = FOR_EVER;

	for (const struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		if (r->net.family && r->until < next)
			next = r->until;
	}
	return next;
}

/* What no router knows about: broadcasts, groups, link-local addresses. */
static bool by_link(
	struct inet *n, const struct addr *to, struct iface *on, struct hop *hop)
{
	const struct addr all = addr_broadcast();

	if (!addr_is_multicast(to) && !addr_is_link_local(to) && !addr_same(to, &all))
		return false;
	hop->iface = on ? on : any_iface(n, to->family);
	return true;
}

/* The first that has an address of this family. */
static struct iface *any_iface(struct inet *n, uint8_t family)
{
	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		for (int k = 0; i->up && k < IFACE_ADDRS; k++) {
			if (i->addr[k].addr.family == family)
				return i;
		}
	}
	return NULL;
}

/* The length of the longest prefix; -1: none. */
static int best_network(
	struct inet *n, const struct addr *to, const struct iface *on, struct hop *hop)
{
	int best = -1;

	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		const struct iface_addr *a;

		if (!i->up || (on && i != on))
			continue;
		a = iface_on_link(i, to);
		if (!a || a->len <= best)
			continue;
		best = a->len;
		hop->iface = i;
	}
	return best;
}

static int best_route(struct inet *n, const struct addr *to, const struct iface *on,
	int longer_than, struct hop *hop)
{
	int best = longer_than;

	for (const struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		struct iface *i;

		if (!r->net.family || r->len <= best || !addr_in(to, &r->net, r->len))
			continue;
		i = iface_to(n, r);
		if (!i || !i->up || (on && i != on))
			continue;
		best = r->len;
		hop->iface = i;
		hop->to = r->via;
	}
	return best;
}

static struct iface *iface_to(struct inet *n, const struct route *r)
{
	struct hop hop = { 0 };

	if (!r->iface)
		best_network(n, &r->via, NULL, &hop);
	return r->iface ? r->iface : hop.iface;
}

static bool same_net(const struct route *r, const struct addr *net, unsigned len)
{
	return r->net.family && r->len == len && addr_same(&r->net, net);
}
