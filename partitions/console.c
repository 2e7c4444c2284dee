/* A ring with absolute offsets. */
#include "partitions/console.h"

#include <string.h>

void console_write(struct console *c, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	while (len) {
		size_t at = c->end % sizeof(c->ring);
		size_t n = sizeof(c->ring) - at;

		if (n > len)
			n = len;
		memcpy(c->ring + at, from, n);
		c->end += n;
		from += n;
		len -= n;
	}
}

uint64_t console_begin(const struct console *c)
{
	return c->end > sizeof(c->ring) ? c->end - sizeof(c->ring) : 0;
}

size_t console_piece(
	const struct console *c, uint64_t *offset, const void **bytes, size_t max)
{
	size_t at, n = sizeof(c->ring);

	if (*offset < console_begin(c))
		*offset = console_begin(c);
	if (*offset > c->end)
		*offset = c->end;

	at = *offset % sizeof(c->ring);
	if (n > sizeof(c->ring) - at)
		n = sizeof(c->ring) - at;
	if (n > c->end - *offset)
		n = (size_t)(c->end - *offset);
	*bytes = c->ring + at;
	return n < max ? n : max;
}
