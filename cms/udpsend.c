/* UDPSEND: counted datagrams, numbered and stamped. */
#include "cms/netcmd.h"

#include "cms/flow.h"
#include "cms/icmp.h"
#include "cms/neighbour.h"
#include "cms/string.h"
#include "cms/udp.h"

#define PORT_MAX  65535u
#define RATE_MAX  10000000u
#define PORTS_OWN 49152u /* and above: where ours are taken from */
#define BURST     16u    /* sent without looking at anything else */

struct udpsend {
	struct cms *cms;
	struct inet *inet;
	struct target to;
	uint64_t port, count, size, rate;
	uint16_t own_port;
	struct flow_stamp stamp;
	uint64_t failed; /* ICMP errors that came back */
	const char *text;
};

static int read_udpsend(struct udpsend *u, const struct args *args);
static int find_neighbour(struct udpsend *u);
static int run_udpsend(struct udpsend *u);
static uint64_t due(const struct udpsend *u, uint64_t begin);
static enum sent send_datagram(struct udpsend *u);
static void take_refusal(void *ctx, const struct icmp_error *e);

int cmd_udpsend(struct cms *cms, const struct args *args)
{
	struct udpsend u = { .cms = cms, .count = 100, .size = 64, .rate = 100 };
	const struct listener listener = { &u, .error = take_refusal };
	int rc;

	u.inet = netcmd_begin(cms, &rc);
	if (!u.inet)
		return rc;
	rc = read_udpsend(&u, args);
	if (rc)
		return rc;
	u.inet->listener = &listener;
	rc = find_neighbour(&u);
	if (!rc)
		rc = run_udpsend(&u);
	u.inet->listener = NULL;
	return rc;
}

static int read_udpsend(struct udpsend *u, const struct args *args)
{
	const struct netcmd_option options[] = { { "COUNT", 1, UINT32_MAX, &u->count },
		{ "SIZE", FLOW_STAMP, DATA_MAX, &u->size },
		{ "RATE", 0, RATE_MAX, &u->rate }, { 0 } };
	const char *text = args->text;
	int rc = netcmd_target(u->cms, u->inet, &text, &u->to);

	if (!rc)
		rc = netcmd_number(u->cms, &text, "port", 1, PORT_MAX, &u->port);
	if (!rc)
		rc = netcmd_options(u->cms, text, options);
	u->own_port = (uint16_t)(PORTS_OWN +
				 inet_random(u->inet) % (PORT_MAX - PORTS_OWN));
	u->stamp.run = inet_random(u->inet);
	u->stamp.count = u->count;
	return rc;
}

/* First, so that not the first of a burst are lost. */
static int find_neighbour(struct udpsend *u)
{
	struct hop hop;

	if (!route_find(u->inet, &u->to.addr, u->to.iface, &hop))
		return netcmd_refused(u->cms, SENT_NO_ROUTE, &u->to);
	if (hop.local || addr_is_multicast(&hop.to) ||
		ip_is_ours(u->inet, hop.iface, &hop.to))
		return 0;
	neighbour_ask(u->inet, hop.iface, &hop.to);
	while (cms_goes_on(u->cms) &&
		neighbour_state(u->inet, hop.iface, &hop.to) == NEIGHBOUR_ASKED)
		cms_wait(u->cms, FOR_EVER);
	if (neighbour_state(u->inet, hop.iface, &hop.to) == NEIGHBOUR_UNKNOWN)
		return reply(u->cms, CMS_NO_ANSWER, addr_text(&hop.to, u->to.text));
	return 0;
}

static int run_udpsend(struct udpsend *u)
{
	uint64_t begin = timer_now(&u->cms->timer), now = begin, ns;
	enum sent sent = SENT;

	while (u->stamp.seq < u->count && sent == SENT && cms_goes_on(u->cms)) {
		now = timer_now(&u->cms->timer);
		if (due(u, begin) > now) {
			cms_wait(u->cms, due(u, begin));
			continue;
		}
		u->inet->now = now;
		sent = send_datagram(u);
		if (u->stamp.seq % BURST == 0)
			cms_poll(u->cms);
	}
	cms_poll(u->cms);
	ns = timer_now(&u->cms->timer) - begin;
	netcmd_traffic(u->cms, "sent", u->stamp.seq, u->stamp.seq * u->size, ns);
	if (u->failed)
		say(u->cms, "%lu refused: %s\n", u->failed, u->text);
	return netcmd_refused(u->cms, sent, &u->to);
}

/* When the next one is: the rate is kept over the whole, not from one to the next. */
static uint64_t due(const struct udpsend *u, uint64_t begin)
{
	return u->rate ? begin + u->stamp.seq * NS_PER_S / u->rate : 0;
}

static enum sent send_datagram(struct udpsend *u)
{
	struct ip_head head = { .to = u->to.addr, .iface = u->to.iface };
	struct buf *b = buf_get(u->inet, u->size);
	enum sent sent;

	if (!b)
		return SENT_NO_BUFFER;
	u->stamp.at = u->inet->now;
	memset(b->at, 0, u->size);
	flow_put(b->at, &u->stamp);
	sent = udp_send(u->inet, b, &head, u->own_port, (uint16_t)u->port);
	u->stamp.seq += sent == SENT;
	return sent;
}

static void take_refusal(void *ctx, const struct icmp_error *e)
{
	struct udpsend *u = ctx;

	if (e->protocol != IP_UDP || !addr_same(&e->to, &u->to.addr))
		return;
	u->failed++;
	u->text = icmp_text(e);
}
