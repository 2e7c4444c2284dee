/* Frames out of a stream that may start anywhere. */
#include "cms/frames.h"

#include "cms/string.h"

static bool take_header(struct frames *f, char byte);

size_t frames_take(struct frames *f, const char *data, size_t len,
	struct frame_piece *piece, bool *found)
{
	size_t at = 0, left;
	bool complete = f->have == sizeof(f->head);

	while (!complete && at < len)
		complete = take_header(f, data[at++]);
	left = complete ? f->head.len - f->given : 0;
	*found = complete && (at < len || !left);
	if (!*found)
		return at;
	piece->data = data + at;
	piece->len = left < len - at ? left : len - at;
	piece->last = piece->len == left;
	f->given += (uint32_t)piece->len;
	if (piece->last)
		f->have = f->given = 0;
	return at + piece->len;
}

/* Adds a byte of the header.  True when it is complete; of what is none, the first byte
 * is dropped and the rest looked at again. */
static bool take_header(struct frames *f, char byte)
{
	const uint32_t magic = CP_FRAME_MAGIC;
	char *head = (char *)&f->head;
	size_t known;

	head[f->have++] = byte;
	for (;;) {
		known = f->have < sizeof(magic) ? f->have : sizeof(magic);
		if (!memcmp(head, &magic, known) &&
			(f->have < sizeof(f->head) || f->head.len <= CP_FRAME_MAX))
			return f->have == sizeof(f->head);
		memmove(head, head + 1, --f->have);
	}
}
