/* When to look whether a guest has halted for good.
 *
 * KVM keeps a halted vCPU to itself, so nobody tells that it waits with interrupts
 * disabled; looking means disturbing it.  What costs nothing is its CPU time: a guest is
 * looked at once its time has stood still for one tick.  Looking takes time of its own,
 * in which a little of the guest's may hide; so it is looked at again, after twice as
 * long each time, up to HALTWATCH_MAX_TICKS.  An idle guest pays one look a minute. */
#ifndef PARTITIONS_HALTWATCH_H
#define PARTITIONS_HALTWATCH_H

#include <stdbool.h>
#include <stdint.h>

#define HALTWATCH_TICK_NS   UINT64_C(1000000000)
#define HALTWATCH_MAX_TICKS 64
#define HALTWATCH_NOISE_NS  1000000 /* more than looking takes */

struct haltwatch {
	uint64_t cpu_ns;   /* at the last tick */
	unsigned wait;     /* quiet ticks until the next look */
	unsigned interval; /* what `wait` will be after it */
	bool looked;       /* at the last tick */
};

void haltwatch_start(struct haltwatch *w, uint64_t cpu_ns);

/* A tick, with the CPU time of the vCPUs: is it time to look? */
bool haltwatch_tick(struct haltwatch *w, uint64_t cpu_ns);

#endif
