/* bulkhead without a terminal: commands from standard input line by line, one at a time;
 * with -C what is read is typed on that partition's console. */
#ifndef CONSOLE_BATCH_H
#define CONSOLE_BATCH_H

#include "console/options.h"

/* Runs to the end of standard input.  The exit status: that of the first command that
 * failed (console/status.h). */
int batch_run(const struct options *options);

#endif
