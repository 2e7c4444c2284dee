/* IPv6. */
#include "cms/ip.h"

#include "cms/iface.h"
#include "cms/octets.h"
#include "cms/reassembly.h"
#include "cms/string.h"

#define FRAGMENT_SIZE 8
#define ALERT6_SIZE   8
#define MORE6         1u
#define OFFSET6       0xfff8u
#define OPTION_PAD1   0
#define OPTION_ALERT  5

/* Hop-by-hop options: a router alert (RFC 2711), and padding. */
static const uint8_t alert_header[ALERT6_SIZE] = { 0, 0, OPTION_ALERT, 2, 0, 0, 1, 0 };

static bool header6_ok(const uint8_t *data, size_t *len);
static bool source6_ok(const struct packet *p);
static bool skip_extensions(struct inet *n, struct packet *p);
static bool skip_one(struct packet *p);
static bool skip_fragment(struct inet *n, struct packet *p);
static bool has_alert(const uint8_t *options, size_t len);

void ip6_input(
	struct inet *n, struct iface *in, const uint8_t *data, size_t len, bool to_many)
{
	struct packet p = { .in = in, .to_many = to_many, .whole = data };

	if (!header6_ok(data, &len)) {
		iface_drop(in, DROP_MALFORMED);
		return;
	}
	p.from = addr_make(IPV6, data + 8);
	p.to = addr_make(IPV6, data + 24);
	p.protocol = data[6];
	p.ttl = data[7];
	p.data = data + IP6_HEADER;
	p.len = len - IP6_HEADER;
	p.whole_len = len;
	if (!source6_ok(&p))
		iface_drop(in, DROP_MALFORMED);
	else if (!ip_is_ours(n, in, &p.to))
		ip_forward(n, &p);
	else if (skip_extensions(n, &p))
		ip_deliver(n, &p);
}

void ip6_push(struct buf *b, const struct ip_head *head)
{
	size_t len;
	uint8_t *at;

	if (head->alert) {
		at = buf_push(b, ALERT6_SIZE);
		memcpy(at, alert_header, ALERT6_SIZE);
		at[0] = head->protocol;
	}
	len = b->len;
	at = buf_push(b, IP6_HEADER);
	put32(at, 0x60000000);
	put16(at + 4, (unsigned)len);
	at[6] = head->alert ? IP_HOPOPTS : head->protocol;
	at[7] = head->ttl;
	memcpy(at + 8, head->from.b, 16);
	memcpy(at + 24, head->to.b, 16);
}

/* Only its sender cuts a packet of IPv6; ours have no other header to be cut with. */
void ip6_fragment(struct inet *n, const struct hop *hop, struct buf *b)
{
	const size_t heads = IP6_HEADER + FRAGMENT_SIZE;
	size_t rest = b->len - IP6_HEADER;
	size_t step = (hop->iface->mtu - heads) & ~(size_t)7;
	uint32_t id = inet_random(n);

	for (size_t at = 0; at < rest; at += step) {
		size_t len = rest - at < step ? rest - at : step;
		struct buf *piece = buf_get(n, heads + len);
		uint8_t *head;

		if (!piece) {
			iface_drop(hop->iface, DROP_NO_BUFFER);
			break;
		}
		memcpy(piece->at, b->at, IP6_HEADER);
		put16(piece->at + 4, (unsigned)(FRAGMENT_SIZE + len));
		piece->at[6] = IP_FRAGMENT;
		head = piece->at + IP6_HEADER;
		head[0] = b->at[6];
		head[1] = 0;
		put16(head + 2, (unsigned)at | (at + len < rest ? MORE6 : 0));
		put32(head + 4, id);
		memcpy(piece->at + heads, b->at + IP6_HEADER + at, len);
		ip_transmit(n, hop, piece);
	}
	buf_free(n, b);
}

static bool header6_ok(const uint8_t *data, size_t *len)
{
	size_t payload;

	if (*len < IP6_HEADER || data[0] >> 4 != IPV6)
		return false;
	payload = get16(data + 4);
	if (payload > *len - IP6_HEADER)
		return false;
	*len = IP6_HEADER + payload;
	return true;
}

/* :: is somebody who has no address yet. */
static bool source6_ok(const struct packet *p)
{
	return addr_is_host(&p->from) || addr_is_any(&p->from);
}

/* Up to the header of a protocol.  False: malformed, or a fragment that makes nothing
 * whole. */
static bool skip_extensions(struct inet *n, struct packet *p)
{
	for (;;) {
		switch (p->protocol) {
		case IP_HOPOPTS:
		case IP_ROUTING:
		case IP_DESTOPTS:
			if (skip_one(p))
				break;
			iface_drop(p->in, DROP_MALFORMED);
			return false;
		case IP_FRAGMENT:
			if (!skip_fragment(n, p))
				return false;
			break;
		default: return true;
		}
	}
}

/* A routing header with places still to visit is not for us (RFC 8200, 4.4). */
static bool skip_one(struct packet *p)
{
	size_t size;

	if (p->len < 8)
		return false;
	size = 8 + 8 * (size_t)p->data[1];
	if (size > p->len || (p->protocol == IP_ROUTING && p->data[3]))
		return false;
	if (p->protocol == IP_HOPOPTS)
		p->alert = has_alert(p->data + 2, size - 2);
	p->protocol = p->data[0];
	p->data += size;
	p->len -= size;
	return true;
}

/* "Atomic" fragments are whole alone (RFC 6946). */
static bool skip_fragment(struct inet *n, struct packet *p)
{
	const uint8_t *head = p->data;
	struct fragment f;

	if (p->len < FRAGMENT_SIZE) {
		iface_drop(p->in, DROP_MALFORMED);
		return false;
	}
	f = (struct fragment) { get32(head + 4), get16(head + 2) & OFFSET6,
		get16(head + 2) & MORE6 };
	p->protocol = head[0];
	p->data += FRAGMENT_SIZE;
	p->len -= FRAGMENT_SIZE;
	return (!f.offset && !f.more) || reassembly_add(n, p, &f);
}

static bool has_alert(const uint8_t *options, size_t len)
{
	while (len) {
		size_t size = 1;

		if (options[0] == OPTION_ALERT)
			return true;
		if (options[0] != OPTION_PAD1)
			size = len > 1 ? 2 + (size_t)options[1] : len;
		if (size > len)
			return false;
		options += size;
		len -= size;
	}
	return false;
}
