/* Frames through the rings of a vnic, the driver's side.  Section numbers are those of
 * virtio 1.2; integers are little endian, as the host's. */
#include "cp/lib/vnic_ring.h"

#include "cp/lib/vring.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#define DESC_WRITE         2
#define AVAIL_NO_INTERRUPT 1
#define USED_NO_NOTIFY     1
#define HEADER             ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define LINE               64u

static bool find_room(struct vnic *v, size_t bytes, size_t *at);
static int reap(struct vnic *v);
static void put(struct vnic_ring *r, uint16_t id);
static void publish(struct vnic_ring *r);
static bool ask_for_call(struct vnic_ring *r, uint16_t at);
static void ask_for_no_call(struct vnic_ring *r);
static uint16_t n_used(const struct vnic_ring *r);
static int take_frame(struct vnic *v, uint16_t *left, struct vnic_frame *f);
static int broken(struct vnic *v);

static uint16_t read_once(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void write_once(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static uint16_t *used_event(const struct vnic_ring *r)
{
	return &r->avail->ring[r->size];
}

static uint16_t avail_event(const struct vnic_ring *r)
{
	return read_once((const uint16_t *)&r->used->ring[r->size]);
}

void vnic_ring_fill(struct vnic *v)
{
	struct vnic_ring *rx = &v->ring[VNIC_RX];

	for (uint16_t i = 0; i < rx->size; i++) {
		size_t at = (size_t)(v->rx_data - v->memory) + (size_t)i * v->buffer;

		rx->desc[i] = (struct vnic_desc) {
			.addr = v->base + at, .len = v->buffer, .flags = DESC_WRITE
		};
		v->posted[i] = true;
		put(rx, i);
	}
	rx->kicked = rx->added; /* the kick of the start is there already */
	__atomic_store_n(&rx->avail->idx, rx->added, __ATOMIC_RELEASE);
	vnic_tx_quiet(v);
}

int vnic_tx(struct vnic *v, const struct virtio_net_hdr_v1 *hdr, const struct iovec *seg,
	int n_seg, size_t at, size_t len)
{
	static const struct virtio_net_hdr_v1 plain;
	struct vnic_ring *r = &v->ring[VNIC_TX];
	uint16_t id = r->added & r->mask;
	size_t need = (HEADER + len + LINE - 1) / LINE * LINE;
	size_t to;

	if (v->broken)
		return -EPROTO;
	if (len > v->tx_size || need > v->tx_size)
		return -EMSGSIZE;
	if (!find_room(v, need, &to)) {
		if (reap(v))
			return -EPROTO;
		if (!find_room(v, need, &to)) {
			v->tx_need = need;
			return -EAGAIN;
		}
	}
	memcpy(v->tx_data + to, hdr ? hdr : &plain, HEADER);
	if (iov_read(seg, n_seg, at, v->tx_data + to + HEADER, len) != len)
		return -EINVAL;
	r->desc[id] = (struct vnic_desc) {
		.addr = v->base + (uint64_t)(v->tx_data + to - v->memory),
		.len = (uint32_t)(HEADER + len),
	};
	v->sent[id] = (struct vnic_sent) { .end = to + need };
	v->tx_head = to + need;
	put(r, id);
	return 0;
}

void vnic_tx_flush(struct vnic *v)
{
	publish(&v->ring[VNIC_TX]);
}

/* Half of what is under way: a call for each frame would be none too few. */
bool vnic_tx_wait(struct vnic *v)
{
	struct vnic_ring *r = &v->ring[VNIC_TX];
	uint16_t half;
	size_t at;

	vnic_tx_flush(v);
	for (;;) {
		if (reap(v) || find_room(v, v->tx_need, &at))
			return true;
		half = (uint16_t)((uint16_t)(r->added - v->tx_done) / 2);
		if (!ask_for_call(r, (uint16_t)(r->taken + half)))
			return false;
	}
}

int vnic_rx(struct vnic *v, struct vnic_frame *out, int max)
{
	struct vnic_ring *r = &v->ring[VNIC_RX];
	uint16_t left;

	vnic_rx_done(v);
	if (v->broken)
		return -EPROTO;
	left = n_used(r);
	if (left > r->size)
		return broken(v);
	while (left && v->n_frames < max && v->n_frames < VNIC_BURST)
		if (take_frame(v, &left, &out[v->n_frames]))
			return broken(v);
	return v->n_frames;
}

void vnic_rx_leave(struct vnic *v, int from)
{
	struct vnic_ring *r = &v->ring[VNIC_RX];

	if (from >= v->n_frames)
		return;
	while (v->n_held > v->first[from]) {
		v->posted[v->held[--v->n_held]] = true;
		r->taken--;
	}
	v->n_frames = from;
}

void vnic_rx_done(struct vnic *v)
{
	struct vnic_ring *r = &v->ring[VNIC_RX];

	v->n_frames = 0;
	if (!v->n_held)
		return;
	for (uint16_t i = 0; i < v->n_held; i++) {
		v->posted[v->held[i]] = true;
		put(r, v->held[i]);
	}
	v->n_held = 0;
	publish(r);
}

bool vnic_rx_wait(struct vnic *v)
{
	struct vnic_ring *r = &v->ring[VNIC_RX];

	return v->broken || ask_for_call(r, r->taken);
}

void vnic_rx_quiet(struct vnic *v)
{
	ask_for_no_call(&v->ring[VNIC_RX]);
}

void vnic_tx_quiet(struct vnic *v)
{
	ask_for_no_call(&v->ring[VNIC_TX]);
}

static int broken(struct vnic *v)
{
	v->broken = true;
	return -EPROTO;
}

static uint16_t n_used(const struct vnic_ring *r)
{
	uint16_t idx = __atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE);

	return (uint16_t)(idx - r->taken);
}

static void put(struct vnic_ring *r, uint16_t id)
{
	write_once(&r->avail->ring[r->added & r->mask], id);
	r->added++;
}

/* 2.7.13.4.1: the backend is kicked if what it asked to be kicked for lies in between. */
static void publish(struct vnic_ring *r)
{
	uint16_t old = r->kicked, new = r->added;
	bool wanted;

	if (old == new)
		return;
	__atomic_store_n(&r->avail->idx, new, __ATOMIC_RELEASE);
	r->kicked = new;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (r->event_idx)
		wanted = (uint16_t)(new - avail_event(r) - 1) < (uint16_t)(new - old);
	else
		wanted = !(read_once(&r->used->flags) & USED_NO_NOTIFY);
	if (wanted)
		eventfd_write(r->kick, 1);
}

/* True: what is asked for is there already. */
static bool ask_for_call(struct vnic_ring *r, uint16_t at)
{
	if (r->event_idx)
		write_once(used_event(r), at);
	else
		write_once(&r->avail->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return n_used(r) > (uint16_t)(at - r->taken);
}

/* With EVENT_IDX: for one that is as far off as can be. */
static void ask_for_no_call(struct vnic_ring *r)
{
	if (r->event_idx)
		write_once(used_event(r), (uint16_t)(r->taken + 0x8000));
	else
		write_once(&r->avail->flags, AVAIL_NO_INTERRUPT);
}

/* Frames lie in the memory one after the other, each in one piece: what is left of the
 * end is passed over.  With nothing under way it begins anew, where the cache is warm. */
static bool find_room(struct vnic *v, size_t bytes, size_t *at)
{
	const struct vnic_ring *r = &v->ring[VNIC_TX];
	uint16_t under_way = (uint16_t)(r->added - v->tx_done);

	if (!under_way)
		v->tx_head = v->tx_tail = 0;
	if (under_way == r->size)
		return false;
	*at = v->tx_head;
	if (under_way && v->tx_head <= v->tx_tail)
		return v->tx_tail - v->tx_head >= bytes;
	if (v->tx_size - v->tx_head >= bytes)
		return true;
	*at = 0;
	return v->tx_tail >= bytes;
}

/* Which frames the backend is done with.  Room is free again in the order of sending. */
static int reap(struct vnic *v)
{
	struct vnic_ring *r = &v->ring[VNIC_TX];
	uint16_t n = n_used(r);

	if (v->broken || n > (uint16_t)(r->added - v->tx_done))
		return broken(v);
	for (; n; n--, r->taken++) {
		uint32_t id = __atomic_load_n(
			&r->used->ring[r->taken & r->mask].id, __ATOMIC_RELAXED);
		uint16_t from_oldest = (uint16_t)(id - v->tx_done) & r->mask;

		if (id >= r->size || from_oldest >= (uint16_t)(r->added - v->tx_done) ||
			v->sent[id].done)
			return broken(v);
		v->sent[id].done = true;
	}
	while (v->tx_done != r->added && v->sent[v->tx_done & r->mask].done) {
		v->tx_tail = v->sent[v->tx_done & r->mask].end;
		v->tx_done++;
	}
	return 0;
}

/* A hint only: what is read here is read again and checked. */
static void prefetch_next(const struct vnic *v, uint16_t left)
{
	const struct vnic_ring *r = &v->ring[VNIC_RX];
	uint32_t id;

	if (!left)
		return;
	id = __atomic_load_n(&r->used->ring[r->taken & r->mask].id, __ATOMIC_RELAXED);
	if (id < r->size)
		__builtin_prefetch(v->rx_data + (size_t)id * v->buffer);
}

/* The next buffer that came back: its number, or -EPROTO. */
static int take_buffer(struct vnic *v, uint16_t *left, uint32_t *len)
{
	struct vnic_ring *r = &v->ring[VNIC_RX];
	uint16_t slot = r->taken & r->mask;
	uint32_t id = __atomic_load_n(&r->used->ring[slot].id, __ATOMIC_RELAXED);

	*len = __atomic_load_n(&r->used->ring[slot].len, __ATOMIC_RELAXED);
	if (!*left || id >= r->size || !v->posted[id] || !*len || *len > v->buffer)
		return -EPROTO;
	r->taken++;
	(*left)--;
	v->posted[id] = false;
	v->held[v->n_held++] = (uint16_t)id;
	return (int)id;
}

/* 5.1.6.4: a frame fills so many buffers as its header says, the header being in the
 * first; all are in the ring when the first is. */
static int take_frame(struct vnic *v, uint16_t *left, struct vnic_frame *f)
{
	struct virtio_net_hdr_v1 *hdr = &v->hdr[v->n_frames];
	struct iovec *seg = &v->seg[v->n_held];
	uint16_t first = v->n_held;
	uint32_t len;
	int id = take_buffer(v, left, &len);

	if (id < 0 || len < HEADER)
		return -EPROTO;
	prefetch_next(v, *left);
	memcpy(hdr, v->rx_data + (size_t)id * v->buffer, HEADER);
	__asm__ volatile("" ::: "memory"); /* the compiler must not read it again */
	*f = (struct vnic_frame) { .seg = seg, .hdr = hdr, .len = len - HEADER };
	seg[f->n_seg++] = (struct iovec) { v->rx_data + (size_t)id * v->buffer + HEADER,
		len - HEADER };
	if (!hdr->num_buffers || hdr->num_buffers - 1 > *left)
		return -EPROTO;
	while (f->n_seg < hdr->num_buffers) {
		id = take_buffer(v, left, &len);
		if (id < 0)
			return -EPROTO;
		seg[f->n_seg++] = (struct iovec) { v->rx_data + (size_t)id * v->buffer,
			len };
		f->len += len;
	}
	v->first[v->n_frames++] = first;
	return f->len ? 0 : -EPROTO;
}
