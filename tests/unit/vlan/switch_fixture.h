/* A switch with ports that remember what they got. */
#ifndef TESTS_UNIT_VLAN_SWITCH_FIXTURE_H
#define TESTS_UNIT_VLAN_SWITCH_FIXTURE_H

#include "cp/lib/list.h"
#include "vlan/switch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS(n) ((n)*UINT64_C(1000000))
#define S(n)  ((n)*UINT64_C(1000000000))

#define KEPT       64  /* frames a port remembers */
#define KEPT_BYTES 160 /* of each */
#define PORTS      16

struct got {
	uint32_t len;
	uint8_t bytes[KEPT_BYTES];
	struct frame_offload offload;
};

struct fake_port {
	struct port port;
	int n;                /* frames it got... */
	struct got got[KEPT]; /* ...and the first of them */
	int room;             /* frames it still takes; -1: any */
	enum lan_drop full;   /* why it takes no more */
	int calls, flushes;
};

struct lan {
	struct lan_switch *sw;
	struct lan_conf conf;
	struct fake_port port[PORTS + 1]; /* by id */
	uint64_t now;
};

/* What of a frame matters to these tests. */
struct sent {
	uint8_t to[6], from[6];
	int tag;       /* TCI; -1: no tag */
	uint16_t type; /* Ethertype */
	uint32_t len;  /* without a tag; 0: 60 */
	uint32_t mark; /* in its first bytes after the header */
};

static inline int fake_send(
	struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	struct fake_port *f = container_of(p, struct fake_port, port);
	int took = 0;

	f->calls++;
	assert_true(n > 0 && n <= FRAME_BURST);
	for (; took < n; took++) {
		struct got *g = &f->got[f->n % KEPT];
		uint32_t len = egress_len(&e[took]);

		if (!f->room) {
			*why = f->full;
			break;
		}
		f->room -= f->room > 0;
		if (f->n++ >= KEPT)
			continue;
		g->len = len;
		g->offload = egress_offload(&e[took]);
		egress_copy(&e[took], 0, g->bytes, len < KEPT_BYTES ? len : KEPT_BYTES);
	}
	if (took < n && f->full == DROP_UNSUPPORTED)
		f->room = -1; /* the one behind it is taken */
	return took;
}

static inline void fake_flush(struct port *p)
{
	container_of(p, struct fake_port, port)->flushes++;
}

static const struct port_ops fake_ops = { "fake", fake_send, fake_flush };

static inline void mac_of(uint32_t id, uint8_t *mac)
{
	const uint8_t m[6] = { 2, 0, 0, 0, (uint8_t)(id >> 8), (uint8_t)id };

	memcpy(mac, m, 6);
}

static inline struct lan *lan_new(uint32_t flags)
{
	struct lan *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	assert_int_equal(switch_create(&l->sw), 0);
	l->conf.flags = flags;
	l->conf.mtu = 1500;
	l->now = S(1);
	switch_set(l->sw, &l->conf);
	return l;
}

static inline struct fake_port *lan_port(struct lan *l, uint32_t id, uint16_t flags)
{
	struct fake_port *f = &l->port[id];

	*f = (struct fake_port) { .room = -1, .full = DROP_FULL };
	f->port.ops = &fake_ops;
	f->port.conf.id = id;
	f->port.conf.kind = LAN_PORT_NONE;
	f->port.conf.flags = flags;
	mac_of(id, f->port.conf.mac);
	assert_int_equal(switch_port_add(l->sw, &f->port), 0);
	return f;
}

static inline void lan_ports(struct lan *l, uint32_t n)
{
	for (uint32_t id = 1; id <= n; id++)
		lan_port(l, id, 0);
}

static inline void lan_end(struct lan *l)
{
	struct port *p;

	while ((p = switch_port_next(l->sw, 0)))
		switch_port_remove(l->sw, p);
	switch_destroy(l->sw);
	free(l);
}

/* The bytes of a frame; how many. */
static inline uint32_t frame_bytes(const struct sent *s, uint8_t *out)
{
	uint32_t at = 12, len = s->len ? s->len : 60;

	memset(out, 0, len + 4);
	memcpy(out, s->to, 6);
	memcpy(out + 6, s->from, 6);
	if (s->tag >= 0) {
		out[12] = 0x81;
		out[14] = (uint8_t)(s->tag >> 8);
		out[15] = (uint8_t)s->tag;
		at = 16;
	}
	out[at] = (uint8_t)(s->type >> 8);
	out[at + 1] = (uint8_t)s->type;
	if (len >= 18)
		memcpy(out + at + 2, &s->mark, sizeof(s->mark));
	return len + at - 12;
}

/* Sends one, as a port's file does. */
static inline void send_bytes(struct lan *l, struct fake_port *from, const uint8_t *bytes,
	uint32_t len, const struct frame_offload *offload)
{
	const struct iovec seg = { (void *)(uintptr_t)bytes, len };
	struct frame f;
	enum lan_drop why = frame_read(
		&f, &seg, 1, 0, len, offload, switch_conf(l->sw)->flags & LAN_AWARE);

	if (why == DROP_NONE)
		switch_input(l->sw, &from->port, &f, 1, l->now);
	else
		switch_refuse(l->sw, &from->port, why, l->now);
}

static inline void send_frame(struct lan *l, struct fake_port *from, const struct sent *s)
{
	static const struct frame_offload none;
	static uint8_t bytes[70000];

	send_bytes(l, from, bytes, frame_bytes(s, bytes), &none);
}

static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };

/* From a port's own address to another's; to 0: everybody. */
static inline void send_to(struct lan *l, uint32_t from, uint32_t to, int tag)
{
	struct sent s = { .tag = tag, .type = 0x88b5 };

	mac_of(from, s.from);
	mac_of(to, s.to);
	if (!to)
		memcpy(s.to, everybody, 6);
	send_frame(l, &l->port[from], &s);
}

static inline struct sent from_to(uint32_t from, uint32_t to)
{
	struct sent s = { .tag = -1, .type = 0x88b5 };

	mac_of(from, s.from);
	mac_of(to, s.to);
	return s;
}

/* How many each port got since the last time, from port 1 on, as digits. */
static inline void assert_got(struct lan *l, const char *counts)
{
	for (uint32_t id = 1; *counts; counts++) {
		if (*counts == ' ')
			continue;
		if (l->port[id].n != *counts - '0')
			print_error("port %u\n", id);
		assert_int_equal(l->port[id].n, *counts - '0');
		l->port[id++].n = 0;
	}
}

/* Everything that came or was made ended somewhere. */
static inline void assert_adds_up(struct lan *l)
{
	struct lan_stat st;

	switch_stat(l->sw, &st);
	assert_int_equal(st.received + st.copies, st.sent + st.dropped + st.held);
}

static inline uint64_t out_drops(struct lan *l, uint32_t id, enum lan_drop why)
{
	return l->port[id].port.out.drops[why];
}

static inline uint64_t in_drops(struct lan *l, uint32_t id, enum lan_drop why)
{
	return l->port[id].port.in.drops[why];
}

#endif
