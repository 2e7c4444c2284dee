/* Which CP a client speaks to: the run-time directory named by -r or BULKHEAD_RUN; else a
 * user's own CP in $XDG_RUNTIME_DIR/bulkhead; else the system's in /run/bulkhead; else,
 * inside a guest, the cp port. */
#ifndef CONSOLE_CONNECT_H
#define CONSOLE_CONNECT_H

#include "console/caller.h"

#define CONNECT_WHY 256

/* The CP socket to try, in `path`: `rundir` is that of -r, or NULL.  True if it was named
 * by the user, so that there is no other place to look.  Pure but for the environment. */
bool connect_path(const char *rundir, char *path, size_t size);

/* Starts a session as caller_open() does.  0, or -errno with a sentence for the person in
 * `why`. */
int connect_cp(struct caller *c, struct loop *loop, const char *rundir, bool tty,
	const struct caller_ops *ops, void *ctx, char why[CONNECT_WHY]);

#endif
