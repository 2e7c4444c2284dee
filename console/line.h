/* The line being typed: readline in its callback interface, on the loop, with history and
 * completion; and what is printed above it meanwhile.
 *
 * readline is one for the process, so one line is open at a time. */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include "cp/lib/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct complete;

struct line {
	struct loop *loop;
	struct loop_fd watch;
	bool active;   /* the terminal is readline's */
	bool entering; /* inside `entered`: nothing is being typed */
	int gaps;      /* line_above_begin() not yet ended */
	char prompt[256];
	char history[4096]; /* the file, or "" */
	const struct complete *table;
	void (*entered)(struct line *l, const char *text);
	void (*ended)(struct line *l);   /* end of file */
	void (*escaped)(struct line *l); /* Ctrl-] */
	void *ctx;                       /* the owner's */
};

/* Opens it on standard input and output; the callbacks, ctx and table are set before.
 * 0 or -errno. */
int line_open(struct line *l, struct loop *loop);
void line_close(struct line *l); /* accepts one that is zero or closed */

void line_prompt(struct line *l, const char *text);

/* Between these two what is written to standard output stands above the line being typed;
 * it ends with a newline.  They nest. */
void line_above_begin(struct line *l);
void line_above_end(struct line *l);

/* Gives the terminal back as it was, and takes it again: for raw mode, for questions, for
 * being stopped.  What was being typed is lost.  line_resume(): 0 or -errno. */
void line_suspend(struct line *l);
int line_resume(struct line *l);

void line_discard(struct line *l); /* what is being typed */
void line_resized(struct line *l); /* the terminal has another size */

/* Makes a line part of the history; `write` it to the file too. */
void line_remember(struct line *l, const char *text, bool write);

#endif
