/* Storage as people read and write it.  Pure. */
#ifndef CP_HEXDUMP_H
#define CP_HEXDUMP_H

#include <stddef.h>
#include <stdint.h>

#define HEXDUMP_LINE 16 /* bytes of one line */

/* "R00001000  47F0F00C 00000000 00000000 00000000  *....*" of up to HEXDUMP_LINE bytes.
 * Returns buf. */
const char *hexdump_line(
	uint64_t addr, const uint8_t *bytes, size_t n, char *buf, size_t len);

/* The bytes as hexadecimal digits; buf has room for 2 n + 1.  Returns buf. */
const char *hexdump_digits(const uint8_t *bytes, size_t n, char *buf);

/* Bytes from hexadecimal digits, blanks between them left out.  0; -EINVAL: another
 * character, an odd digit, or none; -ERANGE: more than `max` bytes. */
int hexdump_parse(const char *text, uint8_t *bytes, size_t max, size_t *n);

/* "1000", "1000.20" (32 bytes), "1000-101F": all hexadecimal.  0; -EINVAL; -ERANGE: no
 * bytes, or beyond the last address. */
int hexdump_range(const char *text, uint64_t *addr, uint64_t *len);

#endif
