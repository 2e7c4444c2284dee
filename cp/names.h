/* The words of CP's language, without what they do: for the directory, which must not
 * give them to users and must know a command when it reads one. */
#ifndef CP_NAMES_H
#define CP_NAMES_H

#include <stdbool.h>

/* Is this a command, or an abbreviation of one?  Any class. */
bool name_is_command(const char *word);

/* Does it stand where commands also take a userid, or would it be confusing as one? */
bool name_is_keyword(const char *word);

#endif
