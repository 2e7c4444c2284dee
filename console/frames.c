/* Frames out of a byte stream. */
#include "console/frames.h"

#include <stdbool.h>
#include <string.h>

typedef int frame_fn(void *ctx, const struct cp_frame *frame, const void *data);

static size_t find_header(const uint8_t *at, size_t len);
static int take_frames(struct frames *f, frame_fn *fn, void *ctx);

int frames_push(struct frames *f, const void *bytes, size_t len, frame_fn *fn, void *ctx)
{
	const uint8_t *from = bytes;
	int rc = 0;

	while (len && !rc) {
		size_t room = sizeof(f->buf) - f->len;
		size_t n = len < room ? len : room;

		memcpy(f->buf + f->len, from, n);
		f->len += n;
		from += n;
		len -= n;
		rc = take_frames(f, fn, ctx);
	}
	if (rc)
		f->len = 0;
	return rc;
}

/* Passes on every whole frame of the buffer and moves the rest to its start.  Since the
 * largest frame fills the buffer, there is room for a byte afterwards. */
static int take_frames(struct frames *f, frame_fn *fn, void *ctx)
{
	size_t pos = 0;
	int rc = 0;

	while (!rc) {
		struct cp_frame frame;

		pos += find_header(f->buf + pos, f->len - pos);
		if (f->len - pos < sizeof(frame))
			break;
		memcpy(&frame, f->buf + pos, sizeof(frame));
		if (f->len - pos - sizeof(frame) < frame.len)
			break;
		rc = fn(ctx, &frame, f->buf + pos + sizeof(frame));
		pos += sizeof(frame) + frame.len;
	}
	f->len -= pos;
	memmove(f->buf, f->buf + pos, f->len);
	return rc;
}

/* Can what starts here become a frame, as far as it is known? */
static bool may_be_header(const uint8_t *at, size_t len)
{
	static const uint32_t magic = CP_FRAME_MAGIC;
	struct cp_frame frame;

	if (memcmp(at, &magic, len < sizeof(magic) ? len : sizeof(magic)))
		return false;
	if (len < sizeof(frame))
		return true;
	memcpy(&frame, at, sizeof(frame));
	return frame.len <= CP_FRAME_MAX;
}

/* How many bytes to skip: up to the next header, or to what may become one. */
static size_t find_header(const uint8_t *at, size_t len)
{
	size_t skip = 0;

	while (skip < len && !may_be_header(at + skip, len - skip))
		skip++;
	return skip;
}
