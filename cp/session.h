/* Somebody who speaks to CP: a client of its socket, or a guest through its cp port. */
#ifndef CP_SESSION_H
#define CP_SESSION_H

#include "cp/cp.h"
#include "cp/lib/list.h"

#include <sys/types.h>

struct request;
struct partition;
struct watcher;

struct session;

/* A file of the host as a command names it. */
struct session_file {
	const char *name;
	unsigned number; /* of several with this name, from 1; 0: the only one */
	bool create;     /* to write, made or emptied; else to read */
};

/* Where what CP says to a session goes: client.c and guest.c each have one. */
struct session_ops {
	void (*out)(struct session *s, uint32_t id, const char *text, size_t len);
	void (*err)(struct session *s, uint32_t id, const char *text, size_t len);
	void (*done)(struct session *s, uint32_t id, int rc);
	/* The rest may be NULL: that cannot be. */
	void (*note)(struct session *s, const char *line);
	/* Asks the person for a line, for session_reply().  0 or -errno. */
	int (*prompt)(struct session *s, uint32_t id, bool hidden, const char *text);
	/* Asks the client for a file it opens with its own rights, for session_opened().
	 * 0 or -errno. */
	int (*open)(struct session *s, uint32_t id, const struct session_file *file);
	void (*became)(struct session *s); /* another userid */
	void (*end)(struct session *s, const char *why);
};

#define SESSION_MAX_REQUESTS 64 /* in progress of one session, commands of one line */

struct session {
	struct list node; /* in cp->sessions */
	struct cp *cp;
	const struct session_ops *ops;
	void *ctx;                   /* of ops: the client, or the partition */
	char userid[USERID_MAX + 1]; /* "": nobody, before LOGON */
	char classes[36];
	uid_t uid;               /* of the peer, on the host */
	bool guest;              /* speaks from inside a partition */
	bool tty;                /* a person: notes and prompts are welcome */
	bool host_operator;      /* host root or member of the bulkhead group */
	struct watcher *watcher; /* its console, if it can have one: cp/partition.h */
	struct list requests;    /* in progress */
	int n_requests;
	int wrong_passwords; /* since it began */
};

/* Starts and ends a session; ending it orphans its requests, and what is still to do of
 * their lines is not done. */
void session_init(struct session *s, struct cp *cp, const struct session_ops *ops,
	void *ctx, const char *userid, const char *classes);
void session_fini(struct session *s);

/* Does what was typed: one or several commands, answered under `id`. */
void session_command(struct session *s, uint32_t id, bool json, const char *text);
void session_cancel(struct session *s, uint32_t id); /* answers to `id` are dropped */

/* The answer to a prompt; `text` is wiped.  Without such a prompt it is dropped. */
void session_reply(struct session *s, uint32_t id, char *text);

/* The answer to session_ops.open: `fd`, which it owns from here on, or -1 and -errno. */
void session_opened(struct session *s, uint32_t id, int fd, int err);

/* The session speaks as another user from now on. */
void session_become(struct session *s, const char *userid, const char *classes);

/* Says a line to every session of this userid and to those that watch its console, as far
 * as they can be told; how many of them were people or had the console. */
int session_tell(struct cp *cp, const char *userid, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Does any session, of a person or not, hear what is said to this userid? */
bool session_hears_any(struct cp *cp, const char *userid);

/* Does anybody watch or drive the console of this userid? */
bool session_watches(struct cp *cp, const char *userid);

/* A message to the operator: every session with class A that can be told, and the log. */
struct message;
void operator_tell(struct cp *cp, const struct message *m);
void operator_say(struct cp *cp, int number, ...); /* enum msg_number */

/* A record in the audit log: who asked for what, and whether it was refused. */
void session_audit(struct session *s, const char *command, const char *verdict);

/* Who it is, for the log: "OPERATOR (host uid 0)", "ALPHA (guest)".  Returns buf. */
const char *session_who(const struct session *s, char *buf, size_t len);

#endif
