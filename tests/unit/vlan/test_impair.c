/* Impairments: what is asked for is what many frames get, and a seed gives it again. */
#include "vlan/impair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY  200000
#define MS    UINT64_C(1000000)
#define S     (1000 * MS)
#define START (5 * S)

static const struct lan_rate no_rate;

static struct impair with(struct lan_impair conf)
{
	struct impair im = { 0 };

	conf.seed = 42;
	impair_set(&im, &conf, &no_rate);
	return im;
}

static void nothing_is_done_by_nothing(void **state)
{
	struct impair im = with((struct lan_impair) { 0 });
	struct impair_fate f;

	(void)state;
	assert_false(impair_any(&im));
	f = impair_fate(&im, 1514, START, 0);
	assert_true(!f.lost && !f.over && f.n == 1 && f.at[0] == START && !f.corrupt[0]);
}

static void a_delay_is_exact(void **state)
{
	struct impair im = with((struct lan_impair) { .delay_ns = 20 * MS });

	(void)state;
	assert_true(impair_any(&im));
	for (uint64_t now = START; now < START + S; now += 777777)
		assert_int_equal(impair_fate(&im, 64, now, 0).at[0], now + 20 * MS);
}

/* ---- Jitter ---- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* MANY delays in ms, sorted. */
static double *delays(struct lan_impair conf)
{
	struct impair im = with(conf);
	double *d = calloc(MANY, sizeof(*d));

	assert_non_null(d);
	for (int i = 0; i < MANY; i++) {
		struct impair_fate f = impair_fate(&im, 64, START, 0);

		assert_true(f.at[0] >= START);
		d[i] = (double)(f.at[0] - START) / (double)MS;
	}
	qsort(d, MANY, sizeof(*d), ascending);
	return d;
}

static void moments(const double *d, double *mean, double *variance)
{
	double sum = 0, squares = 0;

	for (int i = 0; i < MANY; i++)
		sum += d[i];
	*mean = sum / MANY;
	for (int i = 0; i < MANY; i++)
		squares += (d[i] - *mean) * (d[i] - *mean);
	*variance = squares / MANY;
}

static void near(double got, double want, double off)
{
	if (!(got >= want - off && got <= want + off))
		fail_msg("%f is not %f +- %f", got, want, off);
}

static void uniform_jitter(void **state)
{
	double mean, variance,
		*d = delays((struct lan_impair) {
			.delay_ns = 50 * MS, .jitter_ns = 10 * MS });

	(void)state;
	moments(d, &mean, &variance);
	near(mean, 50, 0.05);
	near(variance, 20 * 20 / 12.0, 0.3);
	for (int tenth = 1; tenth < 10; tenth++)
		near(d[MANY / 10 * tenth], 40 + 2 * tenth, 0.1);
	assert_true(d[0] >= 40 && d[0] < 40.01);
	assert_true(d[MANY - 1] <= 60 && d[MANY - 1] > 59.99);
	free(d);
}

/* The quantiles are those of any table of the normal distribution. */
static void normal_jitter(void **state)
{
	static const struct {
		double part, deviations;
	} quantile[] = { { 0.001, -3.0902 }, { 0.01, -2.3263 }, { 0.05, -1.6449 },
		{ 0.25, -0.6745 }, { 0.5, 0 }, { 0.75, 0.6745 }, { 0.9, 1.2816 },
		{ 0.99, 2.3263 }, { 0.999, 3.0902 } };
	double mean, variance,
		*d = delays((struct lan_impair) { .delay_ns = 100 * MS,
			.jitter_ns = 10 * MS,
			.jitter = LAN_JITTER_NORMAL });

	(void)state;
	moments(d, &mean, &variance);
	near(mean, 100, 0.1);
	near(variance, 100, 2);
	for (size_t i = 0; i < sizeof(quantile) / sizeof(quantile[0]); i++)
		near(d[(int)(MANY * quantile[i].part)], 100 + 10 * quantile[i].deviations,
			quantile[i].deviations > 3 || quantile[i].deviations < -3 ? 0.8
										  : 0.25);
	free(d);
}

static void a_delay_is_never_negative(void **state)
{
	double *d = delays((struct lan_impair) { .delay_ns = MS, .jitter_ns = 3 * MS });

	(void)state;
	assert_true(d[0] == 0 && d[MANY / 10] == 0 && d[MANY - 1] > 3.9);
	free(d);
}

static void what_no_clock_has_is_the_end_of_time(void **state)
{
	struct impair im = with((struct lan_impair) { .delay_ns = UINT64_MAX,
		.jitter_ns = UINT64_MAX,
		.jitter = LAN_JITTER_NORMAL });

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(
			impair_fate(&im, 64, START, 0).at[0] > UINT64_MAX / 2 - START);
}

/* ---- Loss ---- */

struct losses {
	int lost, runs;
};

static struct losses lose(struct lan_impair conf)
{
	struct impair im = with(conf);
	struct losses l = { 0 };
	bool before = false;

	for (int i = 0; i < MANY; i++) {
		struct impair_fate f = impair_fate(&im, 64, START, 0);

		assert_int_equal(f.n, f.lost ? 0 : 1);
		l.lost += f.lost;
		l.runs += f.lost && !before;
		before = f.lost;
	}
	return l;
}

static double part(int n)
{
	return (double)n / MANY;
}

static void independent_loss(void **state)
{
	struct losses l = lose((struct lan_impair) { .loss = 100000 });

	(void)state;
	near(part(l.lost), 0.1, 0.003);
	near((double)l.lost / l.runs, 1 / 0.9, 0.01);
	l = lose((struct lan_impair) { .loss = 1000, .loss_burst = 1 });
	near(part(l.lost), 0.001, 0.0003);
}

static void loss_in_bursts(void **state)
{
	struct losses l = lose((struct lan_impair) { .loss = 50000, .loss_burst = 8 });

	(void)state;
	near(part(l.lost), 0.05, 0.005);
	near((double)l.lost / l.runs, 8, 0.5);
	l = lose((struct lan_impair) { .loss = 500000, .loss_burst = 3 });
	near(part(l.lost), 0.5, 0.01);
	near((double)l.lost / l.runs, 3, 0.1);
}

/* 90 % cannot be lost in runs of 2: between two runs there is a frame at least. */
static void much_loss_makes_its_runs_longer(void **state)
{
	struct losses l = lose((struct lan_impair) { .loss = 900000, .loss_burst = 2 });

	(void)state;
	near(part(l.lost), 0.9, 0.005);
	near((double)l.lost / l.runs, 9, 0.3);
	l = lose((struct lan_impair) { .loss = LAN_PPM, .loss_burst = 5 });
	assert_int_equal(l.lost, MANY);
	l = lose((struct lan_impair) { .loss = UINT32_MAX });
	assert_int_equal(l.lost, MANY);
}

/* ---- Copies, order, bits ---- */

static void doubled(void **state)
{
	struct impair im = with((struct lan_impair) {
		.delay_ns = 10 * MS, .jitter_ns = MS, .duplicate = 250000 });
	int n = 0, apart = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		struct impair_fate f = impair_fate(&im, 64, START, 0);

		n += f.n;
		apart += f.n == 2 && f.at[0] != f.at[1];
	}
	near(part(n), 1.25, 0.005);
	near(part(apart), 0.25, 0.005);
}

static void reordered_frames_skip_the_delay(void **state)
{
	struct impair im = with((struct lan_impair) {
		.delay_ns = 10 * MS, .reorder = 30000, .bps = 1000000000 });
	int early = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		uint64_t now = START + (uint64_t)i * MS;
		struct impair_fate f = impair_fate(&im, 125, now, 0);

		assert_true(f.at[0] == now + 1000 || f.at[0] == now + 1000 + 10 * MS);
		early += f.at[0] == now + 1000;
	}
	near(part(early), 0.03, 0.002);
}

static void reorder_without_delay_is_nothing(void **state)
{
	struct impair im = with((struct lan_impair) { .reorder = LAN_PPM });

	(void)state;
	assert_false(impair_any(&im));
	assert_int_equal(impair_fate(&im, 64, START, 0).at[0], START);
}

static void one_bit_is_wrong_anywhere(void **state)
{
	struct impair im = with((struct lan_impair) { .corrupt = 500000 });
	int n = 0, seen[64 * 8] = { 0 };

	(void)state;
	for (int i = 0; i < MANY; i++) {
		struct impair_fate f = impair_fate(&im, 64, START, 0);

		if (!f.corrupt[0])
			continue;
		n++;
		assert_true(f.flip[0] < 64 * 8);
		seen[f.flip[0]]++;
	}
	near(part(n), 0.5, 0.005);
	for (int bit = 0; bit < 64 * 8; bit++)
		near(seen[bit], n / 512.0, 100); /* 7 deviations */
	assert_false(impair_fate(&im, 0, START, 0).corrupt[0]);
}

/* ---- Rates ---- */

/* Offers frames at once, as many as there is room for, and says how many have left by
 * `until`. */
static uint64_t leave_by(struct impair *im, uint32_t len, uint64_t until)
{
	uint64_t n = 0, last = START, now = START;

	for (;;) {
		struct impair_fate f = impair_fate(im, len, now, 10 * MS);

		if (f.over) {
			now += MS;
			continue;
		}
		assert_true(f.at[0] >= last && f.at[0] >= now);
		last = f.at[0];
		if (last > until)
			return n;
		n++;
	}
}

static void ten_seconds_of(uint64_t bps, uint32_t len)
{
	struct impair im = with((struct lan_impair) { .bps = bps });
	double want = (double)bps * 10 / (8.0 * len);

	near((double)leave_by(&im, len, START + 10 * S), want, 1);

	im = (struct impair) { 0 };
	impair_set(&im, &(struct lan_impair) { 0 }, &(struct lan_rate) { .bps = bps });
	near((double)leave_by(&im, len, START + 10 * S), want, 1);

	im = (struct impair) { 0 };
	impair_set(&im, &(struct lan_impair) { 0 },
		&(struct lan_rate) { .bps = bps, .burst = 20 * len });
	near((double)leave_by(&im, len, START + 10 * S), want + 20, 1);
}

static void rates_are_exact_to_one_frame(void **state)
{
	(void)state;
	ten_seconds_of(9600, 64);
	ten_seconds_of(1000000, 1514);
	ten_seconds_of(7654321, 999);
	ten_seconds_of(100000000, 1514);
	ten_seconds_of(UINT64_C(999999937), 65535);
	ten_seconds_of(UINT64_C(300000007), 61);
}

static void frames_leave_a_line_one_after_the_other(void **state)
{
	struct impair im = with(
		(struct lan_impair) { .bps = 8000000, .delay_ns = 5 * MS });

	(void)state;
	assert_int_equal(impair_fate(&im, 1000, START, S).at[0], START + MS + 5 * MS);
	assert_int_equal(impair_fate(&im, 2000, START, S).at[0], START + 3 * MS + 5 * MS);
	assert_int_equal(impair_fate(&im, 1000, START + 10 * MS, S).at[0],
		START + 11 * MS + 5 * MS);
}

static void a_lost_frame_took_its_time_on_the_line(void **state)
{
	struct impair im = with((struct lan_impair) { .bps = 8000000, .loss = LAN_PPM });

	(void)state;
	assert_true(impair_fate(&im, 1000, START, S).lost);
	im.conf.loss = 0;
	assert_int_equal(impair_fate(&im, 1000, START, S).at[0], START + 2 * MS);
}

static void a_queue_is_bounded(void **state)
{
	struct impair im = with((struct lan_impair) { .bps = 8000000 });

	(void)state;
	assert_false(impair_fate(&im, 1000, START, 0).over);
	assert_true(impair_fate(&im, 1000, START, MS - 1).over);
	assert_true(impair_fate(&im, 1, START, MS - 1).over);
	assert_false(impair_fate(&im, 1000, START, MS).over);
	assert_int_equal(impair_fate(&im, 1000, START, 2 * MS).at[0], START + 3 * MS);

	/* A frame longer than its bucket goes, too. */
	im = (struct impair) { 0 };
	impair_set(&im, &(struct lan_impair) { 0 },
		&(struct lan_rate) { .bps = 8000000, .burst = 500 });
	assert_int_equal(impair_fate(&im, 1000, START, 0).at[0], START + MS / 2);
	assert_true(impair_fate(&im, 1000, START, MS / 2 - 1).over);
	assert_int_equal(impair_fate(&im, 1000, START, MS / 2).at[0], START + MS * 3 / 2);
}

static void the_rate_comes_before_the_line(void **state)
{
	struct impair im = { 0 };

	(void)state;
	impair_set(&im, &(struct lan_impair) { .bps = 16000000 },
		&(struct lan_rate) { .bps = 8000000 });
	assert_int_equal(impair_fate(&im, 1000, START, S).at[0], START + MS * 3 / 2);
	assert_int_equal(impair_fate(&im, 1000, START, S).at[0], START + MS * 5 / 2);
	assert_true(impair_fate(&im, 1000, START, MS).over);
}

/* ---- Seeds ---- */

static const struct lan_impair everything = { .delay_ns = 30 * MS,
	.jitter_ns = 8 * MS,
	.jitter = LAN_JITTER_NORMAL,
	.loss = 30000,
	.loss_burst = 4,
	.duplicate = 20000,
	.reorder = 50000,
	.corrupt = 10000,
	.bps = 50000000 };

/* A number that stands for all fates of some frames. */
static uint64_t story(struct impair *im)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 5000; i++) {
		struct impair_fate f = impair_fate(
			im, 60 + i % 1400, START + i * 100000, 50 * MS);

		sum = sum * 31 + (uint64_t)f.lost * 2 + f.over;
		for (int c = 0; c < f.n; c++)
			sum = (sum * 31 + f.at[c]) * 31 + f.flip[c];
	}
	return sum;
}

static uint64_t story_of(uint64_t seed)
{
	struct lan_impair conf = everything;
	struct impair im = { 0 };

	conf.seed = seed;
	impair_set(&im, &conf, &no_rate);
	return story(&im);
}

static void a_seed_is_a_fate(void **state)
{
	(void)state;
	assert_true(story_of(1) == story_of(1));
	assert_true(story_of(0) == story_of(0));
	assert_true(story_of(1) != story_of(2));
	assert_true(story_of(0) != story_of(1));
}

static void another_setting_goes_on_with_the_generator(void **state)
{
	struct lan_impair conf = everything;
	struct impair im = { 0 }, other;
	uint64_t first;

	(void)state;
	impair_set(&im, &conf, &no_rate);
	first = story(&im);
	other = im;
	impair_set(&im, &conf, &no_rate); /* the same again: nothing begins anew */
	assert_memory_equal(im.random, other.random, sizeof(im.random));
	assert_true(story(&im) != first);

	conf.seed = 5;
	impair_set(&im, &conf, &no_rate);
	assert_true(memcmp(im.random, other.random, sizeof(im.random)) != 0);

	/* Off, and on again: as the first time. */
	impair_set(&im, &(struct lan_impair) { 0 }, &no_rate);
	im.line = (struct impair_pace) { 0 };
	impair_set(&im, &everything, &no_rate);
	assert_true(story(&im) == first);
}

/* The second and third number of xoshiro256** begun by splitmix64 with 0, as its authors'
 * program gives them: the first one here says whether, the second which bit. */
static void the_generator_is_what_it_says(void **state)
{
	struct impair im = { 0 };

	(void)state;
	impair_set(&im, &(struct lan_impair) { .corrupt = LAN_PPM }, &no_rate);
	assert_int_equal(im.random[0], UINT64_C(0xe220a8397b1dcdaf));
	assert_int_equal(impair_fate(&im, 1u << 29, START, 0).flip[0],
		UINT64_C(0xbf6e1f784956452a) >> 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_by_nothing),
		cmocka_unit_test(a_delay_is_exact),
		cmocka_unit_test(uniform_jitter),
		cmocka_unit_test(normal_jitter),
		cmocka_unit_test(a_delay_is_never_negative),
		cmocka_unit_test(what_no_clock_has_is_the_end_of_time),
		cmocka_unit_test(independent_loss),
		cmocka_unit_test(loss_in_bursts),
		cmocka_unit_test(much_loss_makes_its_runs_longer),
		cmocka_unit_test(doubled),
		cmocka_unit_test(reordered_frames_skip_the_delay),
		cmocka_unit_test(reorder_without_delay_is_nothing),
		cmocka_unit_test(one_bit_is_wrong_anywhere),
		cmocka_unit_test(rates_are_exact_to_one_frame),
		cmocka_unit_test(frames_leave_a_line_one_after_the_other),
		cmocka_unit_test(a_lost_frame_took_its_time_on_the_line),
		cmocka_unit_test(a_queue_is_bounded),
		cmocka_unit_test(the_rate_comes_before_the_line),
		cmocka_unit_test(a_seed_is_a_fate),
		cmocka_unit_test(another_setting_goes_on_with_the_generator),
		cmocka_unit_test(the_generator_is_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
