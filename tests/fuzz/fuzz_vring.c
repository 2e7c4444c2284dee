/* The virtqueue against a driver that wrote anything at all into its storage.
 * Input: a byte of options, the available index, then the storage with the rings in it.
 */
#include "cp/lib/vring.h"

#include <stdlib.h>
#include <string.h>

#define BASE   UINT64_C(0x1000)
#define FIRST  1024u /* bytes of the first region; the second touches it */
#define SECOND 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(const struct gmem *g, const struct iovec *iov)
{
	for (int i = 0; i < g->n; i++) {
		const char *from = g->region[i].host, *at = iov->iov_base;

		if (at >= from && iov->iov_len <= g->region[i].size &&
			at + iov->iov_len <= from + g->region[i].size)
			return true;
	}
	return false;
}

/* Each segment is in storage, and usable. */
static void use_segments(
	const struct gmem *g, const struct iovec *seg, int n, uint64_t bytes)
{
	static char buf[FIRST + SECOND];
	size_t sum = 0;

	for (int i = 0; i < n; i++) {
		if (!inside(g, &seg[i]) || !seg[i].iov_len)
			abort();
		sum += seg[i].iov_len;
	}
	if (sum != bytes)
		abort();
	iov_read(seg, n, sum / 2, buf, sizeof(buf));
}

static void use_chain(const struct gmem *g, const struct vring_chain *c)
{
	static char buf[FIRST + SECOND];

	use_segments(g, c->out, c->n_out, c->out_bytes);
	use_segments(g, c->in, c->n_in, c->in_bytes);
	iov_write(c->in, c->n_in, c->in_bytes / 2, buf, sizeof(buf));
}

/* What the device does may turn what is still to come into anything, too. */
static void work(struct vring *r, struct vring_chain *c, bool unpop)
{
	for (int i = 0; i < 64 && vring_pop(r, c) == 1; i++) {
		use_chain(r->gmem, c);
		if (unpop && i % 4 == 3)
			vring_unpop(r);
		else
			vring_push(r, c->head, (uint32_t)c->in_bytes);
		vring_should_call(r);
		if (i % 5 == 0)
			vring_disable_kicks(r);
		else if (i % 5 == 2)
			vring_enable_kicks(r);
	}
}

/* As work(), by bursts. */
static void work_bursts(struct vring *r, struct vring_burst *b, bool unpop)
{
	for (int i = 0; i < 16 && vring_pop_burst(r, b, 1 + i * 2) > 0; i++) {
		int keep = unpop && i % 3 == 2 ? b->n / 2 : b->n;

		for (int j = 0; j < b->n; j++) {
			use_segments(r->gmem, b->buf[j].out, b->buf[j].n_out,
				b->buf[j].out_bytes);
			use_segments(r->gmem, b->buf[j].in, b->buf[j].n_in,
				b->buf[j].in_bytes);
			vring_put(r, b->buf[j].head, (uint32_t)b->buf[j].in_bytes);
		}
		vring_unput(r, b->n - keep);
		vring_unpop_burst(r, b->n - keep);
		vring_publish(r);
		vring_should_call(r);
		if (i % 5 == 2)
			vring_enable_kicks(r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vring_chain chain;
	static struct vring_burst burst;
	uint8_t *first = calloc(1, FIRST), *second = calloc(1, SECOND);
	struct gmem g = { 0 };
	struct vring r = {
		.gmem = &g, .desc = BASE, .avail = BASE + 256, .used = BASE + 320
	};

	if (!first || !second || gmem_add(&g, BASE, FIRST, first) ||
		gmem_add(&g, BASE + FIRST, SECOND, second))
		abort();
	if (size >= 3) {
		r.size = (uint16_t)(1u << (data[0] & 7) % 5);
		r.event_idx = data[0] & 8;
		r.indirect = data[0] & 16;
		r.next_avail = (uint16_t)(data[1] | data[2] << 8);
		gmem_write(&g, BASE, data + 3,
			size - 3 < FIRST + SECOND ? size - 3 : FIRST + SECOND);
		if (vring_start(&r))
			abort();
		if (data[0] & 64)
			work_bursts(&r, &burst, data[0] & 32);
		else
			work(&r, &chain, data[0] & 32);
	}
	free(first);
	free(second);
	return 0;
}
