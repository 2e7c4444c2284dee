/* The keyboard in raw mode: every key goes to a guest at once, but the one that leaves.
 */
#ifndef CONSOLE_RAW_H
#define CONSOLE_RAW_H

#include "cp/lib/loop.h"

#include <stddef.h>
#include <termios.h>

#define RAW_LEAVE 0x1d /* Ctrl-] */

struct raw {
	struct loop *loop; /* NULL while not in raw mode */
	struct loop_fd watch;
	struct termios saved;
	void (*typed)(struct raw *r, const char *bytes, size_t len);
	void (*left)(struct raw *r); /* by the key, or by an end of file; it is closed */
	void *ctx;                   /* the owner's */
};

/* Takes standard input; the callbacks and ctx are set before.  0 or -errno. */
int raw_open(struct raw *r, struct loop *loop);
void raw_close(struct raw *r); /* accepts one that is zero or closed */

#endif
