/* Pure: no clock, no vCPU. */
#include "partitions/haltwatch.h"

void haltwatch_start(struct haltwatch *w, uint64_t cpu_ns)
{
	*w = (struct haltwatch) { .cpu_ns = cpu_ns, .wait = 1, .interval = 2 };
}

bool haltwatch_tick(struct haltwatch *w, uint64_t cpu_ns)
{
	uint64_t moved = cpu_ns - w->cpu_ns;

	if (moved > (w->looked ? HALTWATCH_NOISE_NS : 0)) {
		haltwatch_start(w, cpu_ns);
		return false;
	}
	w->cpu_ns = cpu_ns;
	w->looked = --w->wait == 0;
	if (!w->looked)
		return false;
	w->wait = w->interval;
	if (w->interval < HALTWATCH_MAX_TICKS)
		w->interval *= 2;
	return true;
}
