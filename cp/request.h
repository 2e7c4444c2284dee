/* One command in progress: who asked, what is answered, and where the answer goes.
 *
 * A request outlives its session: an answer nobody waits for any more is dropped. */
#ifndef CP_REQUEST_H
#define CP_REQUEST_H

#include "cp/command.h"
#include "cp/cp.h"
#include "cp/session.h"

struct dir_user;
struct partition;

struct request {
	struct cp *cp;
	struct session *session; /* NULL once it has ended */
	struct list node;        /* in session->requests */
	struct result result;
	uint32_t id; /* of the frame that asked */
	bool json;
	char userid[USERID_MAX + 1];   /* on whose behalf: the session's, or FOR's */
	char asked_by[USERID_MAX + 1]; /* who really asked */
	char classes[36];              /* with which privilege */
	char *rest;       /* commands still to do after '#', a line each; owned */
	char *next;       /* the first of them */
	int n_commands;   /* of the line */
	const char *line; /* the present command, as typed */
	bool audited;     /* ...which is in the audit log already */
	bool audit_due;   /* FOR: what it passes on is to be there, whatever it is */
	int for_words;    /* FOR: words before the command that it passes on */
	int shown_words;  /* how much of it may be logged; 0: all */
	int rc;           /* of the first command of the line that failed */
	int for_depth;    /* FOR u CMD: nested once at most */
	bool in_handler;  /* the handler has not returned yet... */
	bool finished;    /* ...and request_finish() was called from inside, with: */
	int finished_rc;
	char end_why[96]; /* not "": its session ends with it, for this reason */
	/* Takes the answer to a prompt: as a command_fn; or NULL. */
	int (*reply)(struct request *rq, const char *text);
	/* Takes a file that the client opened, or -1 and -errno; or NULL. */
	void (*opened)(void *ctx, int fd, int err);
	void *opened_ctx;
	/* Set by what need not be waited for once nobody wants it: called then, it ends
	 * the request.  Or NULL. */
	void (*cancel)(struct request *rq, void *ctx);
	void *cancel_ctx;
	char subject[USERID_MAX + 1];       /* whom a command that waits is about */
	unsigned seconds;                   /* ...that it gives */
	char become_userid[USERID_MAX + 1]; /* whom LOGON is for (cp/become.c)... */
	unsigned become_scope;              /* ...and what it is to do */
	char become_who[64];                /* ...and who asks for it */
	/* request_issue(): instead of an answer. */
	void (*done)(struct request *rq, void *ctx);
	void *done_ctx;
};

/* Starts what a session typed: one or several commands. */
void request_start(struct session *s, uint32_t id, bool json, const char *text);

/* Starts what a session asked by other means than a command; `fn` is as a command_fn.  It
 * is no command: it is not audited, and answers with messages only. */
void request_start_fn(struct session *s, uint32_t id, const char *name,
	int (*fn)(struct request *rq, void *arg), void *arg);

/* Issues one command on behalf of `userid` with these privileges, of CP's own accord:
 * nobody is answered; `done` is called with the result when it has ended.  0 or
 * -ENOMEM. */
int request_issue(struct cp *cp, const char *userid, const char *classes,
	const char *line, void (*done)(struct request *rq, void *ctx), void *ctx);

/* Hands the answer to the prompt to the command that asked. */
void request_reply(struct request *rq, const char *text);

/* Nobody waits for it any more; what can be is cancelled, the rest of the line is not
 * done. */
void request_orphan(struct request *rq);

/* Adds a word to the name of the present command: "QUERY", then "NAMES". */
void request_name(struct request *rq, const char *word);

/* Does one line with the identity the request has, as a command_fn; for FOR. */
int request_perform(struct request *rq, const char *line);

/* As much of the present command as may be seen by others: passwords are typed where they
 * do not belong.  Returns buf. */
const char *request_shown(const struct request *rq, char *buf, size_t len);

/* Goes on with the row of a table of operands (QUERY, SET ...) that comes next; -ENOENT
 * if there is none, and nothing is consumed. */
int request_subcommand(struct request *rq, struct operands *ops, const char *verb);

/* The answer to what one may not do: there is no such command.  Returns its number. */
int request_unknown(struct request *rq);

/* Is what `rq->result.command` names refused before LOGON?  0, or 15 with its message. */
int request_before_logon(struct request *rq);

/* May this request name partitions of others? */
bool request_names_others(const struct request *rq);
/* May it name any file of the host?  The directory's COMMANDs and host operators may. */
bool request_is_trusted(const struct request *rq);
bool request_has_class(const struct request *rq, const char *classes); /* one of them */

/* Asks the person behind a request; `reply` gets the answer later.  REQUEST_PENDING, or
 * the number of `otherwise` if there is nobody to ask. */
int request_prompt(struct request *rq, const char *text,
	int (*reply)(struct request *rq, const char *text),
	const struct message *otherwise);

/* Can the client behind a request open files with its own rights?  Asking it to: 0, and
 * `opened` is called once, later, with a descriptor to own or -1 and -errno (-ECANCELED:
 * nobody wants it any more); or -errno. */
bool request_can_open(const struct request *rq);
int request_open(struct request *rq, const struct session_file *file,
	void (*opened)(void *ctx, int fd, int err), void *ctx);
void request_opened(struct request *rq, int fd, int err);

/* Ends a request that returned REQUEST_PENDING: `rc` is 0 or a message's number.  The
 * answer is sent, the rest of the line is done, the request is freed. */
void request_finish(struct request *rq, int rc);

/* The target of a command: USER u where given, else the one on whose behalf it is
 * issued.  Leaves a message and returns its number if there is no such partition (45). */
int request_target(struct request *rq, struct operands *ops, struct partition **out);

/* The partition of the one on whose behalf it is issued; 45 if there is none. */
int request_own(struct request *rq, struct partition **out);

/* An operand that is the userid of a partition; 45 if there is none. */
int request_partition(struct request *rq, struct operands *ops, struct partition **out);

/* The answer where another operand is expected: 26 or 3.  Returns its number. */
int request_expects(struct request *rq, struct operands *ops, const char *what);

/* The session of this request ends once it is answered; the rest is not done. */
void request_ends_session(struct request *rq, const char *why);

/* The user of the directory this names; NULL with a message in the result (53). */
const struct dir_user *request_user(struct request *rq, const char *userid);

/* Goes on as the engine says: REQUEST_PENDING if `rc` is 0 (it is under way and ends by
 * request_outcome()), else the number of *err, which is added to the result. */
int request_underway(struct request *rq, int rc, const struct message *err);

/* A done-callback for the engine (cp/partition.h): ctx is the request. */
void request_outcome(void *ctx, const struct message *m);

#endif
