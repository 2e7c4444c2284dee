/* The operand scanner: words that are values. */
#include "cp/lib/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KIB UINT64_C(1024)

/* What may follow a number, and what it multiplies by. */
struct unit {
	const char *name;
	uint64_t factor;
};

static int scan_number(const char **text, unsigned base, uint64_t *out);
static int scan_decimal(const char **text, int places, uint64_t *out);
static int with_unit(const char *text, const struct unit *units, size_t n, uint64_t *out);
static int parse_vlan_set(const char *text, uint8_t set[512]);
static char upper(char c);

#define N_OF(a) (sizeof(a) / sizeof(*(a)))

int word_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v;
	int err = scan_number(&text, 10, &v);

	if (err == -EINVAL || *text)
		return -EINVAL;
	if (err || v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int word_hex(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t v;
	int err = scan_number(&text, 16, &v);

	if (err == -EINVAL || *text)
		return -EINVAL;
	if (err || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int word_vdev(const char *text, uint16_t *out)
{
	uint64_t v;

	if (strlen(text) > 4 || word_hex(text, UINT16_MAX, &v))
		return -EINVAL;
	*out = (uint16_t)v;
	return 0;
}

int word_size(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "K", KIB },
		{ "M", KIB * KIB },
		{ "G", KIB * KIB * KIB },
		{ "T", KIB * KIB * KIB * KIB },
	};

	return with_unit(text, units, N_OF(units), out);
}

/* A percentage with so many decimal places at most, in units of the last; `whole` of them
 * are 100 %. */
static int scan_percentage(const char *text, int places, uint32_t whole, uint32_t *out)
{
	uint64_t v;
	int err = scan_decimal(&text, places, &v);

	if (err == -EINVAL || strcmp(text, "%") != 0)
		return -EINVAL;
	if (err || v > whole)
		return -ERANGE;
	*out = (uint32_t)v;
	return 0;
}

int word_percent(const char *text, uint32_t *out)
{
	return scan_percentage(text, 2, 100 * 100, out);
}

int word_ppm(const char *text, uint32_t *out)
{
	return scan_percentage(text, 4, 100 * 10000, out);
}

int word_hundredths(const char *text, uint32_t max, uint32_t *out)
{
	uint64_t v;
	int err = scan_decimal(&text, 2, &v);

	if (err == -EINVAL || *text)
		return -EINVAL;
	if (err || v > max)
		return -ERANGE;
	*out = (uint32_t)v;
	return 0;
}

int word_duration(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "", UINT64_C(1000000000) },
		{ "US", 1000 },
		{ "MS", 1000000 },
		{ "S", UINT64_C(1000000000) },
		{ "M", UINT64_C(60000000000) },
	};

	return with_unit(text, units, N_OF(units), ns);
}

int word_rate(const char *text, uint64_t *bps)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1000 },
		{ "M", 1000000 },
		{ "G", 1000000000 },
	};

	return with_unit(text, units, N_OF(units), bps);
}

int word_userid(const char *text, char out[USERID_MAX + 1])
{
	size_t len = strlen(text);

	if (!len || len > USERID_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		char c = upper(text[i]);

		if ((c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strchr("@#$_-", c))
			return -EINVAL;
	}
	for (size_t i = 0; i <= len; i++)
		out[i] = upper(text[i]);
	return 0;
}

int word_mac_id(const char *text, uint32_t *out)
{
	uint64_t v;

	if (strlen(text) != 6 || word_hex(text, 0xffffff, &v))
		return -EINVAL;
	*out = (uint32_t)v;
	return 0;
}

int word_mac(const char *text, uint8_t out[6])
{
	uint8_t mac[6], any = 0;

	if (strlen(text) != MAC_TEXT - 1)
		return -EINVAL;
	for (int i = 0; i < 6; i++) {
		const char pair[] = { text[3 * i], text[3 * i + 1], '\0' };
		char after = text[3 * i + 2];
		uint64_t v;

		if (after != (i < 5 ? ':' : '\0') || word_hex(pair, 0xff, &v))
			return -EINVAL;
		mac[i] = (uint8_t)v;
		any |= mac[i];
	}
	if (mac[0] & 1 || !any)
		return -EINVAL;
	memcpy(out, mac, sizeof(mac));
	return 0;
}

int word_vlan_set(const char *text, uint8_t set[512])
{
	uint8_t new[512] = { 0 };
	int err = parse_vlan_set(text, new);

	if (!err)
		memcpy(set, new, sizeof(new));
	return err;
}

const char *size_text(uint64_t bytes, char *buf, size_t len)
{
	static const char units[] = "BKMGT";
	size_t i = 0;

	while (bytes && bytes % KIB == 0 && units[i + 1]) {
		bytes /= KIB;
		i++;
	}
	snprintf(buf, len, "%ju%c", (uintmax_t)bytes, units[i]);
	return buf;
}

const char *mac_text(const uint8_t mac[6], char buf[MAC_TEXT])
{
	snprintf(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	return buf;
}

static unsigned digit_value(char c)
{
	c = upper(c);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : UINT32_MAX;
}

/* Digits up to the first other character.  -EINVAL: there is none; -ERANGE: too many for
 * 64 bits; in both cases *text is after them. */
static int scan_number(const char **text, unsigned base, uint64_t *out)
{
	const char *p = *text;
	uint64_t v = 0;
	bool overflow = false;

	for (; digit_value(*p) < base; p++) {
		overflow |= __builtin_mul_overflow(v, base, &v);
		overflow |= __builtin_add_overflow(v, digit_value(*p), &v);
	}
	if (p == *text)
		return -EINVAL;
	*text = p;
	*out = v;
	return overflow ? -ERANGE : 0;
}

/* A number with at most so many decimal places, in units of the last. */
static int scan_decimal(const char **text, int places, uint64_t *out)
{
	uint64_t whole, part = 0;
	int err = scan_number(text, 10, &whole);

	if (err == -EINVAL)
		return err;
	if (**text == '.') {
		const char *digits = ++*text;

		if (scan_number(text, 10, &part) || *text - digits > places)
			return -EINVAL;
		for (long n = *text - digits; n < places; n++)
			part *= 10;
	}
	if (err || whole > UINT32_MAX)
		return -ERANGE;
	for (; places; places--)
		whole *= 10;
	*out = whole + part;
	return 0;
}

static bool same_word(const char *text, const char *upper_word)
{
	while (*text && upper(*text) == *upper_word) {
		text++;
		upper_word++;
	}
	return !*text && !*upper_word;
}

static int with_unit(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	uint64_t v;
	int err = scan_number(&text, 10, &v);

	if (err == -EINVAL)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (!same_word(text, units[i].name))
			continue;
		if (err || __builtin_mul_overflow(v, units[i].factor, &v))
			return -ERANGE;
		*out = v;
		return 0;
	}
	return -EINVAL;
}

/* "v" or "v-v" */
static int scan_vlan_range(const char **text, uint64_t *first, uint64_t *last)
{
	int err = scan_number(text, 10, first), err_last = 0;

	if (err == -EINVAL)
		return err;
	*last = *first;
	if (**text == '-') {
		(*text)++;
		err_last = scan_number(text, 10, last);
	}
	return err_last ? err_last : err;
}

static int parse_vlan_set(const char *text, uint8_t set[512])
{
	for (;; text++) {
		uint64_t first, last;
		int err = scan_vlan_range(&text, &first, &last);

		if (err == -EINVAL || (*text && *text != ','))
			return -EINVAL;
		if (err || first < 1 || first > 4094 || last < 1 || last > 4094)
			return -ERANGE;
		if (first > last)
			return -EINVAL;
		for (uint64_t v = first; v <= last; v++)
			set[v / 8] |= (uint8_t)(1u << v % 8);
		if (!*text)
			return 0;
	}
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}
