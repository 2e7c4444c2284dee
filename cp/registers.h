/* The registers of a vCPU by the names people give them.  Pure. */
#ifndef CP_REGISTERS_H
#define CP_REGISTERS_H

#include "cp/part_proto.h"

#include <stdbool.h>

/* All of them, in the order they are shown; NULL past the end.  `value` may be NULL. */
const char *register_at(const struct part_regs *regs, int i, uint64_t *value);

/* The index of "RAX", "R0" (which is RAX), "PSW" (which is RIP)...; any case; -1: none.
 */
int register_find(const char *name);

/* Changes register `i`.  False: it can only be read. */
bool register_set(struct part_regs *regs, int i, uint64_t value);

#endif
