/* The timers of a loop: a binary heap whose members know their places. */
#include "cp/lib/timers.h"

#include <errno.h>
#include <stdlib.h>

static int make_room(struct timers *t);
static void settle(struct timers *t, struct loop_timer *timer, uint32_t slot);

int timers_add(struct timers *t, struct loop_timer *timer)
{
	int err = make_room(t);

	if (!err)
		settle(t, timer, t->n++);
	return err;
}

void timers_moved(struct timers *t, struct loop_timer *timer)
{
	settle(t, timer, timer->slot);
}

void timers_remove(struct timers *t, struct loop_timer *timer)
{
	struct loop_timer *last = t->heap[--t->n];

	if (last != timer)
		settle(t, last, timer->slot);
}

struct loop_timer *timers_first(const struct timers *t)
{
	return t->n ? t->heap[0] : NULL;
}

void timers_fini(struct timers *t)
{
	free(t->heap);
	*t = (struct timers) { 0 };
}

static int make_room(struct timers *t)
{
	uint32_t max = t->max ? t->max * 2 : 16;
	struct loop_timer **heap;

	if (t->n < t->max)
		return 0;
	heap = reallocarray(t->heap, max, sizeof(struct loop_timer *));
	if (!heap)
		return -ENOMEM;
	t->heap = heap;
	t->max = max;
	return 0;
}

static bool sooner(const struct loop_timer *a, const struct loop_timer *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline;
	return a->seq < b->seq;
}

static void put(struct timers *t, struct loop_timer *timer, uint32_t slot)
{
	t->heap[slot] = timer;
	timer->slot = slot;
}

static uint32_t up(const struct timers *t, const struct loop_timer *timer, uint32_t slot)
{
	return slot && sooner(timer, t->heap[(slot - 1) / 2]) ? (slot - 1) / 2 : slot;
}

static uint32_t down(
	const struct timers *t, const struct loop_timer *timer, uint32_t slot)
{
	uint32_t child = 2 * slot + 1;

	if (child + 1 < t->n && sooner(t->heap[child + 1], t->heap[child]))
		child++;
	return child < t->n && sooner(t->heap[child], timer) ? child : slot;
}

/* Puts a timer into a free slot, then moves others out of its way, up or down. */
static void settle(struct timers *t, struct loop_timer *timer, uint32_t slot)
{
	uint32_t next;

	for (; (next = up(t, timer, slot)) != slot; slot = next)
		put(t, t->heap[next], slot);
	for (; (next = down(t, timer, slot)) != slot; slot = next)
		put(t, t->heap[next], slot);
	put(t, timer, slot);
}
