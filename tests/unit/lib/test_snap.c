/* Tagged, versioned fields: what was written is read back, and nothing else is. */
#include "cp/lib/snap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct thing {
	bool on;
	uint8_t a;
	uint16_t b;
	uint32_t c;
	uint64_t d;
	uint8_t mac[6];
	char text[16];
	size_t text_len;
};

static const struct thing sample = {
	.on = true,
	.a = 0x81,
	.b = 0x8182,
	.c = 0x81828384,
	.d = 0x8182838485868788,
	.mac = { 2, 0, 0, 1, 2, 3 },
	.text = "hello",
	.text_len = 5,
};

/* One text for both directions. */
static void snap_thing(struct snap *s, struct thing *t)
{
	if (!snap_begin(s, "thing", 1))
		return;
	snap_bool(s, "on", &t->on);
	snap_u8(s, "a", &t->a);
	snap_u16(s, "b", &t->b);
	snap_u32(s, "c", &t->c);
	snap_u64(s, "d", &t->d);
	snap_bytes(s, "mac", t->mac, sizeof(t->mac));
	snap_blob(s, "text", t->text, &t->text_len, sizeof(t->text));
	snap_end(s);
}

static void save_sample(struct snap *s)
{
	struct thing t = sample;

	snap_init_save(s);
	snap_thing(s, &t);
	assert_int_equal(s->err, 0);
}

static void test_round_trip(void **state)
{
	struct thing back;
	struct snap s, l;

	(void)state;
	memset(&back, 0, sizeof(back));
	save_sample(&s);
	snap_init_load(&l, s.buf, s.len);
	snap_thing(&l, &back);
	assert_int_equal(l.err, 0);
	assert_memory_equal(&back, &sample, sizeof(back));
	snap_fini(&l);
	snap_fini(&s);
	assert_null(s.buf);
}

/* The stream is an interface: its bytes do not change. */
static void test_encoding(void **state)
{
	static const uint8_t bytes[] = {
		2, 'T', '1', 2, 0, 0, 0, 14, 0, 0, 0, /* section T1, version 2 */
		1, 'x', 2, 0, 0, 0, 0x34, 0x12,       /* u16 */
		1, 'e', 0, 0, 0, 0,                   /* empty blob */
		1, 'U', 1, 0, 0, 0, 0, 0, 0, 0,       /* section U, empty */
	};
	uint16_t x = 0x1234;
	size_t none = 0;
	struct snap s;

	(void)state;
	snap_init_save(&s);
	assert_int_equal(snap_begin(&s, "T1", 2), 2);
	snap_u16(&s, "x", &x);
	snap_blob(&s, "e", NULL, &none, 0);
	snap_end(&s);
	assert_int_equal(snap_begin(&s, "U", 1), 1);
	snap_end(&s);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.len, sizeof(bytes));
	assert_memory_equal(s.buf, bytes, sizeof(bytes));
	snap_fini(&s);
}

/* A stream that ends early is refused, wherever it ends. */
static void test_truncated(void **state)
{
	struct snap s, l;

	(void)state;
	save_sample(&s);
	for (size_t len = 0; len < s.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);
		struct thing back;

		assert_non_null(copy);
		memcpy(copy, s.buf, len);
		memset(&back, 0, sizeof(back));
		snap_init_load(&l, copy, len);
		snap_thing(&l, &back);
		assert_true(l.err < 0);
		assert_string_equal(l.where, "thing");
		snap_fini(&l);
		free(copy);
	}
	snap_fini(&s);
}

/* Any byte may be anything: an error or other values, but nothing out of bounds. */
static void test_corrupt(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0xff };
	struct snap s, l;

	(void)state;
	save_sample(&s);
	for (size_t at = 0; at < s.len; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			uint8_t old = s.buf[at];
			struct thing back = { 0 };

			s.buf[at] = values[i];
			snap_init_load(&l, s.buf, s.len);
			snap_thing(&l, &back);
			assert_true(l.err || back.text_len <= sizeof(back.text));
			snap_fini(&l);
			s.buf[at] = old;
		}
	}
	snap_fini(&s);
}

static void write_numbers(struct snap *s, const char *const *names, int n)
{
	snap_init_save(s);
	snap_begin(s, "n", 1);
	for (int i = 0; i < n; i++) {
		uint32_t v = 100 + (uint32_t)i;

		snap_u32(s, names[i], &v);
	}
	snap_end(s);
	assert_int_equal(s->err, 0);
}

static void test_any_order_and_unknown(void **state)
{
	static const char *const names[] = { "later", "b", "unknown", "a" };
	struct snap s, l;
	uint32_t a = 0, b = 0;

	(void)state;
	write_numbers(&s, names, 4);
	snap_init_load(&l, s.buf, s.len);
	assert_int_equal(snap_begin(&l, "n", 1), 1);
	snap_u32(&l, "a", &a);
	snap_u32(&l, "b", &b);
	snap_end(&l);
	assert_int_equal(l.err, 0);
	assert_int_equal(a, 103);
	assert_int_equal(b, 101);
	snap_fini(&s);
}

static void test_missing_field(void **state)
{
	static const char *const names[] = { "a", "ab" };
	struct snap s, l;
	uint32_t a = 7, x = 7;

	(void)state;
	write_numbers(&s, names, 2);
	snap_init_load(&l, s.buf, s.len);
	snap_begin(&l, "n", 1);
	snap_u32(&l, "abc", &x);
	assert_int_equal(l.err, -ENOENT);
	assert_string_equal(l.where, "n.abc");
	snap_u32(&l, "a", &a); /* after an error nothing is read */
	snap_u32(&l, "zz", &a);
	assert_int_equal(a, 7);
	assert_int_equal(x, 7);
	assert_string_equal(l.where, "n.abc");
	snap_end(&l);
	assert_int_equal(snap_begin(&l, "n", 1), 0);
	assert_false(snap_has(&l, "n"));
	snap_fini(&s);
}

static void test_wrong_length(void **state)
{
	static const char *const names[] = { "a" };
	uint8_t bytes[8] = { 0 };
	struct snap s, l;
	uint16_t small = 7;
	uint64_t large = 7;
	size_t len = 7;

	(void)state;
	write_numbers(&s, names, 1);
	for (int i = 0; i < 4; i++) {
		snap_init_load(&l, s.buf, s.len);
		snap_begin(&l, "n", 1);
		if (i == 0)
			snap_u16(&l, "a", &small);
		else if (i == 1)
			snap_u64(&l, "a", &large);
		else if (i == 2)
			snap_bytes(&l, "a", bytes, 3);
		else
			snap_blob(&l, "a", bytes, &len, 3);
		assert_int_equal(l.err, -EINVAL);
		assert_string_equal(l.where, "n.a");
	}
	assert_true(small == 7 && large == 7 && len == 7);
	snap_fini(&s);
}

static void test_bool(void **state)
{
	struct snap s, l;
	uint8_t two = 2;
	bool b = true;

	(void)state;
	snap_init_save(&s);
	snap_begin(&s, "t", 1);
	snap_u8(&s, "b", &two);
	snap_end(&s);
	snap_init_load(&l, s.buf, s.len);
	snap_begin(&l, "t", 1);
	snap_bool(&l, "b", &b);
	assert_int_equal(l.err, -EINVAL);
	assert_string_equal(l.where, "t.b");
	assert_true(b);
	snap_fini(&s);
}

static void test_version(void **state)
{
	struct snap s, l;

	(void)state;
	snap_init_save(&s);
	snap_begin(&s, "t", 2);
	snap_end(&s);
	snap_init_load(&l, s.buf, s.len);
	assert_int_equal(snap_begin(&l, "t", 3), 2);
	snap_end(&l);
	assert_int_equal(snap_begin(&l, "t", 2), 2);
	snap_end(&l);
	assert_int_equal(snap_begin(&l, "t", 1), 0);
	assert_int_equal(l.err, -EINVAL);
	assert_string_equal(l.where, "t");
	s.buf[2] = 0; /* there is no version 0 */
	snap_init_load(&l, s.buf, s.len);
	assert_int_equal(snap_begin(&l, "t", 3), 0);
	assert_int_equal(l.err, -EINVAL);
	snap_fini(&s);
}

static void test_sections(void **state)
{
	struct snap s, l;
	uint8_t one = 1, two = 2, v = 0;

	(void)state;
	snap_init_save(&s);
	snap_begin(&s, "first", 1);
	snap_u8(&s, "v", &one);
	snap_end(&s);
	snap_begin(&s, "second", 1);
	snap_u8(&s, "v", &two);
	snap_end(&s);
	snap_init_load(&l, s.buf, s.len);
	assert_true(snap_has(&l, "first"));
	assert_false(snap_has(&l, "third"));
	assert_int_equal(l.err, 0);
	snap_begin(&l, "second", 1);
	snap_u8(&l, "v", &v);
	assert_int_equal(v, 2);
	snap_end(&l);
	snap_begin(&l, "first", 1);
	snap_u8(&l, "v", &v);
	assert_int_equal(v, 1);
	snap_end(&l);
	assert_int_equal(l.err, 0);
	snap_begin(&l, "third", 1);
	assert_int_equal(l.err, -ENOENT);
	assert_string_equal(l.where, "third");
	snap_fini(&s);
}

static void test_check(void **state)
{
	static const char *const names[] = { "a" };
	struct snap s, l;

	(void)state;
	write_numbers(&s, names, 1);
	snap_check(&s, "a", false); /* only a stream that is read is refused */
	assert_int_equal(s.err, 0);
	snap_init_load(&l, s.buf, s.len);
	snap_begin(&l, "n", 1);
	snap_check(&l, "a", true);
	assert_int_equal(l.err, 0);
	snap_check(&l, "a", false);
	assert_int_equal(l.err, -EINVAL);
	assert_string_equal(l.where, "n.a");
	snap_fini(&s);
}

static void test_large(void **state)
{
	size_t size = 1 << 20, len = size;
	uint8_t *bytes = malloc(size), *back = calloc(1, size);
	struct snap s, l;

	(void)state;
	assert_true(bytes && back);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7);
	snap_init_save(&s);
	snap_begin(&s, "large", 1);
	snap_blob(&s, "b", bytes, &len, size);
	snap_end(&s);
	assert_int_equal(s.err, 0);
	snap_init_load(&l, s.buf, s.len);
	snap_begin(&l, "large", 1);
	snap_blob(&l, "b", back, &len, size);
	assert_int_equal(l.err, 0);
	assert_int_equal(len, size);
	assert_memory_equal(back, bytes, size);
	snap_fini(&s);
	free(bytes);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_any_order_and_unknown),
		cmocka_unit_test(test_missing_field),
		cmocka_unit_test(test_wrong_length),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
