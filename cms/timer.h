/* Time, from kvm-clock: every KVM has it, and it survives being saved and moved. */
#ifndef CMS_TIMER_H
#define CMS_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NEVER     UINT64_MAX

/* What the host writes, and rewrites (Linux: Documentation/virt/kvm/x86/msr.rst). */
struct timer_host_clock {
	uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t multiplier;
	int8_t shift;
	uint8_t flags, zero[2];
};

struct timer_host_wall {
	uint32_t version, seconds, nanoseconds;
};

struct timer {
	volatile struct timer_host_clock clock __attribute__((aligned(64)));
	volatile struct timer_host_wall wall; /* of clock 0 */
	bool deadline; /* the local APIC compares with the TSC; else it counts ns */
	uint64_t ipl;  /* timer_now() at IPL */
};

/* False: this machine has no such clock. */
bool timer_start(struct timer *t);

uint64_t timer_now(const struct timer *t); /* nanoseconds, always rising */
uint64_t timer_utc(const struct timer *t); /* nanoseconds since 1970 */

/* Sleeps until something is pending, or it is `until`; not long after NEVER or late
 * points in time: the caller looks again. */
void timer_idle(const struct timer *t, uint64_t until);

#endif
