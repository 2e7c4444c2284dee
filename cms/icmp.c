/* Both families: sending echo requests and errors, reading errors. */
#include "cms/icmp.h"

#include "cms/iface.h"
#include "cms/octets.h"
#include "cms/string.h"
#include "cms/sum.h"
#include "cms/timer.h"

#define ERRORS_PER_S 100
#define QUOTE4       548u /* RFC 1812, 4.3.2.3 */
#define QUOTE6       1232u

struct code {
	uint8_t type, code;
};

static const struct code codes4[] = {
	[ICMP_NO_ROUTE] = { ICMP4_UNREACHABLE, 0 },
	[ICMP_NO_HOST] = { ICMP4_UNREACHABLE, 1 },
	[ICMP_NO_PROTOCOL] = { ICMP4_UNREACHABLE, 2 },
	[ICMP_NO_PORT] = { ICMP4_UNREACHABLE, 3 },
	[ICMP_TOO_BIG] = { ICMP4_UNREACHABLE, 4 },
	[ICMP_TIME] = { ICMP4_TIME, 0 },
};

static const struct code codes6[] = {
	[ICMP_NO_ROUTE] = { ICMP6_UNREACHABLE, 0 },
	[ICMP_NO_HOST] = { ICMP6_UNREACHABLE, 3 },
	[ICMP_NO_PROTOCOL] = { ICMP6_PARAMETER, 1 },
	[ICMP_NO_PORT] = { ICMP6_UNREACHABLE, 4 },
	[ICMP_TOO_BIG] = { ICMP6_TOO_BIG, 0 },
	[ICMP_TIME] = { ICMP6_TIME, 0 },
};

/* The header of a packet that is quoted in an error, or will be. */
struct quote {
	struct addr from, to;
	uint8_t protocol;
	bool first; /* it begins with the header of its protocol */
	const uint8_t *data;
	size_t len;
};

static bool read_quote(struct quote *q, const uint8_t *whole, size_t len);
static bool read_quote4(struct quote *q, const uint8_t *whole, size_t len);
static bool read_quote6(struct quote *q, const uint8_t *whole, size_t len);
static bool may_send_error(struct inet *n, const struct iface *in, const struct quote *q);
static bool is_error(const struct quote *q);
static void put_mtu(uint8_t *message, uint8_t family, uint32_t mtu);
static uint32_t mtu_of(const struct packet *p);
static enum sent send_message(struct inet *n, struct buf *b, struct ip_head *head);
static const char *error_text4(const struct icmp_error *e);
static const char *error_text6(const struct icmp_error *e);

void icmp_send_error(struct inet *n, struct iface *in, const uint8_t *whole, size_t len,
	enum icmp_kind kind, uint32_t mtu)
{
	struct ip_head head = { 0 };
	struct quote q;
	struct buf *b;
	size_t most;

	if (!read_quote(&q, whole, len) || !may_send_error(n, in, &q))
		return;
	most = q.from.family == IPV4 ? QUOTE4 : QUOTE6;
	len = len < most ? len : most;
	b = buf_get(n, ICMP_HEADER + len);
	if (!b)
		return;
	memset(b->at, 0, ICMP_HEADER);
	b->at[0] = (q.from.family == IPV4 ? codes4 : codes6)[kind].type;
	b->at[1] = (q.from.family == IPV4 ? codes4 : codes6)[kind].code;
	put_mtu(b->at, q.from.family, mtu);
	memcpy(b->at + ICMP_HEADER, whole, len);
	head.to = q.from;
	head.iface = addr_is_link_local(&q.from) ? in : NULL;
	send_message(n, b, &head);
}

enum sent icmp_send_echo(
	struct inet *n, struct ip_head *head, uint16_t id, uint16_t seq, size_t len)
{
	struct buf *b = buf_get(n, ICMP_HEADER + len);

	if (!b)
		return SENT_NO_BUFFER;
	memset(b->at, 0, ICMP_HEADER);
	b->at[0] = head->to.family == IPV4 ? ICMP4_ECHO : ICMP6_ECHO;
	put16(b->at + 4, id);
	put16(b->at + 6, seq);
	for (size_t i = 0; i < len; i++)
		b->at[ICMP_HEADER + i] = (uint8_t)i;
	return send_message(n, b, head);
}

void icmp_answer_echo(struct inet *n, const struct packet *p, uint8_t type)
{
	struct ip_head head = { .to = p->from,
		.iface = addr_is_link_local(&p->from) ? p->in : NULL };
	struct buf *b = buf_get(n, p->len);

	if (!addr_is_multicast(&p->to))
		head.from = p->to;
	if (!b) {
		iface_drop(p->in, DROP_NO_BUFFER);
		return;
	}
	memcpy(b->at, p->data, p->len);
	b->at[0] = type;
	send_message(n, b, &head);
}

void icmp_take_error(struct inet *n, const struct packet *p)
{
	struct icmp_error e = { .from = p->from, .type = p->data[0], .code = p->data[1] };
	struct quote q;

	if (!read_quote(&q, p->data + ICMP_HEADER, p->len - ICMP_HEADER) || !q.first ||
		!iface_of(n, &q.from) || !n->listener || !n->listener->error)
		return;
	e.to = q.to;
	e.mtu = mtu_of(p);
	e.protocol = q.protocol;
	e.data = q.data;
	e.len = q.len;
	n->listener->error(n->listener->ctx, &e);
}

void icmp_take_echo(struct inet *n, const struct packet *p)
{
	if (n->listener && n->listener->echo)
		n->listener->echo(n->listener->ctx, p);
}

uint16_t icmp_id(const struct packet *p)
{
	return get16(p->data + 4);
}

uint16_t icmp_seq(const struct packet *p)
{
	return get16(p->data + 6);
}

bool icmp_is_time(const struct icmp_error *e)
{
	return e->type == (e->from.family == IPV4 ? ICMP4_TIME : ICMP6_TIME);
}

const char *icmp_text(const struct icmp_error *e)
{
	return e->from.family == IPV4 ? error_text4(e) : error_text6(e);
}

/* At least 8 bytes must follow its header. */
static bool read_quote(struct quote *q, const uint8_t *whole, size_t len)
{
	if (len >= 1 && whole[0] >> 4 == IPV4)
		return read_quote4(q, whole, len);
	return read_quote6(q, whole, len);
}

static bool read_quote4(struct quote *q, const uint8_t *whole, size_t len)
{
	size_t head = len >= IP4_HEADER ? 4 * (whole[0] & 0xfu) : 0;

	if (head < IP4_HEADER || len < head + 8)
		return false;
	*q = (struct quote) { addr_make(IPV4, whole + 12), addr_make(IPV4, whole + 16),
		whole[9], !(get16(whole + 6) & 0x1fff), whole + head, len - head };
	return true;
}

/* What comes first decides: none of our own packets has a header in between but for
 * fragments, of which only the first tells anything. */
static bool read_quote6(struct quote *q, const uint8_t *whole, size_t len)
{
	size_t head = IP6_HEADER;

	if (len < head + 8 || whole[0] >> 4 != IPV6)
		return false;
	*q = (struct quote) { addr_make(IPV6, whole + 8), addr_make(IPV6, whole + 24),
		whole[6], true, whole + head, len - head };
	if (q->protocol != IP_FRAGMENT)
		return true;
	q->protocol = q->data[0];
	q->first = !(get16(q->data + 2) & 0xfff8);
	q->data += 8;
	q->len -= 8;
	return q->len >= 8;
}

/* Errors about errors would have no end, those about broadcasts too many senders (RFC
 * 1122, 3.2.2; RFC 4443, 2.4). */
static bool may_send_error(struct inet *n, const struct iface *in, const struct quote *q)
{
	if (!q->first || !addr_is_host(&q->from) || addr_is_multicast(&q->to) ||
		is_error(q) || (in && iface_is_broadcast(in, &q->from)))
		return false;
	if (n->now >= n->errors_until) {
		n->errors_until = n->now + NS_PER_S;
		n->errors_left = ERRORS_PER_S;
	}
	if (!n->errors_left)
		return false;
	n->errors_left--;
	return true;
}

/* Of IPv4 anything but echo, to be safe. */
static bool is_error(const struct quote *q)
{
	if (q->protocol == IP_ICMPV6)
		return !(q->data[0] & 0x80);
	return q->protocol == IP_ICMP && q->data[0] != ICMP4_ECHO &&
	       q->data[0] != ICMP4_ECHO_REPLY;
}

static void put_mtu(uint8_t *message, uint8_t family, uint32_t mtu)
{
	if (family == IPV4)
		put16(message + 6, mtu);
	else
		put32(message + 4, mtu);
}

/* 0: the error is about something else. */
static uint32_t mtu_of(const struct packet *p)
{
	if (p->from.family == IPV6)
		return p->data[0] == ICMP6_TOO_BIG ? get32(p->data + 4) : 0;
	if (p->data[0] != ICMP4_UNREACHABLE || p->data[1] != codes4[ICMP_TOO_BIG].code)
		return 0;
	return get16(p->data + 6);
}

static enum sent send_message(struct inet *n, struct buf *b, struct ip_head *head)
{
	bool six = head->to.family == IPV6;

	head->protocol = six ? IP_ICMPV6 : IP_ICMP;
	head->checksum_at = six ? 2 : 0;
	put16(b->at + 2, 0);
	if (!six)
		put16(b->at + 2, sum_end(sum_add(0, b->at, b->len)));
	return ip_send(n, b, head);
}

static const char *error_text4(const struct icmp_error *e)
{
	static const char *const texts[] = { "network unreachable", "host unreachable",
		"protocol unreachable", "port unreachable", "too big" };

	if (icmp_is_time(e))
		return "time exceeded";
	if (e->type != ICMP4_UNREACHABLE)
		return "parameter problem";
	return e->code < sizeof(texts) / sizeof(*texts) ? texts[e->code] : "unreachable";
}

static const char *error_text6(const struct icmp_error *e)
{
	static const char *const texts[] = { "network unreachable", "prohibited",
		"beyond scope", "host unreachable", "port unreachable" };

	switch (e->type) {
	case ICMP6_TIME: return "time exceeded";
	case ICMP6_TOO_BIG: return "too big";
	case ICMP6_UNREACHABLE: break;
	default: return e->code == 1 ? "protocol unreachable" : "parameter problem";
	}
	return e->code < sizeof(texts) / sizeof(*texts) ? texts[e->code] : "unreachable";
}
