/* TRACERTE: the routers on the way, found by packets that end at each. */
#include "cms/netcmd.h"

#include "cms/icmp.h"
#include "cms/octets.h"

#define PROBES     3
#define HOPS_MAX   255u
#define PROBE_SIZE 32u
#define PROBE_MS   1000u
#define NS_PER_US  UINT64_C(1000)
#define NOT_THERE  8 /* return code: the way ended before the target */

struct trace {
	struct cms *cms;
	struct inet *inet;
	struct target to;
	uint64_t max_hops, timeout;
	uint16_t id, seq;  /* of the probe that is on its way */
	uint64_t at, time; /* when it went out, how long its answer took */
	struct addr from;  /* who answered it; family 0: nobody yet */
	const char *text;  /* what it said, if it was neither its end nor the target */
	bool reached;      /* the target */
	bool ended;        /* it cannot be reached */
	struct addr named; /* the last on this line */
};

static int run_trace(struct trace *t);
static enum sent probe(struct trace *t, uint8_t ttl);
static void show(struct trace *t);
static void take_end(void *ctx, const struct packet *p);
static void take_hop(void *ctx, const struct icmp_error *e);

int cmd_tracerte(struct cms *cms, const struct args *args)
{
	struct trace t = { .cms = cms, .max_hops = 30, .timeout = PROBE_MS };
	const struct listener listener = { &t, .echo = take_end, .error = take_hop };
	const struct netcmd_option options[] = { { "MAXHOPS", 1, HOPS_MAX, &t.max_hops },
		{ "TIMEOUT", 1, 60000, &t.timeout }, { 0 } };
	const char *text = args->text;
	int rc;

	t.inet = netcmd_begin(cms, &rc);
	if (!t.inet)
		return rc;
	rc = netcmd_target(cms, t.inet, &text, &t.to);
	if (!rc)
		rc = netcmd_options(cms, text, options);
	if (rc)
		return rc;
	t.id = (uint16_t)inet_random(t.inet);
	t.inet->listener = &listener;
	rc = run_trace(&t);
	t.inet->listener = NULL;
	return rc;
}

static int run_trace(struct trace *t)
{
	enum sent sent = SENT;

	for (unsigned hop = 1; hop <= t->max_hops; hop++) {
		say(t->cms, "%2u ", hop);
		t->named = addr_any(FAMILY_NONE);
		for (int i = 0;
			i < PROBES && sent == SENT && !t->ended && cms_goes_on(t->cms);
			i++) {
			sent = probe(t, (uint8_t)hop);
			show(t);
		}
		say(t->cms, "\n");
		if (sent != SENT)
			return netcmd_refused(t->cms, sent, &t->to);
		if (t->reached)
			return 0;
		if (t->ended || !cms_goes_on(t->cms))
			break;
	}
	return NOT_THERE;
}

/* Sends one and waits for its answer. */
static enum sent probe(struct trace *t, uint8_t ttl)
{
	struct ip_head head = { .to = t->to.addr, .iface = t->to.iface, .ttl = ttl };
	uint64_t until;
	enum sent sent;

	t->seq++;
	t->from = addr_any(FAMILY_NONE);
	t->text = NULL;
	t->inet->now = t->at = timer_now(&t->cms->timer);
	until = t->at + t->timeout * NS_PER_MS;
	sent = icmp_send_echo(t->inet, &head, t->id, t->seq, PROBE_SIZE);
	while (sent == SENT && !t->from.family && cms_goes_on(t->cms) &&
		timer_now(&t->cms->timer) < until)
		cms_wait(t->cms, until);
	return sent;
}

static void show(struct trace *t)
{
	char text[ADDR_TEXT];

	if (!t->from.family) {
		say(t->cms, " *");
		return;
	}
	if (!addr_same(&t->from, &t->named))
		say(t->cms, " %s", addr_text(&t->from, text));
	t->named = t->from;
	say(t->cms, " %lu.%03lu ms", t->time / NS_PER_MS, t->time / NS_PER_US % 1000);
	if (t->text)
		say(t->cms, " %s", t->text);
}

static void take_end(void *ctx, const struct packet *p)
{
	struct trace *t = ctx;

	if (icmp_id(p) != t->id || icmp_seq(p) != t->seq)
		return;
	t->time = t->inet->now - t->at;
	t->from = p->from;
	t->reached = true;
}

static void take_hop(void *ctx, const struct icmp_error *e)
{
	struct trace *t = ctx;

	if ((e->protocol != IP_ICMP && e->protocol != IP_ICMPV6) ||
		get16(e->data + 4) != t->id || get16(e->data + 6) != t->seq)
		return;
	t->time = t->inet->now - t->at;
	t->from = e->from;
	if (icmp_is_time(e))
		return;
	t->text = icmp_text(e);
	t->ended = true;
}
