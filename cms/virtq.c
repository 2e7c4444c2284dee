/* The queues of virtio devices, from the driver's side (virtio 1.2, 2.7). */
#include "cms/virtio.h"

void virtq_fill(struct virtq *q, unsigned i, const volatile void *data, size_t len,
	unsigned flags, unsigned next)
{
	volatile struct virtq_desc *d = &q->desc[i];

	d->addr = (uint64_t)data;
	d->len = (uint32_t)len;
	d->flags = (uint16_t)flags;
	d->next = (uint16_t)next;
}

void virtq_offer(struct virtq *q, unsigned head)
{
	uint16_t idx = q->avail->idx;

	q->avail->ring[idx % q->size] = (uint16_t)head;
	q->avail->idx = (uint16_t)(idx + 1);
}

void virtq_kick(struct virtq *q)
{
	/* If we miss its wish to be told, it must not miss the offer (2.7.13.4.1). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(q->used->flags & VIRTQ_NO_NOTIFY))
		*q->notify = q->index;
}

int virtq_take(struct virtq *q, uint32_t *len)
{
	uint16_t at = q->taken % q->size;

	if (q->used->idx == q->taken)
		return -1;
	q->taken++;
	*len = q->used->ring[at].len;
	return (int)(q->used->ring[at].id % q->size);
}

void virtq_interrupts(struct virtq *q, bool wanted)
{
	q->avail->flags = (uint16_t)(wanted ? 0 : VIRTQ_NO_INTERRUPT);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
