/* bulkhead on a terminal: line mode.
 *
 * What is typed goes to CP; while a console is attached it goes to that guest, and to CP
 * what begins with #CP.  Words of bulkhead's own begin with # (console/local.c). Answers,
 * notes and the guest's output stand above the line being typed. */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include "console/attach.h"
#include "console/complete.h"
#include "console/connect.h"
#include "console/line.h"
#include "console/lines.h"
#include "console/logon.h"
#include "console/options.h"
#include "console/output.h"
#include "console/raw.h"
#include "console/signals.h"

#define TERMINAL_TYPED_AHEAD 64 /* lines kept while a command is in progress */

struct typed_line {
	struct typed_line *next;
	char *text;
};

struct terminal {
	struct loop *loop;
	const struct options *options;
	struct caller caller;
	struct signals signals;
	struct logon logon;
	struct prompt question; /* of CP, in mid-command... */
	uint32_t question_id;   /* ...of this one */
	struct line line;
	struct raw raw;
	struct attach attach;
	struct complete table;
	uint32_t table_id;        /* of the request for it, or 0 */
	uint32_t id;              /* of the command in progress, or 0 */
	struct typed_line *ahead; /* typed while it is */
	int n_ahead;
	struct lines answer, console; /* what CP, what the guest says, as whole lines */
	struct filter screen; /* the guest's bytes, on their way to the terminal */
	bool returns;         /* it has returned the carriage, in raw mode */
	struct output out;
	struct loop_timer retry; /* while CP is away */
	bool begun;              /* it was logged on once: CP may go away and come back */
	bool away;
	char userid[12], status[24]; /* as CP says */
	int exit;                    /* enum exit_status */
	int signo;                   /* that ended us, or 0 */
};

/* Runs until an end of file.  The exit status. */
int terminal_run(const struct options *options);

/* Ends it: `why` for the person, an exit status. */
void terminal_stop(struct terminal *t, int status, const char *why);

/* The session (console/terminal_cp.c).  terminal_connect(): 0, or -errno and why. */
void terminal_cp_init(struct terminal *t);
int terminal_connect(struct terminal *t, char why[CONNECT_WHY]);

/* The keyboard (console/terminal_keys.c). */
void terminal_keys_init(struct terminal *t);
void terminal_command_ended(struct terminal *t); /* what was typed meanwhile follows... */
void terminal_forget_ahead(struct terminal *t);  /* ...or is forgotten */
void terminal_leave_raw(struct terminal *t);     /* if it is in raw mode */

/* What the words of bulkhead's own do (console/local.c). */
void terminal_command(struct terminal *t, const char *text);
void terminal_attach(struct terminal *t, const char *userid, enum attach_how how);
void terminal_leave(struct terminal *t);
void terminal_raw(struct terminal *t);

/* What is shown (console/show.c), above the line being typed.  show_init() sets up what
 * the rest needs, before anything else of the terminal is there. */
void show_init(struct terminal *t);
void show_line(struct terminal *t, const char *text);             /* of bulkhead's own */
void show_note(struct terminal *t, const char *text, size_t len); /* of CP */
void show_answer(struct terminal *t, const char *text, size_t len); /* to a command */
void show_answer_end(struct terminal *t);
void show_console(struct terminal *t, const void *bytes, size_t len); /* of the guest */
void show_console_begin(
	struct terminal *t, enum filter_level level); /* of another guest */
void show_console_end(struct terminal *t);
void show_prompt(struct terminal *t); /* status word, or the guest's unfinished line */

#endif
