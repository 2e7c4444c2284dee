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

static int walk_table(const struct vring *r, const struct table *table, uint32_t at,
	struct vring_chain *chain);
static int walk_indirect(
	const struct vring *r, const struct vring_desc *d, struct vring_chain *chain);
static int add_buffer(
	const struct vring *r, const struct vring_desc *d, struct vring_chain *chain);

int vring_walk(const struct vring *r, uint16_t head, struct vring_chain *chain)
{
	struct table table = { r->desc_host, r->size, false };
	int err;

	chain->head = head;
	chain->n_out = chain->n_in = 0;
	chain->out_bytes = chain->in_bytes = 0;
	err = walk_table(r, &table, head, chain);
	chain->out = chain->seg;
	chain->in = chain->seg + chain->n_out;
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

static int walk_table(const struct vring *r, const struct table *table, uint32_t at,
	struct vring_chain *chain)
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
			return walk_indirect(r, &d, chain);
		}
		err = add_buffer(r, &d, chain);
		if (err || !(d.flags & DESC_NEXT))
			return err;
		at = d.next;
	}
	return -EPROTO;
}

/* 2.7.5.3: the last descriptor of its chain; WRITE means nothing here. */
static int walk_indirect(
	const struct vring *r, const struct vring_desc *d, struct vring_chain *chain)
{
	struct table table = {
		.host = gmem_at(r->gmem, d->addr, d->len),
		.n = d->len / (uint32_t)sizeof(struct vring_desc),
		.indirect = true,
	};

	if (!r->indirect || d->flags & DESC_NEXT)
		return -EPROTO;
	if (!table.host || d->len % sizeof(struct vring_desc) || table.n > VRING_MAX_SEGS)
		return -EPROTO;
	return walk_table(r, &table, 0, chain);
}

/* 2.7.4.2: what the device writes comes after all that it reads. */
static int count_bytes(const struct vring_desc *d, struct vring_chain *chain)
{
	if (d->flags & DESC_WRITE)
		chain->in_bytes += d->len;
	else if (chain->in_bytes)
		return -EPROTO;
	else
		chain->out_bytes += d->len;
	return chain->in_bytes + chain->out_bytes > CHAIN_MAX_BYTES ? -EPROTO : 0;
}

static int add_buffer(
	const struct vring *r, const struct vring_desc *d, struct vring_chain *chain)
{
	gpa_t gpa = d->addr;
	uint64_t left = d->len, run;

	if (!left)
		return 0;
	if (count_bytes(d, chain))
		return -EPROTO;
	for (; left; left -= run, gpa += run) {
		int n = chain->n_out + chain->n_in;
		void *host = gmem_span(r->gmem, gpa, left, &run);

		if (!host || n == VRING_MAX_SEGS)
			return -EPROTO;
		chain->seg[n] = (struct iovec) { host, run };
		if (d->flags & DESC_WRITE)
			chain->n_in++;
		else
			chain->n_out++;
	}
	return 0;
}
