/* Frames into the network of CMS: a router with two NICs and a VLAN, a lease being asked
 * for, a command that listens.  An input is a list of frames, each behind a byte of
 * flags, the tenths of a second before it, and two of its length. */
#include <stdlib.h>

#include "tests/unit/cms/stack.h"

#define HEAD       4
#define XID        0x11111111u /* what the corpus answers */
#define ON_SECOND  1           /* NIC */
#define REPAIRED   2 /* its checksums are made right, so that more of it is read */
#define FRAME_SIZE (MTU_MAX + 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool take_frame(void *nic, const void *frame, size_t len)
{
	uint8_t copy[FRAME_SIZE];

	(void)nic;
	require(len >= 14 && len <= sizeof(copy));
	memcpy(copy, frame, len);
	return true;
}

static const struct nic_ops ops = { take_frame };

/* What a command is told is all there. */
static void see(uint64_t *sum, const void *data, size_t len)
{
	*sum = sum_add(*sum, data, len);
}

static void see_echo(void *ctx, const struct packet *p)
{
	require(p->len >= ICMP_HEADER);
	see(ctx, p->data, p->len);
	*(uint64_t *)ctx += icmp_id(p) + (uint64_t)icmp_seq(p);
}

static void see_error(void *ctx, const struct icmp_error *e)
{
	require(e->len >= 8 && *icmp_text(e));
	see(ctx, e->data, e->len);
}

static void see_udp(void *ctx, const struct packet *p)
{
	see(ctx, p->data, p->len);
	*(uint64_t *)ctx += udp_from_port(p);
}

static void add(struct inet *n, struct iface *i, const char *net)
{
	struct iface_addr a = { .until = FOR_EVER };
	unsigned len;

	require(addr_parse_net(net, &a.addr, &len));
	a.len = (uint8_t)len;
	require(iface_add(n, i, &a));
}

static void start_router(struct inet *n, const struct listener *listener)
{
	static const uint8_t macs[2][MAC_SIZE] = { { 2, 0, 0, 0, 1, 1 },
		{ 2, 0, 0, 0, 2, 2 } };
	struct iface *i;

	inet_start(n, 1);
	n->now = NS_PER_S;
	add(n, inet_add_nic(n, &ops, NULL, macs[0], 1500), "10.0.0.1/24");
	i = inet_add_nic(n, &ops, NULL, macs[1], 1280);
	add(n, i, "10.0.2.1/24");
	add(n, i, "fd00:2::1/64");
	dhcp_start(n, i);
	i->dhcp.xid = XID;
	i = iface_make(n, 0, 10);
	iface_up(n, i);
	add(n, i, "fd00:10::1/64");
	n->listener = listener;
}

/* Its header checksum, and that of what it carries. */
static void repair4(uint8_t *ip, size_t len)
{
	size_t head = 4 * (ip[0] & 0xfu);
	struct addr from = addr_make(IPV4, ip + 12), to = addr_make(IPV4, ip + 16);
	bool udp = ip[9] == IP_UDP;
	size_t at = head + (udp ? 6 : 2);
	uint64_t sum = udp ? sum_pseudo(&from, &to, IP_UDP, len - head) : 0;

	if (head < IP4_HEADER || at + 2 > len)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, sum_end(sum_add(0, ip, head)));
	if (!udp && ip[9] != IP_ICMP && ip[9] != IP_IGMP)
		return;
	put16(ip + at, 0);
	put16(ip + at, sum_end(sum_add(sum, ip + head, len - head)));
}

static void repair6(uint8_t *ip, size_t len)
{
	struct addr from = addr_make(IPV6, ip + 8), to = addr_make(IPV6, ip + 24);
	bool alert = ip[6] == IP_HOPOPTS;
	size_t head = IP6_HEADER + (alert ? 8 : 0), at;
	uint8_t protocol;

	if (len < head)
		return;
	protocol = alert ? ip[IP6_HEADER] : ip[6];
	at = head + (protocol == IP_UDP ? 6 : 2);
	if (at + 2 > len || (protocol != IP_UDP && protocol != IP_ICMPV6))
		return;
	put16(ip + at, 0);
	put16(ip + at, sum_end(sum_add(sum_pseudo(&from, &to, protocol, len - head),
			       ip + head, len - head)));
}

static void repair(uint8_t *frame, size_t len)
{
	size_t head = len > 18 && get16(frame + 12) == ETH_VLAN ? 18 : 14;

	if (len >= head + IP4_HEADER && get16(frame + head - 2) == ETH_IPV4)
		repair4(frame + head, len - head);
	if (len >= head + IP6_HEADER && get16(frame + head - 2) == ETH_IPV6)
		repair6(frame + head, len - head);
}

/* Of each frame a copy of its length, so that reading beyond its end is seen. */
static void give_frame(struct inet *n, const uint8_t *data, size_t len, uint8_t flags)
{
	uint8_t *frame = malloc(len ? len : 1);

	require(frame);
	memcpy(frame, data, len);
	if (flags & REPAIRED)
		repair(frame, len);
	inet_input(n, flags & ON_SECOND, frame, len);
	free(frame);
	inet_tick(n);
}

/* When all is over no buffer is missing. */
static void end_router(struct inet *n)
{
	uint32_t count = 0;

	for (int i = 0; i < 10; i++) {
		n->now += 30 * NS_PER_S;
		inet_tick(n);
	}
	for (struct iface *i = n->iface; i < n->iface + IFACES_MAX; i++)
		iface_down(n, i);
	inet_tick(n);
	for (const struct buf *b = n->free; b; b = b->next)
		count++;
	require(count == BUFFERS && n->n_free == BUFFERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;
	const struct listener listener = { &sum, .echo = see_echo, .error = see_error,
		.udp = see_udp, .port = 7 };
	struct inet *n = calloc(1, sizeof(*n));

	require(n);
	start_router(n, &listener);
	while (size > HEAD) {
		size_t len = get16(data + 2);
		uint8_t flags = data[0];

		n->forward = !(flags & 4);
		n->now += data[1] * NS_PER_S / 10;
		data += HEAD;
		size -= HEAD;
		len = len < size ? len : size;
		len = len < FRAME_SIZE ? len : FRAME_SIZE;
		give_frame(n, data, len, flags);
		data += len;
		size -= len;
	}
	end_router(n);
	free(n);
	return 0;
}
