/* Becoming another user.  Whom CP knows may need no password for that: it is asked first.
 * Else, where there is a terminal, the password is asked for. */
#ifndef CONSOLE_LOGON_H
#define CONSOLE_LOGON_H

#include "console/caller.h"
#include "console/prompt.h"

struct logon {
	struct loop *loop; /* NULL before the start */
	struct caller *caller;
	struct prompt prompt;
	const char *userid;
	uint32_t id;     /* of the request in progress, or 0 */
	bool prompted;   /* the password has been asked for */
	char error[256]; /* what CP says against it */
	/* `rc`: 0, or why not: CP's return code, or -errno (-ECANCELED: no password
	 * came). `why` is for the person. */
	void (*finished)(struct logon *l, int rc, const char *why);
	void *ctx; /* the owner's */
};

/* Starts, once CP has said whether it knows who we are; `userid` outlives the logon.
 * 0 or -errno. */
int logon_start(struct logon *l, struct loop *loop, struct caller *caller,
	const char *userid, bool known,
	void (*finished)(struct logon *, int, const char *), void *ctx);

/* To be called by caller_ops: true if `id` is the logon's, and no other's business. */
bool logon_err(struct logon *l, uint32_t id, const char *text, size_t len);
bool logon_done(struct logon *l, uint32_t id, uint32_t rc);

/* Gives up, and puts the terminal in order; accepts a zero one. */
void logon_cancel(struct logon *l);

#endif
