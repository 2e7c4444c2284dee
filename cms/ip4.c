/* IPv4. */
#include "cms/ip.h"

#include "cms/dhcp.h"
#include "cms/iface.h"
#include "cms/octets.h"
#include "cms/reassembly.h"
#include "cms/string.h"
#include "cms/sum.h"

#define ALERT_SIZE      4
#define MORE_FRAGMENTS  0x2000u
#define DONT_FRAGMENT   0x4000u
#define OFFSET          0x1fffu
#define FRAGMENT_FIELDS (MORE_FRAGMENTS | OFFSET)

static const uint8_t alert_option[ALERT_SIZE] = { 0x94, ALERT_SIZE, 0, 0 };

static bool header4_ok(struct iface *in, const uint8_t *data, size_t *len, size_t *head);
static bool source4_ok(const struct iface *in, const struct packet *p);
static bool is_lease(const struct packet *p);
static bool whole4(struct inet *n, struct packet *p, const uint8_t *head);
static void put_header_sum(uint8_t *head, size_t len);
static struct buf *piece4(
	struct inet *n, const struct buf *b, size_t head, size_t at, size_t len);

void ip4_input(
	struct inet *n, struct iface *in, const uint8_t *data, size_t len, bool to_many)
{
	struct packet p = { .in = in, .to_many = to_many, .whole = data };
	size_t head;

	if (!header4_ok(in, data, &len, &head))
		return;
	p.from = addr_make(IPV4, data + 12);
	p.to = addr_make(IPV4, data + 16);
	p.protocol = data[9];
	p.ttl = data[8];
	p.data = data + head;
	p.len = len - head;
	p.whole_len = len;
	if (!source4_ok(in, &p))
		iface_drop(in, DROP_MALFORMED);
	else if (!ip_is_ours(n, in, &p.to) && !is_lease(&p))
		ip_forward(n, &p);
	else if (whole4(n, &p, data))
		ip_deliver(n, &p);
}

void ip4_push(struct inet *n, struct buf *b, const struct ip_head *head)
{
	size_t size = IP4_HEADER + (head->alert ? ALERT_SIZE : 0);
	uint8_t *at = buf_push(b, size);

	at[0] = (uint8_t)(0x40 | size / 4);
	at[1] = 0;
	put16(at + 2, (unsigned)b->len);
	put16(at + 4, n->ip_id++);
	put16(at + 6, 0);
	at[8] = head->ttl;
	at[9] = head->protocol;
	memcpy(at + 12, head->from.b, 4);
	memcpy(at + 16, head->to.b, 4);
	if (head->alert)
		memcpy(at + IP4_HEADER, alert_option, ALERT_SIZE);
	put_header_sum(at, size);
}

/* What is a fragment already is cut as well. */
void ip4_fragment(struct inet *n, const struct hop *hop, struct buf *b)
{
	size_t head = 4 * (b->at[0] & 0xfu), rest = b->len - head;
	size_t step = (hop->iface->mtu - head) & ~(size_t)7;
	unsigned fields = get16(b->at + 6);

	for (size_t at = 0; at < rest; at += step) {
		size_t len = rest - at < step ? rest - at : step;
		struct buf *piece = piece4(n, b, head, at, len);
		unsigned more = at + len < rest ? MORE_FRAGMENTS
						: fields & MORE_FRAGMENTS;

		if (!piece) {
			iface_drop(hop->iface, DROP_NO_BUFFER);
			break;
		}
		put16(piece->at + 6, more | (((fields & OFFSET) + at / 8) & OFFSET));
		put_header_sum(piece->at, head);
		ip_transmit(n, hop, piece);
	}
	buf_free(n, b);
}

/* *len becomes that of the packet: what follows is padding. */
static bool header4_ok(struct iface *in, const uint8_t *data, size_t *len, size_t *head)
{
	size_t all;

	*head = 0;
	if (*len >= IP4_HEADER)
		*head = 4 * (data[0] & 0xfu);
	if (*head < IP4_HEADER || *head > *len || data[0] >> 4 != IPV4) {
		iface_drop(in, DROP_MALFORMED);
		return false;
	}
	all = get16(data + 2);
	if (all < *head || all > *len) {
		iface_drop(in, DROP_MALFORMED);
		return false;
	}
	if (sum_end(sum_add(0, data, *head))) {
		iface_drop(in, DROP_CHECKSUM);
		return false;
	}
	*len = all;
	return true;
}

/* Nobody may be heard who cannot be answered, but for those who have no address yet. */
static bool source4_ok(const struct iface *in, const struct packet *p)
{
	return (addr_is_host(&p->from) && !iface_is_broadcast(in, &p->from)) ||
	       addr_is_any(&p->from);
}

/* A server may send to the address it is about to give (RFC 2131, 4.1). */
static bool is_lease(const struct packet *p)
{
	return p->in->dhcp.state != DHCP_OFF && p->protocol == IP_UDP && p->len >= 4 &&
	       get16(p->data + 2) == DHCP_CLIENT_PORT;
}

static bool whole4(struct inet *n, struct packet *p, const uint8_t *head)
{
	unsigned fields = get16(head + 6);
	struct fragment f = { .id = get16(head + 4),
		.offset = 8 * (fields & OFFSET),
		.more = fields & MORE_FRAGMENTS };

	return !(fields & FRAGMENT_FIELDS) || reassembly_add(n, p, &f);
}

static void put_header_sum(uint8_t *head, size_t len)
{
	put16(head + 10, 0);
	put16(head + 10, sum_end(sum_add(0, head, len)));
}

/* The header again, and `len` bytes of the rest from `at` on. */
static struct buf *piece4(
	struct inet *n, const struct buf *b, size_t head, size_t at, size_t len)
{
	struct buf *piece = buf_get(n, head + len);

	if (!piece)
		return NULL;
	memcpy(piece->at, b->at, head);
	memcpy(piece->at + head, b->at + head + at, len);
	put16(piece->at + 2, (unsigned)(head + len));
	return piece;
}
