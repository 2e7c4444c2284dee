/* PING: echo requests, and how long the answers take. */
#include "cms/netcmd.h"

#include "cms/icmp.h"
#include "cms/octets.h"
#include "cms/string.h"

#define TABLE     1024u /* requests an answer may still come to */
#define COUNT_MAX 65535u
#define MS_MAX    600000u
#define NS_PER_US UINT64_C(1000)

enum { SOME_LOST = 8, ALL_LOST = 12 };

struct ping {
	struct cms *cms;
	struct inet *inet;
	struct target to;
	uint64_t count, size, interval, timeout; /* as asked for; the times in ms */
	uint16_t id;
	uint64_t sent, received, duplicates, failed;
	uint64_t min, max, sum;  /* ns */
	uint64_t next;           /* when the next request goes out */
	uint64_t at[TABLE];      /* when a request went out */
	uint8_t seen[TABLE / 8]; /* and whether its answer came */
};

static int read_operands(struct ping *p, const struct args *args);
static int run_ping(struct ping *p);
static bool all_is_over(const struct ping *p);
static enum sent send_request(struct ping *p);
static void take_reply(void *ctx, const struct packet *packet);
static void take_failure(void *ctx, const struct icmp_error *e);
static bool is_recent(const struct ping *p, uint16_t seq);
static void count_reply(struct ping *p, uint64_t time);
static int sum_up(const struct ping *p);

int cmd_ping(struct cms *cms, const struct args *args)
{
	struct ping p = { .cms = cms,
		.count = 4,
		.size = 56,
		.interval = 1000,
		.timeout = 1000,
		.min = UINT64_MAX };
	const struct listener listener = { &p, .echo = take_reply,
		.error = take_failure };
	int rc;

	p.inet = netcmd_begin(cms, &rc);
	if (!p.inet)
		return rc;
	rc = read_operands(&p, args);
	if (rc)
		return rc;
	p.id = (uint16_t)inet_random(p.inet);
	p.inet->listener = &listener;
	rc = run_ping(&p);
	p.inet->listener = NULL;
	return rc;
}

static int read_operands(struct ping *p, const struct args *args)
{
	const struct netcmd_option options[] = { { "COUNT", 1, COUNT_MAX, &p->count },
		{ "SIZE", 0, DATA_MAX, &p->size },
		{ "INTERVAL", 0, MS_MAX, &p->interval },
		{ "TIMEOUT", 1, MS_MAX, &p->timeout }, { 0 } };
	const char *text = args->text;
	int rc = netcmd_target(p->cms, p->inet, &text, &p->to);

	return rc ? rc : netcmd_options(p->cms, text, options);
}

/* What cannot be sent at all counts as all lost. */
static int run_ping(struct ping *p)
{
	enum sent sent;

	p->next = timer_now(&p->cms->timer);
	while (cms_goes_on(p->cms)) {
		p->inet->now = timer_now(&p->cms->timer);
		if (p->sent < p->count && p->inet->now >= p->next) {
			sent = send_request(p);
			if (sent != SENT) {
				netcmd_refused(p->cms, sent, &p->to);
				return ALL_LOST;
			}
		}
		if (all_is_over(p))
			break;
		cms_wait(p->cms, p->next);
	}
	return sum_up(p);
}

/* After the last request `next` is the end of waiting; of a group nobody knows how many
 * will answer. */
static bool all_is_over(const struct ping *p)
{
	bool answered = p->received + p->failed >= p->sent;

	if (p->sent < p->count)
		return false;
	return (answered && !addr_is_multicast(&p->to.addr)) || p->inet->now >= p->next;
}

/* An interval of 0: the next one follows the answer. */
static enum sent send_request(struct ping *p)
{
	struct ip_head head = { .to = p->to.addr, .iface = p->to.iface };
	uint64_t seq = ++p->sent, now = p->inet->now;
	bool waits = !p->interval || seq == p->count;

	p->at[seq % TABLE] = now;
	p->seen[seq % TABLE / 8] &= (uint8_t) ~(1u << seq % 8);
	p->next = now + (waits ? p->timeout : p->interval) * NS_PER_MS;
	return icmp_send_echo(p->inet, &head, p->id, (uint16_t)seq, p->size);
}

static void take_reply(void *ctx, const struct packet *packet)
{
	struct ping *p = ctx;
	uint16_t seq = icmp_seq(packet);
	uint64_t time;
	uint8_t bit = (uint8_t)(1u << seq % 8);
	char from[ADDR_TEXT];
	bool again;

	if (icmp_id(packet) != p->id || !is_recent(p, seq))
		return;
	time = p->inet->now - p->at[seq % TABLE];
	again = p->seen[seq % TABLE / 8] & bit;
	p->seen[seq % TABLE / 8] |= bit;
	if (again)
		p->duplicates++;
	else
		count_reply(p, time);
	say(p->cms, "%lu bytes from %s: seq=%u time=%lu.%03lu ms%s\n",
		packet->len - ICMP_HEADER, addr_text(&packet->from, from), seq,
		time / NS_PER_MS, time / NS_PER_US % 1000, again ? " (duplicate)" : "");
}

static void take_failure(void *ctx, const struct icmp_error *e)
{
	struct ping *p = ctx;
	char from[ADDR_TEXT];

	if ((e->protocol != IP_ICMP && e->protocol != IP_ICMPV6) ||
		get16(e->data + 4) != p->id || !is_recent(p, get16(e->data + 6)))
		return;
	p->failed++;
	if (!p->interval && p->sent < p->count)
		p->next = p->inet->now;
	say(p->cms, "From %s: seq=%u %s", addr_text(&e->from, from), get16(e->data + 6),
		icmp_text(e));
	if (e->mtu)
		say(p->cms, ", MTU %u", e->mtu);
	say(p->cms, "\n");
}

static bool is_recent(const struct ping *p, uint16_t seq)
{
	return seq && seq <= p->sent && p->sent - seq < TABLE;
}

static void count_reply(struct ping *p, uint64_t time)
{
	p->received++;
	p->sum += time;
	if (time < p->min)
		p->min = time;
	if (time > p->max)
		p->max = time;
	if (!p->interval && p->sent < p->count)
		p->next = p->inet->now;
}

static int sum_up(const struct ping *p)
{
	uint64_t lost = p->sent - p->received;
	uint64_t min = p->min / NS_PER_US, max = p->max / NS_PER_US;
	uint64_t avg = p->received ? p->sum / p->received / NS_PER_US : 0;

	say(p->cms, "%lu sent, %lu received, %lu%% lost, min/avg/max ", p->sent,
		p->received, p->sent ? lost * 100 / p->sent : 0);
	if (p->received)
		say(p->cms, "%lu.%03lu/%lu.%03lu/%lu.%03lu ms\n", min / 1000, min % 1000,
			avg / 1000, avg % 1000, max / 1000, max % 1000);
	else
		say(p->cms, "-/-/- ms\n");
	if (p->duplicates)
		say(p->cms, "%lu duplicates\n", p->duplicates);
	if (!lost)
		return 0;
	return p->received ? SOME_LOST : ALL_LOST;
}
