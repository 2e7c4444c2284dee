/* Hosts with the network of CMS, joined by wires that everybody hears, on a clock that
 * stands still until all is quiet. */
#ifndef TESTS_UNIT_CMS_WIRE_H
#define TESTS_UNIT_CMS_WIRE_H

#include <stdlib.h>

#include "tests/unit/cms/stack.h"

#define ENDS_MAX   16
#define QUEUE_MAX  256
#define FRAME_MAX  (MTU_MAX + 18)
#define FIRST_TIME (1000 * NS_PER_S)

struct wire;

/* A NIC's plug. */
struct wire_end {
	struct wire *wire;
	struct inet *host;
	int nic, segment;
	size_t mtu;
};

struct wire_frame {
	const struct wire_end *from;
	int segment;
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

struct wire {
	uint64_t now;
	int n_ends, n_hosts;
	struct wire_end end[ENDS_MAX];
	struct inet *host[ENDS_MAX];
	size_t head, tail; /* of the queue */
	struct wire_frame queue[QUEUE_MAX];
	uint64_t frames;        /* that were sent */
	struct wire_frame last; /* of them */
	uint64_t delay;         /* ns that pass before what was sent is delivered */
	bool (*lose)(struct wire_frame *f); /* may change it */
	void (*heard)(const struct wire_frame *f);
};

static struct wire wire;

static bool wire_send(void *nic, const void *frame, size_t len)
{
	const struct wire_end *end = nic;
	struct wire_frame *f = &wire.queue[wire.tail++ % QUEUE_MAX];

	assert_true(len <= end->mtu + 18);
	assert_true(wire.tail - wire.head <= QUEUE_MAX);
	f->from = end;
	f->segment = end->segment;
	f->len = len;
	memcpy(f->bytes, frame, len);
	wire.frames++;
	wire.last = *f;
	return true;
}

static const struct nic_ops wire_ops = { wire_send };

static inline void wire_begin(void)
{
	for (int i = 0; i < wire.n_hosts; i++)
		free(wire.host[i]);
	memset(&wire, 0, sizeof(wire));
	wire.now = FIRST_TIME;
}

static inline struct inet *wire_host(void)
{
	struct inet *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	wire.host[wire.n_hosts++] = n;
	inet_start(n, (uint64_t)wire.n_hosts * 7919);
	n->now = wire.now;
	return n;
}

/* Plugs a NIC in; its MAC is 02-00-00-00-SEGMENT-nn. */
static inline struct iface *wire_plug(struct inet *n, int segment, uint16_t mtu)
{
	struct wire_end *end = &wire.end[wire.n_ends++];
	const uint8_t mac[MAC_SIZE] = { 2, 0, 0, 0, (uint8_t)segment,
		(uint8_t)wire.n_ends };

	*end = (struct wire_end) { &wire, n, n->n_nics, segment, mtu };
	return inet_add_nic(n, &wire_ops, end, mac, mtu);
}

static inline void wire_deliver(struct wire_frame *f)
{
	if (wire.heard)
		wire.heard(f);
	if (wire.lose && wire.lose(f))
		return;
	for (int i = 0; i < wire.n_ends; i++) {
		const struct wire_end *e = &wire.end[i];
		uint8_t *copy;

		if (e == f->from || e->segment != f->segment)
			continue;
		copy = malloc(f->len); /* so that reading beyond its end is seen */
		assert_non_null(copy);
		memcpy(copy, f->bytes, f->len);
		inet_input(e->host, e->nic, copy, f->len);
		free(copy);
	}
}

static inline void wire_set_clocks(void)
{
	for (int i = 0; i < wire.n_hosts; i++)
		wire.host[i]->now = wire.now;
}

/* Until nothing more happens without time passing but for `delay`. */
static inline void wire_run(void)
{
	static struct wire_frame f;
	bool quiet = false;

	while (!quiet) {
		wire_set_clocks();
		quiet = true;
		for (int i = 0; i < wire.n_hosts; i++)
			inet_tick(wire.host[i]);
		if (wire.head != wire.tail) {
			quiet = false;
			f = wire.queue[wire.head++ % QUEUE_MAX];
			wire.now += wire.delay;
			wire_set_clocks();
			wire_deliver(&f);
		}
		for (int i = 0; i < wire.n_hosts; i++)
			quiet &= !wire.host[i]->looped;
	}
}

/* To `until`, or to where somebody has something to do. */
static inline void wire_step(uint64_t until)
{
	uint64_t next = until;

	for (int i = 0; i < wire.n_hosts; i++) {
		if (inet_next(wire.host[i]) < next)
			next = inet_next(wire.host[i]);
	}
	if (next > wire.now)
		wire.now = next;
	wire_run();
}

static inline void wire_pass(uint64_t ns)
{
	uint64_t until = wire.now + ns;

	wire_run();
	while (wire.now < until)
		wire_step(until);
}

static inline struct addr addr_of(const char *text)
{
	struct addr a = { 0 };

	assert_true(addr_parse(text, &a));
	return a;
}

static inline void give(struct inet *n, struct iface *i, const char *text)
{
	struct iface_addr a = { .until = FOR_EVER };
	unsigned len;

	assert_true(addr_parse_net(text, &a.addr, &len));
	a.len = (uint8_t)len;
	assert_true(iface_add(n, i, &a));
}

static inline void give_route(struct inet *n, const char *net, const char *via)
{
	struct route r = { .until = FOR_EVER };
	unsigned len;

	assert_true(addr_parse_net(net, &r.net, &len));
	r.len = (uint8_t)len;
	r.via = addr_of(via);
	assert_true(route_add(n, &r));
}

/* What a listener heard. */
struct heard {
	int echoes, errors, datagrams;
	struct addr from;
	uint16_t seq;
	size_t len;
	uint8_t data[DATAGRAM_MAX];
	char error[64];
	uint32_t mtu;
	uint8_t ttl;
};

static inline void hear_echo(void *ctx, const struct packet *p)
{
	struct heard *h = ctx;

	h->echoes++;
	h->from = p->from;
	h->ttl = p->ttl;
	h->seq = icmp_seq(p);
	h->len = p->len - ICMP_HEADER;
	memcpy(h->data, p->data + ICMP_HEADER, h->len);
}

static inline void hear_error(void *ctx, const struct icmp_error *e)
{
	struct heard *h = ctx;

	h->errors++;
	h->from = e->from;
	h->mtu = e->mtu;
	snprintf(h->error, sizeof(h->error), "%s", icmp_text(e));
}

static inline void hear_udp(void *ctx, const struct packet *p)
{
	struct heard *h = ctx;

	h->datagrams++;
	h->from = p->from;
	h->len = p->len;
	memcpy(h->data, p->data, h->len);
}

#define HEAR(h)                                                                       \
	{                                                                             \
		h, .echo = hear_echo, .error = hear_error, .udp = hear_udp, .port = 7 \
	}

static inline enum sent ping_once(
	struct inet *n, const char *to, size_t size, uint8_t ttl)
{
	struct ip_head head = { .to = addr_of(to), .ttl = ttl };
	enum sent sent;

	n->now = wire.now;
	sent = icmp_send_echo(n, &head, 77, 1, size);
	wire_run();
	return sent;
}

static inline enum sent udp_once(
	struct inet *n, const char *to, uint16_t port, size_t size)
{
	struct ip_head head = { .to = addr_of(to) };
	struct buf *b = buf_get(n, size);
	enum sent sent;

	assert_non_null(b);
	memset(b->at, 0x5a, size);
	n->now = wire.now;
	sent = udp_send(n, b, &head, 50000, port);
	wire_run();
	return sent;
}

/* Every buffer is free again: none was lost, none freed twice. */
static inline void all_free(const struct inet *n)
{
	uint32_t count = 0;

	for (const struct buf *b = n->free; b; b = b->next)
		count++;
	assert_int_equal(count, BUFFERS);
	assert_int_equal(n->n_free, BUFFERS);
}

#endif
