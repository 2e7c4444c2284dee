/* What was typed: bytes become lines, lines wait until CMS reads them.  Pure. */
#ifndef CMS_TYPED_H
#define CMS_TYPED_H

#include "cms/words.h"

#define TYPED_AHEAD 4096 /* characters of lines that wait */

struct typed {
	char line[LINE_LIMIT + 1]; /* being typed */
	size_t len;
	bool too_long;             /* the rest of this line is skipped */
	bool after_return;         /* a newline now belongs to the \r before it */
	char waiting[TYPED_AHEAD]; /* lines, each with its NUL */
	size_t used;
};

enum typed_event {
	TYPED_NOTHING,
	TYPED_LINE,     /* typed.line is complete: keep or drop it before the next byte */
	TYPED_TOO_LONG, /* a line of more than LINE_LIMIT characters ended and is gone */
};

/* A byte: \r, \n or \r\n end a line, backspace and delete take a character back, other
 * control characters are skipped. */
enum typed_event typed_byte(struct typed *t, char c);

/* Lets the complete line wait.  There must be room. */
void typed_keep(struct typed *t);

bool typed_room(const struct typed *t); /* for one more line of any length? */

/* The line that waits longest.  False: there is none. */
bool typed_next(struct typed *t, char out[LINE_LIMIT + 1]);

void typed_drop(struct typed *t); /* all lines that wait */

#endif
