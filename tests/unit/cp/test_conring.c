/* The kept end of a console's output. */
#include "cp/conring.h"
#include "cp/partition.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEEP PART_CONSOLE_KEEP

/* Everything that is kept, one piece after the other. */
static size_t read_all(const struct conring *r, char *to)
{
	size_t total = 0, len;
	const void *bytes;

	while ((bytes = conring_at(r, r->begin + total, &len))) {
		memcpy(to + total, bytes, len);
		total += len;
	}
	return total;
}

static void test_empty(void **state)
{
	struct conring r = { 0 };
	size_t len = 1;

	(void)state;
	assert_null(conring_at(&r, 0, &len));
	assert_int_equal(len, 0);
	assert_int_equal(conring_write(&r, 0, "", 0), 0);
	assert_null(r.data);
	conring_free(&r);
}

static void test_in_order(void **state)
{
	struct conring r = { 0 };
	char all[64];

	(void)state;
	assert_int_equal(conring_write(&r, 0, "one ", 4), 0);
	assert_int_equal(conring_write(&r, 4, "two", 3), 0);
	assert_int_equal(read_all(&r, all), 7);
	assert_memory_equal(all, "one two", 7);
	conring_free(&r);
	assert_null(r.data);
	assert_int_equal(r.end, 0);
}

static void test_overlap_is_refused(void **state)
{
	struct conring r = { 0 };
	char all[64];

	(void)state;
	conring_write(&r, 10, "abc", 3);
	assert_int_equal(conring_write(&r, 12, "x", 1), -EINVAL);
	assert_int_equal(conring_write(&r, 0, "x", 1), -EINVAL);
	assert_int_equal(conring_write(&r, UINT64_MAX, "xy", 2), -EINVAL);
	assert_int_equal(read_all(&r, all), 3);
	assert_int_equal(r.begin, 10);
	conring_free(&r);
}

static void test_gap_drops_what_is_before(void **state)
{
	struct conring r = { 0 };
	char all[64];

	(void)state;
	conring_write(&r, 0, "before", 6);
	assert_int_equal(conring_write(&r, 100, "after", 5), 0);
	assert_int_equal(r.begin, 100);
	assert_int_equal(read_all(&r, all), 5);
	assert_memory_equal(all, "after", 5);
	conring_free(&r);
}

/* Every byte is where its offset says, however the pieces fall on the ring's end. */
static void test_wraps(void **state)
{
	char *all = malloc(KEEP), *piece = malloc(KEEP * 2);
	struct conring r = { 0 };
	uint64_t offset = 0;

	(void)state;
	for (size_t len = 1; offset < 5 * KEEP; len = len * 3 % 70001) {
		for (size_t i = 0; i < len; i++)
			piece[i] = (char)((offset + i) % 251);
		assert_int_equal(conring_write(&r, offset, piece, len), 0);
		offset += len;
	}
	assert_int_equal(r.end, offset);
	assert_int_equal(r.end - r.begin, KEEP);
	assert_int_equal(read_all(&r, all), KEEP);
	for (size_t i = 0; i < KEEP; i++)
		assert_int_equal(all[i], (char)((r.begin + i) % 251));
	conring_free(&r);
	free(piece);
	free(all);
}

static void test_more_than_is_kept(void **state)
{
	char *all = malloc(KEEP), *piece = malloc(KEEP + 10);
	struct conring r = { 0 };

	(void)state;
	memset(piece, 'a', KEEP + 10);
	memcpy(piece + 10, "first", 5);
	assert_int_equal(conring_write(&r, 7, piece, KEEP + 10), 0);
	assert_int_equal(r.begin, 17);
	assert_int_equal(read_all(&r, all), KEEP);
	assert_memory_equal(all, "first", 5);
	conring_free(&r);
	free(piece);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_overlap_is_refused),
		cmocka_unit_test(test_gap_drops_what_is_before),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_more_than_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
