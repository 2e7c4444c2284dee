/* How much of something one may cause: so many at once, and one more after each time of
 * refill.  What is beyond is left out and counted, so that it can be said. */
#ifndef CP_ALLOWANCE_H
#define CP_ALLOWANCE_H

#include "cp/lib/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct allowance_rule {
	uint32_t burst;
	uint64_t refill_ns;
};

/* All zero: nothing is spent. */
struct allowance {
	uint32_t spent;
	uint32_t left_out;
	uint64_t since_ns; /* when it was last refilled */
};

/* Takes one at `now_ns`; false: there is none, and it is counted as left out. */
bool allowance_take(
	struct allowance *a, const struct allowance_rule *rule, uint64_t now_ns);

/* How many were left out since this was asked last. */
uint32_t allowance_left_out(struct allowance *a);

/* Lines that one sender says.  Once its allowance is spent all of them are left out for
 * `pause_ns`; then `said` is called with their number, whether more come or not. */
struct chatter {
	const struct allowance_rule *rule;
	uint64_t pause_ns;
	void (*said)(struct chatter *c, uint32_t left_out);
	struct allowance allowance;
	struct loop_timer pause;
};

/* May this line pass?  rule, pause_ns and said are set. */
bool chatter_passes(struct chatter *c, struct loop *loop);

/* Says how many were left out until now, if any were: before who learns it changes, or
 * goes.  Accepts one that is zero. */
void chatter_tell(struct chatter *c);

/* Before it is freed; says nothing more.  Accepts one that is zero. */
void chatter_stop(struct chatter *c);

#endif
