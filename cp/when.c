/* Points in time as CP says them to people. */
#include "cp/when.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

static const char *format(time_t at, const char *how, char *buf, size_t len);

const char *when_clock(char *buf, size_t len)
{
	return format(time(NULL), "%H:%M:%S", buf, len);
}

const char *when_long(char *buf, size_t len)
{
	format(time(NULL), "%H:%M:%S %Z %A %Y-%m-%d", buf, len);
	for (char *c = buf; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return buf;
}

const char *when_stamp(uint64_t realtime_ns, char *buf, size_t len)
{
	return format((time_t)(realtime_ns / NS_PER_S), "%Y-%m-%d %H:%M:%S %Z", buf, len);
}

const char *when_span(uint64_t ns, char *buf, size_t len)
{
	uint64_t hundredths = ns / (NS_PER_S / 100), seconds = hundredths / 100;

	snprintf(buf, len, "%" PRIu64 ":%02u:%02u.%02u", seconds / 3600,
		(unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
		(unsigned)(hundredths % 100));
	return buf;
}

uint64_t when_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static const char *format(time_t at, const char *how, char *buf, size_t len)
{
	struct tm tm;

	localtime_r(&at, &tm);
	if (!strftime(buf, len, how, &tm))
		*buf = '\0';
	return buf;
}
