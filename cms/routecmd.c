/* ROUTE and FORWARD. */
#include "cms/netcmd.h"

#include "cms/iface.h"
#include "cms/string.h"

static int show_routes(struct cms *cms, const struct inet *n);
static void show_networks(struct cms *cms, const struct iface *i);
static int add_route(struct cms *cms, struct inet *n, const char *text);
static int add_default(struct cms *cms, struct inet *n, const char *text);
static int add_via(struct cms *cms, struct inet *n, struct route *r, const char *text);
static int delete_route(struct cms *cms, struct inet *n, const char *text);

int cmd_route(struct cms *cms, const struct args *args)
{
	const char *text = args->text;
	char word[WORD_LIMIT + 1];
	int rc;
	struct inet *n = netcmd_begin(cms, &rc);

	if (!n)
		return rc;
	if (!word_next(&text, word))
		return show_routes(cms, n);
	if (word_abbreviates(word, "ADD"))
		return add_route(cms, n, text);
	if (word_abbreviates(word, "DEFault"))
		return add_default(cms, n, text);
	if (word_abbreviates(word, "DELete"))
		return delete_route(cms, n, text);
	return reply(cms, CMS_OPERAND_INVALID, word);
}

/* A querier asks at once, and does not wait to hear of others. */
int cmd_forward(struct cms *cms, const struct args *args)
{
	const char *text = args->text;
	char word[WORD_LIMIT + 1];
	bool on, asks = false;
	int rc;
	struct inet *n = netcmd_begin(cms, &rc);

	if (!n)
		return rc;
	if (!word_next(&text, word)) {
		say(cms, "FORWARD %s%s\n", n->forward ? "ON" : "OFF",
			n->next_query ? " QUERIER" : "");
		return 0;
	}
	on = text_same(word, "ON");
	if (!on && !text_same(word, "OFF"))
		return reply(cms, CMS_OPERAND_INVALID, word);
	if (on && word_next(&text, word)) {
		asks = text_same(word, "QUERIER");
		if (!asks)
			return reply(cms, CMS_OPERAND_INVALID, word);
	}
	rc = netcmd_end(cms, text);
	if (rc)
		return rc;
	n->forward = on;
	n->next_query = asks ? n->now : 0;
	return 0;
}

static int show_routes(struct cms *cms, const struct inet *n)
{
	static const char *const by[] = { "", "", " (DHCP)", " (router)" };
	char net[ADDR_TEXT], via[ADDR_TEXT], name[IFACE_NAME];

	for (const struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++)
		show_networks(cms, i);
	for (const struct route *r = n->route; r < n->route + ROUTES_MAX; r++) {
		if (!r->net.family)
			continue;
		say(cms, "%s/%u VIA %s%s%s%s\n", addr_text(&r->net, net), r->len,
			addr_text(&r->via, via), r->iface ? "%" : "",
			r->iface ? iface_name(r->iface, name) : "", by[r->origin]);
	}
	return 0;
}

static void show_networks(struct cms *cms, const struct iface *i)
{
	char text[ADDR_TEXT], name[IFACE_NAME];

	for (int k = 0; i->up && k < IFACE_ADDRS; k++) {
		const struct iface_addr *a = &i->addr[k];
		struct addr net = addr_network(&a->addr, a->len);

		if (a->addr.family)
			say(cms, "%s/%u ON %s\n", addr_text(&net, text), a->len,
				iface_name(i, name));
	}
}

static int add_route(struct cms *cms, struct inet *n, const char *text)
{
	struct route r = { .origin = BY_USER, .until = FOR_EVER };
	char word[WORD_LIMIT + 1];
	unsigned len;

	if (!word_next(&text, word))
		return reply(cms, CMS_OPERAND_MISSING, "net/len");
	if (!addr_parse_net(word, &r.net, &len) || addr_is_multicast(&r.net))
		return reply(cms, CMS_OPERAND_INVALID, word);
	r.net = addr_network(&r.net, len);
	r.len = (uint8_t)len;
	return add_via(cms, n, &r, text);
}

/* Of which family the router's address says. */
static int add_default(struct cms *cms, struct inet *n, const char *text)
{
	struct route r = { .origin = BY_USER, .until = FOR_EVER };

	return add_via(cms, n, &r, text);
}

static int add_via(struct cms *cms, struct inet *n, struct route *r, const char *text)
{
	char word[WORD_LIMIT + 1];
	struct target via;
	struct hop hop;
	int rc;

	if (!word_next(&text, word))
		return reply(cms, CMS_OPERAND_MISSING, "VIA");
	if (!text_same(word, "VIA"))
		return reply(cms, CMS_OPERAND_INVALID, word);
	rc = netcmd_target(cms, n, &text, &via);
	if (!rc)
		rc = netcmd_end(cms, text);
	if (rc)
		return rc;
	if (!r->net.family)
		r->net = addr_any(via.addr.family);
	if (r->net.family != via.addr.family || !addr_is_host(&via.addr))
		return reply(cms, CMS_OPERAND_INVALID, via.text);
	if (!route_find(n, &via.addr, via.iface, &hop) || hop.local ||
		!addr_same(&hop.to, &via.addr))
		return reply(cms, CMS_NOT_ON_LINK, via.text);
	r->via = via.addr;
	r->iface = addr_is_link_local(&via.addr) ? hop.iface : via.iface;
	return route_add(n, r) ? 0 : reply(cms, CMS_NO_PLACE, "routes");
}

/* DEFAULT: of both families. */
static int delete_route(struct cms *cms, struct inet *n, const char *text)
{
	const struct addr any4 = addr_any(IPV4), any6 = addr_any(IPV6);
	char word[WORD_LIMIT + 1];
	struct addr net;
	unsigned len;
	bool found;
	int rc;

	if (!word_next(&text, word))
		return reply(cms, CMS_OPERAND_MISSING, "net/len");
	rc = netcmd_end(cms, text);
	if (rc)
		return rc;
	if (word_abbreviates(word, "DEFault")) {
		found = route_delete(n, &any4, 0);
		found |= route_delete(n, &any6, 0);
	} else if (addr_parse_net(word, &net, &len)) {
		net = addr_network(&net, len);
		found = route_delete(n, &net, len);
	} else {
		return reply(cms, CMS_OPERAND_INVALID, word);
	}
	return found ? 0 : reply(cms, CMS_NOT_THERE, word);
}
