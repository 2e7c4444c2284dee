/* A text of statements: lines, comments, continuation, words with their places, and the
 * complaints about them.  For the directory and the system configuration. */
#ifndef CP_SOURCE_H
#define CP_SOURCE_H

#include "cp/lib/words.h"
#include "cp/msg.h"

struct complaint {
	struct complaint *next;
	int line, column;       /* from 1; column 0: the whole line; line 0: the file */
	struct message message;
};

struct source {
	const char *name;       /* for complaints: the path as given */
	char *text;
	size_t len;
	size_t at;              /* next character */
	int line;               /* number of the next line */
	struct words words;     /* the present statement */
	int *word_line;         /* line of each of its words: a statement may be continued */
	int statement_line;
	struct complaint *complaints, **tail;
	int errors;
};

/* From a file (-errno; a complaint says so too) or from memory (copied). */
int source_open(struct source *s, const char *path);
int source_from(struct source *s, const char *name, const char *text, size_t len);
void source_close(struct source *s);

/* The next statement into s->words: comments ('*' first) and empty lines are skipped, a
 * trailing comma continues, a character that is not text is a complaint.  False at the end. */
bool source_next(struct source *s);

/* A complaint about word `i` of the present statement (-1: all of it). */
void source_complain(struct source *s, int i, enum msg_number number, ...);
/* The same about a place. */
void source_complain_at(struct source *s, int line, int column, enum msg_number number, ...);

/* "file:line:column: CPnnnnE text".  Returns buf. */
const char *complaint_line(const struct source *s, const struct complaint *c, char *buf,
	size_t len);

#endif
