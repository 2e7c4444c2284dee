/* What addresses are. */
#include "cms/addr.h"

#include "cms/octets.h"
#include "cms/string.h"

static uint8_t mask_of(unsigned len, size_t byte);

struct addr addr_make(uint8_t family, const uint8_t *bytes)
{
	struct addr a = { .family = family };

	memcpy(a.b, bytes, addr_size(&a));
	return a;
}

struct addr addr_any(uint8_t family)
{
	return (struct addr) { .family = family };
}

struct addr addr_broadcast(void)
{
	return (struct addr) { .family = IPV4, .b = { 255, 255, 255, 255 } };
}

struct addr addr_all_nodes(void)
{
	return (struct addr) { .family = IPV6, .b = { 0xff, 0x02, [15] = 1 } };
}

struct addr addr_all_routers(void)
{
	return (struct addr) { .family = IPV6, .b = { 0xff, 0x02, [15] = 2 } };
}

struct addr addr_all_hosts(void)
{
	return (struct addr) { .family = IPV4, .b = { 224, 0, 0, 1 } };
}

size_t addr_size(const struct addr *a)
{
	switch (a->family) {
	case IPV4: return 4;
	case IPV6: return 16;
	default: return 0;
	}
}

unsigned addr_bits(const struct addr *a)
{
	return 8 * (unsigned)addr_size(a);
}

bool addr_same(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && !memcmp(a->b, b->b, addr_size(a));
}

bool addr_is_any(const struct addr *a)
{
	const struct addr any = addr_any(a->family);

	return addr_same(a, &any);
}

bool addr_is_multicast(const struct addr *a)
{
	return a->family == IPV4 ? a->b[0] >> 4 == 14
				 : a->family == IPV6 && a->b[0] == 0xff;
}

bool addr_is_link_local(const struct addr *a)
{
	return a->family == IPV6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool addr_is_link_group(const struct addr *a)
{
	if (!addr_is_multicast(a))
		return false;
	if (a->family == IPV6)
		return (a->b[1] & 0xf) <= 2;
	return a->b[0] == 224 && a->b[1] == 0 && a->b[2] == 0;
}

bool addr_is_host(const struct addr *a)
{
	if (addr_is_any(a) || addr_is_multicast(a))
		return false;
	if (a->family == IPV4)
		return a->b[0] != 0 && a->b[0] != 127 && a->b[0] < 240;
	for (size_t i = 0; i < 15; i++) {
		if (a->b[i])
			return true;
	}
	return a->b[15] != 1;
}

bool addr_in(const struct addr *a, const struct addr *net, unsigned len)
{
	if (a->family != net->family)
		return false;
	for (size_t i = 0; i < addr_size(a) && 8 * i < len; i++) {
		if ((a->b[i] ^ net->b[i]) & mask_of(len, i))
			return false;
	}
	return true;
}

struct addr addr_network(const struct addr *a, unsigned len)
{
	struct addr net = *a;

	for (size_t i = 0; i < addr_size(a); i++)
		net.b[i] &= mask_of(len, i);
	return net;
}

struct addr addr_last(const struct addr *a, unsigned len)
{
	struct addr last = *a;

	for (size_t i = 0; i < addr_size(a); i++)
		last.b[i] |= (uint8_t)~mask_of(len, i);
	return last;
}

struct addr addr_solicited(const struct addr *a)
{
	struct addr group = { .family = IPV6,
		.b = { 0xff, 0x02, [11] = 1, 0xff, a->b[13], a->b[14], a->b[15] } };

	return group;
}

struct addr addr_eui64(const struct addr *network, const uint8_t mac[MAC_SIZE])
{
	struct addr a = *network;
	const uint8_t id[8] = { (uint8_t)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3],
		mac[4], mac[5] };

	memcpy(a.b + 8, id, sizeof(id));
	return a;
}

void addr_group_mac(const struct addr *a, uint8_t mac[MAC_SIZE])
{
	const uint8_t four[MAC_SIZE] = { 0x01, 0x00, 0x5e, (uint8_t)(a->b[1] & 0x7f),
		a->b[2], a->b[3] };
	const uint8_t six[MAC_SIZE] = { 0x33, 0x33, a->b[12], a->b[13], a->b[14],
		a->b[15] };

	memcpy(mac, a->family == IPV4 ? four : six, MAC_SIZE);
}

/* The bits of byte `byte` that belong to the first `len` bits. */
static uint8_t mask_of(unsigned len, size_t byte)
{
	unsigned before = 8 * (unsigned)byte;

	if (len <= before)
		return 0;
	if (len - before >= 8)
		return 0xff;
	return (uint8_t)(0xff00u >> (len - before));
}
