/* The CP socket: who listens, and the clients there are. */
#ifndef CP_SERVER_H
#define CP_SERVER_H

#include "cp/cp.h"
#include "cp/lib/list.h"
#include "cp/lib/log.h"
#include "cp/lib/loop.h"

#include <sys/types.h>

#define SERVER_SOCKET    "cp.sock" /* in RUNDIR */
#define SERVER_MAX       4096      /* clients at once... */
#define SERVER_STRANGERS 64        /* ...and of one host user who is not the operator */

struct server {
	struct cp *cp;
	struct loop_fd watch; /* of the listening socket; fd -1: none */
	bool full;            /* not accepting: no descriptor, or no client, is left */
	struct list clients;  /* struct client.node */
	int n_clients;
	gid_t operator_group; /* (gid_t)-1: there is none */
	struct log_limit limit;
};

/* A server without a socket, then the socket, mode 0666: everybody may ask, CP decides
 * who is asking.  0 or -errno; -EADDRINUSE: another CP listens there. */
int server_create(struct cp *cp, struct server **out);
int server_listen(struct server *sv);

/* Ends all clients without a word; accepts NULL. */
void server_destroy(struct server *sv);

/* Takes a connected socket as a client; it owns `fd` from here on, also on failure. */
int server_add(struct server *sv, int fd);

/* Tells every client that the system ends, and why. */
void server_end_all(struct server *sv, const char *why);

/* Has everything been sent that was to be sent? */
bool server_is_drained(const struct server *sv);

/* Of clients: one is gone. */
void server_removed(struct server *sv);

#endif
