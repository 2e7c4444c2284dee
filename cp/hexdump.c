/* Storage as people read and write it. */
#include "cp/hexdump.h"

#include "cp/lib/words.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEF";

const char *hexdump_line(
	uint64_t addr, const uint8_t *bytes, size_t n, char *buf, size_t len)
{
	char hex[HEXDUMP_LINE * 2 + HEXDUMP_LINE / 4 + 1], text[HEXDUMP_LINE + 1];
	size_t at = 0;

	for (size_t i = 0; i < HEXDUMP_LINE; i++) {
		hex[at++] = i < n ? digits[bytes[i] >> 4] : ' ';
		hex[at++] = i < n ? digits[bytes[i] & 15] : ' ';
		if (i % 4 == 3)
			hex[at++] = ' ';
		text[i] = i < n && bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i]
			  : i < n                                     ? '.'
								      : ' ';
	}
	hex[at] = '\0';
	text[HEXDUMP_LINE] = '\0';
	snprintf(buf, len, "R%08" PRIX64 "  %s *%s*", addr, hex, text);
	return buf;
}

const char *hexdump_digits(const uint8_t *bytes, size_t n, char *buf)
{
	for (size_t i = 0; i < n; i++) {
		buf[2 * i] = digits[bytes[i] >> 4];
		buf[2 * i + 1] = digits[bytes[i] & 15];
	}
	buf[2 * n] = '\0';
	return buf;
}

int hexdump_parse(const char *text, uint8_t *bytes, size_t max, size_t *n)
{
	size_t half = 0;

	for (; *text; text++) {
		const char *digit = strchr(digits, toupper((unsigned char)*text));

		if (*text == ' ' || *text == '\t')
			continue;
		if (!digit)
			return -EINVAL;
		if (half / 2 >= max)
			return -ERANGE;
		if (half % 2 == 0)
			bytes[half / 2] = (uint8_t)((digit - digits) << 4);
		else
			bytes[half / 2] |= (uint8_t)(digit - digits);
		half++;
	}
	*n = half / 2;
	return half && half % 2 == 0 ? 0 : -EINVAL;
}

int hexdump_range(const char *text, uint64_t *addr, uint64_t *len)
{
	char first[32], last[32];
	size_t n = strcspn(text, ".-");
	uint64_t second;

	if (n >= sizeof(first) || strlen(text + n) >= sizeof(last))
		return -EINVAL;
	memcpy(first, text, n);
	first[n] = '\0';
	if (word_hex(first, UINT64_MAX, addr))
		return -EINVAL;
	*len = HEXDUMP_LINE;
	if (!text[n])
		return 0;
	snprintf(last, sizeof(last), "%s", text + n + 1);
	if (word_hex(last, UINT64_MAX, &second))
		return -EINVAL;
	if (text[n] == '-' && second < *addr)
		return -ERANGE;
	*len = text[n] == '-' ? second - *addr + 1 : second;
	return *len && *addr + (*len - 1) >= *addr ? 0 : -ERANGE;
}
