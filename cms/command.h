/* Commands: the table (cms/commands.def), and doing what a line says. */
#ifndef CMS_COMMAND_H
#define CMS_COMMAND_H

#include "cms/cms.h"

#define ARGS_MAX 2

/* What a command is to do. */
struct args {
	const char *line;         /* the command as typed, for CP to do instead */
	const char *text;         /* what follows the name */
	uint64_t value[ARGS_MAX]; /* the operands, in the order of the row's `takes` */
};

/* Does a command.  The return code: 0, a message's number, or CP's. */
typedef int command_fn(struct cms *cms, const struct args *args);

struct command {
	const char *mixed; /* "EXERcise": capitals are the minimum abbreviation */
	command_fn *fn;
	const char *takes;    /* a letter for each operand: see commands.def */
	const char *operands; /* for HELP */
	const char *help;     /* one line */
	const char *detail;   /* more lines for HELP, or "" */
};

/* Tables of them, each ended by an empty row. */
extern const struct command commands[], queries[], exercises[], bads[];

/* The row `word` abbreviates, or NULL. */
const struct command *command_find(const struct command *table, const char *word);

/* Does the command of a row once its operands are what it takes; else a message says what
 * is wrong.  The return code. */
int command_call(struct cms *cms, const struct command *c, const struct args *args);

/* Does what the first word of args->text says, a row of `table`. */
int command_sub(struct cms *cms, const struct command *table, const struct args *args);

/* Runs a line: commands separated by #, or one #CP line.  Each is prompted for. */
void command_line(struct cms *cms, const char *line);

/* Runs what IPL PARM says: commands separated by semicolons. */
void command_parm(struct cms *cms, const char *parm);

/* Passes the rest of a line that begins with #CP to CP. */
int command_cp_line(struct cms *cms, const char *line);

#define COMMAND(mixed, fn, takes, operands, help, detail) command_fn fn;
#include "cms/commands.def"
#include "cms/queries.def"
#include "cms/exercises.def"
#include "cms/bads.def"
#undef COMMAND

#endif
