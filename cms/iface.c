/* Interfaces and what addresses they have. */
#include "cms/iface.h"

#include "cms/arp.h"
#include "cms/group.h"
#include "cms/nd.h"
#include "cms/neighbour.h"
#include "cms/print.h"
#include "cms/route.h"
#include "cms/string.h"
#include "cms/words.h"

#define VLAN_MAX 4094u

static struct iface_addr *place_for(struct iface *i, const struct addr *a);
static void announce(struct inet *n, struct iface *i, const struct addr *a);
static void drop_addr(struct inet *n, struct iface *i, struct iface_addr *a);
static int fitness(const struct iface_addr *a, const struct addr *to);
static const struct iface_addr *fittest(const struct iface *i, const struct addr *to);

struct iface *iface_find(struct inet *n, unsigned nic, unsigned vlan)
{
	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (i->used && i->nic == nic && i->vlan == vlan)
			return i;
	}
	return NULL;
}

struct iface *iface_make(struct inet *n, unsigned nic, unsigned vlan)
{
	struct iface *i = iface_find(n, nic, vlan);

	if (i || nic >= (unsigned)n->n_nics)
		return i;
	for (i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (i->used)
			continue;
		memset(i, 0, sizeof(*i));
		i->used = true;
		i->nic = (uint8_t)nic;
		i->vlan = (uint16_t)vlan;
		i->mtu = n->nic[nic].mtu;
		memcpy(i->mac, n->nic[nic].mac, MAC_SIZE);
		return i;
	}
	return NULL;
}

void iface_up(struct inet *n, struct iface *i)
{
	const struct addr net = { .family = IPV6, .b = { 0xfe, 0x80 } };
	const struct iface_addr own = { addr_eui64(&net, i->mac), 64, BY_ITSELF,
		FOR_EVER };

	if (i->up)
		return;
	i->up = true;
	iface_add(n, i, &own);
	nd_solicit_routers(n, i);
}

void iface_down(struct inet *n, struct iface *i)
{
	if (!i->up)
		return;
	dhcp_stop(n, i);
	for (int k = 0; k < IFACE_GROUPS; k++) {
		if (i->group[k].family)
			group_leave(n, i, &i->group[k]);
	}
	for (struct iface_addr *a = i->addr; a < i->addr + IFACE_ADDRS; a++)
		drop_addr(n, i, a);
	i->up = false;
	neighbour_forget(n, i);
	route_forget(n, i);
	if (i->vlan)
		i->used = false;
}

char *iface_name(const struct iface *i, char to[IFACE_NAME])
{
	size_t at = print_to(to, IFACE_NAME, "ETH%u", i->nic);

	if (i->vlan)
		print_to(to + at, IFACE_NAME - at, ".%u", i->vlan);
	return to;
}

bool iface_parse(const char *text, unsigned *nic, unsigned *vlan)
{
	char part[IFACE_NAME];
	uint64_t a, b = 0;
	size_t at = 3;

	if (text_length(text) >= sizeof(part))
		return false;
	text_copy(part, sizeof(part), text);
	while (part[0] && part[at] && part[at] != '.')
		at++;
	if (part[at] == '.') {
		if (!parse_number(part + at + 1, VLAN_MAX, &b) || !b)
			return false;
		part[at] = '\0';
	}
	if (!parse_number(part + 3, NICS_MAX - 1, &a))
		return false;
	part[3] = '\0';
	*nic = (unsigned)a;
	*vlan = (unsigned)b;
	return text_same(part, "ETH");
}

bool iface_add(struct inet *n, struct iface *i, const struct iface_addr *a)
{
	struct iface_addr *place = place_for(i, &a->addr);
	bool is_new;

	if (!place)
		return false;
	is_new = !place->addr.family;
	*place = *a;
	if (is_new)
		announce(n, i, &a->addr);
	return true;
}

bool iface_delete(struct inet *n, struct iface *i, const struct addr *a)
{
	for (struct iface_addr *p = i->addr; p < i->addr + IFACE_ADDRS; p++) {
		if (p->addr.family && addr_same(&p->addr, a)) {
			drop_addr(n, i, p);
			return true;
		}
	}
	return false;
}

void iface_expire(struct inet *n, struct iface *i)
{
	for (struct iface_addr *a = i->addr; a < i->addr + IFACE_ADDRS; a++) {
		if (a->until <= n->now)
			drop_addr(n, i, a);
	}
}

void iface_delete_origin(struct inet *n, struct iface *i, enum origin origin)
{
	for (struct iface_addr *a = i->addr; a < i->addr + IFACE_ADDRS; a++) {
		if (a->origin == origin)
			drop_addr(n, i, a);
	}
}

uint64_t iface_next(const struct iface *i)
{
	uint64_t next = FOR_EVER;

	for (const struct iface_addr *a = i->addr; a < i->addr + IFACE_ADDRS; a++) {
		if (a->addr.family && a->until < next)
			next = a->until;
	}
	return next;
}

const struct iface_addr *iface_has(const struct iface *i, const struct addr *a)
{
	for (const struct iface_addr *p = i->addr; p < i->addr + IFACE_ADDRS; p++) {
		if (p->addr.family && addr_same(&p->addr, a))
			return p;
	}
	return NULL;
}

struct iface *iface_of(struct inet *n, const struct addr *a)
{
	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (i->up && iface_has(i, a))
			return i;
	}
	return NULL;
}

const struct iface_addr *iface_on_link(const struct iface *i, const struct addr *a)
{
	const struct iface_addr *best = NULL;

	for (const struct iface_addr *p = i->addr; p < i->addr + IFACE_ADDRS; p++) {
		if (p->addr.family && addr_in(a, &p->addr, p->len) &&
			(!best || p->len > best->len))
			best = p;
	}
	return best;
}

/* Networks of one or two addresses have none (RFC 3021). */
bool iface_is_broadcast(const struct iface *i, const struct addr *a)
{
	const struct addr all = addr_broadcast();

	if (a->family != IPV4 || addr_same(a, &all))
		return a->family == IPV4;
	for (const struct iface_addr *p = i->addr; p < i->addr + IFACE_ADDRS; p++) {
		struct addr last = addr_last(&p->addr, p->len);

		if (p->addr.family == IPV4 && p->len < 31 && addr_same(a, &last))
			return true;
	}
	return false;
}

struct addr iface_source(
	const struct inet *n, const struct iface *out, const struct addr *to)
{
	const struct iface_addr *best = fittest(out, to);

	for (const struct iface *i = n->iface; !best && i < n->iface + IFACES_MAX; i++) {
		best = i->up ? fittest(i, to) : NULL;
		if (best && addr_is_link_local(&best->addr))
			best = NULL;
	}
	return best ? best->addr : addr_any(FAMILY_NONE);
}

void iface_drop(struct iface *i, enum drop reason)
{
	i->drops[reason]++;
}

/* Where the address is, else a free place. */
static struct iface_addr *place_for(struct iface *i, const struct addr *a)
{
	struct iface_addr *free = NULL;

	for (struct iface_addr *p = i->addr; p < i->addr + IFACE_ADDRS; p++) {
		if (p->addr.family && addr_same(&p->addr, a))
			return p;
		if (!p->addr.family && !free)
			free = p;
	}
	return free;
}

static void announce(struct inet *n, struct iface *i, const struct addr *a)
{
	struct addr group = addr_solicited(a);

	if (a->family == IPV4) {
		arp_announce(n, i, a);
		return;
	}
	group_report(n, i, &group, false);
	nd_announce(n, i, a);
}

static void drop_addr(struct inet *n, struct iface *i, struct iface_addr *a)
{
	struct addr group = addr_solicited(&a->addr);
	uint8_t family = a->addr.family;

	if (!family)
		return;
	memset(a, 0, sizeof(*a));
	if (family == IPV6 && !group_heard(i, &group))
		group_report(n, i, &group, true);
}

/* Which address speaks best to `to`: of the same kind, and of the same network (RFC 6724
 * in short); negative: not at all. */
static int fitness(const struct iface_addr *a, const struct addr *to)
{
	bool near = addr_is_link_local(to) || addr_is_link_group(to);

	if (a->addr.family != to->family)
		return -1;
	return 2 * (to->family == IPV4 || addr_is_link_local(&a->addr) == near) +
	       addr_in(to, &a->addr, a->len);
}

static const struct iface_addr *fittest(const struct iface *i, const struct addr *to)
{
	const struct iface_addr *best = NULL;

	for (const struct iface_addr *a = i->addr; a < i->addr + IFACE_ADDRS; a++) {
		if (a->addr.family && fitness(a, to) >= 0 &&
			(!best || fitness(a, to) > fitness(best, to)))
			best = a;
	}
	return best;
}
