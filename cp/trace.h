/* Traces of guest LANs as CP sees them: what TRSOURCE says, and what becomes of it.
 *
 * A trace is CP's: it outlives the NICs it is about and the process of its LAN, which is
 * given it again with the same files.  It ends with cpd. */
#ifndef CP_TRACE_H
#define CP_TRACE_H

#include "cp/lan.h"

#include <linux/filter.h>

struct trace {
	struct list node; /* in lan->traces */
	struct lan *lan;
	char id[USERID_MAX + 1];     /* TRSOURCE's, one for each userid */
	char userid[USERID_MAX + 1]; /* whose it is */
	struct lan_trace conf;       /* its id is CP's own, of all LANs */
	struct sock_filter *insn;    /* of conf.n_insns; owned */
	char *filter, *file;         /* as typed; owned; filter may be NULL */
	int fd[LAN_MAX_FILES];       /* owned */
	int n_fds;
	uint64_t room;              /* of its user's, cp/trace_files.h */
	char why[128];              /* it is broken, for this reason; else "" */
	struct lan_stat_trace stat; /* as last heard */
	/* Called once when it ends or breaks off; NULL: nobody waits for that. */
	void (*ended)(void *ctx, const struct message *m);
	void *ended_ctx;
};

/* Owns `t` from here on, also on failure: its LAN, names, conf but for its id, filter and
 * files are set.  `done`: it takes frames, or is no more.  0, or a message's number. */
int trace_start(struct trace *t, part_done *done, void *ctx, struct message *err);

/* It is no more; `done` (or NULL) when its file is complete. */
void trace_end(struct trace *t, part_done *done, void *ctx);

int trace_enable(
	struct trace *t, bool on, part_done *done, void *ctx, struct message *err);
int trace_note(struct trace *t, const char *text, part_done *done, void *ctx,
	struct message *err);

/* Takes the answer to LAN_TRACE_STAT. */
void traces_heard(struct lan *lan, const void *bytes, size_t len);

struct trace *trace_find(struct cp *cp, const char *userid, const char *id);
struct trace *trace_find_any(struct cp *cp, const char *id); /* whoever's */
int traces_count(const struct lan *lan);
uint64_t traces_room(struct cp *cp, const char *userid); /* taken by this user's */
struct stat;
/* Is it a file that a trace has? */
bool traces_have(struct cp *cp, const struct stat *file);
const char *trace_state_name(const struct trace *t);

#endif
