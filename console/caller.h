/* A session with CP, as a client sees it: over the CP socket of a host (cp/cp_socket.h),
 * or over the cp port inside a guest (cp/guest_abi.h), where only commands can be asked.
 *
 * Knows no terminal.  Everything that happens is told by struct caller_ops, from the
 * loop. */
#ifndef CONSOLE_CALLER_H
#define CONSOLE_CALLER_H

#include "console/port.h"
#include "cp/cp_socket.h"
#include "cp/lib/wire.h"

#include <stdbool.h>

struct caller;

/* Any may be NULL.  Texts are not terminated and end with the call.  The caller may be
 * closed from inside, but not freed. */
struct caller_ops {
	void (*welcome)(struct caller *c, const struct cps_welcome *w);
	void (*out)(struct caller *c, uint32_t id, const char *text, size_t len);
	void (*err)(struct caller *c, uint32_t id, const char *text, size_t len);
	void (*done)(struct caller *c, uint32_t id, uint32_t rc);
	void (*prompt)(
		struct caller *c, uint32_t id, bool hidden, const char *text, size_t len);
	void (*note)(struct caller *c, const char *text, size_t len);
	void (*status)(struct caller *c, const char *text, size_t len);
	void (*console)(struct caller *c, uint64_t offset, const void *bytes, size_t len);
	void (*console_end)(struct caller *c); /* it is not attached any more */
	/* The session is over; the caller is closed.  `ended`: CP ended it and says why;
	 * otherwise CP has gone, or cannot be understood. */
	void (*gone)(struct caller *c, bool ended, const char *why);
};

struct caller {
	const struct caller_ops *ops;
	void *ctx;        /* the owner's */
	struct wire wire; /* one of these two is open */
	struct port port;
	uint32_t next_id;
	bool welcomed;
	char *command;       /* the last one, whose files CP may ask for... */
	uint32_t command_id; /* ...under this id */
	int out;             /* what the file "-" is; -1: nothing */
	char end[256];       /* what CPS_END said, or "" */
};

/* Starts a session with the CP at a socket's path; `tty`: there is a person to prompt.
 * 0 or -errno; -ENOENT, -ECONNREFUSED: no CP there. */
int caller_open(struct caller *c, struct loop *loop, const char *path, bool tty,
	const struct caller_ops *ops, void *ctx);

/* The same on a connected socket, which it owns from here on, also on failure. */
int caller_open_fd(struct caller *c, struct loop *loop, int fd, bool tty,
	const struct caller_ops *ops, void *ctx);

/* Starts a session over the cp port; `path` outlives the caller.  0 or -errno. */
int caller_open_port(struct caller *c, struct loop *loop, const char *path,
	const struct caller_ops *ops, void *ctx);

/* The same on a descriptor, which it owns from here on, also on failure. */
int caller_open_port_fd(struct caller *c, struct loop *loop, int fd,
	const struct caller_ops *ops, void *ctx);

/* Files that a command names are opened as CP asks for them (CPS_OPEN); "-" is this
 * descriptor, which stays the owner's. */
void caller_set_output(struct caller *c, int fd);

/* Ends it; ops->gone is not called.  Accepts a caller that is zero or closed. */
void caller_close(struct caller *c);

bool caller_is_open(const struct caller *c);
bool caller_is_guest(const struct caller *c); /* over the cp port */

/* Requests.  All return 0 or -errno, -EOPNOTSUPP where the cp port cannot ask that,
 * -EMSGSIZE where it does not fit a record; with 0, *id is what ops->done will say, once,
 * unless the request is cancelled or the session ends before. */
int caller_command(struct caller *c, const char *text, bool json, uint32_t *id);
int caller_logon(
	struct caller *c, const char *userid, const char *password, uint32_t *id);
int caller_attach(struct caller *c, const char *userid, uint16_t flags, uint32_t *id);
int caller_detach(struct caller *c, uint32_t *id);
int caller_table(struct caller *c, uint32_t *id);

/* Without an answer. */
int caller_reply(struct caller *c, uint32_t id, const char *text); /* to ops->prompt */
int caller_input(struct caller *c, const void *bytes, size_t len); /* to the console */
int caller_input_line(struct caller *c, const char *text);         /* and a newline */
int caller_cancel(struct caller *c, uint32_t id);                  /* no more of `id` */

#endif
