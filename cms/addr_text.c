/* Addresses as text. */
#include "cms/addr.h"

#include "cms/octets.h"
#include "cms/print.h"
#include "cms/string.h"

#define GROUPS 8

static bool parse4(const char *text, struct addr *out);
static bool parse6(const char *text, struct addr *out);
static bool take_decimal(const char **text, unsigned max, unsigned *out);
static bool take_group(const char **text, uint8_t out[2]);
static void open_gap(struct addr *a, size_t gap, size_t end);
static int longest_run(const struct addr *a, int *len);
static char *text6(const struct addr *a, char to[ADDR_TEXT]);

bool addr_parse(const char *text, struct addr *out)
{
	return parse4(text, out) || parse6(text, out);
}

bool addr_parse_net(const char *text, struct addr *out, unsigned *len)
{
	char alone[ADDR_TEXT];
	struct addr a;
	size_t at = 0;
	unsigned bits;

	while (text[at] && text[at] != '/')
		at++;
	if (!text[at] || at >= sizeof(alone))
		return false;
	memcpy(alone, text, at);
	alone[at] = '\0';
	text += at + 1;
	if (!addr_parse(alone, &a) || !take_decimal(&text, addr_bits(&a), &bits) || *text)
		return false;
	*out = a;
	*len = bits;
	return true;
}

char *addr_text(const struct addr *a, char to[ADDR_TEXT])
{
	if (a->family == IPV6)
		return text6(a, to);
	print_to(to, ADDR_TEXT, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2], a->b[3]);
	return to;
}

static bool parse4(const char *text, struct addr *out)
{
	struct addr a = { .family = IPV4 };
	unsigned value;

	for (int i = 0; i < 4; i++) {
		if (i && *text++ != '.')
			return false;
		if (!take_decimal(&text, 255, &value))
			return false;
		a.b[i] = (uint8_t)value;
	}
	if (*text)
		return false;
	*out = a;
	return true;
}

/* Groups of up to four digits; :: once, for one or more groups that are 0. */
static bool parse6(const char *text, struct addr *out)
{
	struct addr a = { .family = IPV6 };
	size_t n = 0, gap = GROUPS + 1;

	while (*text) {
		if (text[0] == ':' && text[1] == ':' && gap > GROUPS) {
			gap = n;
			text += 2;
			if (!*text)
				break;
		} else if (n && *text++ != ':') {
			return false;
		}
		if (n == GROUPS || !take_group(&text, a.b + 2 * n))
			return false;
		n++;
	}
	if (gap > GROUPS ? n != GROUPS : n == GROUPS)
		return false;
	if (gap <= GROUPS)
		open_gap(&a, gap, n);
	*out = a;
	return true;
}

static bool take_decimal(const char **text, unsigned max, unsigned *out)
{
	unsigned value = 0;

	if (!is_digit(**text) || (**text == '0' && is_digit((*text)[1])))
		return false;
	for (; is_digit(**text); (*text)++) {
		value = value * 10 + (unsigned)(**text - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return true;
}

static bool take_group(const char **text, uint8_t out[2])
{
	unsigned value = 0;
	int n = 0;

	for (; n < 4 && hex_value(**text) >= 0; n++, (*text)++)
		value = value << 4 | (unsigned)hex_value(**text);
	put16(out, value);
	return n > 0;
}

/* Of `end` groups, those from `gap` on belong at the end. */
static void open_gap(struct addr *a, size_t gap, size_t end)
{
	size_t tail = 2 * (end - gap);

	memmove(a->b + 16 - tail, a->b + 2 * gap, tail);
	memset(a->b + 2 * gap, 0, 2 * (GROUPS - end));
}

/* The first of the longest runs of two and more groups that are 0; -1: none. */
static int longest_run(const struct addr *a, int *len)
{
	int best = -1, n = 0;

	*len = 1;
	for (int i = 0; i < GROUPS; i++) {
		n = get16(a->b + 2 * i) ? 0 : n + 1;
		if (n > *len) {
			*len = n;
			best = i + 1 - n;
		}
	}
	return best;
}

static char *text6(const struct addr *a, char to[ADDR_TEXT])
{
	int skipped, gap = longest_run(a, &skipped);
	size_t at = 0;

	for (int i = 0; i < GROUPS;) {
		if (i == gap) {
			at += print_to(to + at, ADDR_TEXT - at, "::");
			i += skipped;
			continue;
		}
		at += print_to(to + at, ADDR_TEXT - at, "%s%x",
			i && to[at - 1] != ':' ? ":" : "", get16(a->b + 2 * i));
		i++;
	}
	return to;
}
