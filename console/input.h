/* Lines of a standard input that is no terminal, on the loop: pipes, and plain files,
 * which a loop cannot wait for. */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include "cp/lib/loop.h"

#include <stdbool.h>
#include <stddef.h>

#define INPUT_LINE 65536 /* a longer line is given in pieces of this size */

struct input {
	struct loop *loop;
	int fd;
	struct loop_fd watch;
	struct loop_call again; /* in place of the watch for a plain file, and to go on */
	bool plain, paused, eof;
	size_t len;
	char *buf;
	/* A line without its newline, terminated.  It may pause or close the input. */
	void (*line)(struct input *in, const char *text);
	void (*ended)(struct input *in); /* after the last line; it is closed */
	void *ctx;                       /* the owner's */
};

/* Starts reading; the callbacks and ctx are set before.  0 or -errno. */
int input_open(struct input *in, struct loop *loop, int fd);
void input_close(
	struct input *in); /* accepts one that is zero or closed; fd stays open */

/* While paused no line comes. */
void input_pause(struct input *in, bool paused);

#endif
