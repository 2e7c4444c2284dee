/* The buses: who answers, who does not, and ranges that move while they are used. */
#include "partitions/dev/bus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A handler that remembers the last access, and answers with its own letter. */
struct device {
	char letter;
	struct bus *moves; /* takes its range out when written */
	uint64_t base, offset, written;
	unsigned len;
};

static void device_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	struct device *d = ctx;

	d->offset = offset;
	d->len = len;
	memset(data, d->letter, len);
}

static void device_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct device *d = ctx;

	d->offset = offset;
	d->len = len;
	memcpy(&d->written, data, len);
	if (d->moves)
		bus_del(d->moves, BUS_MEMORY, d->base);
}

static const struct bus_handler handler = { device_read, device_write };

static int setup(void **state)
{
	struct bus *b;

	if (bus_create(&b))
		return -1;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bus_destroy(*state);
	return 0;
}

static uint64_t read_at(struct bus *b, enum bus_space space, uint64_t addr, unsigned len)
{
	uint64_t value = 0;

	bus_read(b, space, addr, &value, len);
	return value;
}

static void test_nobody_reads_ones(void **state)
{
	struct bus *b = *state;
	uint32_t value = 1;

	assert_int_equal(read_at(b, BUS_PORT, 0x10, 1), 0xff);
	assert_int_equal(read_at(b, BUS_MEMORY, 0, 4), 0xffffffff);
	assert_true(read_at(b, BUS_MEMORY, UINT64_MAX - 7, 8) == UINT64_MAX);
	bus_write(b, BUS_MEMORY, 0, &value, 4);
}

static void test_finds_by_address(void **state)
{
	struct bus *b = *state;
	struct device low = { .letter = 'a' }, high = { .letter = 'b' };
	uint16_t value = 0x1234;

	assert_int_equal(bus_add(b, BUS_MEMORY, 0x2000, 0x1000, &handler, &high), 0);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x1000, 0x1000, &handler, &low), 0);
	assert_int_equal(read_at(b, BUS_MEMORY, 0x1000, 1), 'a');
	assert_int_equal(read_at(b, BUS_MEMORY, 0x1fff, 1), 'a');
	assert_int_equal(low.offset, 0xfff);
	assert_int_equal(read_at(b, BUS_MEMORY, 0x2000, 1), 'b');
	assert_int_equal(read_at(b, BUS_MEMORY, 0x3000, 1), 0xff);
	assert_int_equal(read_at(b, BUS_MEMORY, 0xfff, 1), 0xff);
	bus_write(b, BUS_MEMORY, 0x2ffe, &value, 2);
	assert_int_equal(high.offset, 0xffe);
	assert_int_equal(high.len, 2);
	assert_int_equal(high.written, 0x1234);
}

static void test_spaces_are_apart(void **state)
{
	struct bus *b = *state;
	struct device port = { .letter = 'p' }, memory = { .letter = 'm' };

	assert_int_equal(bus_add(b, BUS_PORT, 0x60, 1, &handler, &port), 0);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x60, 1, &handler, &memory), 0);
	assert_int_equal(read_at(b, BUS_PORT, 0x60, 1), 'p');
	assert_int_equal(read_at(b, BUS_MEMORY, 0x60, 1), 'm');
}

static void test_access_across_the_end_is_nobodys(void **state)
{
	struct bus *b = *state;
	struct device d = { .letter = 'a' }, next = { .letter = 'b' };
	uint32_t value = 0;

	assert_int_equal(bus_add(b, BUS_PORT, 0x100, 8, &handler, &d), 0);
	assert_int_equal(bus_add(b, BUS_PORT, 0x108, 8, &handler, &next), 0);
	assert_int_equal(read_at(b, BUS_PORT, 0x106, 4), 0xffffffff);
	bus_write(b, BUS_PORT, 0x106, &value, 4);
	assert_int_equal(d.len, 0);
	assert_int_equal(next.len, 0);
	assert_int_equal(read_at(b, BUS_PORT, 0x104, 4), 0x61616161);
}

static void test_refuses_overlaps_and_nonsense(void **state)
{
	struct bus *b = *state;
	struct device d = { 0 };

	assert_int_equal(bus_add(b, BUS_MEMORY, 0x1000, 0x1000, &handler, &d), 0);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x1000, 0x1000, &handler, &d), -EEXIST);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x1fff, 1, &handler, &d), -EEXIST);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x0fff, 2, &handler, &d), -EEXIST);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0, UINT64_MAX, &handler, &d), -EEXIST);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x5000, 0, &handler, &d), -EINVAL);
	assert_int_equal(bus_add(b, BUS_MEMORY, UINT64_MAX, 2, &handler, &d), -EINVAL);
	assert_int_equal(bus_add(b, BUS_MEMORY, UINT64_MAX, 1, &handler, &d), 0);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x0fff, 1, &handler, &d), 0);
	assert_int_equal(bus_add(b, BUS_MEMORY, 0x2000, 1, &handler, &d), 0);
}

static void test_many_ranges_come_and_go(void **state)
{
	struct bus *b = *state;
	struct device d[100];

	for (unsigned i = 0; i < 100; i++) {
		uint64_t base = (uint64_t)(i * 37 % 100) * 16;

		d[i] = (struct device) { .letter = (char)i };
		assert_int_equal(bus_add(b, BUS_MEMORY, base, 16, &handler, &d[i]), 0);
	}
	for (unsigned i = 0; i < 100; i += 2)
		bus_del(b, BUS_MEMORY, (uint64_t)(i * 37 % 100) * 16);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t base = (uint64_t)(i * 37 % 100) * 16;

		assert_int_equal(read_at(b, BUS_MEMORY, base + 5, 1), i % 2 ? i : 0xff);
	}
}

static void test_only_a_base_is_deleted(void **state)
{
	struct bus *b = *state;
	struct device d = { .letter = 'a' };

	assert_int_equal(bus_add(b, BUS_MEMORY, 0x1000, 0x1000, &handler, &d), 0);
	bus_del(b, BUS_MEMORY, 0x1001);
	bus_del(b, BUS_MEMORY, 0);
	assert_int_equal(read_at(b, BUS_MEMORY, 0x1000, 1), 'a');
	bus_del(b, BUS_MEMORY, 0x1000);
	assert_int_equal(read_at(b, BUS_MEMORY, 0x1000, 1), 0xff);
}

static void test_handler_may_leave(void **state)
{
	struct bus *b = *state;
	struct device d = { .letter = 'a', .moves = b, .base = 0x1000 };
	uint8_t value = 7;

	assert_int_equal(bus_add(b, BUS_MEMORY, 0x1000, 0x1000, &handler, &d), 0);
	bus_write(b, BUS_MEMORY, 0x1004, &value, 1);
	assert_int_equal(d.written, 7);
	assert_int_equal(read_at(b, BUS_MEMORY, 0x1004, 1), 0xff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_reads_ones),
		TEST(test_finds_by_address),
		TEST(test_spaces_are_apart),
		TEST(test_access_across_the_end_is_nobodys),
		TEST(test_refuses_overlaps_and_nonsense),
		TEST(test_many_ranges_come_and_go),
		TEST(test_only_a_base_is_deleted),
		TEST(test_handler_may_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
