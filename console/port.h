/* The cp port of a guest (cp/guest_abi.h) on a loop: frames over a character device that
 * one process at a time can have open. */
#ifndef CONSOLE_PORT_H
#define CONSOLE_PORT_H

#include "console/frames.h"
#include "cp/lib/loop.h"

#include <stdbool.h>

#define PORT_PATH "/dev/virtio-ports/" CP_PORT_NAME

struct port;

struct port_ops {
	/* One frame.  The port may be closed from inside. */
	void (*frame)(struct port *p, const struct cp_frame *frame, const void *data);
	/* It is of no use any more: -EBUSY, another process did not leave it in time; 0,
	 * CP's side is closed; else what failed.  Called once, from the loop; the
	 * receiver calls port_close(). */
	void (*gone)(struct port *p, int err);
};

struct port {
	struct loop *loop;
	const struct port_ops *ops;
	void *ctx; /* the owner's */
	const char *path;
	int fd; /* -1: not open yet */
	struct loop_fd watch;
	struct loop_timer retry; /* while another has it */
	uint64_t give_up;        /* loop_now() ns */
	struct frames *frames;
	uint8_t *out; /* not written yet */
	size_t out_len;
};

/* Opens the port at `path`, which outlives the port; where another process has it, it is
 * tried again for half a minute.  Frames may be sent at once.  0 or -errno; -ENOENT: this
 * machine has none. */
int port_open(struct port *p, struct loop *loop, const char *path,
	const struct port_ops *ops, void *ctx);

/* The same on a descriptor, which it owns from here on, also on failure. */
int port_open_fd(
	struct port *p, struct loop *loop, int fd, const struct port_ops *ops, void *ctx);

/* Closes it and drops what is not written.  Accepts a port that is zero or closed. */
void port_close(struct port *p);

static inline bool port_is_open(const struct port *p)
{
	return p->ops != NULL;
}

/* Writes a frame, or keeps it until the port can take it.  0, -EMSGSIZE or -ENOMEM. */
int port_send(struct port *p, const struct cp_frame *frame, const void *data);

#endif
