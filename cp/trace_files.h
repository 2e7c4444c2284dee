/* The files of a trace or replay, opened by whose name they have.
 *
 * A host operator's are opened by the client, with the rights of who runs it; "-" is the
 * standard output of any client.  What the directory's COMMANDs name, cpd opens.  All
 * others, guests among them, name files below STATEDIR/userid, and have a bounded room
 * for traces there. */
#ifndef CP_TRACE_FILES_H
#define CP_TRACE_FILES_H

#include "cp/lan_proto.h"
#include "cp/request.h"

#define TRACE_ROOM (UINT64_C(64) << 20) /* bytes of a user's own traces, all together */
#define TRACE_SIZE (UINT64_C(8) << 20)  /* of one, where nothing is said */

struct trace_files {
	struct request *rq;
	char name[WORD_MAX + 1];
	bool create;   /* else one to read */
	unsigned n;    /* how many; 0: one, without a number */
	uint64_t size; /* bytes of each; 0: no limit, but where room is bounded */
	uint64_t room; /* bytes of the user's room they may take; 0: of nobody's */
	int fd[LAN_MAX_FILES];
	int n_fds;
	/* All are open, and the caller's; or none is, for the reason of *m. */
	void (*done)(void *ctx, const struct message *m);
	void *ctx;
};

/* Opens them; `done` is called once, maybe before it returns.  *f stays where it is until
 * then. */
void trace_files_open(struct trace_files *f);
void trace_files_close(struct trace_files *f);

bool trace_files_is_live(const struct trace_files *f); /* "-" */

#endif
