/* Impairments.  Integers but for the normal distribution, which needs nothing that
 * differs between libraries: what a seed gives here, it gives everywhere. */
#include "vlan/impair.h"

#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

typedef unsigned __int128 u128;

static void seed_generator(uint64_t state[4], uint64_t seed);
static uint64_t draw(uint64_t state[4]);
static uint64_t draw_below(uint64_t state[4], uint64_t n);
static double draw_normal(uint64_t state[4]);

static bool conf_any(const struct lan_impair *c)
{
	return c->delay_ns || c->jitter_ns || c->loss || c->duplicate || c->corrupt ||
	       c->bps;
}

void impair_set(
	struct impair *im, const struct lan_impair *conf, const struct lan_rate *rate)
{
	if (!conf_any(&im->conf) || im->conf.seed != conf->seed) {
		seed_generator(im->random, conf->seed);
		im->losing = false;
	}
	im->conf = *conf;
	im->rate = *rate;
	im->line.rest = im->bucket.rest = 0;
}

bool impair_any(const struct impair *im)
{
	return im->rate.bps || conf_any(&im->conf);
}

static uint64_t add_time(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static uint64_t ns_of(u128 bits_ns, uint64_t bps)
{
	u128 ns = bits_ns / bps;

	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* Has `len` bytes paid for at `bps`, where `burst` bytes may be owed.  When they have
 * left; *wait: how long it takes until the first of them may. */
static uint64_t pace(struct impair_pace *p, uint64_t bps, uint64_t burst, uint32_t len,
	uint64_t now, uint64_t *wait)
{
	u128 owed = (u128)len * 8 * NS_PER_S;
	uint64_t ahead = ns_of((u128)burst * 8 * NS_PER_S, bps);

	if (p->free < now)
		*p = (struct impair_pace) { .free = now };
	*wait = p->free - now > ahead ? p->free - now - ahead : 0;
	owed += p->rest;
	p->free = add_time(p->free, ns_of(owed, bps));
	p->rest = (uint64_t)(owed % bps);
	return p->free - now > ahead ? p->free - ahead : now;
}

/* When the line has sent it; false: there is no room in its queue. */
static bool send_on_line(
	struct impair *im, uint32_t len, uint64_t now, uint64_t max_wait, uint64_t *sent)
{
	struct impair_pace bucket = im->bucket, line = im->line;
	uint64_t wait = 0, at = now;

	if (im->rate.bps)
		at = pace(&bucket, im->rate.bps, im->rate.burst, len, now, &wait);
	if (wait > max_wait)
		return false;
	if (im->conf.bps) {
		uint64_t before = at;

		at = pace(&line, im->conf.bps, 0, len, before, &wait);
		if (add_time(before - now, wait) > max_wait)
			return false;
	}
	im->bucket = bucket;
	im->line = line;
	*sent = at;
	return true;
}

static bool chance(struct impair *im, uint64_t of, uint64_t in)
{
	return of && draw_below(im->random, in) < of;
}

/* A run begins with probability p / (L * (1 - p)) and ends with 1 / L: then p of all
 * frames are in one.  Where the first would be more than 1 it is 1, and the second
 * (1 - p) / p.  (Gilbert 1960, with nothing lost between runs and all in one) */
static bool lost_in_run(struct impair *im)
{
	uint64_t p = im->conf.loss, pass = LAN_PPM - p, mean = im->conf.loss_burst;
	bool scarce = p > mean * pass;

	if (!im->losing)
		im->losing = scarce || chance(im, p, mean * pass);
	else if (scarce ? chance(im, pass, p) : chance(im, 1, mean))
		im->losing = false;
	return im->losing;
}

static bool lost(struct impair *im)
{
	if (im->conf.loss >= LAN_PPM)
		return true;
	if (!im->conf.loss || im->conf.loss_burst <= 1)
		return chance(im, im->conf.loss, LAN_PPM);
	return lost_in_run(im);
}

/* What jitter adds to the delay; never so much that the sum is negative. */
static int64_t draw_jitter(struct impair *im)
{
	const struct lan_impair *c = &im->conf;
	const uint64_t most = INT64_MAX / 16; /* of a deviation: its tails fit, too */
	uint64_t jitter = c->jitter_ns < most ? c->jitter_ns : most;

	if (!jitter)
		return 0;
	if (c->jitter == LAN_JITTER_NORMAL)
		return (int64_t)((double)jitter * draw_normal(im->random));
	return (int64_t)draw_below(im->random, 2 * jitter + 1) - (int64_t)jitter;
}

static uint64_t draw_delay(struct impair *im)
{
	int64_t jitter = draw_jitter(im);
	uint64_t delay = im->conf.delay_ns;

	if (jitter >= 0)
		return add_time(delay, (uint64_t)jitter);
	return delay > (uint64_t)-jitter ? delay - (uint64_t)-jitter : 0;
}

static void arrive(struct impair *im, struct impair_fate *f, uint64_t sent, uint32_t len)
{
	bool overtakes = chance(im, im->conf.reorder, LAN_PPM);
	int i = f->n++;

	f->at[i] = overtakes ? sent : add_time(sent, draw_delay(im));
	f->corrupt[i] = len && chance(im, im->conf.corrupt, LAN_PPM);
	if (f->corrupt[i])
		f->flip[i] = (uint32_t)draw_below(im->random, (uint64_t)len * 8);
}

struct impair_fate impair_fate(
	struct impair *im, uint32_t len, uint64_t now, uint64_t max_wait)
{
	struct impair_fate f = { 0 };
	uint64_t sent = now;

	f.over = !send_on_line(im, len, now, max_wait, &sent);
	if (f.over)
		return f;
	f.lost = lost(im);
	if (f.lost)
		return f;
	arrive(im, &f, sent, len);
	if (chance(im, im->conf.duplicate, LAN_PPM))
		arrive(im, &f, sent, len);
	return f;
}

/* ---- The generator: xoshiro256** (Blackman and Vigna 2018), begun by splitmix64 ---- */

static uint64_t mix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void seed_generator(uint64_t state[4], uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		state[i] = mix(&seed);
}

static uint64_t turn(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t draw(uint64_t state[4])
{
	uint64_t out = turn(state[1] * 5, 7) * 9, t = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= t;
	state[3] = turn(state[3], 45);
	return out;
}

/* 0 to n - 1, one about as likely as the other: n is far below 2^64. */
static uint64_t draw_below(uint64_t state[4], uint64_t n)
{
	return (uint64_t)((u128)draw(state) * n >> 64);
}

/* Mean 0, deviation 1, never beyond 6.5: twelve uniform numbers added up, and what that
 * lacks in the tails put right by a polynomial.  (Teichroew; Knuth, volume 2, 3.4.1) */
static double draw_normal(uint64_t state[4])
{
	double sum = 0, r, r2;

	for (int i = 0; i < 6; i++) {
		uint64_t x = draw(state);

		sum += ((double)(x >> 32) + (double)(uint32_t)x + 1) / 4294967296.0;
	}
	r = (sum - 6) / 4;
	r2 = r * r;
	return ((((0.029899776 * r2 + 0.008355968) * r2 + 0.076542912) * r2 +
			0.252408784) *
			       r2 +
		       3.949846138) *
	       r;
}
