/* Frames of TCP and UDP made from nothing, with checksums summed up the slow way. */
#ifndef TESTS_UNIT_VLAN_MADE_FRAME_H
#define TESTS_UNIT_VLAN_MADE_FRAME_H

#include "vlan/frame.h"

struct made {
	int family; /* 4 or 6 */
	bool udp;
	const uint16_t *tags;   /* pairs of EtherType and TCI, 0 ends them */
	int ip_options;         /* bytes, of IPv4 */
	const char *extensions; /* of IPv6: next header numbers, in order */
	uint8_t ext_words;      /* length of each, in 8 bytes beyond the first 8 */
	int tcp_options;        /* bytes */
	uint8_t flags;
	uint16_t ip_id;
	uint32_t seq;

	uint8_t bytes[FRAME_MAX];
	uint32_t l3, l4, header, len;
};

static void byte(struct made *m, unsigned value)
{
	m->bytes[m->len++] = (uint8_t)value;
}

static void half(struct made *m, unsigned value)
{
	byte(m, value >> 8);
	byte(m, value);
}

static void poke(struct made *m, uint32_t at, unsigned value)
{
	m->bytes[at] = (uint8_t)(value >> 8);
	m->bytes[at + 1] = (uint8_t)value;
}

/* Byte by byte, as RFC 1071 describes it. */
static unsigned slow_sum(unsigned sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		sum += i & 1 ? p[i] : (unsigned)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void put_l2(struct made *m)
{
	for (unsigned i = 0; i < 12; i++)
		byte(m, 0x02 + 16 * i);
	for (const uint16_t *tag = m->tags; tag && tag[0]; tag += 2) {
		half(m, tag[0]);
		half(m, tag[1]);
	}
	half(m, m->family == 4 ? 0x0800 : 0x86dd);
	m->l3 = m->len;
}

static void put_ipv4(struct made *m)
{
	byte(m, 0x40u | (20u + (unsigned)m->ip_options) / 4);
	byte(m, 0x02);
	half(m, 0);
	half(m, m->ip_id);
	half(m, 0x4000);
	byte(m, 63);
	byte(m, m->udp ? 17 : 6);
	half(m, 0);
	for (unsigned i = 0; i < 8; i++)
		byte(m, 10 + i * 31);
	for (int i = 0; i < m->ip_options; i++)
		byte(m, 1);
}

static void put_ipv6(struct made *m)
{
	const char *ext = m->extensions ? m->extensions : "";
	unsigned last = m->udp ? 17 : 6;

	for (unsigned i = 0; i < 6; i++)
		byte(m, i ? i * 3 : 0x60);
	byte(m, m->extensions ? (unsigned)ext[0] - 1 : last);
	byte(m, 64);
	for (unsigned i = 0; i < 32; i++)
		byte(m, 0x20 + i * 5);
	for (; *ext; ext++) {
		byte(m, ext[1] ? (unsigned)ext[1] - 1 : last);
		byte(m, m->ext_words);
		for (unsigned i = 0; i < 6u + 8u * m->ext_words; i++)
			byte(m, i == 1 ? 0 : 1); /* routing: no segments left */
	}
}

static void put_tcp(struct made *m)
{
	half(m, 0x1234);
	half(m, 80);
	half(m, m->seq >> 16);
	half(m, m->seq & 0xffff);
	half(m, 0xaabb);
	half(m, 0xccdd);
	byte(m, (20u + (unsigned)m->tcp_options) / 4 << 4);
	byte(m, m->flags);
	half(m, 0x7777);
	half(m, 0);
	half(m, 0);
	for (int i = 0; i < m->tcp_options; i++)
		byte(m, 1);
}

static uint8_t payload_byte(uint32_t i)
{
	return (uint8_t)(i * 13 + i / 251);
}

static unsigned pseudo_sum(const struct made *m, uint32_t l4_len)
{
	unsigned sum = m->family == 4 ? slow_sum(0, m->bytes + m->l3 + 12, 8)
				      : slow_sum(0, m->bytes + m->l3 + 8, 32);

	return sum + l4_len + (m->udp ? 17 : 6);
}

static uint32_t check_at(const struct made *m)
{
	return m->l4 + (m->udp ? 6 : 16);
}

static void sum_up(struct made *m)
{
	uint32_t l4_len = m->len - m->l4;
	unsigned sum;

	if (m->family == 4) {
		poke(m, m->l3 + 2, m->len - m->l3);
		sum = slow_sum(0, m->bytes + m->l3, m->l4 - m->l3);
		poke(m, m->l3 + 10, 0xffff ^ sum);
	} else {
		poke(m, m->l3 + 4, m->len - m->l3 - 40);
	}
	if (m->udp)
		poke(m, m->l4 + 4, l4_len);
	poke(m, check_at(m), 0);
	sum = slow_sum(pseudo_sum(m, l4_len), m->bytes + m->l4, l4_len);
	poke(m, check_at(m), sum == 0xffff ? 0xffff : 0xffff ^ sum);
}

/* Bytes [from, from + len) of the payload behind the headers. */
static void build(struct made *m, uint32_t from, uint32_t len)
{
	m->len = 0;
	put_l2(m);
	if (m->family == 4)
		put_ipv4(m);
	else
		put_ipv6(m);
	m->l4 = m->len;
	if (m->udp) {
		half(m, 5353);
		half(m, 53);
		half(m, 0);
		half(m, 0);
	} else {
		put_tcp(m);
	}
	m->header = m->len;
	for (uint32_t i = 0; i < len; i++)
		byte(m, payload_byte(from + i));
	sum_up(m);
}

#endif
