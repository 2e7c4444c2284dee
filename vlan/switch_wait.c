/* Impaired ports: what happens to frames from them and to them, and when. */
#include "vlan/segment.h"
#include "vlan/switch_core.h"

#include <stdlib.h>

/* What waits longer than this for the rate of a line or NIC is dropped: less than the
 * second after which TCP sends again what is only late (RFC 6298, 2), and as much as a
 * whole segmentation offload takes at 1 Mbit/s. */
#define MAX_WAIT UINT64_C(500000000)

static bool lost(const struct impair_fate *fate, enum lan_drop *why);
static bool hold(struct lan_switch *sw, struct port_state *ps, const struct frame *f,
	const struct egress *in, const struct impair_fate *fate, int i);
static void hold_one(struct lan_switch *sw, struct port_state *ps, const struct frame *f,
	const struct egress *in, uint64_t due, uint32_t flip);
static void hold_summed(struct lan_switch *sw, struct port_state *ps,
	const struct frame *f, const struct egress *in, uint64_t due, uint32_t flip);
static void make_part(struct frame *part, const struct frame *f, const struct iovec *seg);
static int take_burst(struct lan_switch *sw, struct held_frame **burst, uint64_t now);
static void arrive(struct lan_switch *sw, const struct held_frame *h);

void switch_wait_out(
	struct lan_switch *sw, struct port_state *from, const struct frame *f)
{
	struct impair_fate fate = impair_fate(&from->out, f->len, sw->now, MAX_WAIT);
	enum lan_drop why;

	if (lost(&fate, &why)) {
		switch_drop_out(sw, from, f, why);
		return;
	}
	switch_tell(sw, from, f, NULL, DROP_NONE);
	sw->copies += (uint64_t)fate.n - 1;
	for (int i = 0; i < fate.n; i++) {
		if (!hold(sw, from, f, NULL, &fate, i))
			switch_forward(sw, from, f, false);
	}
}

void switch_wait_in(struct lan_switch *sw, struct port_state *to, struct egress e)
{
	struct impair_fate fate;
	enum lan_drop why;

	if (!to->link) {
		switch_drop_in(sw, to, &e, DROP_LINK_DOWN);
		return;
	}
	fate = impair_fate(&to->in, egress_len(&e), sw->now, MAX_WAIT);
	if (lost(&fate, &why)) {
		switch_drop_in(sw, to, &e, why);
		return;
	}
	sw->copies += (uint64_t)fate.n - 1;
	for (int i = 0; i < fate.n; i++) {
		if (!hold(sw, to, e.frame, &e, &fate, i))
			switch_push(sw, to, e);
	}
}

/* Each frame goes on at the time it was due: when we look does not add to its delay. */
void switch_release(struct lan_switch *sw, uint64_t now)
{
	struct held_frame *burst[FRAME_BURST];
	int n;

	while (held_next(sw->held) <= now) {
		n = take_burst(sw, burst, now);
		switch_send(sw);
		for (int i = 0; i < n; i++)
			held_free(sw->held, burst[i]);
	}
}

void switch_wait_forget(struct lan_switch *sw, struct port_state *ps, enum lan_drop why)
{
	sw->dropped += held_forget(sw->held, ps->port);
	ps->port->in.drops[why] += ps->waiting_in;
	ps->port->out.drops[why] += ps->waiting_out;
	ps->waiting_in = ps->waiting_out = 0;
}

static bool lost(const struct impair_fate *fate, enum lan_drop *why)
{
	*why = fate->over ? DROP_RATE : DROP_LOSS;
	return fate->over || fate->lost || !fate->n;
}

/* Does copy `i` of a frame wait, or end here?  A corrupted one waits to be a copy that
 * can be changed, be it for no time; those behind it wait with it. */
static bool hold(struct lan_switch *sw, struct port_state *ps, const struct frame *f,
	const struct egress *in, const struct impair_fate *fate, int i)
{
	uint64_t due = fate->at[i];

	if (due <= sw->now && !fate->corrupt[i] && sw->due_at != sw->now)
		return false;
	if (due <= sw->now)
		sw->due_at = due = sw->now;
	if (!fate->corrupt[i])
		hold_one(sw, ps, f, in, due, UINT32_MAX);
	else if (!f->offload.flags)
		hold_one(sw, ps, f, in, due, fate->flip[i]);
	else
		hold_summed(sw, ps, f, in, due, fate->flip[i] % (f->len * 8));
	return true;
}

static void hold_one(struct lan_switch *sw, struct port_state *ps, const struct frame *f,
	const struct egress *in, uint64_t due, uint32_t flip)
{
	if (!held_add(sw->held, f, ps->port, in, due, flip))
		++*(in ? &ps->waiting_in : &ps->waiting_out);
	else if (in)
		switch_drop_in(sw, ps, in, DROP_HELD);
	else
		switch_drop_out(sw, ps, f, DROP_HELD);
}

/* A checksum that is filled in later would be made to fit what is corrupted, and nobody
 * would notice: first the frame becomes what it will be in the end, each a copy, then one
 * of these is changed.  One that cannot be stays as it is, and its checksum wrong. */
static void hold_summed(struct lan_switch *sw, struct port_state *ps,
	const struct frame *f, const struct egress *in, uint64_t due, uint32_t flip)
{
	uint8_t *buf = malloc(2 * FRAME_MAX);
	const struct egress whole = { .frame = f };
	struct frame_offload offload = { 0 };
	struct frame part = *f;
	const struct egress e = { &part, in && in->tagged, in ? in->tci : 0 };
	struct segmenter s;
	uint32_t bits, at = 0;

	part.offload = offload;
	if (!buf || segment_begin(&s, &whole, buf, false)) {
		hold_one(sw, ps, &part, in ? &e : NULL, due, flip);
		free(buf);
		return;
	}
	for (; (bits = segment_next(&s, buf + FRAME_MAX, &offload) * 8); at += bits) {
		const struct iovec seg = { buf + FRAME_MAX, bits / 8 };
		bool here = flip >= at && flip < at + bits;

		make_part(&part, f, &seg);
		sw->copies += at > 0;
		hold_one(sw, ps, &part, in ? &e : NULL, due,
			here ? flip - at : UINT32_MAX);
	}
	free(buf);
}

static void make_part(struct frame *part, const struct frame *f, const struct iovec *seg)
{
	static const struct frame_offload none;

	frame_read(part, seg, 1, 0, seg->iov_len, &none, false);
	part->tagged = f->tagged;
	part->tci = f->tci;
	part->vlan = f->vlan;
}

static int take_burst(struct lan_switch *sw, struct held_frame **burst, uint64_t now)
{
	int n = 0;

	while (n < FRAME_BURST && (burst[n] = held_take(sw->held, now))) {
		sw->now = burst[n]->due;
		arrive(sw, burst[n++]);
	}
	return n;
}

/* What holds now holds for it, not what held when it came. */
static void arrive(struct lan_switch *sw, const struct held_frame *h)
{
	struct port_state *ps = h->port->state;
	const struct egress e = {
		.frame = &h->frame, .tagged = h->tagged, .tci = h->tci
	};
	bool member = vlan_member(&ps->vlan, h->frame.vlan);

	--*(h->in ? &ps->waiting_in : &ps->waiting_out);
	if (!h->in && member)
		switch_forward(sw, ps, &h->frame, false);
	else if (!h->in)
		switch_drop_out(sw, ps, &h->frame, DROP_VLAN);
	else if (!ps->link || !member)
		switch_drop_in(sw, ps, &e, member ? DROP_LINK_DOWN : DROP_VLAN);
	else
		switch_push(sw, ps, e);
}
