/* A question to the person at the terminal, on the loop: a password without echo, or an
 * answer CP asked for.  The terminal's own line editing is used, so it works where
 * readline is not linked. */
#ifndef CONSOLE_PROMPT_H
#define CONSOLE_PROMPT_H

#include "cp/lib/loop.h"

#include <stdbool.h>
#include <termios.h>

#define PROMPT_MAX 256 /* bytes of a question, and of an answer */

struct prompt {
	struct loop *loop; /* NULL while nothing is asked */
	int fd;            /* /dev/tty */
	struct loop_fd watch;
	struct termios saved;
	/* The answer, without newline; NULL at an end of file.  It is wiped afterwards.
	 */
	void (*answered)(struct prompt *p, const char *text);
	void *ctx; /* the owner's */
};

/* Asks on the controlling terminal; `text` passes the filter.  One question at a time.
 * 0 or -errno; -ENXIO: there is no terminal. */
int prompt_ask(struct prompt *p, struct loop *loop, const char *text, bool hidden,
	void (*answered)(struct prompt *, const char *), void *ctx);

/* Gives up the question and puts the terminal in order; accepts one that is not asked. */
void prompt_cancel(struct prompt *p);

#endif
