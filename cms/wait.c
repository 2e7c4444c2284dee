/* Waits are cut in seconds and each is counted, because a partition may be stopped and
 * begun again at any time: then a second is over at once, and the device had none. */
#include "cms/wait.h"

#include "cms/shim.h"

bool wait_device(
	const struct timer *timer, unsigned seconds, bool (*done)(void *ctx), void *ctx)
{
	uint32_t taken = shim_take();
	bool is_done = done(ctx);

	for (unsigned i = 0; i < seconds && !is_done; i++) {
		uint64_t until = timer_now(timer) + NS_PER_S;

		while (!is_done && timer_now(timer) < until) {
			timer_idle(timer, until);
			taken |= shim_take();
			is_done = done(ctx);
		}
	}
	shim_put_back(taken);
	return is_done;
}
