/* Completion of what is typed, from the table of the commands one may issue (CPS_TABLE).
 * Pure. */
#ifndef CONSOLE_COMPLETE_H
#define CONSOLE_COMPLETE_H

#include <stddef.h>

struct complete_row {
	char *name;     /* "XAUTOLOG"; "QUERY NAMES" */
	char *operands; /* "userid [STorage n] ..." */
};

/* Zero is an empty table. */
struct complete {
	struct complete_row *row;
	int n, max;
};

/* Adds a line "NAME min operands"; one that is not of this form is ignored. */
void complete_add(struct complete *c, const char *line, size_t len);
void complete_clear(struct complete *c);

/* The i-th word that may be what `word` begins, after `before` (the line up to it): names
 * of commands, then the keywords of their operands, in the case that is typed. malloc'ed;
 * NULL past the last.  Some may come twice. */
char *complete_word(
	const struct complete *c, const char *before, const char *word, int i);

#endif
