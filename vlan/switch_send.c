/* Handing out: frames gathered by receiver, the fate of each, and who is told. */
#include "vlan/switch_core.h"

#include <assert.h>

static void send_pending(struct lan_switch *sw, struct port_state *ps);
static void sent(struct lan_switch *sw, struct port_state *ps, const struct egress *e,
	int n, uint32_t copies);

static void push(struct lan_switch *sw, struct port_state *to, struct egress e, bool copy)
{
	if (to->n_pending == FRAME_BURST)
		send_pending(sw, to);
	if (!to->touched) {
		to->touched = true;
		sw->touched[sw->n_touched++] = to;
	}
	to->copies |= (uint32_t)copy << to->n_pending;
	to->pending[to->n_pending++] = e;
}

void switch_push(struct lan_switch *sw, struct port_state *to, struct egress e)
{
	push(sw, to, e, false);
}

/* A copy shows the frame as it is: no delay of its receiver's holds for it. */
void switch_push_copy(struct lan_switch *sw, struct port_state *to, const struct frame *f)
{
	struct egress e = vlan_output(&to->vlan, f);

	sw->copies++;
	if (to->link)
		push(sw, to, e, true);
	else
		switch_drop_in(sw, to, &e, DROP_LINK_DOWN);
}

/* Copies for a mirror may come while others are sent, but no copies of copies: a second
 * look suffices. */
void switch_send(struct lan_switch *sw)
{
	for (int i = 0; i < sw->n_touched; i++)
		send_pending(sw, sw->touched[i]);
	for (int i = 0; sw->n_mirrors && i < sw->n_touched; i++)
		send_pending(sw, sw->touched[i]);
	for (int i = 0; i < sw->n_touched; i++) {
		struct port *p = sw->touched[i]->port;

		sw->touched[i]->touched = false;
		if (p->ops->flush)
			p->ops->flush(p);
	}
	sw->n_touched = 0;
}

void switch_drop_out(struct lan_switch *sw, struct port_state *from,
	const struct frame *f, enum lan_drop why)
{
	from->port->out.drops[why]++;
	sw->dropped++;
	sw->vlan[f->vlan].dropped++;
	switch_tell(sw, from, f, NULL, why);
}

void switch_drop_in(struct lan_switch *sw, struct port_state *to, const struct egress *e,
	enum lan_drop why)
{
	to->port->in.drops[why]++;
	sw->dropped++;
	sw->vlan[e->frame->vlan].dropped++;
	switch_tell(sw, to, e->frame, e, why);
}

void switch_tell(struct lan_switch *sw, const struct port_state *ps,
	const struct frame *f, const struct egress *e, enum lan_drop why)
{
	const struct switch_event ev = {
		.port = ps->port, .frame = f, .egress = e, .drop = why, .now = sw->clock
	};

	if (sw->tap)
		sw->tap(sw->tap_ctx, &ev);
}

/* May those behind one that was dropped have better luck? */
static bool goes_on(const struct port *p, enum lan_drop why)
{
	return why == DROP_UNSUPPORTED || (why == DROP_FULL && p->queues);
}

/* What is sent is taken out first: copies of it, or of those they push out of the way,
 * may be for this port. */
static void send_pending(struct lan_switch *sw, struct port_state *ps)
{
	struct egress e[FRAME_BURST];
	uint32_t copies = ps->copies;
	int n = ps->n_pending, at = 0;

	memcpy(e, ps->pending, (unsigned)n * sizeof(*e));
	ps->n_pending = 0;
	ps->copies = 0;
	while (at < n) {
		enum lan_drop why = DROP_FULL;
		int took = ps->port->ops->send(ps->port, e + at, n - at, &why);

		assert(took >= 0 && took <= n - at);
		assert(took == n - at || (unsigned)why < LAN_DROPS);
		sent(sw, ps, e + at, took, copies >> at);
		at += took;
		while (at < n) {
			switch_drop_in(sw, ps, &e[at++], why);
			if (goes_on(ps->port, why))
				break;
		}
	}
}

/* `copies`: bit i is set where e[i] is a mirror's, of which it gets no copy. */
static void sent(struct lan_switch *sw, struct port_state *ps, const struct egress *e,
	int n, uint32_t copies)
{
	uint64_t bytes = 0;

	for (int i = 0; i < n; i++)
		bytes += egress_len(&e[i]);
	ps->port->in.frames += (uint64_t)n;
	ps->port->in.bytes += bytes;
	sw->sent += (uint64_t)n;
	for (int i = 0; sw->tap && i < n; i++)
		switch_tell(sw, ps, e[i].frame, &e[i], DROP_NONE);
	for (int i = 0; ps->mirror && i < n; i++) {
		if (!(copies >> i & 1))
			switch_push_copy(sw, ps->mirror, e[i].frame);
	}
}
