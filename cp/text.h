/* Is it text?  What comes from guests and files is shown to people only after this. */
#ifndef CP_TEXT_H
#define CP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character at `s` (at most `len`), or 0: that is not UTF-8
 * (RFC 3629: no overlong form, no surrogate, nothing beyond U+10FFFF). */
size_t text_utf8(const char *s, size_t len);

/* Is the character of `len` bytes at `s` a control character (C0, DEL, C1)? */
bool text_is_control(const char *s, size_t len);

/* Makes every control character and every byte that is not UTF-8 a '?', in place; those
 * in `keep` ("\n\t") stay. */
void text_clean(char *s, const char *keep);

#endif
