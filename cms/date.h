/* A point in time as people write it.  Pure. */
#ifndef CMS_DATE_H
#define CMS_DATE_H

#include <stdint.h>

struct date {
	unsigned year, month, day, hour, minute, second;
	unsigned weekday; /* 0: Sunday */
};

/* Of nanoseconds since 1970, in UTC. */
struct date date_of(uint64_t utc_ns);

#endif
