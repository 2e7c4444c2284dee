/* What NAT looks for in frames: DHCP (RFC 2131) and ARP (RFC 826), as far as they tell
 * who has an address, and where a guest's datagram goes. */
#include "vlan/uplink/nat.h"

#include <string.h>

#define ETH  14
#define IP   20 /* as libslirp sends it: without options */
#define IP6  40
#define UDP  8
#define DHCP (ETH + IP + UDP)

#define DHCP_YIADDR  16
#define DHCP_CHADDR  28
#define DHCP_COOKIE  236
#define DHCP_OPTIONS 240
#define OPTION_END   255
#define OPTION_TYPE  53
#define TYPE_ACK     5

static const uint8_t cookie[] = { 99, 130, 83, 99 };

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int message_type(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 2 && p[0] != OPTION_END) {
		if (!p[0]) {
			p++;
			continue;
		}
		if (end - p < 2 + p[1])
			break;
		if (p[0] == OPTION_TYPE && p[1] == 1)
			return p[2];
		p += 2 + p[1];
	}
	return 0;
}

bool nat_sees_lease(const uint8_t *frame, size_t len, struct nat_seen *out)
{
	static const uint8_t ports[] = { 0, 67, 0, 68 };
	const uint8_t *dhcp = frame + DHCP;

	if (len < DHCP + DHCP_OPTIONS || frame[12] != 8 || frame[13] ||
		frame[ETH] != 0x45 || frame[ETH + 9] != 17 ||
		memcmp(frame + ETH + IP, ports, sizeof(ports)))
		return false;
	if (dhcp[0] != 2 || memcmp(dhcp + DHCP_COOKIE, cookie, sizeof(cookie)) ||
		message_type(dhcp + DHCP_OPTIONS, frame + len) != TYPE_ACK)
		return false;
	memcpy(out->mac, dhcp + DHCP_CHADDR, 6);
	out->ip = get32(dhcp + DHCP_YIADDR);
	return out->ip != 0;
}

bool nat_sees_arp(const uint8_t *frame, size_t len, struct nat_seen *out)
{
	static const uint8_t head[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0 };

	if (len < ETH + 28 || memcmp(frame + 12, head, sizeof(head)) ||
		memcmp(frame + 6, frame + ETH + 8, 6))
		return false;
	memcpy(out->mac, frame + ETH + 8, 6);
	out->ip = get32(frame + ETH + 14);
	return out->ip != 0;
}

bool nat_may_pass(const uint8_t *frame, size_t len)
{
	static const uint8_t none[8];

	if (len >= ETH + IP && frame[12] == 0x08 && !frame[13])
		return frame[ETH + 16] && frame[ETH + 16] != 127;
	if (len >= ETH + IP6 && frame[12] == 0x86 && frame[13] == 0xdd)
		return memcmp(frame + ETH + 24, none, sizeof(none)) != 0;
	return true;
}
