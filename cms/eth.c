/* Frames. */
#include "cms/eth.h"

#include "cms/arp.h"
#include "cms/iface.h"
#include "cms/ip.h"
#include "cms/octets.h"
#include "cms/string.h"

#define TYPE_AT 12
#define VID     0x0fffu

const uint8_t eth_broadcast[MAC_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void dispatch(struct inet *n, struct iface *i, unsigned type, const uint8_t *data,
	size_t len, bool to_many);

void eth_send(struct inet *n, struct iface *i, const uint8_t to[MAC_SIZE], unsigned type,
	struct buf *b)
{
	const struct inet_nic *nic = &n->nic[i->nic];
	uint8_t *head = buf_push(b, ETH_HEADER + (i->vlan ? ETH_TAG : 0));

	memcpy(head, to, MAC_SIZE);
	memcpy(head + MAC_SIZE, i->mac, MAC_SIZE);
	if (i->vlan) {
		put16(head + TYPE_AT, ETH_VLAN);
		put16(head + TYPE_AT + 2, i->vlan);
		head += ETH_TAG;
	}
	put16(head + TYPE_AT, type);
	if (nic->ops->send(nic->ctx, b->at, b->len)) {
		i->frames_out++;
		i->bytes_out += b->len;
	} else {
		iface_drop(i, DROP_NO_ROOM);
	}
	buf_free(n, b);
}

/* What is dropped before its interface is known counts for the NIC's own.  A tag of VLAN
 * 0 says nothing but a priority. */
void eth_input(struct inet *n, int nic, const uint8_t *frame, size_t len)
{
	struct iface *own = iface_find(n, (unsigned)nic, 0), *i = own;
	size_t head = ETH_HEADER;

	if (!own)
		return;
	if (len < ETH_HEADER + ETH_TAG) {
		iface_drop(own, DROP_MALFORMED);
		return;
	}
	if (get16(frame + TYPE_AT) == ETH_VLAN) {
		i = iface_find(n, (unsigned)nic, get16(frame + ETH_HEADER) & VID);
		head += ETH_TAG;
	}
	if (!i || !i->up) {
		iface_drop(own, DROP_NO_VLAN);
		return;
	}
	i->frames_in++;
	i->bytes_in += len;
	if (!(frame[0] & 1) && memcmp(frame, i->mac, MAC_SIZE) != 0)
		iface_drop(i, DROP_NOT_OURS);
	else
		dispatch(n, i, get16(frame + head - 2), frame + head, len - head,
			frame[0] & 1);
}

static void dispatch(struct inet *n, struct iface *i, unsigned type, const uint8_t *data,
	size_t len, bool to_many)
{
	switch (type) {
	case ETH_ARP: arp_input(n, i, data, len); break;
	case ETH_IPV4: ip4_input(n, i, data, len, to_many); break;
	case ETH_IPV6: ip6_input(n, i, data, len, to_many); break;
	default:
		if (n->listener && n->listener->other)
			n->listener->other(n->listener->ctx, i, type);
		else
			iface_drop(i, DROP_NO_PROTOCOL);
		break;
	}
}
