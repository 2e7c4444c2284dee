/* From bytes to frames.  What a guest writes may be anything, in pieces of any size. */
#include "partitions/dev/cp_stream.h"

#include <stdbool.h>
#include <string.h>

static void take_header_byte(struct cp_stream *s, uint8_t byte);
static size_t take_body(struct cp_stream *s, const uint8_t *bytes, size_t len);
static bool whole(const struct cp_stream *s);

void cp_stream_feed(struct cp_stream *s, const uint8_t *bytes, size_t len,
	void (*frame)(void *ctx, const struct cp_frame *head, const void *data),
	void *ctx)
{
	struct cp_frame head;

	while (len) {
		size_t taken = 1;

		if (s->n_head < sizeof(s->head))
			take_header_byte(s, *bytes);
		else
			taken = take_body(s, bytes, len);
		bytes += taken;
		len -= taken;
		if (!whole(s))
			continue;
		memcpy(&head, s->head, sizeof(head));
		s->n_head = s->n_body = 0;
		frame(ctx, &head, head.len <= sizeof(s->body) ? s->body : NULL);
	}
}

void cp_stream_reset(struct cp_stream *s)
{
	s->n_head = s->n_body = 0;
	s->left = 0;
}

void cp_stream_snap(struct cp_stream *s, struct snap *snap)
{
	snap_blob(snap, "frame_head", s->head, &s->n_head, sizeof(s->head));
	snap_u32(snap, "frame_left", &s->left);
	snap_blob(snap, "frame_body", s->body, &s->n_body, sizeof(s->body));
	snap_check(snap, "frame_left", s->left <= CP_FRAME_MAX && !whole(s));
}

static bool whole(const struct cp_stream *s)
{
	return s->n_head == sizeof(s->head) && !s->left;
}

/* Drops bytes until what is left may be the beginning of a magic number. */
static void find_magic(struct cp_stream *s)
{
	const uint32_t magic = CP_FRAME_MAGIC;

	while (s->n_head) {
		size_t n = s->n_head < sizeof(magic) ? s->n_head : sizeof(magic);

		if (!memcmp(s->head, &magic, n))
			return;
		memmove(s->head, s->head + 1, --s->n_head);
	}
}

static void take_header_byte(struct cp_stream *s, uint8_t byte)
{
	struct cp_frame head;

	s->head[s->n_head++] = byte;
	find_magic(s);
	if (s->n_head < sizeof(s->head))
		return;
	memcpy(&head, s->head, sizeof(head));
	s->left = head.len;
	if (head.len <= CP_FRAME_MAX)
		return;
	s->left = 0;
	memmove(s->head, s->head + 1, --s->n_head);
	find_magic(s);
}

/* The bytes taken: of data that is too long, all but the first are only counted. */
static size_t take_body(struct cp_stream *s, const uint8_t *bytes, size_t len)
{
	size_t taken = len < s->left ? len : s->left;
	size_t room = sizeof(s->body) - s->n_body;
	size_t kept = taken < room ? taken : room;

	memcpy(s->body + s->n_body, bytes, kept);
	s->n_body += kept;
	s->left -= (uint32_t)taken;
	return taken;
}
