/* The forwarding core: its state, bursts of frames that come, and time. */
#include "vlan/switch_core.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define MTU      1500
#define MAX_MACS 4096
#define AGE_S    300
#define SECOND   UINT64_C(1000000000)

static enum lan_drop check(
	const struct lan_switch *sw, const struct port_state *from, struct frame *f);
static bool too_long(const struct lan_switch *sw, const struct frame *f);
static void accept(struct lan_switch *sw, struct port_state *from, struct frame *f);

int switch_create(struct lan_switch **out)
{
	struct lan_switch *sw = calloc(1, sizeof(*sw));
	const struct lan_conf conf = { 0 };

	if (!sw)
		return -ENOMEM;
	if (fdb_create(&sw->fdb) || held_create(&sw->held) || snoop_create(&sw->snoop)) {
		switch_destroy(sw);
		return -ENOMEM;
	}
	sw->due_at = UINT64_MAX;
	switch_set(sw, &conf);
	*out = sw;
	return 0;
}

void switch_destroy(struct lan_switch *sw)
{
	if (!sw)
		return;
	assert(!sw->n_ports);
	fdb_destroy(sw->fdb);
	held_destroy(sw->held);
	snoop_destroy(sw->snoop);
	free(sw);
}

/* With AWARE everything that tells of VLANs has another meaning. */
void switch_set(struct lan_switch *sw, const struct lan_conf *conf)
{
	bool aware = conf->flags & LAN_AWARE, turned = aware != sw->aware;

	sw->conf = *conf;
	sw->conf.mtu = conf->mtu ? conf->mtu : MTU;
	sw->aware = aware;
	sw->isolation = conf->flags & LAN_ISOLATION;
	sw->max_macs = conf->max_macs ? conf->max_macs : MAX_MACS;
	fdb_set_age(sw->fdb, (conf->age_s ? conf->age_s : AGE_S) * SECOND);
	if (turned) {
		fdb_forget_learned(sw->fdb, FDB_NONE);
		snoop_forget_all(sw->snoop);
	}
	for (int i = 0; i < sw->n_ports; i++) {
		if (turned)
			switch_wait_forget(sw, sw->by_id[i], DROP_VLAN);
		switch_port_refresh(sw, sw->by_id[i]);
	}
}

const struct lan_conf *switch_conf(const struct lan_switch *sw)
{
	return &sw->conf;
}

void switch_input(
	struct lan_switch *sw, struct port *from, struct frame *f, int n, uint64_t now)
{
	struct port_state *ps = from->state;
	enum lan_drop why[FRAME_BURST];
	uint64_t bytes = 0;

	assert(n <= FRAME_BURST);
	sw->clock = now;
	switch_release(sw, now);
	sw->now = now;
	for (int i = 0; i < n; i++) {
		fdb_prefetch(sw->fdb, fdb_mac(f[i].head));
		bytes += f[i].len + (f[i].tagged ? 4 : 0);
		why[i] = check(sw, ps, &f[i]);
	}
	sw->received += (uint64_t)n;
	from->out.frames += (uint64_t)n;
	from->out.bytes += bytes;
	for (int i = 0; i < n; i++) {
		sw->vlan[f[i].vlan].frames++;
		sw->vlan[f[i].vlan].bytes += f[i].len;
		if (why[i] == DROP_NONE)
			accept(sw, ps, &f[i]);
		else
			switch_drop_out(sw, ps, &f[i], why[i]);
	}
	switch_release(sw, now);
	switch_send(sw);
}

void switch_refuse(
	struct lan_switch *sw, struct port *from, enum lan_drop why, uint64_t now)
{
	static const struct frame nothing;

	sw->clock = now;
	sw->received++;
	from->out.frames++;
	switch_drop_out(sw, from->state, &nothing, why);
}

uint64_t switch_next(const struct lan_switch *sw)
{
	uint64_t held = held_next(sw->held), age = fdb_next(sw->fdb);
	uint64_t sweep = snoop_next(sw->snoop), first = held < age ? held : age;

	return first < sweep ? first : sweep;
}

void switch_tick(struct lan_switch *sw, uint64_t now)
{
	sw->clock = now;
	switch_release(sw, now);
	fdb_age(sw->fdb, now);
	snoop_tick(sw->snoop, now);
}

void switch_tap(struct lan_switch *sw,
	void (*tap)(void *ctx, const struct switch_event *ev), void *ctx)
{
	sw->tap = tap;
	sw->tap_ctx = ctx;
}

/* May it come in?  It is put into its VLAN. */
static enum lan_drop check(
	const struct lan_switch *sw, const struct port_state *from, struct frame *f)
{
	enum lan_drop why = vlan_input(&from->vlan, f);

	if (!from->link)
		return DROP_LINK_DOWN;
	if (too_long(sw, f))
		return DROP_OVERSIZE;
	if (f->head[6] & 1)
		return DROP_MALFORMED;
	if (from->guarded && fdb_mac(f->head + 6) != from->mac)
		return DROP_SPOOFED;
	return why;
}

/* The MTU holds for what a segmentation offload will be cut into.  Of TCP's header what
 * is not among the bytes at hand (IPv6) is taken to be as short as it can be. */
static bool too_long(const struct lan_switch *sw, const struct frame *f)
{
	const struct frame_offload *o = &f->offload;
	uint32_t limit = sw->conf.mtu + FRAME_MIN + (frame_has_tag(f) ? 4 : 0);
	uint32_t l4 = 20;

	if (!o->gso_type)
		return f->len > limit;
	if (o->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4)
		l4 = 8;
	else if (o->csum_start + 12 < f->head_len)
		l4 = (uint32_t)(f->head[o->csum_start + 12] >> 4) * 4;
	return o->csum_start + l4 + o->gso_size > limit;
}

static void accept(struct lan_switch *sw, struct port_state *from, struct frame *f)
{
	if (from->mirror)
		switch_push_copy(sw, from->mirror, f);
	if (from->slow_out)
		switch_wait_out(sw, from, f);
	else
		switch_forward(sw, from, f, true);
}
