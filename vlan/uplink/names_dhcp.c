/* DHCP: a server that knows its clients, on one network, without relays. */
#include "vlan/uplink/names.h"

#include <string.h>

#define MIN_BYTES 300 /* of BOOTP: some clients take nothing shorter */
#define OFFER_S   60

enum {
	XID = 4,
	FLAGS = 10,
	CIADDR = 12,
	YIADDR = 16,
	GIADDR = 24,
	CHADDR = 28,
	COOKIE = 236,
	OPTIONS = 240
};
enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1 };
enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };

enum {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_DNS = 6,
	OPT_HOST = 12,
	OPT_DOMAIN = 15,
	OPT_MTU = 26,
	OPT_BROADCAST = 28,
	OPT_WANTED = 50,
	OPT_SECONDS = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_END = 255
};

#define BROADCAST 0x8000u

static const uint8_t cookie[] = { 99, 130, 83, 99 };

struct question {
	uint8_t type;
	uint32_t wanted, server, ciaddr; /* 0: not said */
};

static void take_option(struct question *q, uint8_t code, const uint8_t *p, uint8_t len)
{
	if (code == OPT_TYPE && len == 1)
		q->type = *p;
	else if (code == OPT_WANTED && len == 4)
		q->wanted = names_get32(p);
	else if (code == OPT_SERVER && len == 4)
		q->server = names_get32(p);
}

static bool read_options(struct question *q, const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != OPT_END) {
		if (*p == OPT_PAD) {
			p++;
			continue;
		}
		if (end - p < 2 || end - p - 2 < p[1])
			return false;
		take_option(q, p[0], p + 2, p[1]);
		p += 2 + p[1];
	}
	return q->type != 0;
}

/* A client asks for itself: so that nobody uses up addresses in others' names. */
static bool read_question(
	struct question *q, const uint8_t mac[6], const uint8_t *in, size_t len)
{
	*q = (struct question) { 0 };
	if (len < OPTIONS || in[0] != BOOTREQUEST || in[1] != ETHERNET || in[2] != 6 ||
		names_get32(in + GIADDR) || memcmp(in + CHADDR, mac, 6) ||
		memcmp(in + COOKIE, cookie, sizeof(cookie)))
		return false;
	q->ciaddr = names_get32(in + CIADDR);
	return read_options(q, in + OPTIONS, in + len);
}

/* ---- The reply ---- */

static void put(struct names_datagram *out, uint8_t code, const void *bytes, size_t len)
{
	uint8_t *p = out->bytes + out->len;

	p[0] = code;
	p[1] = (uint8_t)len;
	memcpy(p + 2, bytes, len);
	out->len += 2 + len;
}

static void put_address(struct names_datagram *out, uint8_t code, uint32_t ip)
{
	uint8_t bytes[4];

	names_put32(bytes, ip);
	put(out, code, bytes, sizeof(bytes));
}

static void put_facts(
	const struct names *n, const uint8_t mac[6], struct names_datagram *out)
{
	const struct names_host *host = names_host_of(n, mac);
	uint8_t mtu[2];

	put_address(out, OPT_MASK, n->mask);
	put_address(out, OPT_BROADCAST, n->net | ~n->mask);
	put_address(out, OPT_DNS, n->own);
	put(out, OPT_DOMAIN, NAMES_DOMAIN, strlen(NAMES_DOMAIN));
	names_put16(mtu, n->mtu);
	put(out, OPT_MTU, mtu, sizeof(mtu));
	if (host)
		put(out, OPT_HOST, host->userid, strlen(host->userid));
}

/* As RFC 2131, 4.1 says to whom: a client without an address may not hear what is for
 * that, and says so by the flag. */
static uint32_t receiver(
	const struct question *q, const uint8_t *in, uint8_t type, uint32_t ip)
{
	if (type == NAK)
		return UINT32_MAX;
	if (q->ciaddr)
		return q->ciaddr;
	return names_get16(in + FLAGS) & BROADCAST || !ip ? UINT32_MAX : ip;
}

static void reply(const struct names *n, const struct question *q, const uint8_t *in,
	uint8_t type, uint32_t ip, struct names_datagram *out)
{
	memset(out->bytes, 0, MIN_BYTES);
	out->bytes[0] = BOOTREPLY;
	out->bytes[1] = ETHERNET;
	out->bytes[2] = 6;
	memcpy(out->bytes + XID, in + XID, 4);
	memcpy(out->bytes + FLAGS, in + FLAGS, 2);
	if (type != NAK)
		names_put32(out->bytes + CIADDR, q->ciaddr);
	names_put32(out->bytes + YIADDR, ip);
	memcpy(out->bytes + CHADDR, in + CHADDR, 6);
	memcpy(out->bytes + COOKIE, cookie, sizeof(cookie));
	out->len = OPTIONS;
	put(out, OPT_TYPE, &type, 1);
	put_address(out, OPT_SERVER, n->own);
	if (ip)
		put_address(out, OPT_SECONDS, NAMES_LEASE);
	if (type != NAK)
		put_facts(n, in + CHADDR, out);
	out->bytes[out->len++] = OPT_END;
	if (out->len < MIN_BYTES)
		out->len = MIN_BYTES;
	out->to = receiver(q, in, type, ip);
}

/* A client that asks again for what it had before is answered also where it asks nobody
 * in particular: there is no other server here. */
static void request(struct names *n, const struct question *q, const uint8_t *in,
	uint64_t now_s, struct names_datagram *out)
{
	uint32_t wanted = q->wanted ? q->wanted : q->ciaddr, ip;

	if (!wanted || (q->server && q->server != n->own))
		return;
	ip = names_address(n, in + CHADDR, wanted, now_s, NAMES_LEASE);
	if (ip == wanted)
		reply(n, q, in, ACK, ip, out);
	else
		reply(n, q, in, NAK, 0, out);
}

void names_dhcp(struct names *n, const uint8_t mac[6], const uint8_t *in, size_t len,
	uint64_t now_s, struct names_datagram *out)
{
	struct question q;
	uint32_t ip;

	out->len = 0;
	if (!read_question(&q, mac, in, len))
		return;
	switch (q.type) {
	case DISCOVER:
		ip = names_address(n, mac, q.wanted, now_s, OFFER_S);
		if (ip)
			reply(n, &q, in, OFFER, ip, out);
		break;
	case REQUEST: request(n, &q, in, now_s, out); break;
	case INFORM: reply(n, &q, in, ACK, 0, out); break;
	case RELEASE: names_release(n, mac); break;
	case DECLINE: names_decline(n, mac, now_s); break;
	default: break;
	}
}
