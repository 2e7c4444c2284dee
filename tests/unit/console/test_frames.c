/* Frames out of a byte stream: in any pieces, among garbage, up to the largest. */
#include "console/frames.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What came, as text: "type/id:data ". */
struct seen {
	char text[512];
	int n;
	int stop_at;
};

static struct frames frames;

static int setup(void **state)
{
	(void)state;
	memset(&frames, 0, sizeof(frames));
	return 0;
}

static int see(void *ctx, const struct cp_frame *frame, const void *data)
{
	struct seen *s = ctx;
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%u/%u:%.*s ", frame->type,
		frame->id, (int)(frame->len > 40 ? 40 : frame->len), (const char *)data);
	return ++s->n == s->stop_at ? -ECANCELED : 0;
}

static size_t put(uint8_t *to, uint16_t type, uint32_t id, const char *data)
{
	struct cp_frame frame = { CP_FRAME_MAGIC, (uint32_t)strlen(data), id, type, 0 };

	memcpy(to, &frame, sizeof(frame));
	memcpy(to + sizeof(frame), data, frame.len);
	return sizeof(frame) + frame.len;
}

static size_t two_frames(uint8_t *to)
{
	size_t n = put(to, CP_OUT, 7, "hello");

	return n + put(to + n, CP_DONE, 7, "");
}

static void whole(void **state)
{
	struct seen seen = { 0 };
	uint8_t bytes[256];

	(void)state;
	assert_int_equal(frames_push(&frames, bytes, two_frames(bytes), see, &seen), 0);
	assert_string_equal(seen.text, "2/7:hello 4/7: ");
	assert_int_equal(frames.len, 0);
}

static void byte_by_byte(void **state)
{
	struct seen seen = { 0 };
	uint8_t bytes[256];
	size_t n = two_frames(bytes);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(frames_push(&frames, bytes + i, 1, see, &seen), 0);
	assert_string_equal(seen.text, "2/7:hello 4/7: ");
}

static void cut_anywhere(void **state)
{
	uint8_t bytes[256];
	size_t n = two_frames(bytes);

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		struct seen seen = { 0 };

		frames_push(&frames, bytes, cut, see, &seen);
		frames_push(&frames, bytes + cut, n - cut, see, &seen);
		assert_string_equal(seen.text, "2/7:hello 4/7: ");
	}
}

/* The rest of another's answer comes first, with pieces of the magic number in it. */
static void garbage_is_skipped(void **state)
{
	static const char garbage[] =
		"st of an answer\nBCP BCPBCP1\xff\xff\xff\xff the length is none";
	struct seen seen = { 0 };
	uint8_t bytes[256];
	size_t n = sizeof(garbage) - 1;

	(void)state;
	memcpy(bytes, garbage, n);
	n += two_frames(bytes + n);
	for (size_t i = 0; i < n; i++)
		frames_push(&frames, bytes + i, 1, see, &seen);
	assert_string_equal(seen.text, "2/7:hello 4/7: ");
}

static void garbage_between(void **state)
{
	struct seen seen = { 0 };
	uint8_t bytes[256];
	size_t n = put(bytes, CP_OUT, 1, "a");

	(void)state;
	memcpy(bytes + n, "\0\0B", 3);
	n += 3;
	n += put(bytes + n, CP_OUT, 2, "b");
	frames_push(&frames, bytes, n, see, &seen);
	assert_string_equal(seen.text, "2/1:a 2/2:b ");
}

static void largest(void **state)
{
	struct cp_frame frame = { CP_FRAME_MAGIC, CP_FRAME_MAX, 9, CP_OUT, 0 };
	uint8_t *bytes = calloc(2, FRAMES_SIZE);
	struct seen seen = { 0 };

	(void)state;
	memcpy(bytes, &frame, sizeof(frame));
	memset(bytes + sizeof(frame), 'x', CP_FRAME_MAX);
	memcpy(bytes + FRAMES_SIZE, bytes, FRAMES_SIZE);
	assert_int_equal(frames_push(&frames, bytes, 100, see, &seen), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(
		frames_push(&frames, bytes + 100, 2 * FRAMES_SIZE - 100, see, &seen), 0);
	assert_int_equal(seen.n, 2);
	free(bytes);
}

static void stops_when_told(void **state)
{
	struct seen seen = { .stop_at = 1 };
	uint8_t bytes[256];
	size_t n = two_frames(bytes);

	(void)state;
	assert_int_equal(frames_push(&frames, bytes, n, see, &seen), -ECANCELED);
	assert_int_equal(seen.n, 1);
	assert_int_equal(frames.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole, setup),
		cmocka_unit_test_setup(byte_by_byte, setup),
		cmocka_unit_test_setup(cut_anywhere, setup),
		cmocka_unit_test_setup(garbage_is_skipped, setup),
		cmocka_unit_test_setup(garbage_between, setup),
		cmocka_unit_test_setup(largest, setup),
		cmocka_unit_test_setup(stops_when_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
