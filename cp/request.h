/* One command in progress: who asked, what is answered, and where the answer goes.
 *
 * A request outlives its session: an answer nobody waits for any more is dropped. */
#ifndef CP_REQUEST_H
#define CP_REQUEST_H

#include "cp/command.h"
#include "cp/cp.h"
#include "cp/session.h"

struct request {
	struct cp *cp;
	struct session *session;    /* NULL once it has ended */
	struct list node;           /* in session->requests */
	struct result result;
	uint32_t id;                /* of the frame that asked */
	bool json;
	char userid[USERID_MAX + 1];      /* on whose behalf: the session's, or FOR's */
	char asked_by[USERID_MAX + 1];    /* who really asked */
	char classes[36];                 /* with which privilege */
	char *rest;                 /* commands still to do after '#'; owned */
	void (*done)(struct request *rq, void *ctx); /* FOR, SHUTDOWN...: or NULL */
	void *done_ctx;
};

/* Ends a request that returned REQUEST_PENDING: `rc` is 0 or a message's number.  The
 * answer is sent, the rest of the line is done, the request is freed. */
void request_finish(struct request *rq, int rc);

/* The target of a command: USER u where given, else the one on whose behalf it is
 * issued.  Leaves a message and returns its number if there is no such partition (45). */
struct partition;
int request_target(struct request *rq, struct operands *ops, struct partition **out);

/* A done-callback for the engine (cp/partition.h): ctx is the request. */
void request_outcome(void *ctx, const struct message *m);

#endif
