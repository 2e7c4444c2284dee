/* The time of day of what has a monotonic time. */
#include "vlan/capture_wall.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

uint64_t wall_day(void)
{
	return read_clock(CLOCK_REALTIME);
}

static struct wall_reading read_both(void)
{
	struct wall_reading r = { .before = read_clock(CLOCK_MONOTONIC) };

	r.day = read_clock(CLOCK_REALTIME);
	r.after = read_clock(CLOCK_MONOTONIC);
	return r;
}

static uint64_t offset(const struct wall_reading *r)
{
	return r->day - (r->before + (r->after - r->before) / 2);
}

/* The surest of a few readings. */
void wall_start(struct wall *w)
{
	struct wall_reading best = read_both(), r;

	for (int i = 0; i < 4; i++) {
		r = read_both();
		if (r.after - r.before < best.after - best.before)
			best = r;
	}
	w->offset = offset(&best);
}

void wall_correct(struct wall *w)
{
	const struct wall_reading r = read_both();

	wall_take(w, &r);
}

/* A reading that was interrupted says nothing. */
void wall_take(struct wall *w, const struct wall_reading *r)
{
	int64_t step = (int64_t)(offset(r) - w->offset);

	if (r->after - r->before < WALL_STEP_NS / 2 &&
		(step > WALL_STEP_NS || step < -WALL_STEP_NS))
		w->offset = offset(r);
}
