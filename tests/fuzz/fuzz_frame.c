/* A guest LAN of ports that send anything, take anything or nothing, and are configured
 * and taken away in any way: what came ends somewhere, and nobody looks beyond a frame.
 */
#include "cp/lib/list.h"
#include "vlan/switch.h"

#include <stdlib.h>
#include <string.h>

#define PORTS    6
#define SEGMENTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

struct fuzz_port {
	struct port port;
	uint8_t room;
	enum lan_drop full;
};

/* A number of as many bytes; zeros where the input ends. */
static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t n = 0;

	bytes = bytes < in->left ? bytes : in->left;
	memcpy(&n, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return n;
}

static int fuzz_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	struct fuzz_port *f = container_of(p, struct fuzz_port, port);
	int took = f->room < n ? f->room : n;

	for (int i = 0; i < took; i++) {
		uint32_t len = egress_len(&e[i]);
		struct frame_offload o = egress_offload(&e[i]);
		uint8_t *copy = malloc(len);

		if (!copy || len < FRAME_MIN || len > FRAME_MAX)
			abort();
		if (o.flags && o.csum_start + o.csum_offset + 2u > len)
			abort();
		egress_copy(&e[i], 0, copy, len);
		free(copy);
	}
	*why = f->full;
	return took;
}

static const struct port_ops fuzz_ops = { .name = "fuzz", .send = fuzz_send };

static void take_impair(struct input *in, struct lan_impair *i)
{
	uint8_t what = (uint8_t)take(in, 1);

	i->delay_ns = what & 1 ? take(in, 8) : 0;
	i->jitter_ns = what & 2 ? take(in, 8) : 0;
	i->jitter = what & 4 ? (uint32_t)take(in, 4) : 0;
	i->loss = what & 8 ? (uint32_t)take(in, 3) : 0;
	i->duplicate = what & 16 ? (uint32_t)take(in, 3) : 0;
	i->reorder = what & 32 ? (uint32_t)take(in, 4) : 0;
	i->corrupt = what & 64 ? (uint32_t)take(in, 3) : 0;
	i->bps = what & 128 ? take(in, 8) : 0;
	i->seed = what;
}

static struct lan_port take_conf(struct input *in, uint32_t id)
{
	struct lan_port c = { .id = id, .kind = LAN_PORT_NONE };

	c.flags = (uint16_t)take(in, 1);
	c.mac[0] = 2;
	c.mac[5] = (uint8_t)take(in, 1);
	c.native = (uint16_t)take(in, 2);
	c.community = (uint32_t)take(in, 1);
	take_impair(in, &c.impair_in);
	take_impair(in, &c.impair_out);
	c.rate_in.bps = take(in, 1);
	c.rate_in.burst = take(in, 1);
	memset(c.vlans, (int)take(in, 1), sizeof(c.vlans));
	return c;
}

/* A frame in segments of its own, each of exactly its size. */
static size_t take_segments(struct input *in, struct iovec *seg, size_t *at)
{
	size_t len = 0;

	for (int i = 0; i < SEGMENTS; i++) {
		size_t n = take(in, 1), have = n < in->left ? n : in->left;
		uint8_t *bytes = calloc(1, n ? n : 1);

		if (!bytes)
			abort();
		memcpy(bytes, in->at, have);
		in->at += have;
		in->left -= have;
		seg[i] = (struct iovec) { bytes, n };
		len += n;
	}
	*at = take(in, 1) % 16;
	return len < *at ? 0 : len - *at;
}

static void send_burst(
	struct input *in, struct lan_switch *sw, struct port *from, uint64_t now)
{
	struct iovec seg[FRAME_BURST][SEGMENTS];
	struct frame f[FRAME_BURST];
	int n = (int)take(in, 1) % (FRAME_BURST + 1), good = 0, i;

	for (i = 0; i < n && in->left; i++) {
		struct frame_offload o;
		size_t at, len = take_segments(in, seg[i], &at);
		enum lan_drop why;

		o.flags = (uint8_t)take(in, 1);
		o.gso_type = o.flags & 2 ? (uint8_t)take(in, 1) : 0;
		o.gso_size = o.flags & 2 ? (uint16_t)take(in, 2) : 0;
		o.hdr_len = o.flags & 4 ? (uint16_t)take(in, 2) : 0;
		o.csum_start = o.flags & 1 ? (uint16_t)take(in, 1) : 0;
		o.csum_offset = o.flags & 1 ? (uint16_t)take(in, 1) : 0;
		why = frame_read(&f[good], seg[i], SEGMENTS, at, len, &o,
			switch_conf(sw)->flags & LAN_AWARE);
		if (why == DROP_NONE)
			good++;
		else
			switch_refuse(sw, from, why, now);
	}
	switch_input(sw, from, f, good, now);
	while (i--) {
		for (int k = 0; k < SEGMENTS; k++)
			free(seg[i][k].iov_base);
	}
}

static void configure(struct input *in, struct lan_switch *sw)
{
	struct lan_conf c = { .flags = (uint32_t)take(in, 1) };

	c.mtu = (uint32_t)take(in, 2);
	c.max_macs = (uint32_t)take(in, 1);
	c.age_s = (uint32_t)take(in, 4);
	c.storm_fps = take(in, 8);
	switch_set(sw, &c);
}

static void change(
	struct input *in, struct lan_switch *sw, struct fuzz_port *ports, int i)
{
	struct port *p = &ports[i].port, *to = &ports[take(in, 1) % PORTS].port;
	struct lan_port conf;

	switch (take(in, 1) % 5) {
	case 0: configure(in, sw); break;
	case 1:
		conf = take_conf(in, p->conf.id);
		switch_port_set(sw, p, &conf);
		break;
	case 2: switch_port_remove(sw, p); break;
	case 3:
		if (to->state)
			switch_mirror(sw, p, to);
		break;
	case 4:
		ports[i].room = (uint8_t)take(in, 1);
		ports[i].full = (enum lan_drop)take(in, 1) % LAN_DROPS;
		break;
	}
}

static void check(struct lan_switch *sw)
{
	struct lan_fdb_entry fdb[8];
	struct lan_stat_vlan vlans[8];
	struct lan_stat st;

	switch_stat(sw, &st);
	if (st.received + st.copies != st.sent + st.dropped + st.held)
		abort();
	switch_fdb(sw, 0, fdb, 8, 0);
	switch_vlans(sw, 0, vlans, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct fuzz_port ports[PORTS] = { 0 };
	struct lan_switch *sw;
	uint64_t now = 0;

	if (switch_create(&sw))
		abort();
	configure(&in, sw);
	while (in.left) {
		int i = (int)take(&in, 1) % PORTS;
		struct port *p = &ports[i].port;

		now += take(&in, 1) << take(&in, 1) % 40;
		if (!p->state) {
			p->ops = &fuzz_ops;
			p->conf = take_conf(&in, (uint32_t)i + 1);
			ports[i].room = 255;
			if (switch_port_add(sw, p))
				abort();
		} else if (take(&in, 1) % 4) {
			send_burst(&in, sw, p, now);
		} else {
			change(&in, sw, ports, i);
		}
		if (switch_next(sw) <= now)
			switch_tick(sw, now);
		check(sw);
	}
	for (int i = 0; i < PORTS; i++) {
		if (ports[i].port.state)
			switch_port_remove(sw, &ports[i].port);
	}
	check(sw);
	switch_destroy(sw);
	return 0;
}
