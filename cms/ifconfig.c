/* IFCONFIG: what the interfaces are, and what addresses they have. */
#include "cms/netcmd.h"

#include "cms/iface.h"
#include "cms/print.h"
#include "cms/string.h"

#define LEASE_TIME (12 * NS_PER_S) /* to wait for one: three tries */

static int show_all(struct cms *cms, struct inet *n);
static void show_drops(struct cms *cms, const struct iface *i);
static void show_lease(struct cms *cms, const struct inet *n, const struct iface *i);
static int change(
	struct cms *cms, struct inet *n, unsigned nic, unsigned vlan, const char *text);
static int set_address(
	struct cms *cms, struct inet *n, struct iface *i, const char *word);
static bool usable(const struct addr *a, unsigned len);
static int delete_address(
	struct cms *cms, struct inet *n, struct iface *i, const char **text);
static int get_lease(struct cms *cms, struct inet *n, struct iface *i);

/* Of one interface also why it dropped what it dropped. */
int cmd_ifconfig(struct cms *cms, const struct args *args)
{
	const char *text = args->text;
	char word[WORD_LIMIT + 1];
	struct iface *i;
	unsigned nic, vlan;
	int rc;
	struct inet *n = netcmd_begin(cms, &rc);

	if (!n)
		return rc;
	if (!word_next(&text, word))
		return show_all(cms, n);
	if (!iface_parse(word, &nic, &vlan))
		return reply(cms, CMS_OPERAND_INVALID, word);
	if (nic >= (unsigned)n->n_nics)
		return reply(cms, CMS_NO_NIC, (uint64_t)nic);
	if (*skip_blanks(text))
		return change(cms, n, nic, vlan, text);
	i = iface_find(n, nic, vlan);
	if (!i)
		return reply(cms, CMS_NOT_THERE, word);
	netcmd_show(cms, i);
	show_drops(cms, i);
	return 0;
}

void netcmd_show(struct cms *cms, const struct iface *i)
{
	const uint8_t *m = i->mac;
	char name[IFACE_NAME];

	say(cms, "%-8s %-4s MAC %02X-%02X-%02X-%02X-%02X-%02X MTU %u LINK %s\n",
		iface_name(i, name), i->up ? "UP" : "DOWN", m[0], m[1], m[2], m[3], m[4],
		m[5], i->mtu, net_link(cms->nets.net[i->nic]) ? "UP" : "DOWN");
	netcmd_show_addresses(cms, i);
	show_lease(cms, cms->nets.inet, i);
	say(cms, "         IN %lu frames %lu bytes OUT %lu frames %lu bytes\n",
		i->frames_in, i->bytes_in, i->frames_out, i->bytes_out);
}

void netcmd_show_addresses(struct cms *cms, const struct iface *i)
{
	static const char *const by[] = { "", " (by itself)", " (DHCP)", " (router)" };
	char text[ADDR_TEXT];

	for (const struct iface_addr *a = i->addr; a < i->addr + IFACE_ADDRS; a++) {
		if (a->addr.family)
			say(cms, "         %s/%u%s\n", addr_text(&a->addr, text), a->len,
				by[a->origin]);
	}
}

static int show_all(struct cms *cms, struct inet *n)
{
	for (const struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++) {
		if (i->used)
			netcmd_show(cms, i);
	}
	if (!n->n_nics)
		say(cms, "There are no NICs\n");
	return 0;
}

static void show_drops(struct cms *cms, const struct iface *i)
{
	for (int reason = 0; reason < DROPS; reason++) {
		if (i->drops[reason])
			say(cms, "         dropped %lu %s\n", i->drops[reason],
				drop_texts[reason]);
	}
}

static void show_lease(struct cms *cms, const struct inet *n, const struct iface *i)
{
	const struct dhcp *d = &i->dhcp;
	char server[ADDR_TEXT], other[ADDR_TEXT];

	if (d->state == DHCP_SELECTING || d->state == DHCP_REQUESTING)
		say(cms, "         DHCP asks\n");
	if (d->state != DHCP_BOUND && d->state != DHCP_RENEWING)
		return;
	say(cms, "         DHCP %s", addr_text(&d->server, server));
	if (d->router.family)
		say(cms, " router %s", addr_text(&d->router, other));
	if (d->dns.family)
		say(cms, " DNS %s", addr_text(&d->dns, other));
	if (d->until == FOR_EVER)
		say(cms, " for ever\n");
	else
		say(cms, " for %lu s, renewed %s %lu s\n", (d->until - n->now) / NS_PER_S,
			d->renew > n->now ? "in" : "since",
			(d->renew > n->now ? d->renew - n->now : n->now - d->renew) /
				NS_PER_S);
}

static int change(
	struct cms *cms, struct inet *n, unsigned nic, unsigned vlan, const char *text)
{
	char word[WORD_LIMIT + 1];
	struct iface *i;
	int rc = 0;

	word_next(&text, word);
	if (word_abbreviates(word, "DOWN")) {
		i = iface_find(n, nic, vlan);
		if (!i)
			return reply(cms, CMS_NOT_THERE, "The interface");
		iface_down(n, i);
		return netcmd_end(cms, text);
	}
	i = iface_make(n, nic, vlan);
	if (!i)
		return reply(cms, CMS_NO_PLACE, "interfaces");
	iface_up(n, i);
	if (word_abbreviates(word, "DELete"))
		rc = delete_address(cms, n, i, &text);
	else if (word_abbreviates(word, "DHCP"))
		rc = get_lease(cms, n, i);
	else if (!word_abbreviates(word, "UP"))
		rc = set_address(cms, n, i, word);
	nets_flush(&cms->nets);
	return rc ? rc : netcmd_end(cms, text);
}

static int set_address(struct cms *cms, struct inet *n, struct iface *i, const char *word)
{
	struct iface_addr a = { .origin = BY_USER, .until = FOR_EVER };
	unsigned len;

	if (!addr_parse_net(word, &a.addr, &len) || !usable(&a.addr, len))
		return reply(cms, CMS_OPERAND_INVALID, word);
	a.len = (uint8_t)len;
	return iface_add(n, i, &a) ? 0 : reply(cms, CMS_NO_PLACE, "addresses");
}

/* Not the network itself, nor its broadcast. */
static bool usable(const struct addr *a, unsigned len)
{
	struct addr first = addr_network(a, len), last = addr_last(a, len);

	if (!addr_is_host(a) || !len)
		return false;
	return a->family == IPV6 || len > 30 ||
	       (!addr_same(a, &first) && !addr_same(a, &last));
}

static int delete_address(
	struct cms *cms, struct inet *n, struct iface *i, const char **text)
{
	struct target a;
	int rc = netcmd_target(cms, n, text, &a);

	if (!rc && !iface_delete(n, i, &a.addr))
		rc = reply(cms, CMS_NOT_THERE, a.text);
	return rc;
}

static int get_lease(struct cms *cms, struct inet *n, struct iface *i)
{
	uint64_t until = timer_now(&cms->timer) + LEASE_TIME;
	char name[IFACE_NAME];

	dhcp_start(n, i);
	while (cms_goes_on(cms) && i->dhcp.state != DHCP_BOUND &&
		timer_now(&cms->timer) < until)
		cms_wait(cms, until);
	if (i->dhcp.state != DHCP_BOUND)
		return cms_goes_on(cms) ? reply(cms, CMS_NO_LEASE, iface_name(i, name))
					: 0;
	netcmd_show_addresses(cms, i);
	show_lease(cms, n, i);
	return 0;
}
