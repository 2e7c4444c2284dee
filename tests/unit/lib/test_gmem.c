/* Guest storage as regions: where they may lie, and that nothing reaches beyond them. */
#include "cp/lib/gmem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Two regions that touch, in separate host memory, and one apart. */
struct storage {
	struct gmem g;
	uint8_t a[16], b[16], c[16];
};

static void storage_init(struct storage *s)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(gmem_add(&s->g, 0x2000, sizeof(s->c), s->c), 0);
	assert_int_equal(gmem_add(&s->g, 0x1000, sizeof(s->a), s->a), 0);
	assert_int_equal(gmem_add(&s->g, 0x1010, sizeof(s->b), s->b), 0);
	for (uint8_t i = 0; i < 16; i++) {
		s->a[i] = i;
		s->b[i] = (uint8_t)(0x10 + i);
		s->c[i] = (uint8_t)(0x20 + i);
	}
}

static void test_add(void **state)
{
	static const struct {
		gpa_t base;
		uint64_t size;
		int err;
	} cases[] = {
		{ 0x1000, 0x1000, 0 },
		{ 0x1000, 0x1000, -EEXIST },
		{ 0x0fff, 2, -EEXIST },
		{ 0x1fff, 1, -EEXIST },
		{ 0x1800, 1, -EEXIST },
		{ 0, UINT64_MAX, -EEXIST },
		{ 0x0fff, 1, 0 },
		{ 0x2000, 1, 0 },
		{ 0x5000, 0, -EINVAL },
		{ UINT64_MAX, 1, -EINVAL },
		{ UINT64_MAX - 15, 16, -EINVAL },
		{ UINT64_MAX - 15, 17, -EINVAL },
		{ 0x5000, UINT64_MAX, -EINVAL },
		{ UINT64_MAX - 16, 16, 0 },
	};
	struct gmem g = { 0 };
	char host;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
			gmem_add(&g, cases[i].base, cases[i].size, &host), cases[i].err);
	assert_int_equal(g.n, 4);
	for (int i = 1; i < g.n; i++)
		assert_true(g.region[i - 1].base < g.region[i].base);
	assert_true(gmem_size(&g) == 0x1000 + 1 + 1 + 16);
}

static void test_add_too_many(void **state)
{
	struct gmem g = { 0 };
	char host;

	(void)state;
	for (gpa_t i = 0; i < GMEM_MAX_REGIONS; i++)
		assert_int_equal(gmem_add(&g, 0x1000 * i, 1, &host), 0);
	assert_int_equal(gmem_add(&g, 0x999, 1, &host), -ENOSPC);
	assert_int_equal(gmem_remove(&g, 0), 0);
	assert_int_equal(gmem_add(&g, 0x999, 1, &host), 0);
}

static void test_remove(void **state)
{
	struct storage s;

	(void)state;
	storage_init(&s);
	assert_int_equal(gmem_remove(&s.g, 0x1008), -ENOENT);
	assert_int_equal(gmem_remove(&s.g, 0x1010), 0);
	assert_int_equal(gmem_remove(&s.g, 0x1010), -ENOENT);
	assert_null(gmem_at(&s.g, 0x1010, 1));
	assert_ptr_equal(gmem_at(&s.g, 0x1000, 16), s.a);
	assert_ptr_equal(gmem_at(&s.g, 0x2000, 16), s.c);
	assert_true(gmem_size(&s.g) == 32);
}

static void test_at(void **state)
{
	struct storage s;
	struct {
		gpa_t gpa;
		uint64_t len;
		void *host;
	} cases[] = {
		{ 0x1000, 1, s.a },
		{ 0x1000, 16, s.a },
		{ 0x100f, 1, s.a + 15 },
		{ 0x1010, 16, s.b },
		{ 0x200f, 1, s.c + 15 },
		{ 0x1000, 0, NULL },
		{ 0x1000, 17, NULL },
		{ 0x100f, 2, NULL },
		{ 0x0fff, 1, NULL },
		{ 0x0fff, 2, NULL },
		{ 0x1020, 1, NULL },
		{ 0x2010, 1, NULL },
		{ 0x2000, UINT64_MAX, NULL },
		{ 0x2001, UINT64_MAX, NULL },
		{ UINT64_MAX, 1, NULL },
		{ UINT64_MAX, UINT64_MAX, NULL },
		{ 0, UINT64_MAX, NULL },
	};

	(void)state;
	storage_init(&s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_ptr_equal(
			gmem_at(&s.g, cases[i].gpa, cases[i].len), cases[i].host);
}

static void test_span(void **state)
{
	struct storage s;
	uint64_t run = 0;

	(void)state;
	storage_init(&s);
	assert_ptr_equal(gmem_span(&s.g, 0x1004, 100, &run), s.a + 4);
	assert_int_equal(run, 12);
	assert_ptr_equal(gmem_span(&s.g, 0x1004, 3, &run), s.a + 4);
	assert_int_equal(run, 3);
	assert_ptr_equal(gmem_span(&s.g, 0x200f, UINT64_MAX, &run), s.c + 15);
	assert_int_equal(run, 1);
	assert_null(gmem_span(&s.g, 0x1004, 0, &run));
	assert_null(gmem_span(&s.g, 0x1020, 1, &run));
}

static void test_read(void **state)
{
	struct storage s;
	uint8_t to[32];

	(void)state;
	storage_init(&s);
	assert_int_equal(gmem_read(&s.g, 0x1000, to, 32), 0);
	for (uint8_t i = 0; i < 32; i++)
		assert_int_equal(to[i], i);
	assert_int_equal(gmem_read(&s.g, 0x2004, to, 2), 0);
	assert_int_equal(to[1], 0x25);
	assert_int_equal(gmem_read(&s.g, 0x1001, to, 32), -EFAULT);
	assert_int_equal(gmem_read(&s.g, 0xfff, to, 2), -EFAULT);
	assert_int_equal(gmem_read(&s.g, UINT64_MAX, to, 2), -EFAULT);
	assert_int_equal(gmem_read(&s.g, 0x9999, to, 0), 0);
}

static void test_write(void **state)
{
	struct storage s;

	(void)state;
	storage_init(&s);
	assert_int_equal(gmem_write(&s.g, 0x100e, "wxyz", 4), 0);
	assert_memory_equal(s.a + 14, "wx", 2);
	assert_memory_equal(s.b, "yz", 2);
	assert_int_equal(s.a[13], 13);
	assert_int_equal(s.b[2], 0x12);
	assert_int_equal(gmem_write(&s.g, 0x200f, "ab", 2), -EFAULT);
	assert_int_equal(gmem_write(&s.g, 0, "ab", 0), 0);
}

static void test_zero(void **state)
{
	static const uint8_t zeros[16];
	struct storage s;

	(void)state;
	storage_init(&s);
	assert_int_equal(gmem_zero(&s.g, 0x1008, 16), 0);
	assert_memory_equal(s.a + 8, zeros, 8);
	assert_memory_equal(s.b, zeros, 8);
	assert_int_equal(s.a[7], 7);
	assert_int_equal(s.b[8], 0x18);
	assert_int_equal(gmem_zero(&s.g, 0x1018, 9), -EFAULT);
	assert_int_equal(gmem_zero(&s.g, 0x1008, UINT64_MAX), -EFAULT);
}

/* Storage at the very top does not go on at the bottom. */
static void test_no_wrap(void **state)
{
	uint8_t top[16] = { 0 }, bottom[16] = { 0 }, to[32];
	struct gmem g = { 0 };

	(void)state;
	assert_int_equal(gmem_add(&g, UINT64_MAX - 16, 16, top), 0);
	assert_int_equal(gmem_add(&g, 0, 16, bottom), 0);
	assert_int_equal(gmem_read(&g, UINT64_MAX - 16, to, 16), 0);
	assert_int_equal(gmem_read(&g, UINT64_MAX - 16, to, 17), -EFAULT);
	assert_int_equal(gmem_read(&g, UINT64_MAX - 1, to, 4), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_too_many),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_no_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
