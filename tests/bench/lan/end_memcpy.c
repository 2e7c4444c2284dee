/* What a switch cannot be faster than on one processor: copying each frame once, from
 * where the rings of one end have it to where those of the other want it. */
#include "tests/bench/lan/ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER sizeof(struct virtio_net_hdr_v1)
#define LINE   64u

/* What one end sends is where the other has it at once. */
struct end {
	struct end *peer;
	int waiting; /* frames not yet received */
	uint8_t *from, *to;
	size_t size, buffer, head; /* bytes of either; of a buffer of `to`; where the
				      next frame lies in `from` */
	unsigned slot, slots;      /* of `to` */
};

static int memcpy_open(const char *where, bool large, struct end **out)
{
	static struct end *first;
	struct end *e = calloc(1, sizeof(*e));

	(void)where;
	*out = e;
	if (!e)
		return -ENOMEM;
	e->slots = large ? RING_LARGE : RING;
	e->buffer = large ? BUF_LARGE : BUFFER;
	e->size = e->slots * e->buffer;
	e->from = aligned_alloc(LINE, e->size);
	e->to = aligned_alloc(LINE, e->size);
	if (!e->from || !e->to)
		return -ENOMEM;
	memset(e->from, 0x5a, e->size);
	memset(e->to, 0, e->size);
	e->peer = first;
	if (first)
		first->peer = e;
	first = e;
	return 0;
}

/* A vnic's frames lie one after the other, each at a line of the cache, behind its
 * header; the buffers they are received into are a fixed size each. */
static int memcpy_send(struct end *e, const struct sample *s, int n)
{
	size_t len = s->len + HEADER;

	for (int i = 0; i < n; i++) {
		if (e->size - e->head < len)
			e->head = 0;
		memcpy(e->to + e->slot * e->buffer, e->from + e->head, len);
		e->head += (len + LINE - 1) / LINE * LINE;
		e->slot = (e->slot + 1) % e->slots;
	}
	e->peer->waiting += n;
	return n;
}

static int memcpy_receive(struct end *e, int n)
{
	int got = e->waiting < n ? e->waiting : n;

	__asm__ volatile("" ::"r"(e->to) : "memory"); /* somebody looks at it */
	e->waiting -= got;
	return got;
}

const struct kind kind_memcpy = { .name = "memcpy",
	.window = BURST,
	.window_large = BURST,
	.open = memcpy_open,
	.send = memcpy_send,
	.receive = memcpy_receive };
