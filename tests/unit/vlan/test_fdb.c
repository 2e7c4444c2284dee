/* The MAC table: what it finds, how it grows, what it forgets. */
#include "vlan/fdb.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define S(n)  ((n)*UINT64_C(1000000000))
#define AGE   S(160)
#define LIMIT 1000000

static int setup(void **state)
{
	struct fdb *f;

	if (fdb_create(&f))
		return -1;
	fdb_set_age(f, AGE);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fdb_destroy(*state);
	return 0;
}

static void test_addresses_as_numbers(void **state)
{
	const uint8_t mac[6] = { 2, 0x34, 0x56, 0x78, 0x9a, 0xbc };
	uint8_t back[6];

	(void)state;
	fdb_mac_bytes(fdb_mac(mac), back);
	assert_memory_equal(mac, back, 6);
	assert_int_equal(fdb_mac(mac) >> 48, 0);
}

/* More than it begins with, found and forgotten while the table grows under them. */
static void test_many(void **state)
{
	enum { N = 30000 };
	struct fdb *f = *state;

	for (uint64_t i = 1; i <= N; i++) {
		fdb_learn(f, (uint16_t)(i % 5), i << 8, (uint16_t)(i % 7), LIMIT, 0);
		assert_int_equal(fdb_find(f, (uint16_t)(i % 5), i << 8, 0), i % 7);
		if (i > 100)
			assert_int_equal(
				fdb_find(f, (uint16_t)((i - 100) % 5), (i - 100) << 8, 0),
				(i - 100) % 7);
	}
	assert_int_equal(fdb_count(f), N);
	fdb_forget_learned(f, 3);
	for (uint64_t i = 1; i <= N; i++) {
		uint16_t want = i % 7 == 3 ? FDB_NONE : (uint16_t)(i % 7);

		assert_int_equal(fdb_find(f, (uint16_t)(i % 5), i << 8, 0), want);
		assert_int_equal(fdb_find(f, (uint16_t)(i % 5 + 1), i << 8, 0), FDB_NONE);
	}
	assert_int_equal(fdb_learned(f, 3), 0);
	assert_int_equal(fdb_learned(f, 4), (N - 4) / 7 + 1);
	fdb_forget_learned(f, FDB_NONE);
	assert_int_equal(fdb_count(f), 0);
	assert_int_equal(fdb_next(f), UINT64_MAX);
}

static void test_limit_is_the_ports_own(void **state)
{
	struct fdb *f = *state;

	for (uint64_t i = 1; i <= 20; i++)
		fdb_learn(f, 1, i, 1, 8, 0);
	fdb_learn(f, 1, 100, 2, 8, 0);
	assert_int_equal(fdb_learned(f, 1), 8);
	assert_int_equal(fdb_find(f, 1, 8, 0), 1);
	assert_int_equal(fdb_find(f, 1, 9, 0), FDB_NONE);
	assert_int_equal(fdb_find(f, 1, 100, 0), 2);
	/* one that is full takes no address from another; one that is not does */
	fdb_learn(f, 1, 100, 1, 8, 0);
	assert_int_equal(fdb_find(f, 1, 100, 0), 2);
	fdb_learn(f, 1, 8, 2, 8, 0);
	assert_int_equal(fdb_find(f, 1, 8, 0), 2);
	assert_int_equal(fdb_learned(f, 1), 7);
	fdb_learn(f, 1, 9, 1, 8, 0);
	assert_int_equal(fdb_find(f, 1, 9, 0), 1);
}

static void test_ageing(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 1, 1, 1, LIMIT, S(0));
	fdb_learn(f, 1, 2, 1, LIMIT, S(5));
	assert_int_equal(fdb_next(f), AGE);
	fdb_learn(f, 1, 1, 1, LIMIT, S(9)); /* too soon to be noted */
	assert_int_equal(fdb_next(f), AGE);
	fdb_learn(f, 1, 1, 1, LIMIT, S(10));
	assert_int_equal(fdb_next(f), AGE + S(5));
	assert_int_equal(fdb_find(f, 1, 2, AGE + S(5) - 1), 1);
	assert_int_equal(fdb_find(f, 1, 2, AGE + S(5)), FDB_NONE);
	fdb_age(f, AGE + S(5));
	assert_int_equal(fdb_count(f), 1);
	fdb_age(f, AGE + S(10));
	assert_int_equal(fdb_count(f), 0);
}

static void test_ageing_is_bounded(void **state)
{
	struct fdb *f = *state;
	int rounds = 0;

	for (uint64_t i = 1; i <= 5000; i++)
		fdb_learn(f, 1, i, 1, LIMIT, 0);
	for (; fdb_next(f) <= AGE; rounds++)
		fdb_age(f, AGE);
	assert_int_equal(rounds, 5);
	assert_int_equal(fdb_count(f), 0);
}

static void test_static(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 7, 5, 2, LIMIT, 0);
	assert_int_equal(fdb_add_static(f, 5, 1), 0);
	assert_int_equal(fdb_add_static(f, 5, 1), 0);
	assert_int_equal(fdb_add_static(f, 5, 2), -EEXIST);
	assert_int_equal(fdb_find(f, 7, 5, AGE * 9), 1);
	assert_int_equal(fdb_find(f, 0, 5, 0), 1);
	fdb_learn(f, 8, 5, 2, LIMIT, 0);
	fdb_learn(f, 7, 5, 2, LIMIT, AGE); /* one that was learned before goes */
	assert_int_equal(fdb_count(f), 1);
	fdb_age(f, AGE * 9);
	assert_int_equal(fdb_count(f), 1);
	fdb_forget_learned(f, 1);
	assert_int_equal(fdb_find(f, 7, 5, 0), 1);
	fdb_forget_static(f, 2);
	assert_int_equal(fdb_find(f, 7, 5, 0), 1);
	fdb_forget_static(f, 1);
	assert_int_equal(fdb_find(f, 7, 5, 0), FDB_NONE);
	assert_int_equal(fdb_count(f), 0);
}

static void test_nobody_has_no_address(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 1, 0, 1, LIMIT, 0);
	assert_int_equal(fdb_count(f), 0);
}

static void test_list(void **state)
{
	struct fdb_entry e[4];
	struct fdb *f = *state;

	fdb_add_static(f, 11, 1);
	for (uint64_t i = 1; i <= 5; i++)
		fdb_learn(f, 2, i, 3, LIMIT, S(i));
	assert_int_equal(fdb_list(f, 0, e, 4), 4);
	assert_int_equal(e[0].vlan, FDB_ANY);
	assert_int_equal(e[3].mac, 3);
	assert_int_equal(e[3].seen, S(3));
	fdb_age(f, AGE + S(2));
	assert_int_equal(fdb_list(f, 2, e, 4), 2);
	assert_int_equal(e[1].mac, 5);
	assert_int_equal(e[1].port, 3);
	assert_int_equal(fdb_list(f, 4, e, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_as_numbers),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_limit_is_the_ports_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ageing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ageing_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_static, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_nobody_has_no_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
