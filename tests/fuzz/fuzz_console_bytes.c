/* What a guest writes on its console, on its way to the terminal: nothing passes that the
 * filter itself would not let pass, and the lines of line mode lose none of it. */
#include "console/filter.h"
#include "console/lines.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t filter(enum filter_level level, bool utf8, const void *in, size_t len,
	size_t piece, char *out)
{
	struct filter f;
	size_t done = 0;

	filter_init(&f, level, utf8);
	for (size_t i = 0; i < len; i += piece) {
		size_t n = len - i < piece ? len - i : piece;

		done += filter_push(&f, (const char *)in + i, n, out + done);
	}
	return done;
}

static void check_filter(const uint8_t *data, size_t size, enum filter_level level,
	bool utf8, size_t piece, char *once, char *twice)
{
	size_t n = filter(level, utf8, data, size, size + 1, once);

	if (n > size || filter(level, utf8, data, size, piece, twice) != n ||
		memcmp(once, twice, n))
		abort();
	if (filter(level, utf8, once, n, n + 1, twice) != n || memcmp(once, twice, n))
		abort();
	for (size_t i = 0; i < n; i++)
		if (once[i] == 0x05 || once[i] == 0x7f || once[i] == 0 ||
			(!utf8 && (uint8_t)once[i] >= 0x80))
			abort();
}

static void count(struct lines *l, const char *text, size_t len)
{
	size_t *printed = l->ctx;

	if (!len || text[len - 1] != '\n')
		abort();
	*printed += len;
}

static void check_lines(const char *text, size_t len)
{
	size_t printed = 0;
	char tail[LINES_TAIL];
	struct lines l;

	lines_init(&l, count, &printed);
	lines_push(&l, text, len / 2);
	lines_typed(&l, lines_tail(&l, tail, sizeof(tail)));
	lines_push(&l, text + len / 2, len - len / 2);
	lines_tail(&l, tail, sizeof(tail));
	if (strchr(tail, '\033') || strchr(tail, '\b') || strchr(tail, '\r'))
		abort();
	lines_end(&l);
	if (printed > 2 * len + 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *once = malloc(size + FILTER_HOLD), *twice = malloc(size + FILTER_HOLD);
	size_t piece = size ? 1 + data[0] % 16u : 1;

	if (!once || !twice)
		abort();
	check_filter(data, size, FILTER_SCREEN, true, piece, once, twice);
	check_filter(data, size, FILTER_LINE, false, piece, once, twice);
	check_filter(data, size, FILTER_LINE, true, piece, once, twice);
	check_lines(once, filter(FILTER_LINE, true, data, size, piece, once));
	free(once);
	free(twice);
	return 0;
}
