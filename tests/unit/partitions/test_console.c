/* The kept end of a console's output. */
#include "partitions/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make(void **state)
{
	*state = calloc(1, sizeof(struct console));
	return *state ? 0 : -1;
}

static int unmake(void **state)
{
	free(*state);
	return 0;
}

/* The byte that is written at an offset. */
static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 7 + offset / 251);
}

static void write_upto(struct console *c, uint64_t end, size_t step)
{
	uint8_t bytes[4096];

	while (c->end < end) {
		size_t n = end - c->end < step ? (size_t)(end - c->end) : step;

		for (size_t i = 0; i < n; i++)
			bytes[i] = byte_at(c->end + i);
		console_write(c, bytes, n);
	}
}

/* Reads from `from` on; checks every byte; returns where it ended. */
static uint64_t read_all(const struct console *c, uint64_t from, size_t max)
{
	const void *bytes;
	size_t n;

	while ((n = console_piece(c, &from, &bytes, max))) {
		assert_true(n <= max);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(((const uint8_t *)bytes)[i], byte_at(from + i));
		from += n;
	}
	return from;
}

static void test_empty(void **state)
{
	struct console *c = *state;
	uint64_t offset = 0;
	const void *bytes;

	assert_int_equal(console_piece(c, &offset, &bytes, 100), 0);
	assert_int_equal(console_begin(c), 0);
	offset = 77;
	assert_int_equal(console_piece(c, &offset, &bytes, 100), 0);
	assert_int_equal(offset, 0);
}

static void test_all_is_kept_until_the_ring_is_full(void **state)
{
	struct console *c = *state;

	write_upto(c, PART_CONSOLE_KEEP, 1000);
	assert_int_equal(console_begin(c), 0);
	assert_int_equal(read_all(c, 0, PART_CHUNK), PART_CONSOLE_KEEP);
}

static void test_the_oldest_go(void **state)
{
	const uint64_t end = PART_CONSOLE_KEEP * 3 + 12345;
	struct console *c = *state;
	uint64_t offset = 0;
	const void *bytes;

	write_upto(c, end, 4096);
	assert_int_equal(console_begin(c), end - PART_CONSOLE_KEEP);
	assert_true(console_piece(c, &offset, &bytes, 1));
	assert_int_equal(offset, end - PART_CONSOLE_KEEP);
	assert_int_equal(read_all(c, 0, PART_CHUNK), end);
	assert_int_equal(read_all(c, end - 10, 3), end);
}

static void test_one_write_larger_than_the_ring(void **state)
{
	const size_t len = PART_CONSOLE_KEEP + 1000;
	struct console *c = *state;
	uint8_t *bytes = malloc(len);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(i);
	console_write(c, bytes, len);
	free(bytes);
	assert_int_equal(console_begin(c), 1000);
	assert_int_equal(read_all(c, 0, PART_CHUNK), len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, make, unmake),
		cmocka_unit_test_setup_teardown(
			test_all_is_kept_until_the_ring_is_full, make, unmake),
		cmocka_unit_test_setup_teardown(test_the_oldest_go, make, unmake),
		cmocka_unit_test_setup_teardown(
			test_one_write_larger_than_the_ring, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
