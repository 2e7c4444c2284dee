/* REPLAYs under way: files that are sent into guest LANs. */
#ifndef CP_REPLAY_H
#define CP_REPLAY_H

#include "cp/lan.h"

struct replay {
	struct list node; /* in lan->replays */
	struct lan *lan;
	uint32_t number;             /* the id its process knows it by */
	char userid[USERID_MAX + 1]; /* whose it is */
	char *file;                  /* owned */
	uint64_t sent;               /* frames, once it is done */
	/* Called once when it is done: m->number is 0, or it ended early. */
	void (*done)(void *ctx, const struct replay *r, const struct message *m);
	void *ctx;
};

/* `head` says all but its id; the file stays the caller's.  0: it is under way; or a
 * message's number. */
int replay_start(struct lan *lan, const char *userid, const struct lan_replay *head,
	const char *file, int fd,
	void (*done)(void *ctx, const struct replay *r, const struct message *m),
	void *ctx, struct message *err);

/* Ends it early; `done` is called, with what is known. */
void replay_end(struct replay *r, struct message *m);
struct replay *replay_of(struct lan *lan, const void *ctx); /* by that of `done` */

void replay_done(struct lan *lan, const struct lan_event *ev, const char *text);
void replays_lost(struct lan *lan, const char *why); /* none of them is any more */

#endif
