/* The fate of frames of one direction of a port: loss, delay, rate...  Pure and
 * repeatable: the same seed, frames and times give the same fate.
 *
 * Model: the NIC's rate (a token bucket with a queue), then a line that sends at `bps`
 * (frames leave it one after the other, lost ones too), then a path that loses, doubles
 * and corrupts, and takes `delay` +- jitter.  Frames keep their order but where jitter or
 * reorder change it: as on a real path, a frame with a shorter delay overtakes.
 *
 * - A delay that jitter would make negative is 0.
 * - A reordered frame skips the delay, as with netem: it comes as soon as the line has
 *   sent it, before those that wait.  Without a delay there is nothing to skip.
 * - Bursts of loss are those of Gilbert's model: `loss` of all frames in the long run, in
 *   runs of `loss_burst` in the mean (longer where so much loss is not to be had by
 *   runs as short).
 * - Both copies of a doubled frame have a delay and corruption of their own. */
#ifndef VLAN_IMPAIR_H
#define VLAN_IMPAIR_H

#include "cp/lan_proto.h"

#include <stdbool.h>

/* A clock that runs on by what each byte takes. */
struct impair_pace {
	uint64_t free; /* when all there was has been paid for, ns... */
	uint64_t rest; /* ...and this part of one: of bps */
};

struct impair {
	struct lan_impair conf;
	struct lan_rate rate;
	uint64_t random[4]; /* state of the generator */
	bool losing;        /* in a run of lost frames */
	struct impair_pace line, bucket;
};

struct impair_fate {
	bool lost;      /* by loss */
	bool over;      /* the queue of the line or of its rate is full */
	int n;          /* copies that arrive: 0, 1, or 2 when duplicated */
	uint64_t at[2]; /* when each does; `now`: at once */
	bool corrupt[2];
	uint32_t flip[2]; /* the bit of the frame to flip where corrupt */
};

/* Takes a new configuration; with another seed, or after one that did
 * nothing, the generator starts anew. */
void impair_set(
	struct impair *im, const struct lan_impair *conf, const struct lan_rate *rate);

/* Is there anything to do to frames?  Where not, impair_fate() need not be called. */
bool impair_any(const struct impair *im);

/* The fate of a frame of `len` bytes at `now`.  A frame that would wait more than
 * `max_wait` ns until its own first byte is sent is over, and changes nothing. */
struct impair_fate impair_fate(
	struct impair *im, uint32_t len, uint64_t now, uint64_t max_wait);

#endif
