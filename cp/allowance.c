/* Allowances, and lines that are limited by one. */
#include "cp/allowance.h"

static void on_pause_over(struct loop_timer *timer);

bool allowance_take(
	struct allowance *a, const struct allowance_rule *rule, uint64_t now_ns)
{
	uint64_t refill = (now_ns - a->since_ns) / rule->refill_ns;

	a->spent -= refill < a->spent ? (uint32_t)refill : a->spent;
	a->since_ns += refill * rule->refill_ns;
	if (a->spent >= rule->burst) {
		a->left_out++;
		return false;
	}
	a->spent++;
	return true;
}

uint32_t allowance_left_out(struct allowance *a)
{
	uint32_t n = a->left_out;

	a->left_out = 0;
	return n;
}

bool chatter_passes(struct chatter *c, struct loop *loop)
{
	uint64_t now = loop_now(loop);

	if (c->pause.loop && c->pause.deadline <= now) {
		loop_timer_cancel(&c->pause);
		on_pause_over(&c->pause);
	}
	if (c->pause.loop) {
		c->allowance.left_out++;
		return false;
	}
	if (allowance_take(&c->allowance, c->rule, now))
		return true;
	/* Without memory for the timer the next line tries again. */
	loop_timer_set(loop, &c->pause, now + c->pause_ns, on_pause_over, c);
	return false;
}

void chatter_tell(struct chatter *c)
{
	uint32_t n = allowance_left_out(&c->allowance);

	if (n)
		c->said(c, n);
}

void chatter_stop(struct chatter *c)
{
	loop_timer_cancel(&c->pause);
}

static void on_pause_over(struct loop_timer *timer)
{
	chatter_tell(timer->ctx);
}
