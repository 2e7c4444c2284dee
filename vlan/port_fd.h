/* What ports with a descriptor of the kernel's have in common: a burst of frames is
 * received into slots and given to the switch; the end of the other side.  Only for
 * port_tap.c and port_dgram.c. */
#ifndef VLAN_PORT_FD_H
#define VLAN_PORT_FD_H

#include "cp/lib/list.h"
#include "vlan/host.h"

#define PORT_FD_HEAD 12 /* bytes before a frame in its slot: a virtio header's place */
/* One more byte than the largest frame, which tells that there was more. */
#define PORT_FD_SLOT (PORT_FD_HEAD + FRAME_MAX + 1)

struct port_fd;

struct port_fd_slot {
	size_t len; /* bytes of the frame, behind PORT_FD_HEAD */
	struct frame_offload offload;
};

struct port_fd_ops {
	/* Receives up to FRAME_BURST frames into the slots; how many, or -errno: none
	 * will come any more. */
	int (*receive)(struct port_fd *p, struct port_fd_slot *slot);
	void (*destroy)(struct port_fd *p); /* frees what it is embedded in */
	const char *end;                    /* what to say when its other side has gone */
};

/* Embedded, ops set. */
struct port_fd {
	struct lan_plug plug;
	const struct port_fd_ops *ops;
	int fd;         /* -1: its other side has gone */
	uint8_t *slots; /* FRAME_BURST of them */
	struct loop_fd watch;
	struct loop_call ending;
	uint64_t wakes;
};

/* Watches `fd`, which is owned on success alone, and puts the port into the switch.  0 or
 * -errno. */
int port_fd_begin(struct port_fd *p, struct lan_host *host, const struct lan_port *conf,
	const struct port_ops *ops, int fd);

/* Its other side has gone; everybody is told once the switch has done its work. */
void port_fd_end(struct port_fd *p);

static inline struct port_fd *port_fd_of(struct port *port)
{
	return container_of(
		container_of(port, struct lan_plug, port), struct port_fd, plug);
}

uint8_t *port_fd_slot(const struct port_fd *p, int i); /* its first byte */

#endif
