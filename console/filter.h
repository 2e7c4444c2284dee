/* What of a guest's console may reach the operator's terminal.
 *
 * A terminal obeys control sequences, and answers some of them as if the answer had been
 * typed: a guest that may send any byte can type CP commands.  Pure and table-driven:
 * what is not listed here does not pass.  A sequence is passed whole or not at all, so
 * the terminal is never left in the middle of one. */
#ifndef CONSOLE_FILTER_H
#define CONSOLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum filter_level {
	FILTER_LINE,   /* text, newline, return, tab, backspace, colours */
	FILTER_SCREEN, /* and what moves the cursor and erases: for raw mode */
};

#define FILTER_HOLD 32 /* most bytes of one sequence; a longer one does not pass */

struct filter {
	enum filter_level level;
	bool utf8;      /* the terminal's; else only ASCII passes */
	bool alternate; /* the guest has switched to the alternate screen */
	int state;      /* enum filter_state */
	size_t held;    /* bytes of a sequence or character not complete yet */
	uint8_t hold[FILTER_HOLD];
	int more; /* UTF-8: bytes still to come */
};

void filter_init(struct filter *f, enum filter_level level, bool utf8);

/* Filters `len` bytes into `out`, which has room for len + FILTER_HOLD.  What cannot be
 * shown becomes '?', one for each broken character.  The bytes written. */
size_t filter_push(struct filter *f, const void *bytes, size_t len, char *out);

/* What puts a terminal in order again that showed what `f` let pass. */
const char *filter_restore(const struct filter *f);

#endif
