/* The kept end of a console's output: a ring as large as what is kept. */
#include "cp/conring.h"

#include "cp/partition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int conring_write(struct conring *r, uint64_t offset, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	uint64_t end = offset + len;

	if (offset < r->end || end < offset)
		return -EINVAL;
	if (offset > r->end)
		r->begin = offset;
	r->end = end;
	if (!r->data && len)
		r->data = malloc(PART_CONSOLE_KEEP);
	if (!r->data) {
		r->begin = end;
		return len ? -ENOMEM : 0;
	}

	if (len > PART_CONSOLE_KEEP) {
		from += len - PART_CONSOLE_KEEP;
		len = PART_CONSOLE_KEEP;
	}
	if (end - r->begin > PART_CONSOLE_KEEP)
		r->begin = end - PART_CONSOLE_KEEP;
	while (len) {
		size_t at = (end - len) % PART_CONSOLE_KEEP;
		size_t piece = PART_CONSOLE_KEEP - at < len ? PART_CONSOLE_KEEP - at
							    : len;

		memcpy(r->data + at, from, piece);
		from += piece;
		len -= piece;
	}
	return 0;
}

const void *conring_at(const struct conring *r, uint64_t offset, size_t *len)
{
	size_t at = offset % PART_CONSOLE_KEEP;
	uint64_t left = r->end - offset;

	*len = left < PART_CONSOLE_KEEP - at ? left : PART_CONSOLE_KEEP - at;
	return *len ? r->data + at : NULL;
}

void conring_free(struct conring *r)
{
	free(r->data);
	*r = (struct conring) { 0 };
}
