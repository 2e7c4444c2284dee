/* A connection of cpd to a process it started: requests with ids and time limits, their
 * answers, and what the process tells of its own accord.
 *
 * Everything that arrives is hostile.  An answer must carry the id of a request that has
 * none yet; what breaks that or any other rule of the protocol breaks the connection.  A
 * request whose time is over stays in the list until its answer comes, so that a late
 * answer is not taken for a false one, and still has its effect. */
#ifndef CP_LINK_H
#define CP_LINK_H

#include "cp/lib/list.h"
#include "cp/lib/log.h"
#include "cp/lib/wire.h"
#include "cp/msg.h"

#define LINK_SECONDS 10 /* usual limit of an answer */

struct link;
struct link_pending;

/* m->number 0 or severity I: done.  Where one is passed it may be NULL. */
typedef void link_done(void *ctx, const struct message *m);
/* The answer comes as bytes; `m` says what went wrong instead. */
typedef void link_bytes(
	void *ctx, const struct message *m, const void *bytes, size_t len);

struct link_reply {
	uint16_t type;             /* kind->ok, fail or hello_answer */
	const struct message *why; /* number 0 unless it failed */
	const void *bytes;
	size_t len;
};

typedef void link_answered(
	void *owner, struct link_pending *rq, const struct link_reply *reply);

struct link_ask {
	uint16_t type;
	const char *verb;        /* for messages: "STOP" */
	const void *head, *more; /* the payload, in two pieces */
	size_t head_len, more_len;
	const int *fds;
	int n_fds;
	unsigned seconds;  /* 0: no limit */
	link_answered *fn; /* takes the answer first, also a late one; or NULL */
	link_done *done;   /* then one of these is called, exactly once; or NULL */
	link_bytes *bytes;
	void *ctx;
	uint32_t note; /* for fn */
};

struct link_pending {
	struct list node; /* in link.pending */
	struct loop_timer timer;
	struct link *link;
	uint32_t id;
	uint16_t type;
	char verb[16];
	unsigned seconds;
	link_answered *fn;
	link_done *done; /* NULL once called */
	link_bytes *bytes;
	void *ctx;
	uint32_t note;
};

/* What one protocol differs in from another.  The functions get the link's owner. */
struct link_kind {
	uint16_t ok, fail, hello, hello_answer; /* types of records */
	const char *subsystem;                  /* in the log */
	int max_pending;                        /* requests without an answer */
	size_t max_queued; /* bytes for a process that does not read */
	/* Words a failure; `verb` is what failed. */
	void (*fail_message)(void *owner, const char *verb, const void *bytes, size_t len,
		struct message *out);
	/* A record that is no answer.  0, or -EPROTO with the reason in *what. */
	int (*happened)(void *owner, const struct wire_msg *msg, const char **what);
	/* The connection is closed: by the other side (what is NULL), or because of what
	 * it did or the kernel said. */
	void (*lost)(void *owner, const char *what);
};

/* Embedded in what is told by it; link_init() first. */
struct link {
	const struct link_kind *kind;
	struct loop *loop;
	void *owner;
	const char *name; /* of the owner, for messages; outlives the link */
	struct wire wire;
	struct list pending; /* oldest first */
	int n_pending;
	uint32_t last_id;
	struct log_limit log;
};

void link_init(struct link *l, const struct link_kind *kind, struct loop *loop,
	void *owner, const char *name);

/* Opens it on `fd`, which it owns from here on, also on failure.  0 or -errno. */
int link_open(struct link *l, int fd);

/* Connects to the socket at `path` and checks with the kernel that this process, of this
 * uid, is at the other end.  0; -errno; -EPERM: it is another. */
int link_connect(struct link *l, const char *path, pid_t pid, uid_t uid);

/* Closes it: what waits for an answer gets `why`, by done or bytes; fn is not called.
 * Accepts one that is zero or not open. */
void link_close(struct link *l, const struct message *why);

/* Asks.  0, or a message's number with nothing asked. */
int link_ask(struct link *l, const struct link_ask *ask, struct message *err);

/* Sends what has no answer; what a slow process does not take is dropped.  0 or -errno.
 */
int link_send(struct link *l, uint16_t type, uint32_t id, const void *bytes, size_t len);

/* The other side is not to be trusted any more. */
void link_break(struct link *l, const char *what);

/* A struct out of a payload, filled up with zeros; how many bytes of it there were. */
size_t link_take(void *to, size_t size, const void *from, size_t len);

/* The text behind it, cut at `size`; messages make it printable. */
void link_take_text(char *to, size_t size, const void *from, size_t len, size_t skip);

/* An errno of the other side in words. */
const char *link_error_text(int err);

#endif
