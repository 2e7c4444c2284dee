/* Somebody who speaks to CP: a client of the CP socket, or a guest through its cp port. */
#ifndef CP_SESSION_H
#define CP_SESSION_H

#include "cp/cp.h"
#include "cp/lib/list.h"

struct request;
struct partition;

/* Where what CP says to a session goes: client.c and guest.c each have one. */
struct session_ops {
	void (*out)(struct session *s, uint32_t id, const char *text, size_t len);
	void (*err)(struct session *s, uint32_t id, const char *text, size_t len);
	void (*done)(struct session *s, uint32_t id, int rc);
	void (*note)(struct session *s, const char *line);   /* may be NULL: it cannot be told */
	void (*status)(struct session *s, const char *word); /* may be NULL */
	void (*end)(struct session *s, const char *why);     /* may be NULL */
};

struct session {
	struct list node;             /* in cp->sessions */
	struct cp *cp;
	const struct session_ops *ops;
	void *ctx;                    /* of ops: the client, or the partition */
	char userid[USERID_MAX + 1];
	char classes[36];
	uid_t uid;                    /* of the peer, on the host */
	bool guest;                   /* speaks from inside a partition */
	bool tty;                     /* a person: notes and prompts are welcome */
	bool host_operator;           /* host root or member of the bulkhead group */
	bool drives;                  /* has the keyboard of its own userid's partition */
	struct list requests;         /* in progress */
};

/* Starts and ends a session; ending it orphans its requests. */
void session_init(struct session *s, struct cp *cp, const struct session_ops *ops, void *ctx,
	const char *userid, const char *classes);
void session_fini(struct session *s);

/* Does what was typed: one or several commands, answered under `id`. */
void session_command(struct session *s, uint32_t id, bool json, const char *text);
void session_cancel(struct session *s, uint32_t id);  /* answers to `id` are dropped */

/* Says a line to every session of this userid that can be told; how many there were. */
int session_tell(struct cp *cp, const char *userid, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A message to the operator: every session with class A that can be told, and the log. */
struct message;
void operator_tell(struct cp *cp, const struct message *m);
void operator_say(struct cp *cp, int number, ...);   /* enum msg_number */

/* A record in the audit log: who asked for what, and whether it was refused. */
void session_audit(struct session *s, const char *command, const char *verdict);

#endif
