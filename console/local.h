/* The words of line mode that are bulkhead's own, and not CP's: they begin with #. */
#ifndef CONSOLE_LOCAL_H
#define CONSOLE_LOCAL_H

#include <stdbool.h>

struct terminal;

/* Does `text` begin with one of them? */
bool local_knows(const char *text);

/* Does what `text` says if it is one of them: true. */
bool local_perform(struct terminal *t, const char *text);

#endif
