/* The conversation with cpd (cp/lan_proto.h): one connection at a time, the newest; and
 * the process's main loop.
 *
 * While cpd is away frames go on; what happens is kept, the latest of it, for the next.
 */
#ifndef VLAN_CTL_H
#define VLAN_CTL_H

#include "cp/lib/list.h"
#include "cp/lib/wire.h"
#include "vlan/capture.h"
#include "vlan/host.h"
#include "vlan/replay.h"

#define CTL_EVENTS  64 /* kept until cpd has them */
#define CTL_REPLAYS 16 /* at the same time */
#define CTL_TEXT    200

/* CP's ids are below; from here on: ports that only a replay has. */
#define CTL_REPLAY_PORT 0x80000000u

struct lan_ctl_event {
	struct lan_event event;
	char text[CTL_TEXT];
};

struct lan_ctl_ops {
	/* For a thread of its own, before its first work: the place to close its sandbox.
	 * 0 or -errno. */
	int (*thread_started)(void *ctx);
	void *ctx;
};

/* A file that is being sent. */
struct lan_ctl_replay {
	struct list node; /* in ctl.replays */
	struct lan_ctl *ctl;
	uint32_t id;
	uint32_t request;    /* that it was asked for by: answered once `begun` */
	uint32_t generation; /* of the connection that came by */
	bool begun;
	uint32_t port;         /* it is sent from... */
	struct lan_plug *plug; /* ...which is this one where the replay has its own */
	struct replay *replay;
	struct loop_fd watch; /* for what was read */
};

struct lan_ctl {
	struct loop *loop;
	const struct lan_ctl_ops *ops;
	struct lan_host host;
	struct captures *captures;
	struct list replays;
	struct loop_fd listener, captures_watch;
	struct loop_timer wakeup; /* of the switch and the replays */
	struct wire wire;
	uint32_t version;    /* both speak; 0: no LAN_HELLO yet */
	uint32_t generation; /* of the connection */
	struct loop_call flush;
	unsigned n_events;
	struct lan_ctl_event events[CTL_EVENTS]; /* the oldest first */
};

/* Listens on `listen_fd`, which it owns from here on, also on failure; and makes the
 * switch it serves.  `ops` outlives it.  0 or -errno. */
int lan_ctl_create(struct loop *loop, int listen_fd, const struct lan_ctl_ops *ops,
	struct lan_ctl **out);
void lan_ctl_destroy(struct lan_ctl *c); /* accepts NULL; unplugs all */

/* Forwards and serves, until the loop fails: -errno. */
int lan_ctl_run(struct lan_ctl *c);

/* One turn of that: sleeps, at most `timeout_ms`, only if there is nothing to do.  0 or
 * -errno. */
int lan_ctl_turn(struct lan_ctl *c, int timeout_ms);

/* ---- For the requests (ctl_request.c, ctl_replay.c) ---- */

/* Sends an answer or drops the connection: cpd does not read. */
void lan_ctl_answer(
	struct lan_ctl *c, uint16_t type, uint32_t id, const void *data, size_t len);
void lan_ctl_fail(struct lan_ctl *c, uint32_t id, int err, const char *text);

/* Tells cpd, or keeps it until there is one. */
void lan_ctl_event(struct lan_ctl *c, enum lan_event_kind kind, uint32_t id,
	uint64_t value, const char *text);

/* Serves one record. */
void lan_ctl_request(struct lan_ctl *c, struct wire_msg *msg);

/* Starts a replay from `fd`, which it owns, also on failure.  0: `request` is answered
 * when the file's beginning has been read; or -errno with *why. */
int lan_ctl_replay_start(struct lan_ctl *c, const struct lan_replay *r, int fd,
	uint32_t request, const char **why);
int lan_ctl_replay_end(struct lan_ctl *c, uint32_t id); /* 0 or -ENOENT */
void lan_ctl_replay_port_gone(struct lan_ctl *c, uint32_t port);
uint64_t lan_ctl_replay_next(
	const struct lan_ctl *c); /* when one is due; UINT64_MAX: none */
void lan_ctl_replay_run(struct lan_ctl *c, uint64_t now);

/* The plug of a port of the switch. */
struct lan_plug *plug_of(struct port *port);

#endif
