/* Is it text? */
#include "cp/text.h"

#include <stdint.h>
#include <string.h>

/* What the first byte of a UTF-8 sequence says: its length, the bits of the character
 * that it holds, and the smallest character that needs so many bytes. */
static const struct {
	uint8_t mask, lead, payload;
	size_t len;
	uint32_t least;
} sequences[] = {
	{ 0x80, 0x00, 0x7f, 1, 0 },
	{ 0xe0, 0xc0, 0x1f, 2, 0x80 },
	{ 0xf0, 0xe0, 0x0f, 3, 0x800 },
	{ 0xf8, 0xf0, 0x07, 4, 0x10000 },
};

/* The character whose first byte is of the kind `k`, or UINT32_MAX. */
static uint32_t decode(const uint8_t *b, size_t k)
{
	uint32_t c = b[0] & sequences[k].payload;

	for (size_t i = 1; i < sequences[k].len; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		c = c << 6 | (b[i] & 0x3f);
	}
	return c;
}

size_t text_utf8(const char *s, size_t len)
{
	const uint8_t *b = (const uint8_t *)s;

	for (size_t k = 0; k < sizeof(sequences) / sizeof(sequences[0]); k++) {
		uint32_t c;

		if (len < sequences[k].len ||
			(b[0] & sequences[k].mask) != sequences[k].lead)
			continue;
		c = decode(b, k);
		if (c < sequences[k].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return 0;
		return sequences[k].len;
	}
	return 0;
}

bool text_is_control(const char *s, size_t len)
{
	uint8_t b = (uint8_t)s[0];

	if (len == 2)
		return b == 0xc2 && (uint8_t)s[1] < 0xa0;
	return len == 1 && (b < 0x20 || b == 0x7f);
}

void text_clean(char *s, const char *keep)
{
	size_t left = strlen(s);
	char *to = s;

	while (left) {
		size_t n = text_utf8(s, left);
		bool good = n && (!text_is_control(s, n) || (n == 1 && strchr(keep, *s)));

		if (!n)
			n = 1;
		if (good)
			memmove(to, s, n);
		else
			*to = '?';
		to += good ? n : 1;
		s += n;
		left -= n;
	}
	*to = '\0';
}
