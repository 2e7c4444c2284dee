/* cpd --hash: a password becomes what the directory may hold. */
#ifndef CP_HASH_TOOL_H
#define CP_HASH_TOOL_H

/* Reads a line, without echo where standard input is a terminal, and prints its hash. The
 * exit status. */
int hash_tool(void);

#endif
