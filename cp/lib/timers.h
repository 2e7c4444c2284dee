/* The timers of a loop, the next one first.  Only for loop.c, which has the clock. */
#ifndef CP_LIB_TIMERS_H
#define CP_LIB_TIMERS_H

#include "cp/lib/loop.h"

/* A binary heap by deadline, then by seq. */
struct timers {
	struct loop_timer **heap;
	uint32_t n, max;
};

/* Enters a timer whose deadline and seq are set.  0 or -ENOMEM. */
int timers_add(struct timers *t, struct loop_timer *timer);
void timers_moved(
	struct timers *t, struct loop_timer *timer); /* deadline or seq changed */
void timers_remove(struct timers *t, struct loop_timer *timer);
struct loop_timer *timers_first(const struct timers *t); /* NULL: there is none */
void timers_fini(struct timers *t);

#endif
