/* What clients of the server of names send it, and its answers taken apart. */
#ifndef TESTS_UNIT_VLAN_NAMES_PACKETS_H
#define TESTS_UNIT_VLAN_NAMES_PACKETS_H

#include "vlan/uplink/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define OWN 0x0a010201u

static const uint8_t own_mac[] = { 2, 0, 0, 0, 0, 1 }, alpha[] = { 2, 0, 0, 0, 0, 0x0a },
		     beta[] = { 2, 0, 0, 0, 0, 0x0b }, gamma_[] = { 2, 0, 0, 0, 0, 0x0c },
		     delta[] = { 2, 0, 0, 0, 0, 0x0d };

struct packet {
	uint8_t b[1600];
	size_t len;
};

static void put_udp(struct packet *p, const uint8_t *from, uint32_t from_ip,
	uint32_t to_ip, uint16_t from_port, uint16_t to_port, size_t payload)
{
	uint8_t *b = p->b;

	memset(b, 0xff, 6);
	memcpy(b + 6, from, 6);
	names_put16(b + 12, 0x0800);
	memset(b + 14, 0, 28);
	b[14] = 0x45;
	names_put16(b + 16, (uint32_t)payload + 28);
	b[22] = 64;
	b[23] = 17;
	names_put32(b + 26, from_ip);
	names_put32(b + 30, to_ip);
	names_put16(b + 34, from_port);
	names_put16(b + 36, to_port);
	names_put16(b + 38, (uint32_t)payload + 8);
	p->len = 42 + payload;
}

static void put_option(struct packet *p, uint8_t code, uint32_t ip)
{
	p->b[p->len] = code;
	p->b[p->len + 1] = 4;
	names_put32(p->b + p->len + 2, ip);
	p->len += 6;
}

/* A message of DHCP; wanted and server 0: not said. */
static struct packet dhcp(const uint8_t *mac, uint8_t type, uint32_t wanted,
	uint32_t server, uint32_t ciaddr)
{
	struct packet p = { .len = 42 };
	uint8_t *d = p.b + 42;

	d[0] = d[1] = 1;
	d[2] = 6;
	memcpy(d + 4, "abcd", 4);
	names_put32(d + 12, ciaddr);
	memcpy(d + 28, mac, 6);
	memcpy(d + 236, "\143\202\123\143\065\001", 6);
	d[242] = type;
	p.len = 42 + 243;
	if (wanted)
		put_option(&p, 50, wanted);
	if (server)
		put_option(&p, 54, server);
	p.b[p.len++] = 255;
	put_udp(&p, mac, ciaddr, ciaddr ? OWN : UINT32_MAX, 68, 67, p.len - 42);
	return p;
}

/* The value of an option in an answer, NULL: it has none. */
static const uint8_t *option(const uint8_t *out, size_t len, uint8_t code)
{
	for (size_t at = 42 + 240; at + 2 <= len && out[at] != 255;
		at += 2u + out[at + 1]) {
		if (out[at] == code)
			return out + at + 2;
	}
	return NULL;
}

static unsigned sum(unsigned s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s += i & 1 ? p[i] : (unsigned)p[i] << 8;
	return s;
}

/* Every answer is a whole datagram whose sums are right. */
static void check_udp(const uint8_t *out, size_t len)
{
	unsigned s = sum(0, out + 14, 20);

	assert_true(len >= 42 && names_get16(out + 16) == len - 14 &&
		    names_get16(out + 38) == len - 34);
	assert_int_equal(s % 0xffff, 0);
	s = sum(17 + (unsigned)(len - 34), out + 26, 8);
	s += sum(0, out + 34, len - 34);
	assert_int_equal(s % 0xffff, 0);
	assert_memory_equal(out + 6, own_mac, 6);
	assert_int_equal(names_get32(out + 26), OWN);
}

struct reply {
	uint8_t type; /* 0: none came */
	uint32_t ip, to;
	uint8_t bytes[NAMES_FRAME];
	size_t len;
};

static struct reply ask(struct names *n, const struct packet *p, uint64_t now)
{
	struct reply r = { 0 };

	r.len = names_answer(n, p->b, p->len, now, r.bytes);
	if (!r.len)
		return r;
	check_udp(r.bytes, r.len);
	assert_int_equal(names_get16(r.bytes + 34), 67);
	assert_int_equal(names_get16(r.bytes + 36), 68);
	assert_memory_equal(r.bytes + 42 + 4, "abcd", 4);
	assert_memory_equal(r.bytes + 42 + 28, p->b + 6, 6);
	assert_int_equal(names_get32(option(r.bytes, r.len, 54)), OWN);
	r.type = *option(r.bytes, r.len, 53);
	r.ip = names_get32(r.bytes + 42 + 16);
	r.to = names_get32(r.bytes + 30);
	return r;
}

static struct reply discover(
	struct names *n, const uint8_t *mac, uint32_t wanted, uint64_t now)
{
	struct packet p = dhcp(mac, 1, wanted, 0, 0);

	return ask(n, &p, now);
}

static struct reply request(struct names *n, const uint8_t *mac, uint32_t wanted,
	uint32_t server, uint64_t now)
{
	struct packet p = dhcp(mac, 3, wanted, server, 0);

	return ask(n, &p, now);
}

#endif
