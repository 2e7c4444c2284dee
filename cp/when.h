/* Points in time as CP says them to people, by the host's clock and zone. */
#ifndef CP_WHEN_H
#define CP_WHEN_H

#include <stddef.h>
#include <stdint.h>

/* All return buf. */
const char *when_clock(char *buf, size_t len); /* "22:42:30" */
const char *when_long(char *buf, size_t len);  /* "22:42:30 UTC SATURDAY 2026-11-21" */
const char *when_stamp(
	uint64_t realtime_ns, char *buf, size_t len); /* "2026-11-21 22:42:30 UTC" */

/* A duration: "0:00:12.34" (hours, minutes, seconds). */
const char *when_span(uint64_t ns, char *buf, size_t len);

uint64_t when_now(void); /* CLOCK_REALTIME ns */

#endif
