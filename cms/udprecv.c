/* UDPRECV: counts datagrams, and of those UDPSEND has made also what is missing. */
#include "cms/netcmd.h"

#include "cms/flow.h"
#include "cms/group.h"
#include "cms/iface.h"
#include "cms/string.h"
#include "cms/udp.h"

#define FLOWS_MAX 8
#define PORT_MAX  65535u
#define NS_PER_US UINT64_C(1000)

struct udprecv {
	struct cms *cms;
	struct inet *inet;
	uint64_t seconds, count;
	struct target group;
	uint64_t received, bytes, first, last;
	uint64_t strange; /* of no flow: not from UDPSEND, or one too many */
	struct flow flow[FLOWS_MAX];
};

static int read_udprecv(struct udprecv *u, const struct args *args, uint64_t *port);
static int read_group(struct udprecv *u, const char **text);
static int join(struct udprecv *u);
static void run_udprecv(struct udprecv *u);
static void take_datagram(void *ctx, const struct packet *p);
static struct flow *flow_of(
	struct udprecv *u, const struct packet *p, const struct flow_stamp *s);
static void sum_up_flows(const struct udprecv *u);

int cmd_udprecv(struct cms *cms, const struct args *args)
{
	struct udprecv u = { .cms = cms, .seconds = 10, .count = UINT64_MAX };
	struct listener listener = { &u, .udp = take_datagram };
	uint64_t port = 0;
	int rc;

	u.inet = netcmd_begin(cms, &rc);
	if (!u.inet)
		return rc;
	rc = read_udprecv(&u, args, &port);
	if (!rc && u.group.addr.family)
		rc = join(&u);
	if (rc)
		return rc;
	listener.port = (uint16_t)port;
	u.inet->listener = &listener;
	say(cms, "UDPRECV listens on port %lu\n", port);
	run_udprecv(&u);
	u.inet->listener = NULL;
	if (u.group.addr.family)
		group_leave(u.inet, u.group.iface, &u.group.addr);
	nets_flush(&cms->nets);
	return 0;
}

/* GROUP is the one keyword with an address; it comes first. */
static int read_udprecv(struct udprecv *u, const struct args *args, uint64_t *port)
{
	const struct netcmd_option options[] = { { "SECONDS", 1, UINT32_MAX,
							 &u->seconds },
		{ "COUNT", 1, UINT32_MAX, &u->count }, { 0 } };
	const char *text = args->text;
	int rc = netcmd_number(u->cms, &text, "port", 1, PORT_MAX, port);

	if (!rc)
		rc = read_group(u, &text);
	return rc ? rc : netcmd_options(u->cms, text, options);
}

static int read_group(struct udprecv *u, const char **text)
{
	const char *at = *text;
	char word[WORD_LIMIT + 1];
	int rc;

	if (!word_next(&at, word) || !word_abbreviates(word, "GROUP"))
		return 0;
	rc = netcmd_target(u->cms, u->inet, &at, &u->group);
	*text = at;
	if (!rc && !addr_is_multicast(&u->group.addr))
		rc = reply(u->cms, CMS_OPERAND_INVALID, u->group.text);
	return rc;
}

static int join(struct udprecv *u)
{
	struct hop hop;

	if (!route_find(u->inet, &u->group.addr, u->group.iface, &hop))
		return netcmd_refused(u->cms, SENT_NO_ROUTE, &u->group);
	u->group.iface = hop.iface;
	if (!group_join(u->inet, hop.iface, &u->group.addr))
		return reply(u->cms, CMS_NO_PLACE, "groups");
	return 0;
}

static void run_udprecv(struct udprecv *u)
{
	uint64_t until = timer_now(&u->cms->timer) + u->seconds * NS_PER_S;

	while (cms_goes_on(u->cms) && u->received < u->count &&
		timer_now(&u->cms->timer) < until)
		cms_wait(u->cms, until);
	netcmd_traffic(u->cms, "received", u->received, u->bytes, u->last - u->first);
	sum_up_flows(u);
}

static void take_datagram(void *ctx, const struct packet *p)
{
	struct udprecv *u = ctx;
	struct flow_stamp stamp;
	struct flow *f = NULL;

	if (u->received == u->count)
		return;
	u->last = u->inet->now;
	if (!u->received++)
		u->first = u->last;
	u->bytes += p->len;
	if (flow_get(&stamp, p->data, p->len))
		f = flow_of(u, p, &stamp);
	if (f)
		flow_take(f, &stamp, u->inet->now);
	else
		u->strange++;
}

static struct flow *flow_of(
	struct udprecv *u, const struct packet *p, const struct flow_stamp *s)
{
	uint16_t port = udp_from_port(p);

	for (struct flow *f = u->flow; f < u->flow + FLOWS_MAX; f++) {
		if (!f->from.family) {
			f->from = p->from;
			f->port = port;
			f->run = s->run;
			return f;
		}
		if (f->port == port && f->run == s->run && addr_same(&f->from, &p->from))
			return f;
	}
	return NULL;
}

static void sum_up_flows(const struct udprecv *u)
{
	uint64_t now = timer_now(&u->cms->timer);
	char from[ADDR_TEXT];

	for (const struct flow *f = u->flow; f < u->flow + FLOWS_MAX && f->from.family;
		f++) {
		uint64_t jitter = f->jitter / 16;

		say(u->cms,
			"from %s: %lu lost, %lu duplicated, %lu reordered, jitter %lu.%03lu ms\n",
			addr_text(&f->from, from), flow_lost(f, now), f->duplicated,
			f->reordered, jitter / NS_PER_MS, jitter / NS_PER_US % 1000);
	}
	if (u->strange)
		say(u->cms, "%lu not numbered\n", u->strange);
}
