/* The device side of a split virtqueue: the rings, and who tells whom.
 *
 * Section numbers are those of virtio 1.2.  Integers in the rings are little endian, as
 * is every host that has x86 KVM. */
#include "cp/lib/vring.h"
#include "cp/lib/vring_walk.h"

#include <errno.h>
#include <string.h>

/* 2.7.6; after the ring comes used_event. */
struct avail_ring {
	uint16_t flags, idx, ring[];
};

/* 2.7.8; after the ring comes avail_event, a uint16_t. */
struct used_elem {
	uint32_t id, len;
};

struct used_ring {
	uint16_t flags, idx;
	struct used_elem ring[];
};

#define AVAIL_NO_INTERRUPT 1
#define USED_NO_NOTIFY     1

static void *ring_at(const struct vring *r, gpa_t gpa, uint64_t len, uint64_t align);
static bool anything_new(struct vring *r, uint16_t known);
static int break_ring(struct vring *r);
static bool in_step(const struct vring *r);
static void ask_for_kick(struct vring *r, uint16_t at);

static uint16_t read_once(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void write_once(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

/* What we wrote must be seen before what we read next: each side writes an index and then
 * looks at what the other has written. */
static void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint16_t *used_event(const struct vring *r)
{
	struct avail_ring *avail = r->avail_host;

	return &avail->ring[r->size];
}

static uint16_t *avail_event(const struct vring *r)
{
	struct used_ring *used = r->used_host;

	return (uint16_t *)&used->ring[r->size];
}

int vring_start(struct vring *r)
{
	uint64_t n = r->size;

	if (!n || n > VRING_MAX_SIZE || (n & (n - 1)))
		return -EINVAL;

	r->desc_host = ring_at(r, r->desc, n * sizeof(struct vring_desc), 16);
	r->avail_host = ring_at(r, r->avail, sizeof(struct avail_ring) + 2 * n + 2, 2);
	r->used_host = ring_at(r, r->used,
		sizeof(struct used_ring) + n * sizeof(struct used_elem) + 2, 4);
	if (!r->desc_host || !r->avail_host || !r->used_host)
		return -EFAULT;

	r->running = true;
	r->broken = false;
	r->unpopped = false;
	r->seen_avail = r->next_avail;
	vring_enable_kicks(r);
	return 0;
}

int vring_resume(struct vring *r, uint16_t next_avail)
{
	const struct used_ring *used;
	int err;

	r->next_avail = next_avail;
	err = vring_start(r);
	if (err)
		return err;
	used = r->used_host;
	r->next_used = r->called_used = read_once(&used->idx);
	return 0;
}

void vring_stop(struct vring *r)
{
	*r = (struct vring) { .gmem = r->gmem };
}

/* The head of the chain at `index` of the available ring. */
static uint16_t head_at(const struct vring *r, uint16_t index)
{
	const struct avail_ring *avail = r->avail_host;

	return read_once(&avail->ring[index & (r->size - 1)]);
}

/* Copies the heads of what was seen, and has their descriptors brought near. */
static int copy_heads(const struct vring *r, uint16_t *head, int max)
{
	int n = (uint16_t)(r->seen_avail - r->next_avail);

	if (n > max)
		n = max;
	for (int i = 0; i < n; i++) {
		head[i] = head_at(r, (uint16_t)(r->next_avail + i));
		__builtin_prefetch((const struct vring_desc *)r->desc_host +
				   (head[i] & (r->size - 1)));
	}
	return n;
}

static void took(struct vring *r, int n)
{
	r->next_avail = (uint16_t)(r->next_avail + n);
	r->unpopped = false;
	if (r->event_idx && !r->no_kicks)
		ask_for_kick(r, r->next_avail);
}

int vring_pop(struct vring *r, struct vring_chain *chain)
{
	struct vring_room room = { chain->seg, VRING_MAX_SEGS, r->gmem->region };
	struct vring_buffer b;

	if (r->broken)
		return -EPROTO;
	if (!r->running || !anything_new(r, r->next_avail))
		return 0;
	if (!in_step(r) || vring_walk(r, head_at(r, r->next_avail), &room, &b))
		return break_ring(r);

	chain->head = b.head;
	chain->n_out = b.n_out;
	chain->n_in = b.n_in;
	chain->out_bytes = b.out_bytes;
	chain->in_bytes = b.in_bytes;
	chain->out = chain->seg;
	chain->in = chain->seg + b.n_out;
	took(r, 1);
	return 1;
}

int vring_pop_burst(struct vring *r, struct vring_burst *b, int max)
{
	struct vring_room room = { b->seg, VRING_MAX_SEGS, r->gmem->region };
	uint16_t head[VRING_BURST];
	int n;

	b->n = 0;
	if (r->broken)
		return -EPROTO;
	if (!r->running || !anything_new(r, r->next_avail))
		return 0;
	if (!in_step(r))
		return break_ring(r);

	n = copy_heads(r, head, max);
	while (b->n < n) {
		int err = vring_walk(r, head[b->n], &room, &b->buf[b->n]);

		if (err == -ENOSPC && b->n)
			break;
		if (err) {
			b->n = 0;
			return break_ring(r);
		}
		b->n++;
	}
	took(r, b->n);
	return b->n;
}

void vring_unpop(struct vring *r)
{
	vring_unpop_burst(r, 1);
}

void vring_unpop_burst(struct vring *r, int n)
{
	r->next_avail = (uint16_t)(r->next_avail - n);
	r->unpopped |= n > 0;
}

void vring_push(struct vring *r, uint16_t head, uint32_t written)
{
	vring_put(r, head, written);
	vring_publish(r);
}

void vring_put(struct vring *r, uint16_t head, uint32_t written)
{
	struct used_ring *used = r->used_host;

	if (!r->running || r->broken)
		return;
	used->ring[r->next_used & (r->size - 1)] = (struct used_elem) { head, written };
	r->next_used++;
}

void vring_unput(struct vring *r, int n)
{
	if (r->running && !r->broken)
		r->next_used = (uint16_t)(r->next_used - n);
}

void vring_publish(struct vring *r)
{
	struct used_ring *used = r->used_host;

	if (r->running && !r->broken)
		__atomic_store_n(&used->idx, r->next_used, __ATOMIC_RELEASE);
}

bool vring_should_call(struct vring *r)
{
	const struct avail_ring *avail = r->avail_host;
	uint16_t old = r->called_used, new = r->next_used;
	uint16_t event;

	if (!r->running || r->broken || old == new)
		return false;

	full_barrier();
	r->called_used = new;
	if (!r->event_idx)
		return !(read_once(&avail->flags) & AVAIL_NO_INTERRUPT);
	event = read_once(used_event(r));
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

void vring_disable_kicks(struct vring *r)
{
	struct used_ring *used = r->used_host;

	r->no_kicks = true;
	/* With EVENT_IDX an index that is passed asks for nothing more (2.7.10). */
	if (r->running && !r->broken && !r->event_idx)
		write_once(&used->flags, USED_NO_NOTIFY);
}

bool vring_enable_kicks(struct vring *r)
{
	struct used_ring *used = r->used_host;
	uint16_t known = r->unpopped ? r->seen_avail : r->next_avail;

	r->no_kicks = false;
	if (!r->running || r->broken)
		return false;
	if (r->event_idx)
		ask_for_kick(r, known);
	else
		write_once(&used->flags, 0);
	full_barrier();
	return anything_new(r, known);
}

/* A frontend may have its storage begin at any byte of a file. */
static void *ring_at(const struct vring *r, gpa_t gpa, uint64_t len, uint64_t align)
{
	void *at = gmem_at(r->gmem, gpa, len);

	return gpa % align || (uintptr_t)at % align ? NULL : at;
}

/* Has the driver gone on from `known`?  Where kicks are enabled, it read the index that
 * we asked a kick for, after writing its own: so one look without a barrier may miss it.
 */
static bool anything_new(struct vring *r, uint16_t known)
{
	const struct avail_ring *avail = r->avail_host;

	r->seen_avail = __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE);
	if (r->seen_avail == known && !r->no_kicks) {
		full_barrier();
		r->seen_avail = __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE);
	}
	return r->seen_avail != known;
}

/* No driver can have made more available than there are entries. */
static bool in_step(const struct vring *r)
{
	return (uint16_t)(r->seen_avail - r->next_avail) <= r->size;
}

static int break_ring(struct vring *r)
{
	r->broken = true;
	return -EPROTO;
}

static void ask_for_kick(struct vring *r, uint16_t at)
{
	write_once(avail_event(r), at);
}
