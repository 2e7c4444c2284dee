/* What groups are heard, and saying so.  Queries are answered at once: there are few
 * groups, and nothing here counts on others having reported. */
#include "cms/group.h"

#include "cms/iface.h"
#include "cms/ip.h"
#include "cms/octets.h"
#include "cms/string.h"
#include "cms/sum.h"
#include "cms/timer.h"

#define IGMP_SIZE   8u
#define IGMP_QUERY  0x11
#define IGMP_REPORT 0x16
#define IGMP_LEAVE  0x17
#define QUERY_EVERY (125 * NS_PER_S) /* RFC 2236, 8.2 */
#define QUERY_DELAY 100              /* tenths of a second, for the answers */
#define MLD_SIZE    24u
#define MLD_GROUP   8 /* where the group is */

static void igmp_send(struct inet *n, struct iface *i, uint8_t type,
	const struct addr *to, const struct addr *group, uint8_t delay);
static void mld_send(struct inet *n, struct iface *i, uint8_t type, const struct addr *to,
	const struct addr *group, uint16_t delay);
static void answer(struct inet *n, struct iface *i, const struct addr *asked);

bool group_join(struct inet *n, struct iface *i, const struct addr *group)
{
	for (int k = 0; k < IFACE_GROUPS; k++) {
		if (i->group[k].family)
			continue;
		i->group[k] = *group;
		group_report(n, i, group, false);
		return true;
	}
	return false;
}

void group_leave(struct inet *n, struct iface *i, const struct addr *group)
{
	const struct addr left = *group;

	for (int k = 0; k < IFACE_GROUPS; k++) {
		if (i->group[k].family && addr_same(&i->group[k], &left))
			memset(&i->group[k], 0, sizeof(i->group[k]));
	}
	if (!group_heard(i, &left))
		group_report(n, i, &left, true);
}

void group_report(struct inet *n, struct iface *i, const struct addr *group, bool leaves)
{
	const struct addr routers4 = addr_make(IPV4, (const uint8_t[]) { 224, 0, 0, 2 });
	const struct addr routers6 = addr_all_routers();

	if (group->family == IPV4)
		igmp_send(n, i, leaves ? IGMP_LEAVE : IGMP_REPORT,
			leaves ? &routers4 : group, group, 0);
	else
		mld_send(n, i, leaves ? MLD_DONE : MLD_REPORT, leaves ? &routers6 : group,
			group, 0);
}

void group_tick(struct inet *n)
{
	const struct addr any4 = addr_any(IPV4), any6 = addr_any(IPV6);
	const struct addr hosts = addr_all_hosts(), nodes = addr_all_nodes();

	if (!n->next_query || n->next_query > n->now)
		return;
	n->next_query = n->now + QUERY_EVERY;
	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (!i->up)
			continue;
		igmp_send(n, i, IGMP_QUERY, &hosts, &any4, QUERY_DELAY);
		mld_send(n, i, MLD_QUERY, &nodes, &any6, QUERY_DELAY * 100);
	}
}

bool group_heard(const struct iface *i, const struct addr *group)
{
	const struct addr nodes = addr_all_nodes(), hosts = addr_all_hosts();

	if (addr_same(group, &nodes) || addr_same(group, &hosts))
		return true;
	for (int k = 0; k < IFACE_GROUPS; k++) {
		if (i->group[k].family && addr_same(&i->group[k], group))
			return true;
	}
	for (int k = 0; k < IFACE_ADDRS; k++) {
		struct addr own = addr_solicited(&i->addr[k].addr);

		if (i->addr[k].addr.family == IPV6 && addr_same(&own, group))
			return true;
	}
	return false;
}

/* Versions 1 to 3 differ in what follows. */
void igmp_input(struct inet *n, const struct packet *p)
{
	struct addr asked;

	if (p->len < IGMP_SIZE) {
		iface_drop(p->in, DROP_MALFORMED);
		return;
	}
	if (sum_end(sum_add(0, p->data, p->len))) {
		iface_drop(p->in, DROP_CHECKSUM);
		return;
	}
	asked = addr_make(IPV4, p->data + 4);
	if (p->data[0] == IGMP_QUERY)
		answer(n, p->in, &asked);
}

/* Only of the link, with a router alert (RFC 2710, 5). */
void mld_input(struct inet *n, const struct packet *p)
{
	struct addr asked;

	if (p->len < MLD_SIZE || p->ttl != 1 || !addr_is_link_local(&p->from) ||
		!p->alert) {
		iface_drop(p->in, DROP_MALFORMED);
		return;
	}
	asked = addr_make(IPV6, p->data + MLD_GROUP);
	answer(n, p->in, &asked);
}

/* A message about a group; `delay` is how long an answer may take, in tenths of a
 * second. */
static void igmp_send(struct inet *n, struct iface *i, uint8_t type,
	const struct addr *to, const struct addr *group, uint8_t delay)
{
	struct ip_head head = { .to = *to, .protocol = IP_IGMP, .ttl = 1, .alert = true };
	const struct hop hop = { .iface = i, .to = *to };
	struct buf *b = buf_get(n, IGMP_SIZE);

	if (!b)
		return;
	head.from = iface_source(n, i, to);
	if (!head.from.family)
		head.from = addr_any(IPV4);
	b->at[0] = type;
	b->at[1] = delay;
	put16(b->at + 2, 0);
	memcpy(b->at + 4, group->b, 4);
	put16(b->at + 2, sum_end(sum_add(0, b->at, IGMP_SIZE)));
	ip_send_by(n, b, &head, &hop);
}

/* The same; `delay` in milliseconds. */
static void mld_send(struct inet *n, struct iface *i, uint8_t type, const struct addr *to,
	const struct addr *group, uint16_t delay)
{
	struct ip_head head = { .to = *to,
		.protocol = IP_ICMPV6,
		.ttl = 1,
		.alert = true,
		.checksum_at = 2 };
	const struct hop hop = { .iface = i, .to = *to };
	const struct addr link = addr_all_nodes();
	struct buf *b = buf_get(n, MLD_SIZE);

	if (!b)
		return;
	head.from = iface_source(n, i, &link);
	if (!head.from.family)
		head.from = addr_any(IPV6);
	memset(b->at, 0, MLD_SIZE);
	b->at[0] = type;
	put16(b->at + 4, delay);
	memcpy(b->at + MLD_GROUP, group->b, 16);
	ip_send_by(n, b, &head, &hop);
}

/* To a query about one group, or, where that is 0, all. */
static void answer(struct inet *n, struct iface *i, const struct addr *asked)
{
	bool all = addr_is_any(asked);

	for (int k = 0; k < IFACE_GROUPS; k++) {
		if (i->group[k].family == asked->family &&
			(all || addr_same(&i->group[k], asked)))
			group_report(n, i, &i->group[k], false);
	}
	for (int k = 0; k < IFACE_ADDRS && asked->family == IPV6; k++) {
		struct addr own = addr_solicited(&i->addr[k].addr);

		if (i->addr[k].addr.family == IPV6 && (all || addr_same(&own, asked)))
			group_report(n, i, &own, false);
	}
}
