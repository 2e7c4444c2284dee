/* What is typed, taken apart: commands, words, values.  Pure. */
#ifndef CMS_WORDS_H
#define CMS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_LIMIT 512 /* characters of a typed line */
#define WORD_LIMIT 64  /* characters of a word; names and values are shorter */

/* Takes the next command of *rest, as typed but without the blanks around it, and moves
 * *rest behind it.  # ends a command; doubled or in double quotes it does not.  False
 * when there is no more; a command longer than size - 1 is cut. */
bool command_next(const char **rest, char *out, size_t size);

/* The same for the text of IPL PARM: ; ends a line, but for one in double quotes. */
bool parm_next(const char **rest, char *out, size_t size);

/* Makes of each ## outside double quotes a single #. */
void command_undouble(char *command);

/* Takes the next word of *rest.  False when there is none.  A word that does not fit is
 * taken as "?", which is no name and no value. */
bool word_next(const char **rest, char out[WORD_LIMIT + 1]);

const char *skip_blanks(const char *text);

/* Does `word` abbreviate `mixed`?  Its leading capitals are the least one must type:
 * "EXERcise" is EXER, exerc ... */
bool word_abbreviates(const char *word, const char *mixed);

/* Values: the whole text must be one.  *out is set on success only. */
bool parse_number(const char *text, uint64_t max, uint64_t *out);
bool parse_vdev(const char *text, uint64_t *out);    /* 1 to 4 hexadecimal digits */
bool parse_size(const char *text, uint64_t *out);    /* 64K 16M 1G; bytes; bare: K */
bool parse_seconds(const char *text, uint64_t *out); /* 2 or 0.25; nanoseconds */

#endif
