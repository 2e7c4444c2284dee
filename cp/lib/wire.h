/* Records over a UNIX SOCK_SEQPACKET socket, with descriptors.
 *
 * One record is one packet: struct cp_frame of cp/guest_abi.h and its data.  This layer
 * knows nothing of what types mean.  What arrives is hostile: a record whose header does
 * not fit its length, or with more descriptors than WIRE_MAX_FDS, ends the connection. */
#ifndef CP_LIB_WIRE_H
#define CP_LIB_WIRE_H

#include "cp/lib/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_MAX_FDS  64
#define WIRE_MAX_DATA 65536 /* bytes of data in one record */

/* One record.  `data` and `fds` of a received record belong to the wire and end with the
 * call; a receiver that keeps a descriptor takes it with wire_take_fd(). */
struct wire_msg {
	uint16_t type, flags;
	uint32_t id;
	const void *data;
	uint32_t len;
	int n_fds;
	int *fds;
};

struct wire;

struct wire_ops {
	/* One record.  The wire may be closed from inside. */
	void (*record)(struct wire *w, struct wire_msg *msg);
	/* The other side has gone (err 0), sent what is no record (-EPROTO), or the
	 * socket failed.  Called once, from the loop; the receiver calls wire_close(). */
	void (*gone)(struct wire *w, int err);
	/* Everything queued has been sent.  May be NULL. */
	void (*drained)(struct wire *w);
};

struct wire_out;

/* A connection on a loop, embedded in its owner. */
struct wire {
	struct loop *loop;
	struct loop_fd watch;
	const struct wire_ops *ops;
	void *ctx;                    /* the owner's */
	struct wire_out *head, *tail; /* records not yet sent */
	size_t queued;                /* bytes in them */
	size_t limit;                 /* most bytes to queue */
	bool paused;
	bool gone_pending; /* nothing can be sent any more; gone() comes, or has come */
	bool told_gone;
	struct loop_call trouble; /* tells of `err` from the loop */
	int err;
	bool *closed; /* set while a callback runs: tells it that the wire was closed */
};

/* Starts a connection on `fd`, which it owns from here on, also on failure.  `limit` is
 * the most bytes it queues for a slow reader.  0 or -errno. */
int wire_open(struct wire *w, struct loop *loop, int fd, size_t limit,
	const struct wire_ops *ops, void *ctx);

/* Closes it and drops what is queued.  Accepts a wire that is zero or closed. */
void wire_close(struct wire *w);

static inline bool wire_is_open(const struct wire *w)
{
	return w->ops != NULL;
}

/* Sends a record, or queues it while the reader is slow.  Descriptors are duplicated, the
 * caller keeps its own.  0; -ENOBUFS when the limit would be passed (nothing is queued);
 * -EMSGSIZE; -EPIPE after the other side has gone; or what else the kernel says to this
 * record (-EBADF, -EMFILE...), which harms no other. */
int wire_send(struct wire *w, uint16_t type, uint32_t id, uint16_t flags,
	const void *data, size_t len, const int *fds, int n_fds);

/* Takes descriptor `i` out of a received record: the caller owns it.  -1 if there is
 * none. */
int wire_take_fd(struct wire_msg *msg, int i);

/* The struct a record begins with: what is missing is zeros, what is beyond it is its
 * tail, whose length goes into *len. */
void wire_head(const struct wire_msg *msg, void *to, size_t size);
const void *wire_tail(const struct wire_msg *msg, size_t size, size_t *len);

/* Stops and goes on reading: back pressure on the other side. */
void wire_pause(struct wire *w, bool paused);

/* The process at the other end, as the kernel knows it (SO_PEERCRED).  0 or -errno. */
int wire_peer(const struct wire *w, pid_t *pid, uid_t *uid, gid_t *gid);

/* Blocking forms for programs without a loop.  wire_read() returns 1 and a record in
 * `msg` whose data is in `buf` (WIRE_MAX_DATA bytes and a header), 0 at the end, or
 * -errno (-EINTR: a signal handler ran).  Its descriptors, now the caller's, are in
 * `fds`, which has room for WIRE_MAX_FDS; with NULL they are closed. */
int wire_write(int fd, uint16_t type, uint32_t id, uint16_t flags, const void *data,
	size_t len, const int *fds, int n_fds);
int wire_read(int fd, struct wire_msg *msg, void *buf, size_t size, int *fds);

/* Connects to, or binds, the socket at `path`.  The descriptor or -errno; -ENAMETOOLONG
 * where the path does not fit an address.  wire_connect() waits two seconds for a busy
 * listener, then -ETIMEDOUT.  wire_bind() replaces a socket nobody listens on, and
 * answers -EADDRINUSE where somebody does, -EEXIST where something else is.  It does not
 * listen(): clients see the process that does as their peer.  It changes the umask for a
 * moment: only for a process with one thread. */
int wire_connect(const char *path);
int wire_bind(const char *path, mode_t mode);

/* The same for a stream of bytes, which is no wire: others' protocols. */
int wire_bind_stream(const char *path, mode_t mode);

/* Checks one packet; pure.  0 and fields in `msg`, or -EPROTO. */
int wire_decode(struct wire_msg *msg, const void *packet, size_t len);

#endif
