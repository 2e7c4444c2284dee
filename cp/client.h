/* A client of the CP socket (cp/cp_socket.h): one connection, one session, at most one
 * console.
 *
 * Everything it sends is hostile.  A record that cannot be what it says closes it.  What
 * it does not read is kept up to CLIENT_QUEUE bytes; then it is closed, and nobody else
 * notices. */
#ifndef CP_CLIENT_H
#define CP_CLIENT_H

#include "cp/identity.h"
#include "cp/partition.h"
#include "cp/server.h"
#include "cp/session.h"
#include "cp/lib/wire.h"

#define CLIENT_QUEUE (1024 * 1024) /* bytes kept for a slow reader */
#define CLIENT_NOTES (512 * 1024)  /* filled so far, it gets no notes */
#define CLIENT_CONSOLE                                                      \
	(320 * 1024) /* of which console output fills at most this: a whole \
			replay goes before the next answer */

struct client {
	struct list node; /* in server->clients */
	struct server *server;
	struct wire wire;
	struct session session;
	bool hello;               /* it has said which version it speaks */
	bool ending;              /* CPS_END is on its way; nothing more is heard */
	struct loop_call closing; /* destroys it once the present callback is over */
	struct loop_timer linger; /* until it has read CPS_END */
	char status[16];          /* last CPS_STATUS */

	struct watcher watcher;
	char console_of[USERID_MAX + 1];
	bool replaying;        /* the attach has been answered: output may follow */
	uint64_t console_next; /* offset of the next byte of its console to be sent */
};

/* Owns `fd` from here on, also on failure.  0 or -errno. */
int client_create(struct server *sv, int fd, uid_t uid, const struct identity *who,
	struct client **out);
void client_destroy(struct client *c);

/* Says why, and closes it once that has been sent. */
void client_end(struct client *c, const char *why);

/* Sends a record; a client whose queue is full is closed. */
void client_send(struct client *c, uint16_t type, uint32_t id, uint16_t flags,
	const void *data, size_t len);
void client_done(struct client *c, uint32_t id, int rc);
void client_error(struct client *c, uint32_t id, const struct message *m);
/* Answers a request of the protocol itself: the message if it has one, then its number.
 */
void client_answer(struct client *c, uint32_t id, const struct message *m);

/* The console of a client (cp/client_console.c): what CPS_ATTACH, CPS_DETACH and
 * CPS_INPUT ask for, and going on after the reader has caught up. */
void client_console_init(struct client *c);
void client_attach(struct client *c, uint32_t id, uint16_t flags, const char *userid);
void client_detach(struct client *c); /* what the guest wrote before is sent before */
void client_input(struct client *c, uint32_t id, const void *bytes, size_t len);
void client_pump(struct client *c);
void client_show_status(struct client *c);

#endif
