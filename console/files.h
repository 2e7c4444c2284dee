/* Files that CP asks its client to open: those that a command named, with the rights of
 * who runs the client. */
#ifndef CONSOLE_FILES_H
#define CONSOLE_FILES_H

#include <stdbool.h>

/* Opens file `number` (0: the only one) of this name; `create`: to write, made or
 * emptied; "-" is a second descriptor of `out`.  Nothing is waited for: a FIFO must have
 * its reader.  The descriptor or -errno. */
int files_open(const char *name, unsigned number, bool create, int out);

#endif
