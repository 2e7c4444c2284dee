/* The Gregorian calendar, counted from March of the year 0: leap days end a year, and 400
 * years repeat. */
#include "cms/date.h"

#define NS_PER_SECOND    UINT64_C(1000000000)
#define SECONDS_PER_DAY  86400u
#define DAYS_BEFORE_1970 719468u /* from 1 March 0 */
#define DAYS_PER_ERA     146097u /* 400 years */

struct date date_of(uint64_t utc_ns)
{
	uint64_t seconds = utc_ns / NS_PER_SECOND;
	unsigned since_1970 = (unsigned)(seconds / SECONDS_PER_DAY);
	unsigned second = (unsigned)(seconds % SECONDS_PER_DAY);
	unsigned days = since_1970 + DAYS_BEFORE_1970;
	unsigned day = days % DAYS_PER_ERA;
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned of_year = day - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153; /* 0: March */
	unsigned next_year = month > 9;

	return (struct date) {
		.year = days / DAYS_PER_ERA * 400 + year + next_year,
		.month = next_year ? month - 9 : month + 3,
		.day = of_year - (153 * month + 2) / 5 + 1,
		.hour = second / 3600,
		.minute = second / 60 % 60,
		.second = second % 60,
		.weekday = (since_1970 + 4) % 7,
	};
}
