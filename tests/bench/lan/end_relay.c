/* The least a switch between two ends can do: one thread on another processor that copies
 * each frame from a slot of one to a slot of the other, and knows nothing of addresses,
 * rings' layouts or hostile ends. */
#include "tests/bench/lan/ends.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HEADER sizeof(struct virtio_net_hdr_v1)

/* One direction.  Counters of different writers are not in one line of the cache. */
struct way {
	_Alignas(64) _Atomic unsigned sent;
	_Alignas(64) _Atomic unsigned relayed;
	_Alignas(64) unsigned received;
	uint8_t *from, *to;
	size_t len; /* of every frame */
};

struct relay {
	struct way way[2];
	unsigned slots;
	size_t buffer;
	int cpu;
};

struct end {
	struct relay *relay;
	struct way *out, *in;
};

static size_t slot_at(const struct relay *r, unsigned n)
{
	return n % r->slots * r->buffer;
}

static void copy_on(struct relay *r, struct way *w)
{
	unsigned done = atomic_load_explicit(&w->relayed, memory_order_relaxed);
	unsigned sent = atomic_load_explicit(&w->sent, memory_order_acquire);

	for (unsigned n = 0; done != sent && n < BURST; n++, done++)
		memcpy(w->to + slot_at(r, done), w->from + slot_at(r, done),
			HEADER + w->len);
	atomic_store_explicit(&w->relayed, done, memory_order_release);
}

static void *relay_thread(void *arg)
{
	struct relay *r = arg;

	bench_pin(r->cpu);
	for (;;) {
		copy_on(r, &r->way[0]);
		copy_on(r, &r->way[1]);
	}
	return NULL;
}

static void make_way(const struct relay *r, struct way *w)
{
	size_t size = r->slots * r->buffer;

	w->from = aligned_alloc(64, size);
	w->to = aligned_alloc(64, size);
	if (!w->from || !w->to)
		bench_die("slots", ENOMEM);
	memset(w->from, 0, size);
	memset(w->to, 0, size);
}

static struct relay *make_relay(const char *cpu, bool large)
{
	struct relay *r = aligned_alloc(64, sizeof(*r));
	pthread_t thread;

	if (!r)
		bench_die("a relay", ENOMEM);
	memset(r, 0, sizeof(*r));
	r->slots = large ? RING_LARGE : RING;
	r->buffer = large ? BUF_LARGE : BUFFER;
	r->cpu = atoi(cpu);
	make_way(r, &r->way[0]);
	make_way(r, &r->way[1]);
	if (pthread_create(&thread, NULL, relay_thread, r))
		bench_die("a thread", EAGAIN);
	return r;
}

static int relay_open(const char *where, bool large, struct end **out)
{
	static struct relay *r;
	int side = r != NULL;
	struct end *e = calloc(1, sizeof(*e));

	*out = e;
	if (!e)
		return -ENOMEM;
	if (!r)
		r = make_relay(where, large);
	*e = (struct end) { r, &r->way[side], &r->way[!side] };
	return 0;
}

static int relay_send(struct end *e, const struct sample *s, int n)
{
	struct way *w = e->out;
	unsigned sent = atomic_load_explicit(&w->sent, memory_order_relaxed);
	int done = 0;

	w->len = s->len;
	for (; done < n && sent - w->received < e->relay->slots; done++, sent++) {
		uint8_t *at = w->from + slot_at(e->relay, sent);

		memset(at, 0, HEADER);
		memcpy(at + HEADER, s->bytes, s->len);
	}
	atomic_store_explicit(&w->sent, sent, memory_order_release);
	return done;
}

static int relay_receive(struct end *e, int n)
{
	struct way *w = e->in;
	unsigned there = atomic_load_explicit(&w->relayed, memory_order_acquire);
	int got = 0, count = 0;

	for (; got < n && w->received != there; got++, w->received++)
		count += is_ours(w->to + slot_at(e->relay, w->received) + HEADER, w->len);
	return count;
}

const struct kind kind_relay = { .name = "relay",
	.window = RING - BURST,
	.window_large = RING_LARGE - BURST / 2,
	.open = relay_open,
	.send = relay_send,
	.receive = relay_receive };
