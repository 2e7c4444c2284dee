/* A bounded queue of bytes, in one piece so that its front can be copied at once. */
#include "partitions/dev/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void move_to_start(struct bytes *b);

int bytes_init(struct bytes *b, size_t max)
{
	*b = (struct bytes) { .buf = malloc(max), .max = max };
	return b->buf ? 0 : -ENOMEM;
}

void bytes_fini(struct bytes *b)
{
	free(b->buf);
	*b = (struct bytes) { 0 };
}

size_t bytes_room(const struct bytes *b)
{
	return b->max - b->len;
}

size_t bytes_put(struct bytes *b, const void *from, size_t len)
{
	if (len > bytes_room(b))
		len = bytes_room(b);
	if (!len)
		return 0;
	if (b->head + b->len + len > b->max)
		move_to_start(b);
	memcpy(b->buf + b->head + b->len, from, len);
	b->len += len;
	return len;
}

const uint8_t *bytes_front(const struct bytes *b)
{
	return b->buf + b->head;
}

void bytes_drop(struct bytes *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	b->head = b->len ? b->head + len : 0;
}

void bytes_clear(struct bytes *b)
{
	b->head = b->len = 0;
}

void bytes_snap(struct bytes *b, struct snap *s, const char *name)
{
	move_to_start(b);
	snap_blob(s, name, b->buf, &b->len, b->max);
}

static void move_to_start(struct bytes *b)
{
	memmove(b->buf, b->buf + b->head, b->len);
	b->head = 0;
}
