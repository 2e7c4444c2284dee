/* The operand scanner: what people type, in commands, directory and configuration.
 *
 * Words are separated by blanks (and tabs); a word, or a part of one, in double quotes
 * keeps its blanks, "" inside is one quote.  Every word knows its column, so that a
 * complaint can name the place.  Strings here are bounded and copied; nothing points into
 * the caller's line. */
#ifndef CP_LIB_WORDS_H
#define CP_LIB_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USERID_MAX 8    /* characters of a userid, a LAN's or a system's name */
#define WORD_MAX   1023 /* characters of one word */

struct word {
	char *text; /* as typed, quotes removed */
	int column; /* of its first character, from 1 */
	bool quoted;
};

struct words {
	struct word *word;
	int n, max;
	char *store; /* the text of all words */
	char *line;  /* the line as it was, for "the rest of the line" operands */
};

/* Splits a line.  0; -EINVAL with *bad_column at an unbalanced quote or a control
 * character; -E2BIG with it at a word longer than WORD_MAX; -ENOMEM; in each case *w is
 * zero, which words_free() accepts. */
int words_split(struct words *w, const char *line, int *bad_column);
void words_free(struct words *w);

/* The line from word `i` to its end, as typed (quotes kept); "" past the end. */
const char *words_rest(const struct words *w, int i);

/* Is `text` an abbreviation of `full` (upper case) of `min` characters at least?  Any
 * case. */
bool word_is(const char *text, const char *full, size_t min);

/* "XAUTOLOg" -> minimum abbreviation by its capitals: the length of the leading run that
 * holds the last capital or digit or '_'. */
size_t word_min(const char *mixed);

/* Values.  All return 0 or -EINVAL (not such a thing) or -ERANGE (out of bounds), and set
 * *out only on success.  Letters may have any case. */
int word_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out); /* decimal */
int word_hex(const char *text, uint64_t max, uint64_t *out);               /* no 0x */
int word_vdev(const char *text, uint16_t *out);   /* 1-4 hex digits */
int word_mac_id(const char *text, uint32_t *out); /* six hex digits */
/* 02:00:01:0a:0b:0c, of one station: no group's, not all zeros. */
int word_mac(const char *text, uint8_t out[6]);

/* 64M, 1G, 512K, 4096B, 1T: a unit there must be. */
int word_size(const char *text, uint64_t *out);

/* "25%", "12.5%" up to 100%, in hundredths of a percent; to four decimal places, in
 * millionths; "1.50" in hundredths. */
int word_percent(const char *text, uint32_t *out);
int word_ppm(const char *text, uint32_t *out);
int word_hundredths(const char *text, uint32_t max, uint32_t *out);

/* 10ms, 250us, 2s, 1m; bare: seconds. */
int word_duration(const char *text, uint64_t *ns);

/* 100M, 1G, 64k (decimal) or bare: bits per second. */
int word_rate(const char *text, uint64_t *bps);

/* 1-8 of A-Z 0-9 @#$_-, upper-cased. */
int word_userid(const char *text, char out[USERID_MAX + 1]);

/* "1-10,20": bits 1..4094, bit v in set[v / 8]. */
int word_vlan_set(const char *text, uint8_t set[512]);

/* Formats an Ethernet address: 02:00:01:0a:0b:0c.  Returns buf. */
#define MAC_TEXT 18 /* bytes of buf */
const char *mac_text(const uint8_t mac[6], char buf[MAC_TEXT]);

/* Formats a size as people write it: 16M, 1G, 1536K; word_size() reads it.
 * Returns buf. */
const char *size_text(uint64_t bytes, char *buf, size_t len);

#endif
