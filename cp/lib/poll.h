/* Who is looked at next: ports that have frames are polled, the others wake us.
 *
 * A port that kicks becomes active: its kicks are turned off and its rings looked at
 * round after round.  One that has had nothing for a bounded time (longer where polling
 * paid off lately, shorter where it did not) asks for kicks again.  With no active port
 * the loop sleeps, and costs nothing. */
#ifndef CP_LIB_POLL_H
#define CP_LIB_POLL_H

#include "cp/lib/list.h"
#include "cp/lib/loop.h"

#define POLL_MAX_NS 50000 /* the longest a port is looked at in vain */

struct poller;

struct poll_port {
	struct list node;      /* among the active ones */
	struct poller *poller; /* NULL: not there */
	/* Takes what there is, at most one burst; how many frames. */
	int (*take)(struct poll_port *p, uint64_t now);
	/* Asks for kicks; true: something came meanwhile, it stays active. */
	bool (*sleep)(struct poll_port *p);
	uint64_t last;   /* when it last had frames */
	uint64_t window; /* ns it is looked at in vain before it sleeps */

	/* The poller's own. */
	uint64_t slept;       /* when it fell asleep */
	uint32_t rare;        /* wakes between two windows on trial... */
	uint32_t until_trial; /* ...and to the next */
	bool waiting;         /* it was looked at in vain */
	bool fresh;           /* it was woken since the last round */
};

struct poller *poller_create(void); /* NULL: no memory */
void poller_destroy(struct poller *p);
void poll_add(
	struct poller *poller, struct poll_port *port); /* asleep; take, sleep set */
void poll_wake(struct poll_port *port); /* it was kicked: active from now on */
void poll_del(struct poll_port *port);

/* Looks once at every active port.  False: there is none. */
bool poller_round(struct poller *p, uint64_t now);

#endif
