/* A hash of what names a flow. */
#include "vlan/flow.h"

#include <netinet/in.h>
#include <string.h>

#define IP4     14 /* where the header of IP begins */
#define IP4_END 34
#define IP6_END 54

static uint64_t load64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint64_t mix(uint64_t hash, uint64_t v)
{
	hash = (hash ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static uint64_t ports(const struct frame *f, uint8_t protocol, unsigned at)
{
	bool has = protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
		   protocol == IPPROTO_SCTP;

	return has && at + 4 <= f->head_len ? load32(f->head + at) : 0;
}

static uint64_t hash_ip4(const struct frame *f)
{
	const uint8_t *ip = f->head + IP4;
	bool fragment = (ip[6] & 0x3f) | ip[7];
	uint64_t hash = mix(ip[9], load64(ip + 12));

	if (fragment)
		return hash;
	return mix(hash, ports(f, ip[9], IP4 + (ip[0] & 15u) * 4));
}

static uint64_t hash_ip6(const struct frame *f)
{
	const uint8_t *ip = f->head + IP4;
	uint64_t hash = ip[6];

	for (unsigned i = 8; i < 40; i += 8)
		hash = mix(hash, load64(ip + i));
	return mix(hash, ports(f, ip[6], IP6_END));
}

uint32_t flow_hash(const struct frame *f)
{
	unsigned type = (unsigned)f->head[12] << 8 | f->head[13];
	uint64_t hash;

	if (type == 0x0800 && f->head_len >= IP4_END)
		hash = hash_ip4(f);
	else if (type == 0x86dd && f->head_len >= IP6_END)
		hash = hash_ip6(f);
	else
		hash = mix(load64(f->head), load32(f->head + 8));
	return (uint32_t)mix(hash, 0);
}
