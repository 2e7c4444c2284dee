/* Where clients print: standard output and standard error.
 *
 * What goes to a terminal passes the filter first: answers and messages may hold what a
 * guest or another user wrote. */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include "console/filter.h"

#include <stdio.h>

struct output {
	FILE *file;
	bool filtered;
	struct filter filter;
	int err; /* the first error of writing, -errno; -EPIPE: nobody reads */
};

/* Once the locale is set.  `guest`: it is a guest's console that is printed, which passes
 * the filter on its way to a file too. */
void output_init(struct output *o, FILE *file, bool guest);

/* Is the terminal's text UTF-8? */
bool output_utf8(void);

/* Writes at once; nothing more is written after an error. */
void output_write(struct output *o, const char *text, size_t len);

/* Likewise, and a newline if `text` does not end with one. */
void output_line(struct output *o, const char *text, size_t len);

/* Says on standard error that writing failed.  False if it did not, or nobody reads. */
bool output_failed(const struct output *o, const char *program);

#endif
