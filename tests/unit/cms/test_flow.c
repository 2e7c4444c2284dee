/* What UDPRECV says of numbered datagrams. */
#include "tests/unit/cms/hosted.h"

#include "cms/flow.c"

#define NOW UINT64_C(5000000000)

static struct flow f;

static int fresh(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	return 0;
}

static void take_at(uint64_t seq, uint64_t sent, uint64_t now)
{
	struct flow_stamp s = { 1, seq, 5000, sent };

	flow_take(&f, &s, now);
}

static void take(uint64_t seq)
{
	take_at(seq, 0, NOW);
}

static void has(uint64_t received, uint64_t lost, uint64_t duplicated, uint64_t reordered)
{
	assert_int_equal(f.received, received);
	assert_int_equal(flow_lost(&f, NOW), lost);
	assert_int_equal(f.duplicated, duplicated);
	assert_int_equal(f.reordered, reordered);
}

static void all_in_order(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 5000; i++)
		take(i);
	has(5000, 0, 0, 0);
	assert_int_equal(flow_lost(&f, NOW + 2 * NS_PER_S), 0);
}

static void some_are_missing(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 4000; i += 2)
		take(i);
	has(2000, 1999, 0, 0);
	assert_int_equal(flow_lost(&f, NOW + NS_PER_S), 3000); /* it has ended */
}

static void twice_and_late(void **state)
{
	(void)state;
	take(0);
	take(2);
	take(1);
	take(1);
	take(0);
	take(2);
	take(5);
	has(4, 2, 3, 1);
	take(3);
	take(4);
	has(6, 0, 3, 3);
}

static void a_far_jump(void **state)
{
	(void)state;
	take(0);
	take(4999);
	has(2, 4998, 0, 0);
	take(4999);
	has(2, 4998, 1, 0);
	take(4999 - FLOW_WINDOW); /* too old to be known: late */
	take(4999 - FLOW_WINDOW);
	has(4, 4996, 1, 2);
	take(4999 - FLOW_WINDOW + 1);
	take(4999 - FLOW_WINDOW + 1);
	has(5, 4995, 2, 3);
}

static void jitter(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		take_at(i, i * 1000, NOW + i * 1000);
	assert_int_equal(f.jitter, 0);
	for (uint64_t i = 100; i < 1000; i++)
		take_at(i, i * 1000, NOW + i * 1000 + i % 2 * 800);
	assert_in_range(f.jitter / 16, 790, 810);
}

static void stamps(void **state)
{
	const struct flow_stamp in = { 0x12345678, 41, 42, UINT64_C(0x1122334455667788) };
	struct flow_stamp out;
	uint8_t data[FLOW_STAMP];

	(void)state;
	flow_put(data, &in);
	assert_true(flow_get(&out, data, sizeof(data)));
	assert_int_equal(out.run, in.run);
	assert_int_equal(out.seq, in.seq);
	assert_int_equal(out.count, in.count);
	assert_int_equal(out.at, in.at);
	assert_false(flow_get(&out, data, sizeof(data) - 1));
	data[15] = 42; /* beyond the last */
	assert_false(flow_get(&out, data, sizeof(data)));
	data[0] = 0;
	data[15] = 0;
	assert_false(flow_get(&out, data, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_in_order, fresh),
		cmocka_unit_test_setup(some_are_missing, fresh),
		cmocka_unit_test_setup(twice_and_late, fresh),
		cmocka_unit_test_setup(a_far_jump, fresh),
		cmocka_unit_test_setup(jitter, fresh),
		cmocka_unit_test(stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
