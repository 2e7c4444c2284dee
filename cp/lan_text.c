/* Values of guest LANs and NICs as text: the other way round of cp/lib/words_value.c. */
#include "cp/lan_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VLANS 4095

/* A factor, and what a number of it is followed by; the largest first. */
struct unit {
	uint64_t factor;
	const char *name;
};

/* In the largest unit of which it is a whole number. */
static const char *in_units(
	uint64_t value, const struct unit *units, char *buf, size_t len)
{
	while (units->factor > 1 && (!value || value % units->factor))
		units++;
	snprintf(buf, len, "%" PRIu64 "%s", value / units->factor, units->name);
	return buf;
}

const char *rate_text(uint64_t bps, char *buf, size_t len)
{
	static const struct unit units[] = {
		{ UINT64_C(1000000000), "G" },
		{ 1000000, "M" },
		{ 1000, "k" },
		{ 1, "" },
	};

	return in_units(bps, units, buf, len);
}

const char *duration_text(uint64_t ns, char *buf, size_t len)
{
	static const struct unit units[] = {
		{ UINT64_C(1000000000), "s" },
		{ 1000000, "ms" },
		{ 1000, "us" },
		{ 1, "ns" },
	};

	return in_units(ns, units, buf, len);
}

const char *ppm_text(uint32_t ppm, char *buf, size_t len)
{
	char text[24];
	size_t n = (size_t)snprintf(
		text, sizeof(text), "%u.%04u", ppm / 10000, ppm % 10000);

	while (text[n - 1] == '0')
		n--;
	n -= text[n - 1] == '.';
	snprintf(buf, len, "%.*s%%", (int)n, text);
	return buf;
}

/* Adds to what is in buf, after a blank. */
__attribute__((format(printf, 3, 4))) static void add(
	char *buf, size_t len, const char *fmt, ...)
{
	size_t at = strlen(buf);
	va_list ap;

	if (at && at + 1 < len) {
		buf[at++] = ' ';
		buf[at] = '\0';
	}
	va_start(ap, fmt);
	vsnprintf(buf + at, len - at, fmt, ap);
	va_end(ap);
}

static void add_ppm(char *buf, size_t len, const char *what, uint32_t ppm)
{
	char text[24];

	if (ppm)
		add(buf, len, "%s %s", what, ppm_text(ppm, text, sizeof(text)));
}

const char *impair_text(const struct lan_impair *im, char *buf, size_t len)
{
	char text[32];

	buf[0] = '\0';
	if (im->delay_ns)
		add(buf, len, "DELAY %s",
			duration_text(im->delay_ns, text, sizeof(text)));
	if (im->jitter_ns)
		add(buf, len, "JITTER %s%s",
			duration_text(im->jitter_ns, text, sizeof(text)),
			im->jitter == LAN_JITTER_NORMAL ? " NORMAL" : "");
	add_ppm(buf, len, "LOSS", im->loss);
	if (im->loss && im->loss_burst > 1)
		add(buf, len, "BURST %u", im->loss_burst);
	add_ppm(buf, len, "DUPLICATE", im->duplicate);
	add_ppm(buf, len, "REORDER", im->reorder);
	add_ppm(buf, len, "CORRUPT", im->corrupt);
	if (im->bps)
		add(buf, len, "RATE %s", rate_text(im->bps, text, sizeof(text)));
	if (buf[0])
		add(buf, len, "SEED %" PRIu64, im->seed);
	return buf;
}

static bool has(const uint8_t set[512], unsigned vlan)
{
	return vlan < VLANS && set[vlan / 8] >> vlan % 8 & 1;
}

const char *vlan_set_text(const uint8_t set[512], char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned first = 1, last; first < VLANS; first = last + 1) {
		char range[16];
		int n;

		last = first;
		if (!has(set, first))
			continue;
		while (has(set, last + 1))
			last++;
		n = snprintf(range, sizeof(range), last > first ? "%s%u-%u" : "%s%u",
			at ? "," : "", first, last);
		if (at + (size_t)n + sizeof(",...") > len) {
			snprintf(buf + at, len - at, "%s", at ? ",..." : "...");
			break;
		}
		memcpy(buf + at, range, (size_t)n + 1);
		at += (size_t)n;
	}
	return buf;
}

static const struct {
	const char *key, *words;
} drops[] = {
#define DROP(name, key, words) { #key, words },
#include "cp/lan_drops.def"
#undef DROP
};

const char *drop_key(unsigned i)
{
	return i < sizeof(drops) / sizeof(drops[0]) ? drops[i].key : NULL;
}

const char *drop_words(unsigned i)
{
	return i < sizeof(drops) / sizeof(drops[0]) ? drops[i].words : NULL;
}
