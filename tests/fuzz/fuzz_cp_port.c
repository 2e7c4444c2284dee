/* The cp port's byte stream as a client parses it: the first byte says in which pieces it
 * comes, and the frames must not depend on that. */
#include "console/frames.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum over all that is told, in order. */
struct told {
	uint64_t sum;
	size_t bytes;
};

static int tell(void *ctx, const struct cp_frame *frame, const void *data)
{
	const uint8_t *at = data;
	struct told *t = ctx;

	if (frame->magic != CP_FRAME_MAGIC || frame->len > CP_FRAME_MAX)
		abort();
	t->sum = t->sum * 31 + frame->id + frame->type + frame->flags;
	for (uint32_t i = 0; i < frame->len; i++)
		t->sum = t->sum * 31 + at[i];
	t->bytes += sizeof(*frame) + frame->len;
	return 0;
}

static struct told run(const uint8_t *data, size_t size, size_t piece)
{
	struct frames *frames = calloc(1, sizeof(*frames));
	struct told told = { 0 };

	if (!frames)
		abort();
	for (size_t i = 0; i < size; i += piece) {
		size_t n = size - i < piece ? size - i : piece;

		if (frames_push(frames, data + i, n, tell, &told))
			abort();
	}
	free(frames);
	return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told whole, pieces;

	if (!size)
		return 0;
	whole = run(data + 1, size - 1, size);
	pieces = run(data + 1, size - 1, 1 + data[0] % 64u);
	if (whole.sum != pieces.sum || whole.bytes != pieces.bytes || whole.bytes > size)
		abort();
	return 0;
}
