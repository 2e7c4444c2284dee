/* Traces: what goes through the switch, into pcapng files.
 *
 * The switch's thread filters, copies what is kept into a bounded ring and goes on; a
 * thread of the trace's own writes, so that a slow disk, a full one or a FIFO that nobody
 * reads never holds up a frame: what finds no room is counted, and the file says so. */
#ifndef VLAN_CAPTURE_H
#define VLAN_CAPTURE_H

#include "vlan/switch.h"

#include <linux/filter.h>

struct capture; /* one trace */
struct captures;

struct captures_ops {
	/* On the thread that calls captures_poll(): a trace broke; *why is for people. */
	void (*broken)(void *ctx, uint32_t id, const char *why);
	/* Called on the writer's thread before its first work; 0 or -errno. */
	int (*thread_started)(void *ctx);
};

/* All traces of a LAN; it taps the switch while there is one that is enabled. */
int captures_create(struct lan_switch *sw, const struct captures_ops *ops, void *ctx,
	struct captures **out);
void captures_destroy(struct captures *c); /* files are completed as far as they can be */

/* A trace into these files, one after the other and then from the first again; they are
 * owned from here on, also on failure.  The interfaces of the file are the switch's ports
 * as they come, named by conf.name.  0; -EEXIST; -ENOSPC; -EINVAL: not a filter; -ENOMEM.
 */
int capture_add(struct captures *c, const struct lan_trace *t,
	const struct sock_filter *insn, const int *fds, int n_fds);
int capture_set(struct captures *c, const struct lan_trace_set *set); /* 0 or -ENOENT */
int capture_note(
	struct captures *c, uint32_t id, const char *text, size_t len, uint64_t now);

/* Ends a trace without waiting for its file: `done` is called by captures_poll(), or at
 * once, when it is complete.  0 or -ENOENT. */
int capture_del(struct captures *c, uint32_t id, void (*done)(void *ctx), void *ctx);

/* Readable when captures_poll() has something to do. */
int captures_fd(const struct captures *c);
void captures_poll(struct captures *c);

int captures_stat(const struct captures *c, struct lan_stat_trace *out, int max);

#endif
