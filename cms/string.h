/* Bytes and text.  The mem functions are those a C compiler calls on its own. */
#ifndef CMS_STRING_H
#define CMS_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

size_t text_length(const char *text);

/* Copies what fits, and terminates.  The length of `from`. */
size_t text_copy(char *to, size_t size, const char *from);

/* Equal but for the case of letters? */
bool text_same(const char *a, const char *b);

char to_upper(char c);
bool is_blank(char c); /* blank or tab */
bool is_digit(char c);
int hex_value(char c); /* 0..15, or -1 */

#endif
