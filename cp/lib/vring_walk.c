/* The descriptor walker.  What it reads the driver may change under its eyes: a
 * descriptor is copied once, and only the copy is looked at.
 *
 * A chain ends, because each table is walked for at most as many steps as it has entries,
 * and there are two tables at most. */
#include "cp/lib/vring_walk.h"

#include <errno.h>
#include <string.h>

#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4

#define CHAIN_MAX_BYTES (UINT64_C(1) << 32) /* 2.7.5.1 */

struct table {
	const char *host;
	uint32_t n;
	bool indirect;
};

/* One chain, as far as it was walked. */
struct walk {
	const struct vring *r;
	struct vring_room *room;
	struct vring_buffer *b;
};

static int walk_table(const struct walk *w, const struct table *table, uint32_t at);
static int walk_indirect(const struct walk *w, const struct vring_desc *d);
static int add_buffer(const struct walk *w, const struct vring_desc *d);

int vring_walk(const struct vring *r, uint16_t head, struct vring_room *room,
	struct vring_buffer *b)
{
	struct table table = { r->desc_host, r->size, false };
	struct walk w = { r, room, b };
	struct iovec *seg = room->seg;
	int err;

	*b = (struct vring_buffer) { .head = head };
	err = walk_table(&w, &table, head);
	b->out = seg;
	b->in = seg + b->n_out;
	return err;
}

static size_t copy_part(char *to, const char *from, size_t room, size_t len)
{
	size_t n = len < room ? len : room;

	memcpy(to, from, n);
	return n;
}

size_t iov_read(const struct iovec *iov, int n, size_t offset, void *to, size_t len)
{
	size_t done = 0;

	for (int i = 0; i < n && done < len; i++) {
		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		done += copy_part((char *)to + done, (char *)iov[i].iov_base + offset,
			iov[i].iov_len - offset, len - done);
		offset = 0;
	}
	return done;
}

size_t iov_write(
	const struct iovec *iov, int n, size_t offset, const void *from, size_t len)
{
	size_t done = 0;

	for (int i = 0; i < n && done < len; i++) {
		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		done += copy_part((char *)iov[i].iov_base + offset,
			(const char *)from + done, iov[i].iov_len - offset, len - done);
		offset = 0;
	}
	return done;
}

static struct vring_desc copy_desc(const struct table *table, uint32_t at)
{
	struct vring_desc d;

	memcpy(&d, table->host + at * sizeof(d), sizeof(d));
	__asm__ volatile("" ::: "memory"); /* the compiler must not read it again */
	return d;
}

static int walk_table(const struct walk *w, const struct table *table, uint32_t at)
{
	for (uint32_t steps = 0; steps < table->n; steps++) {
		struct vring_desc d;
		int err;

		if (at >= table->n)
			return -EPROTO;
		d = copy_desc(table, at);
		if (d.flags & DESC_INDIRECT) {
			if (table->indirect)
				return -EPROTO;
			return walk_indirect(w, &d);
		}
		err = add_buffer(w, &d);
		if (err || !(d.flags & DESC_NEXT))
			return err;
		at = d.next;
	}
	return -EPROTO;
}

/* 2.7.5.3: the last descriptor of its chain; WRITE means nothing here. */
static int walk_indirect(const struct walk *w, const struct vring_desc *d)
{
	struct table table = {
		.host = gmem_at(w->r->gmem, d->addr, d->len),
		.n = d->len / (uint32_t)sizeof(struct vring_desc),
		.indirect = true,
	};

	if (!w->r->indirect || d->flags & DESC_NEXT)
		return -EPROTO;
	if (!table.host || d->len % sizeof(struct vring_desc) || table.n > VRING_MAX_SEGS)
		return -EPROTO;
	return walk_table(w, &table, 0);
}

/* 2.7.4.2: what the device writes comes after all that it reads. */
static int count_bytes(const struct vring_desc *d, struct vring_buffer *b)
{
	if (d->flags & DESC_WRITE)
		b->in_bytes += d->len;
	else if (b->in_bytes)
		return -EPROTO;
	else
		b->out_bytes += d->len;
	return b->in_bytes + b->out_bytes > CHAIN_MAX_BYTES ? -EPROTO : 0;
}

static int add_segment(
	const struct walk *w, const struct vring_desc *d, void *host, uint64_t run)
{
	if (!w->room->n)
		return -ENOSPC;
	*w->room->seg++ = (struct iovec) { host, run };
	w->room->n--;
	if (d->flags & DESC_WRITE)
		w->b->n_in++;
	else
		w->b->n_out++;
	return 0;
}

static int add_across(const struct walk *w, const struct vring_desc *d)
{
	gpa_t gpa = d->addr;
	uint64_t left = d->len, run;

	for (; left; left -= run, gpa += run) {
		void *host = gmem_span(w->r->gmem, gpa, left, &run);
		int err = host ? add_segment(w, d, host, run) : -EPROTO;

		if (err)
			return err;
	}
	w->room->near = gmem_region(w->r->gmem, d->addr);
	return 0;
}

static int add_buffer(const struct walk *w, const struct vring_desc *d)
{
	const struct gmem_region *near = w->room->near;
	uint64_t at = d->addr - near->base;

	if (!d->len)
		return 0;
	if (count_bytes(d, w->b))
		return -EPROTO;
	if (at < near->size && d->len <= near->size - at)
		return add_segment(w, d, (char *)near->host + at, d->len);
	return add_across(w, d);
}
