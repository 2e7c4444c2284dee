/* Packets of IPv4 that a guest sends, for tests of uplinks. */
#ifndef TESTS_UNIT_VLAN_UPLINK_PACKETS_H
#define TESTS_UNIT_VLAN_UPLINK_PACKETS_H

#include "vlan/segment.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t guest_mac[6] = { 2, 0, 0, 0, 0, 0x0a };
static const uint8_t to_all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static inline void store16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void store32(uint8_t *p, uint32_t value)
{
	store16(p, value >> 16);
	store16(p + 2, value);
}

static inline unsigned load16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static inline uint32_t load32(const uint8_t *p)
{
	return (uint32_t)load16(p) << 16 | load16(p + 2);
}

/* The headers around what is at b + 34 already; the frame's length. */
static inline size_t put_ipv4(uint8_t *b, const uint8_t *to_mac, uint32_t from,
	uint32_t to, uint8_t protocol, size_t len)
{
	uint8_t pseudo[4] = { 0, protocol };
	uint16_t sum;

	memcpy(b, to_mac, 6);
	memcpy(b + 6, guest_mac, 6);
	memcpy(b + 12, "\x08\0\x45\0\0\0\0\1\x40\0\x40\0\0\0", 14);
	b[23] = protocol;
	store16(b + 16, (unsigned)len + 20);
	store32(b + 26, from);
	store32(b + 30, to);
	sum = checksum_fold(checksum_add(0, b + 14, 20));
	memcpy(b + 24, &sum, 2);
	store16(pseudo + 2, (unsigned)len);
	sum = checksum_fold(checksum_add(
		checksum_add(checksum_add(0, b + 26, 8), pseudo, 4), b + 34, len));
	memcpy(b + 34 + (protocol == 6 ? 16 : 6), &sum, 2);
	return 34 + len;
}

static inline size_t put_udp(uint8_t *b, const uint8_t *to_mac, uint32_t from,
	uint32_t to, unsigned ports, const void *data, size_t len)
{
	store32(b + 34, ports);
	store16(b + 38, (unsigned)len + 8);
	store16(b + 40, 0);
	memcpy(b + 42, data, len);
	return put_ipv4(b, to_mac, from, to, 17, len + 8);
}

static inline size_t put_tcp(uint8_t *b, const uint8_t *to_mac, uint32_t from,
	uint32_t to, unsigned ports, uint32_t seq, uint32_t ack, uint8_t flags,
	const char *data)
{
	size_t len = strlen(data);

	store32(b + 34, ports);
	store32(b + 38, seq);
	store32(b + 42, ack);
	b[46] = 0x50;
	b[47] = flags;
	store16(b + 48, 60000);
	store32(b + 50, 0);
	memcpy(b + 54, data, len);
	return put_ipv4(b, to_mac, from, to, 6, len + 20);
}

/* DISCOVER (wanted 0) or REQUEST. */
static inline size_t put_dhcp(uint8_t *b, uint8_t type, uint32_t wanted)
{
	uint8_t d[300] = { 1, 1, 6, 0, 'a', 'b', 'c', 'd' };

	memcpy(d + 28, guest_mac, 6);
	memcpy(d + 236, "\143\202\123\143\065\001", 6);
	d[242] = type;
	d[243] = 255;
	if (wanted) {
		memcpy(d + 243, "\062\004", 2);
		store32(d + 245, wanted);
		d[249] = 255;
	}
	return put_udp(b, to_all, 0, UINT32_MAX, 68u << 16 | 67, d, sizeof(d));
}

static inline size_t put_arp(uint8_t *b, uint32_t from, uint32_t target)
{
	memset(b, 0, 60);
	memcpy(b, to_all, 6);
	memcpy(b + 6, guest_mac, 6);
	memcpy(b + 12, "\10\6\0\1\10\0\6\4\0\1", 10);
	memcpy(b + 22, guest_mac, 6);
	store32(b + 28, from);
	store32(b + 38, target);
	return 60;
}

static inline uint32_t draw(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

/* Some bytes of what the header of IP is followed by, and at times what it says of
 * fragments, are others; addresses and ports stay, the checksums are right again. */
static inline size_t spoil(uint8_t *b, size_t len, uint32_t *x)
{
	uint32_t from = load32(b + 26), to = load32(b + 30), ports = load32(b + 34);
	uint8_t mac[6], protocol = b[23];
	uint16_t sum;

	memcpy(mac, b, 6);
	for (uint32_t n = draw(x) % 4; n; n--)
		b[34 + draw(x) % (len - 34)] = (uint8_t)draw(x);
	if (protocol != 1)
		store32(b + 34, ports);
	put_ipv4(b, mac, from, to, protocol, len - 34);
	if (draw(x) % 8 == 0) {
		store16(b + 20, draw(x) & 0x3fff);
		store16(b + 24, 0);
		sum = checksum_fold(checksum_add(0, b + 14, 20));
		memcpy(b + 24, &sum, 2);
	}
	return draw(x) % 16 ? len : 14 + draw(x) % (len - 14);
}

/* A frame to a NAT at `host`; `x` says which. */
static inline size_t put_strange(
	uint8_t *b, const uint8_t *router, uint32_t ip, uint32_t host, uint32_t *x)
{
	const uint32_t port = 5000 + draw(x) % 64, tftp = 69;
	size_t len;

	switch (draw(x) % 5) {
	case 0: len = put_dhcp(b, (uint8_t)(draw(x) % 9), ip + draw(x) % 3); break;
	case 1:
		len = put_udp(
			b, router, ip, host, port << 16 | tftp, "\0\1file\0octet", 13);
		break;
	case 2: len = put_udp(b, router, ip, host, port << 16 | 1, "x", 1); break;
	case 3:
		len = put_tcp(b, router, ip, host, port << 16 | 1, draw(x), draw(x),
			(uint8_t)draw(x), "data");
		break;
	default:
		memset(b + 34, 0, 64);
		b[34] = 8; /* an echo request */
		len = put_ipv4(b, router, ip, host, 1, 64);
		break;
	}
	return spoil(b, len, x);
}

#endif
