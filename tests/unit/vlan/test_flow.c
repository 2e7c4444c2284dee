/* Flows: what belongs together has one hash, and others spread. */
#include "vlan/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { IP4 = 14, IP6 = 14 }; /* where it begins */

static struct frame frame_of(unsigned type)
{
	struct frame f = { .len = 100, .head_len = FRAME_HEAD };

	f.head[12] = (uint8_t)(type >> 8);
	f.head[13] = (uint8_t)type;
	return f;
}

static struct frame ip4(uint8_t protocol)
{
	struct frame f = frame_of(0x0800);

	f.head[IP4] = 0x45;
	f.head[IP4 + 9] = protocol;
	return f;
}

/* How many of 256 values of a byte change the hash. */
static int spread(struct frame f, unsigned at)
{
	uint32_t first = flow_hash(&f);
	int n = 0;

	for (int i = 0; i < 256; i++) {
		f.head[at] = (uint8_t)i;
		n += flow_hash(&f) != first;
	}
	return n;
}

static void test_ip4(void **state)
{
	struct frame f = ip4(6);

	(void)state;
	assert_int_equal(spread(f, IP4 + 15), 255); /* source */
	assert_int_equal(spread(f, IP4 + 19), 255);
	assert_int_equal(spread(f, IP4 + 21), 255); /* its port */
	assert_int_equal(spread(f, IP4 + 23), 255);
	assert_int_equal(spread(f, IP4 + 4), 0);  /* identification */
	assert_int_equal(spread(f, IP4 + 25), 0); /* sequence number */
	assert_int_equal(spread(f, 0), 0);        /* next hop */
	assert_int_equal(spread(ip4(47), IP4 + 21), 0);
	f.head[IP4] = 0x46; /* options: ports are behind them */
	assert_int_equal(spread(f, IP4 + 21), 0);
	assert_int_equal(spread(f, IP4 + 25), 255);
}

/* The second fragment has no ports: neither counts those of the first. */
static void test_fragments(void **state)
{
	struct frame first = ip4(17), second = ip4(17);

	(void)state;
	first.head[IP4 + 6] = 0x20;
	first.head[IP4 + 21] = 9;
	second.head[IP4 + 7] = 185;
	assert_int_equal(flow_hash(&first), flow_hash(&second));
}

static void test_ip6(void **state)
{
	struct frame f = frame_of(0x86dd);

	(void)state;
	f.head[IP6 + 6] = 17;
	assert_int_equal(spread(f, IP6 + 8), 255);
	assert_int_equal(spread(f, IP6 + 39), 255);
	assert_int_equal(spread(f, IP6 + 41), 255);
	assert_int_equal(spread(f, IP6 + 45), 0);
}

static void test_others(void **state)
{
	struct frame f = frame_of(0x0806), shorter = ip4(6);

	(void)state;
	assert_int_equal(spread(f, 5), 255);
	assert_int_equal(spread(f, 11), 255);
	assert_int_equal(spread(f, 20), 0);
	shorter.head_len = 33; /* no whole header */
	assert_int_equal(spread(shorter, IP4 + 15), 0);
}

/* Evenly enough over few queues. */
static void test_queues(void **state)
{
	struct frame f = ip4(6);
	int n[4] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 4096; i++) {
		f.head[IP4 + 20] = (uint8_t)(i >> 8);
		f.head[IP4 + 21] = (uint8_t)i;
		n[flow_hash(&f) >> 30]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(n[i], 900, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
