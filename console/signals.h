/* Signals as events of the loop. */
#ifndef CONSOLE_SIGNALS_H
#define CONSOLE_SIGNALS_H

#include "cp/lib/loop.h"

#include <signal.h>

struct signals {
	struct loop_fd watch;
	int fd;
	void (*caught)(struct signals *s, int signo);
	void *ctx; /* the owner's */
};

/* Blocks those that end a process (INT, TERM, HUP) and those of `more`, which 0 ends, and
 * tells of each by `caught`.  0 or -errno. */
int signals_open(struct signals *s, struct loop *loop, const int *more,
	void (*caught)(struct signals *, int), void *ctx);
void signals_close(struct signals *s); /* accepts one that is zero */

/* Ends this process as `signo` does without us, so that a shell sees what happened. */
_Noreturn void signals_die(int signo);

#endif
