/* The handlers of all commands, as their tables name them. */
#ifndef CP_COMMANDS_H
#define CP_COMMANDS_H

#include "cp/command.h"

#define COMMAND(name, mixed, classes, fn, operands, help, detail) command_fn fn;
#include "cp/commands.def"
#include "cp/queries.def"
#include "cp/indicates.def"
#include "cp/sets.def"
#include "cp/defines.def"
#include "cp/detaches.def"
#undef COMMAND

#endif
