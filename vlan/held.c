/* Frames that wait: a binary heap of copies, and what each port has among them. */
#include "vlan/held.h"

#include "cp/lib/list.h"
#include "cp/lib/vring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 256

struct held_share {
	struct list node; /* in its bucket */
	const struct port *port;
	bool in;
	uint64_t bytes;
};

struct held {
	struct held_frame **heap; /* the one before `i` is at (i - 1) / 2 */
	size_t n, max;
	uint64_t seq;
	uint64_t bytes; /* of all shares */
	struct list bucket[BUCKETS];
};

static struct held_share *find_share(
	const struct held *h, const struct port *port, bool in);
static int get_share(
	struct held *h, const struct port *port, bool in, struct held_share **out);
static bool has_room(
	const struct held *h, const struct held_share *share, uint64_t bytes);
static void charge(struct held *h, struct held_share *share, uint64_t bytes);
static uint64_t size_of(const struct frame *f);
static struct held_frame *copy_frame(const struct frame *f, uint32_t flip);
static int make_room(struct held *h);
static void sink(struct held *h, size_t at);
static void rise(struct held *h, size_t at);

int held_create(struct held **out)
{
	struct held *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	for (int i = 0; i < BUCKETS; i++)
		list_init(&h->bucket[i]);
	*out = h;
	return 0;
}

static void drop_share(struct held *h, struct held_share *s)
{
	if (!s)
		return;
	h->bytes -= s->bytes;
	list_remove(&s->node);
	free(s);
}

void held_destroy(struct held *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->heap[i]);
	for (int i = 0; i < BUCKETS; i++) {
		while (!list_empty(&h->bucket[i]))
			drop_share(h,
				container_of(h->bucket[i].next, struct held_share, node));
	}
	free(h->heap);
	free(h);
}

int held_add(struct held *h, const struct frame *f, struct port *port,
	const struct egress *in, uint64_t due, uint32_t flip)
{
	struct held_share *share;
	struct held_frame *copy;
	int err = get_share(h, port, in, &share);

	if (!err && !has_room(h, share, size_of(f)))
		err = -ENOSPC;
	if (!err)
		err = make_room(h);
	if (err)
		return err;
	copy = copy_frame(f, flip);
	if (!copy)
		return -ENOMEM;
	copy->port = port;
	copy->share = share;
	copy->in = in;
	copy->tagged = in && in->tagged;
	copy->tci = in ? in->tci : 0;
	copy->due = due;
	copy->seq = h->seq++;
	charge(h, share, size_of(f));
	h->heap[h->n] = copy;
	rise(h, h->n++);
	return 0;
}

uint64_t held_next(const struct held *h)
{
	return h->n ? h->heap[0]->due : UINT64_MAX;
}

struct held_frame *held_take(struct held *h, uint64_t now)
{
	struct held_frame *f;

	if (!h->n || h->heap[0]->due > now)
		return NULL;
	f = h->heap[0];
	charge(h, f->share, -size_of(&f->frame));
	f->share = NULL; /* which may go before the frame does */
	h->heap[0] = h->heap[--h->n];
	sink(h, 0);
	return f;
}

void held_free(struct held *h, struct held_frame *f)
{
	(void)h;
	free(f);
}

uint64_t held_forget(struct held *h, const struct port *port)
{
	size_t kept = 0, all = h->n;

	for (size_t i = 0; i < all; i++) {
		if (h->heap[i]->port == port)
			free(h->heap[i]);
		else
			h->heap[kept++] = h->heap[i];
	}
	h->n = kept;
	for (size_t i = kept / 2; i--;)
		sink(h, i);
	drop_share(h, find_share(h, port, false));
	drop_share(h, find_share(h, port, true));
	return all - kept;
}

uint64_t held_count(const struct held *h)
{
	return h->n;
}

uint64_t held_bytes(const struct held *h, const struct port *port, bool in)
{
	const struct held_share *s = find_share(h, port, in);

	return s ? s->bytes : 0;
}

/* ---- Shares ---------------------------------------------------------------------- */

static size_t bucket_of(const struct port *port, bool in)
{
	return (size_t)(((uintptr_t)port * UINT64_C(0x9e3779b97f4a7c15) >> 32) + in) %
	       BUCKETS;
}

static struct held_share *find_share(
	const struct held *h, const struct port *port, bool in)
{
	const struct list *bucket = &h->bucket[bucket_of(port, in)], *pos;

	list_for_each (pos, bucket) {
		struct held_share *s = container_of(pos, struct held_share, node);

		if (s->port == port && s->in == in)
			return s;
	}
	return NULL;
}

static int get_share(
	struct held *h, const struct port *port, bool in, struct held_share **out)
{
	struct held_share *s = find_share(h, port, in);

	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -ENOMEM;
		s->port = port;
		s->in = in;
		list_append(&h->bucket[bucket_of(port, in)], &s->node);
	}
	*out = s;
	return 0;
}

static bool has_room(const struct held *h, const struct held_share *share, uint64_t bytes)
{
	uint64_t left = h->bytes < HELD_BYTES ? HELD_BYTES - h->bytes : 0;
	uint64_t after = share->bytes + bytes;

	return after <= HELD_LEAST || (after <= HELD_PORT_BYTES && after <= left);
}

static void charge(struct held *h, struct held_share *share, uint64_t bytes)
{
	share->bytes += bytes;
	h->bytes += bytes;
}

/* ---- Copies ---------------------------------------------------------------------- */

static uint64_t size_of(const struct frame *f)
{
	return sizeof(struct held_frame) + f->len;
}

static struct held_frame *copy_frame(const struct frame *f, uint32_t flip)
{
	struct held_frame *h = malloc(sizeof(*h) + f->len);
	uint8_t *bytes = (uint8_t *)(h + 1);
	size_t got;

	if (!h)
		return NULL;
	memset(h, 0, sizeof(*h));
	h->frame = *f;
	h->iov = (struct iovec) { bytes, f->len };
	h->frame.seg = &h->iov;
	h->frame.n_seg = 1;
	h->frame.seg_at = f->head_len;
	memcpy(bytes, f->head, f->head_len);
	got = f->head_len;
	got += iov_read(f->seg, f->n_seg, f->seg_at, bytes + got, f->len - got);
	memset(bytes + got, 0, f->len - got);
	if (flip != UINT32_MAX && f->len) {
		flip %= f->len * 8;
		bytes[flip / 8] ^= (uint8_t)(1u << flip % 8);
		memcpy(h->frame.head, bytes, f->head_len);
	}
	return h;
}

/* ---- The heap -------------------------------------------------------------------- */

static int make_room(struct held *h)
{
	size_t max = h->max ? 2 * h->max : 64;
	struct held_frame **heap;

	if (h->n < h->max)
		return 0;
	heap = realloc(h->heap, max * sizeof(struct held_frame *));
	if (!heap)
		return -ENOMEM;
	h->heap = heap;
	h->max = max;
	return 0;
}

static bool before(const struct held_frame *a, const struct held_frame *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void rise(struct held *h, size_t at)
{
	struct held_frame *f = h->heap[at];

	while (at && before(f, h->heap[(at - 1) / 2])) {
		h->heap[at] = h->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h->heap[at] = f;
}

static void sink(struct held *h, size_t at)
{
	struct held_frame *f;

	if (at >= h->n)
		return;
	f = h->heap[at];
	for (size_t next = 2 * at + 1; next < h->n; next = 2 * at + 1) {
		if (next + 1 < h->n && before(h->heap[next + 1], h->heap[next]))
			next++;
		if (!before(h->heap[next], f))
			break;
		h->heap[at] = h->heap[next];
		at = next;
	}
	h->heap[at] = f;
}
