/* A stream of numbered datagrams, as UDPSEND makes them: what is missing, what came
 * twice, what came late, and how unevenly.  Pure. */
#ifndef CMS_FLOW_H
#define CMS_FLOW_H

#include "cms/addr.h"

#define FLOW_STAMP  32u   /* bytes at the beginning of each datagram */
#define FLOW_WINDOW 2048u /* numbers back for which one that comes twice is known */

struct flow_stamp {
	uint32_t run;   /* differs between runs of UDPSEND */
	uint64_t seq;   /* from 0 */
	uint64_t count; /* that will be sent */
	uint64_t at;    /* when it was, by the sender's clock */
};

struct flow {
	struct addr from; /* family 0: not in use */
	uint16_t port;
	uint32_t run;
	uint64_t count;
	uint64_t received, duplicated, reordered; /* received: each number once */
	uint64_t top;                             /* the highest number, plus 1 */
	uint64_t last_at;                         /* when the last one came */
	int64_t transit; /* of the last one, by two clocks: only differences mean anything
			  */
	uint64_t jitter; /* ns, times 16 (RFC 3550, 6.4.1) */
	uint8_t seen[FLOW_WINDOW / 8];
};

void flow_put(uint8_t to[FLOW_STAMP], const struct flow_stamp *s);

/* False: not made by UDPSEND. */
bool flow_get(struct flow_stamp *s, const uint8_t *data, size_t len);

/* Counts one that came. */
void flow_take(struct flow *f, const struct flow_stamp *s, uint64_t now);

/* How many did not come.  Of a flow that is silent the sender's count is believed. */
uint64_t flow_lost(const struct flow *f, uint64_t now);

#endif
