#include "tests/unit/cms/hosted.h"

#include "cms/frames.c"

/* A stream being made, and what was read out of it. */
struct stream {
	char bytes[512];
	size_t len;
};

static char seen[512];

static void add(struct stream *s, uint16_t type, const char *data)
{
	struct cp_frame head = { CP_FRAME_MAGIC, (uint32_t)strlen(data), 1, type, 0 };

	memcpy(s->bytes + s->len, &head, sizeof(head));
	memcpy(s->bytes + s->len + sizeof(head), data, head.len);
	s->len += sizeof(head) + head.len;
}

static void add_noise(struct stream *s, const char *bytes, size_t len)
{
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

/* Reads the stream in steps of so many bytes: each frame is its type, its data, and a
 * bar. */
static const char *read_by(const struct stream *s, size_t step)
{
	struct frames f = { 0 };
	struct frame_piece piece;
	bool found;

	seen[0] = '\0';
	for (size_t at = 0; at < s->len;) {
		size_t len = s->len - at < step ? s->len - at : step;

		at += frames_take(&f, s->bytes + at, len, &piece, &found);
		if (found) {
			strncat(seen, piece.data, piece.len);
			if (piece.last)
				snprintf(seen + strlen(seen), 8, "%u|", f.head.type);
		}
	}
	return seen;
}

static void at_every_step(const struct stream *s, const char *expected)
{
	for (size_t step = 1; step <= s->len; step++)
		assert_string_equal(read_by(s, step), expected);
}

static void frames_in_a_row(void **state)
{
	struct stream s = { 0 };

	(void)state;
	add(&s, CP_OUT, "first");
	add(&s, CP_ENABLE, "");
	add(&s, CP_ERR, "x");
	add(&s, CP_DONE, "");
	at_every_step(&s, "first2|7|x3|4|");
}

static void noise_is_skipped(void **state)
{
	struct stream s = { 0 };

	(void)state;
	add_noise(&s, "BCP", 3);
	add(&s, CP_OUT, "one");
	add_noise(&s, "BCBCP\0BCP1....", 9);
	add(&s, CP_OUT, "two");
	at_every_step(&s, "one2|two2|");
}

static void a_false_length_is_noise(void **state)
{
	const struct cp_frame bad = { CP_FRAME_MAGIC, CP_FRAME_MAX + 1, 1, CP_OUT, 0 };
	struct stream s = { 0 };

	(void)state;
	add_noise(&s, (const char *)&bad, sizeof(bad));
	add(&s, CP_OUT, "good");
	at_every_step(&s, "good2|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_in_a_row),
		cmocka_unit_test(noise_is_skipped),
		cmocka_unit_test(a_false_length_is_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
