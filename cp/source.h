/* A text of statements: lines, comments, continuation, words with their places, and the
 * complaints about them.  For the directory and the system configuration. */
#ifndef CP_SOURCE_H
#define CP_SOURCE_H

#include "cp/lib/words.h"
#include "cp/msg.h"

struct complaint {
	int line, column; /* from 1; column 0: the whole line; line 0: the file */
	struct message message;
};

#define SOURCE_MAX_SIZE       (16 * 1024 * 1024) /* bytes of a file */
#define SOURCE_MAX_STATEMENT  65535              /* bytes of a statement */
#define SOURCE_MAX_COMPLAINTS 500                /* then the rest is not read */

/* One line of a statement, and where it begins among the joined ones. */
struct source_piece {
	int line;
	size_t offset;
};

struct source {
	const char *name; /* for complaints: the path as given */
	char *text;
	size_t len;
	size_t at;                  /* next character */
	int line;                   /* number of the next line */
	struct words words;         /* the present statement */
	struct source_piece *piece; /* the lines it is made of: it may be continued */
	int n_pieces, max_pieces;
	char *joined; /* those lines, with a blank between them */
	size_t joined_len, joined_max;
	int statement_line;
	struct complaint *complaints; /* by place */
	int n_complaints, max_complaints, errors;
};

/* From a file (-errno; a complaint says so too) or from memory (copied; -ENOMEM).  `name`
 * and `path` outlive the source.  source_close() is due also after a failure. */
int source_open(struct source *s, const char *path);
int source_from(struct source *s, const char *name, const char *text, size_t len);
void source_close(struct source *s);

/* The next statement into s->words: comments ('*' first) and empty lines are skipped, a
 * trailing comma continues, a character that is not text is a complaint.  False at the
 * end. */
bool source_next(struct source *s);

/* A complaint about word `i` of the present statement (past the last: what should follow
 * it; -1: all of it). */
void source_complain(struct source *s, int i, enum msg_number number, ...);
void source_complain_message(struct source *s, int i, const struct message *m);
/* Where that word is. */
void source_place(const struct source *s, int i, int *line, int *column);
/* The same about a place.  A complaint made twice is kept once. */
void source_complain_at(
	struct source *s, int line, int column, enum msg_number number, ...);

/* "file:line:column: CPnnnnE text".  Returns buf. */
const char *complaint_line(
	const struct source *s, const struct complaint *c, char *buf, size_t len);

#endif
