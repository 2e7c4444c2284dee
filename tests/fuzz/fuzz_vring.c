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
static void use_chain(const struct gmem *g, const struct vring_chain *c)
{
	static char buf[FIRST + SECOND];
	size_t out = 0, in = 0;

	for (int i = 0; i < c->n_out + c->n_in; i++) {
		if (!inside(g, &c->seg[i]) || !c->seg[i].iov_len)
			abort();
		*(i < c->n_out ? &out : &in) += c->seg[i].iov_len;
	}
	if (out != c->out_bytes || in != c->in_bytes)
		abort();
	iov_read(c->out, c->n_out, out / 2, buf, sizeof(buf));
	iov_write(c->in, c->n_in, in / 2, buf, sizeof(buf));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vring_chain chain;
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
		work(&r, &chain, data[0] & 32);
	}
	free(first);
	free(second);
	return 0;
}
