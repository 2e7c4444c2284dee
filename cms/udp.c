/* Datagrams. */
#include "cms/udp.h"

#include "cms/dhcp.h"
#include "cms/icmp.h"
#include "cms/iface.h"
#include "cms/octets.h"
#include "cms/sum.h"

static bool udp_checksum_ok(const struct packet *p, size_t len);

enum sent udp_send(
	struct inet *n, struct buf *b, struct ip_head *head, uint16_t from, uint16_t to)
{
	uint8_t *at = buf_push(b, UDP_HEADER);

	put16(at, from);
	put16(at + 2, to);
	put16(at + 4, (unsigned)b->len);
	head->protocol = IP_UDP;
	head->checksum_at = 6;
	return ip_send(n, b, head);
}

uint16_t udp_from_port(const struct packet *p)
{
	return get16(p->data - UDP_HEADER);
}

void udp_input(struct inet *n, const struct packet *p)
{
	struct packet inner = *p;
	uint16_t port;
	size_t len = p->len >= UDP_HEADER ? get16(p->data + 4) : 0;

	if (len < UDP_HEADER || len > p->len) {
		iface_drop(p->in, DROP_MALFORMED);
		return;
	}
	if (!udp_checksum_ok(p, len)) {
		iface_drop(p->in, DROP_CHECKSUM);
		return;
	}
	port = get16(p->data + 2);
	inner.data += UDP_HEADER;
	inner.len = len - UDP_HEADER;
	if (port == DHCP_CLIENT_PORT && p->to.family == IPV4) {
		dhcp_input(n, &inner);
	} else if (n->listener && n->listener->udp && n->listener->port == port) {
		n->listener->udp(n->listener->ctx, &inner);
	} else {
		iface_drop(p->in, DROP_NO_PORT);
		if (!p->to_many && p->whole)
			icmp_send_error(
				n, p->in, p->whole, p->whole_len, ICMP_NO_PORT, 0);
	}
}

/* Only IPv4 may do without. */
static bool udp_checksum_ok(const struct packet *p, size_t len)
{
	uint64_t sum = sum_pseudo(&p->from, &p->to, IP_UDP, len);

	if (!get16(p->data + 6))
		return p->to.family == IPV4;
	return !sum_end(sum_add(sum, p->data, len));
}
