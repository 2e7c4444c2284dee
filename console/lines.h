/* A console's output in line mode: whole lines, which are printed above the line being
 * typed, and the unfinished last one, which takes the place of the prompt ("login: ").
 *
 * Pure.  Also swallows the guest's echo of a line just typed, which is on the screen
 * already. */
#ifndef CONSOLE_LINES_H
#define CONSOLE_LINES_H

#include <stddef.h>

#define LINES_TAIL 1024 /* most bytes of an unfinished line */

struct lines {
	size_t tail_len;
	char tail[LINES_TAIL];
	size_t echo_len, echo_seen; /* what the guest may echo; how much of it came */
	char echo[LINES_TAIL];
	/* Whole lines, the last one ending with a newline. */
	void (*print)(struct lines *l, const char *text, size_t len);
	void *ctx; /* the owner's */
};

void lines_init(
	struct lines *l, void (*print)(struct lines *, const char *, size_t), void *ctx);

/* Takes what has passed the filter at FILTER_LINE. */
void lines_push(struct lines *l, const char *text, size_t len);

/* A line was typed: the unfinished one is on the screen with it, and its echo is
 * expected. */
void lines_typed(struct lines *l, const char *line);

/* Prints the unfinished line as if it had ended: nothing more is coming. */
void lines_end(struct lines *l);

/* The unfinished line as it looks: colours left out, returns and backspaces carried out.
 * Terminated; returns buf, "" if there is none. */
const char *lines_tail(const struct lines *l, char *buf, size_t size);

#endif
