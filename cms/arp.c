/* Requests and replies. */
#include "cms/arp.h"

#include "cms/eth.h"
#include "cms/iface.h"
#include "cms/neighbour.h"
#include "cms/octets.h"
#include "cms/string.h"

#define ARP_SIZE    28
#define ARP_REQUEST 1
#define ARP_REPLY   2

/* Ethernet, IPv4, and the sizes of their addresses. */
static const uint8_t arp_kind[6] = { 0, 1, 8, 0, 6, 4 };

/* What a message says. */
struct arp {
	unsigned operation;
	const uint8_t *from_mac;
	struct addr from;
	const uint8_t *to_mac;
	struct addr to;
};

static void arp_send(struct inet *n, struct iface *i, const struct arp *a,
	const uint8_t mac[MAC_SIZE]);

void arp_ask(struct inet *n, struct iface *i, const struct addr *who, const uint8_t *mac)
{
	static const uint8_t nobody[MAC_SIZE];
	struct arp a = { ARP_REQUEST, i->mac, iface_source(n, i, who), nobody, *who };

	arp_send(n, i, &a, mac ? mac : eth_broadcast);
}

void arp_announce(struct inet *n, struct iface *i, const struct addr *address)
{
	static const uint8_t nobody[MAC_SIZE];
	struct arp a = { ARP_REQUEST, i->mac, *address, nobody, *address };

	arp_send(n, i, &a, eth_broadcast);
}

/* Who asks for us is noted: we shall answer him; others only if they are needed. */
void arp_input(struct inet *n, struct iface *i, const uint8_t *data, size_t len)
{
	struct arp in, out;
	bool ours;

	if (len < ARP_SIZE || memcmp(data, arp_kind, sizeof(arp_kind)) != 0) {
		iface_drop(i, DROP_MALFORMED);
		return;
	}
	in = (struct arp) { get16(data + 6), data + 8, addr_make(IPV4, data + 14),
		data + 18, addr_make(IPV4, data + 24) };
	ours = iface_of(n, &in.to) == i;
	if (!iface_of(n, &in.from))
		neighbour_heard(n, i, &in.from, in.from_mac, ours);
	if (!ours || in.operation != ARP_REQUEST || addr_same(&in.from, &in.to))
		return;
	out = (struct arp) { ARP_REPLY, i->mac, in.to, in.from_mac, in.from };
	arp_send(n, i, &out, in.from_mac);
}

static void arp_send(
	struct inet *n, struct iface *i, const struct arp *a, const uint8_t mac[MAC_SIZE])
{
	struct buf *b = buf_get(n, ARP_SIZE);

	if (!b) {
		iface_drop(i, DROP_NO_BUFFER);
		return;
	}
	memcpy(b->at, arp_kind, sizeof(arp_kind));
	put16(b->at + 6, a->operation);
	memcpy(b->at + 8, a->from_mac, MAC_SIZE);
	memcpy(b->at + 14, a->from.b, 4);
	memcpy(b->at + 18, a->to_mac, MAC_SIZE);
	memcpy(b->at + 24, a->to.b, 4);
	eth_send(n, i, mac, ETH_ARP, b);
}
