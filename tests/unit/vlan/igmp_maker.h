/* IGMP and MLD messages as hosts and routers send them, checksums included. */
#ifndef TESTS_UNIT_VLAN_IGMP_MAKER_H
#define TESTS_UNIT_VLAN_IGMP_MAKER_H

#include "vlan/segment.h"

#include <string.h>

struct packet {
	uint32_t len;
	uint8_t bytes[1600]; /* of the frame */
};

static inline void put_sum(uint8_t *at, uint64_t sum)
{
	uint16_t folded = checksum_fold(sum);

	memcpy(at, &folded, 2);
}

/* An IPv4 packet with these bytes of IGMP from 10.0.0.`host` (0: from nobody). */
static inline struct packet igmp(
	uint8_t host, const uint8_t *group, const void *m, uint32_t len)
{
	struct packet p = { .len = 14 + 24 + len };
	uint8_t *ip = p.bytes + 14;
	const uint8_t ether[14] = { 1, 0, 0x5e, group[1] & 0x7f, group[2], group[3], 2, 0,
		0, 0, 0, host, 8, 0 };
	const uint8_t head[24] = { 0x46, 0xc0, (uint8_t)((24 + len) >> 8),
		(uint8_t)(24 + len), 0, 0, 0, 0, 1, 2, 0, 0, host ? 10 : 0, 0, 0, host,
		group[0], group[1], group[2], group[3], 0x94, 4, 0, 0 };

	memcpy(p.bytes, ether, 14);
	memcpy(ip, head, 24);
	memcpy(ip + 24, m, len);
	put_sum(ip + 10, checksum_add(0, ip, 24));
	memset(ip + 26, 0, 2);
	put_sum(ip + 26, checksum_add(0, ip + 24, len));
	return p;
}

static inline struct packet igmp_query(uint8_t host, uint8_t code)
{
	static const uint8_t all[4] = { 224, 0, 0, 1 };
	const uint8_t m[8] = { 0x11, code };

	return igmp(host, all, m, 8);
}

/* Version 3 with robustness and interval, of a group (NULL: general). */
static inline struct packet igmp_query3(
	uint8_t host, uint8_t code, uint8_t qrv, uint8_t qqic, const uint8_t *group)
{
	static const uint8_t all[4] = { 224, 0, 0, 1 };
	uint8_t m[12] = { 0x11, code, [8] = qrv, qqic };

	if (group)
		memcpy(m + 4, group, 4);
	return igmp(host, group ? group : all, m, 12);
}

static inline struct packet igmp_report(uint8_t host, uint8_t type, const uint8_t *group)
{
	uint8_t m[8] = { type };

	memcpy(m + 4, group, 4);
	return igmp(host, group, m, 8);
}

/* One record of a version 3 report. */
static inline struct packet igmp_report3(
	uint8_t host, uint8_t type, uint8_t sources, const uint8_t *group)
{
	static const uint8_t to[4] = { 224, 0, 0, 22 };
	uint8_t m[16 + 4 * 255] = { 0x22, [7] = 1, [8] = type, [11] = sources };

	memcpy(m + 12, group, 4);
	return igmp(host, to, m, 16u + 4u * sources);
}

/* An IPv6 packet behind a Hop-by-Hop header from fe80::`host` (0: from ::). */
static inline struct packet mld(
	uint8_t host, const uint8_t *group, const void *m, uint32_t len)
{
	struct packet p = { .len = 14 + 48 + len };
	uint8_t *ip = p.bytes + 14, pseudo[8] = { [3] = (uint8_t)len, [7] = 58 };
	const uint8_t ether[14] = { 0x33, 0x33, group[12], group[13], group[14],
		group[15], 2, 0, 0, 0, 0, host, 0x86, 0xdd };
	const uint8_t head[24] = { 0x60, 0, 0, 0, 0, (uint8_t)(8 + len), 0, 1,
		host ? 0xfe : 0, host ? 0x80 : 0, [23] = host };
	const uint8_t hop[8] = { 58, 0, 5, 2 };
	uint64_t sum;

	memcpy(p.bytes, ether, 14);
	memcpy(ip, head, 24);
	memcpy(ip + 24, group, 16);
	memcpy(ip + 40, hop, 8);
	memcpy(ip + 48, m, len);
	memset(ip + 50, 0, 2);
	sum = checksum_add(0, ip + 8, 32);
	sum = checksum_add(sum, pseudo, 8);
	put_sum(ip + 50, checksum_add(sum, ip + 48, len));
	return p;
}

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };

/* Version 1 (24 bytes) or 2 (28). */
static inline struct packet mld_query(uint8_t host, uint16_t code, uint32_t len)
{
	const uint8_t m[28] = { 130, [4] = (uint8_t)(code >> 8), (uint8_t)code, [24] = 2,
		125 };

	return mld(host, all_nodes, m, len);
}

static inline struct packet mld_report(uint8_t host, uint8_t type, const uint8_t *group)
{
	uint8_t m[24] = { type };

	memcpy(m + 8, group, 16);
	return mld(host, group, m, 24);
}

static inline struct packet mld_report2(uint8_t host, uint8_t type, const uint8_t *group)
{
	static const uint8_t to[16] = { 0xff, 2, [15] = 0x16 };
	uint8_t m[28] = { 143, [7] = 1, [8] = type };

	memcpy(m + 12, group, 16);
	return mld(host, to, m, 28);
}

#endif
