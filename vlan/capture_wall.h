/* The time of day of what has a monotonic time.
 *
 * Both clocks are slewed alike, so the difference between them is what it was at the
 * start, until somebody sets the clock: only such a step is taken over. */
#ifndef VLAN_CAPTURE_WALL_H
#define VLAN_CAPTURE_WALL_H

#include <stdint.h>

#define WALL_STEP_NS 1000000 /* less is how long it takes to read two clocks */

struct wall {
	uint64_t offset; /* of the time of day, modulo 2^64 */
};

/* A reading of the clocks: the monotonic one before and after the time of day. */
struct wall_reading {
	uint64_t before, day, after;
};

uint64_t wall_day(void); /* the time of day, ns since 1970 */
void wall_start(struct wall *w);
void wall_correct(struct wall *w); /* looks whether the clock was set */

/* Pure: takes over what a reading says, where it says it surely. */
void wall_take(struct wall *w, const struct wall_reading *r);

static inline uint64_t wall_time(const struct wall *w, uint64_t monotonic)
{
	return monotonic + w->offset;
}

#endif
