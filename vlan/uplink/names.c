/* What reaches the server of names: ARP, and UDP over IPv4; and its configuration. */
#include "vlan/uplink/names.h"

#include "vlan/uplink/uplink.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ETH  14
#define IP   20
#define UDP  8
#define ARP  28
#define HEAD (ETH + IP + UDP)
#define TTL  64

enum { PORT_DNS = 53, PORT_DHCP = 67, PORT_DHCP_CLIENT = 68 };

/* ---- Configuration ---------------------------------------------------------------- */

static bool valid_userid(const char *text, size_t len)
{
	if (!len || len > NAMES_USERID)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("@#$_-", text[i]))
			return false;
	}
	return true;
}

/* "ALPHA:02:00:00:0a:0b:0c" */
static int read_host(const char *text, struct names_host *h)
{
	const char *colon = strchr(text, ':');

	if (!colon || !valid_userid(text, (size_t)(colon - text)) ||
		conf_mac(colon + 1, h->mac))
		return -EINVAL;
	for (int i = 0; text[i] != ':'; i++)
		h->userid[i] = (char)tolower((unsigned char)text[i]);
	return 0;
}

/* A new one behind the others leaves theirs as they are. */
static int add_host(struct names *n, const char *text)
{
	struct names_host h = { 0 };
	uint32_t ip;

	if (n->n_hosts == UPLINK_MAX_HOSTS || read_host(text, &h) ||
		names_host_of(n, h.mac))
		return -EINVAL;
	ip = names_address(n, h.mac, 0, 0, 0);
	if (!ip)
		return -ENOSPC;
	h.ip = ip;
	n->host[n->n_hosts++] = h;
	memset(n->lease, 0, sizeof(n->lease));
	return 0;
}

static int read_conf(const struct uplink_conf *c, struct names *n, const char **bad)
{
	const char *net = conf_get(c, "net"), *mac = conf_get(c, "mac");
	const char *mtu = conf_get(c, "mtu"), *host;
	uint32_t bytes = 1500;
	size_t at = 0;
	int err;

	*bad = net ? net : "net";
	if (!net || conf_net(net, &n->net, &n->mask))
		return -EINVAL;
	*bad = mac ? mac : "mac";
	if (!mac || conf_mac(mac, n->mac))
		return -EINVAL;
	*bad = mtu;
	if (mtu && conf_number(mtu, 576, 65535, &bytes))
		return -EINVAL;
	n->mtu = (uint16_t)bytes;
	n->own = n->net + 1;
	while ((host = conf_next(c, "host", &at))) {
		*bad = host;
		err = add_host(n, host);
		if (err)
			return err;
	}
	return 0;
}

int names_create(const struct uplink_conf *c, struct names **out, const char **bad)
{
	struct names *n = calloc(1, sizeof(*n));
	int err;

	*bad = "";
	if (!n)
		return -ENOMEM;
	err = read_conf(c, n, bad);
	if (err)
		free(n);
	else
		*out = n;
	return err;
}

/* ---- Frames ------------------------------------------------------------------------ */

static void put_eth(const struct names *n, const uint8_t *to, uint16_t type, uint8_t *out)
{
	memcpy(out, to, 6);
	memcpy(out + 6, n->mac, 6);
	names_put16(out + 12, type);
}

static size_t answer_arp(
	const struct names *n, const uint8_t *frame, size_t len, uint8_t *out)
{
	static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	const uint8_t *in = frame + ETH;
	uint8_t *arp = out + ETH;

	if (len < ETH + ARP || memcmp(in, request, sizeof(request)) ||
		names_get32(in + 24) != n->own)
		return 0;
	put_eth(n, frame + 6, 0x0806, out);
	memcpy(arp, in, 6);
	names_put16(arp + 6, 2);
	memcpy(arp + 8, n->mac, 6);
	names_put32(arp + 14, n->own);
	memcpy(arp + 18, in + 8, 10);
	return ETH + ARP;
}

/* Folded, not inverted; of pieces only the last may be odd. */
static uint32_t sum(uint32_t sum_before, const uint8_t *p, size_t len)
{
	uint32_t s = sum_before;

	for (size_t i = 0; i + 1 < len; i += 2)
		s += names_get16(p + i);
	if (len & 1)
		s += (uint32_t)p[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static size_t put_datagram(const struct names *n, const uint8_t *to, uint16_t from_port,
	uint16_t to_port, const struct names_datagram *d, uint8_t *out)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t *ip = out + ETH, *udp = ip + IP;
	uint32_t s, udp_len = UDP + (uint32_t)d->len;

	put_eth(n, d->to == UINT32_MAX ? all : to, 0x0800, out);
	memset(ip, 0, IP);
	ip[0] = 0x45;
	names_put16(ip + 2, IP + udp_len);
	names_put16(ip + 6, 0x4000);
	ip[8] = TTL;
	ip[9] = 17;
	names_put32(ip + 12, n->own);
	names_put32(ip + 16, d->to);
	names_put16(ip + 10, 0xffff ^ sum(0, ip, IP));

	names_put16(udp, from_port);
	names_put16(udp + 2, to_port);
	names_put16(udp + 4, udp_len);
	names_put16(udp + 6, 0);
	memcpy(udp + UDP, d->bytes, d->len);
	s = sum(sum(17 + udp_len, ip + 12, 8), udp, udp_len);
	names_put16(udp + 6, s == 0xffff ? s : 0xffff ^ s);
	return HEAD + d->len;
}

/* The place and size of what UDP carries, in *at and *len; only whole datagrams. */
static bool find_payload(const uint8_t *frame, size_t frame_len, size_t *at, size_t *len)
{
	const uint8_t *ip = frame + ETH;
	size_t head, total, udp;

	if (frame_len < HEAD || ip[0] >> 4 != 4 || ip[9] != 17 ||
		names_get16(ip + 6) & 0x3fff)
		return false;
	head = (ip[0] & 15u) * 4u;
	total = names_get16(ip + 2);
	if (head < IP || total < head + UDP || total > frame_len - ETH)
		return false;
	udp = names_get16(ip + head + 4);
	if (udp < UDP || udp > total - head)
		return false;
	*at = ETH + head + UDP;
	*len = udp - UDP;
	return true;
}

static size_t answer_udp(struct names *n, const uint8_t *frame, size_t frame_len,
	uint64_t now_s, uint8_t *out)
{
	struct names_datagram d = { 0 };
	const uint8_t *ip = frame + ETH, *from = frame + 6;
	uint16_t port, client;
	size_t at, len;

	if (!find_payload(frame, frame_len, &at, &len))
		return 0;
	client = names_get16(frame + at - UDP);
	port = names_get16(frame + at - UDP + 2);
	if (port == PORT_DHCP && client == PORT_DHCP_CLIENT) {
		names_dhcp(n, from, frame + at, len, now_s, &d);
	} else if (port == PORT_DNS && names_get32(ip + 16) == n->own) {
		names_dns(n, frame + at, len, &d);
		d.to = names_get32(ip + 12);
	}
	return d.len ? put_datagram(n, from, port, client, &d, out) : 0;
}

/* A frame that says it is from all, or from us, gets no answer. */
size_t names_answer(struct names *n, const uint8_t *frame, size_t len, uint64_t now_s,
	uint8_t out[NAMES_FRAME])
{
	if (len < ETH || frame[6] & 1 || !memcmp(frame + 6, n->mac, 6))
		return 0;
	if (!(frame[0] & 1) && memcmp(frame, n->mac, 6))
		return 0;
	switch (names_get16(frame + 12)) {
	case 0x0806: return answer_arp(n, frame, len, out);
	case 0x0800: return answer_udp(n, frame, len, now_s, out);
	default: return 0;
	}
}

/* ---- As an uplink ------------------------------------------------------------------ */

static int open_names(struct uplink *u, char why[UPLINK_WHY])
{
	struct names *n;
	const char *bad;
	int err = names_create(u->conf, &n, &bad);

	if (err)
		return uplink_fail(why, err, "\"%s\"", bad);
	u->own = n;
	return 0;
}

static void names_frame(struct uplink *u, const uint8_t *bytes, size_t len)
{
	uint8_t out[NAMES_FRAME];
	size_t n = names_answer(u->own, bytes, len, uplink_now_ms() / 1000, out);

	if (n)
		uplink_send(u, out, n);
}

const struct uplink_kind uplink_names = { .name = "names",
	.role = UPLINK_ROLE_NAMES,
	.open = open_names,
	.frame = names_frame };
