/* The command language: one table, one row a command (cp/commands.def).
 *
 * Look-up, abbreviation, class check, HELP, completion and the manual come from the rows.
 * Knows nothing of what commands do. */
#ifndef CP_COMMAND_H
#define CP_COMMAND_H

#include "cp/operands.h"
#include "cp/result.h"

struct request;

/* Does the command.  Returns 0, the number of the message that ended it, or
 * REQUEST_PENDING: it answers later by request_finish(). */
typedef int command_fn(struct request *rq, struct operands *ops);
#define REQUEST_PENDING (-1)

struct command {
	const char *name;    /* "XAUTOLOG"; a QUERY row: "NAMES" */
	const char *mixed;   /* "XAUTOLOg": capitals are the minimum abbreviation */
	const char *classes; /* "AB"; "*": any user */
	command_fn *fn;
	const char *operands; /* "userid [STorage n] ..." for HELP */
	const char *help;     /* one line */
	const char *detail;   /* more for HELP and the manual; may be "" */
};

/* The commands, by name; those of QUERY, INDICATE, SET, DEFINE and DETACH have tables of
 * the same form (cp/queries.def ...), named by `verb`.  NULL past the end. */
const struct command *command_at(int i);
const struct command *subcommand_at(const char *verb, int i);

/* The row that `word` abbreviates and that one of `classes` may issue, or NULL: a command
 * one may not issue does not exist. */
const struct command *command_find(const char *word, const char *classes);
const struct command *subcommand_find(
	const char *verb, const char *word, const char *classes);
bool command_allowed(const struct command *c, const char *classes);

/* Splits what was typed at '#' ('##' is one, literal inside quotes) and strips a leading
 * "CP " and blanks; what is empty then is no command.  Calls fn for each command until it
 * returns non-zero, which is returned.  Before any call: -EINVAL, an unbalanced quote at
 * *bad_column; -ENOMEM. */
int command_split(const char *text, int (*fn)(void *ctx, const char *line), void *ctx,
	int *bad_column);

/* Operands: the scan_ functions of cp/operands.h (where op_more, op_peek, op_keyword and
 * op_rest are, too), answered to a request.  Those that fail leave a message in the
 * result of `rq` and return its number: `if ((rc = op_vdev(rq, ops, &v))) return rc;` */
int op_word(struct request *rq, struct operands *ops, const char *what, const char **out);
int op_userid(struct request *rq, struct operands *ops, char out[USERID_MAX + 1]);
int op_vdev(struct request *rq, struct operands *ops, uint16_t *out);
int op_number(struct request *rq, struct operands *ops, const char *what, uint64_t min,
	uint64_t max, uint64_t *out);
int op_size(struct request *rq, struct operands *ops, const char *what, uint64_t *out);
int op_end(struct request *rq, struct operands *ops); /* nothing may be left */

#endif
