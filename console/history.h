/* What was typed before: $XDG_STATE_HOME/bulkhead/history, readable by its owner only. */
#ifndef CONSOLE_HISTORY_H
#define CONSOLE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

/* The file's name.  0, or -ENOENT where there is no home directory. */
int history_path(char *path, size_t size);

/* Makes the file and the directories above it.  0 or -errno. */
int history_create(const char *path);

/* May what was typed be written down?  Not if it holds, or may hold, a password. */
bool history_allows(const char *line);

#endif
