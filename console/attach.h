/* The console of a partition, as a client has it: attaching with the keyboard or without,
 * the replay of what CP kept, going on after CP was away.  Knows no terminal.
 *
 * Leaving never harms the guest: it does not notice. */
#ifndef CONSOLE_ATTACH_H
#define CONSOLE_ATTACH_H

#include "console/caller.h"
#include "cp/lib/words.h"

enum attach_how {
	ATTACH_WATCH, /* look only */
	ATTACH_DRIVE, /* with the keyboard if it is free, else look */
	ATTACH_TAKE,  /* with the keyboard, whoever has it */
};

struct attach {
	struct caller *caller;
	char userid[USERID_MAX + 1]; /* whose console is wanted; "": none */
	bool on;                     /* it is attached */
	bool drives;
	enum attach_how how; /* of the request in progress... */
	uint32_t id;         /* ...which this is, or 0 */
	char error[256];     /* why it was refused, a message of CP's */
	char refusal[256];   /* why the keyboard was, where watching was not */
	uint64_t seen;       /* offset after the last byte given to `output` */
	uint64_t newest;     /* offset after the last byte that came since attaching */

	/* What the guest wrote, unfiltered. */
	void (*output)(struct attach *a, const void *bytes, size_t len);
	/* A line for the person, about the console. */
	void (*say)(struct attach *a, const char *text);
	/* Attached, with the keyboard or without; or refused, and `userid` is "". */
	void (*changed)(struct attach *a);
	void *ctx; /* the owner's */
};

/* Asks for a console; the callbacks, caller and ctx are set before.  0; -EINVAL: that is
 * no userid; or another -errno. */
int attach_start(struct attach *a, const char *userid, enum attach_how how);

/* Asks for the same console again, in a new session; then, once an answer to a later
 * request has come, and with it all of the replay, attach_settle(). */
int attach_again(struct attach *a);
void attach_settle(struct attach *a);

/* Leaves it.  CP answers *id when everything the guest wrote before has been given. */
int attach_leave(struct attach *a, uint32_t *id);

/* To be called by caller_ops.console_end: there is none any more, `userid` is "". */
void attach_ended(struct attach *a);

/* To be called by caller_ops; err and done: true if the answer was to our request. */
bool attach_err(struct attach *a, uint32_t id, const char *text, size_t len);
bool attach_done(struct attach *a, uint32_t id, uint32_t rc);
void attach_console(struct attach *a, uint64_t offset, const void *bytes, size_t len);

#endif
