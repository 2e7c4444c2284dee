/* HELP: what the tables of commands and messages say, to the person who asks. */
#ifndef CP_HELP_H
#define CP_HELP_H

#include "cp/result.h"

/* Explains `topic` to somebody with these classes: a command ("QUERY"), an operand of one
 * ("QUERY NAMES"), a message ("CP0045E", "45"); NULL or "": lists the commands.  0 or a
 * message's number, as a handler. */
int help_print(struct result *r, const char *topic, const char *classes);

#endif
