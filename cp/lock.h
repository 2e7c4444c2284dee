/* The claim of one cpd to its run-time directory. */
#ifndef CP_LOCK_H
#define CP_LOCK_H

#include <sys/types.h>

/* Takes it, for as long as the descriptor is open: the kernel gives it back when the
 * process ends, however it ends.  The descriptor; -EWOULDBLOCK: *holder has it (0: it
 * does not say who it is); or -errno. */
int lock_take(const char *rundir, pid_t *holder);

#endif
