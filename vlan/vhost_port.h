/* A vhost-user port, for the files it is made of: port_vhost.c (the plug),
 * vhost_session.c (messages), vhost_tx.c (what the NIC sends), vhost_rx.c (what it gets),
 * vhost_call.c (waking the driver). */
#ifndef VLAN_VHOST_PORT_H
#define VLAN_VHOST_PORT_H

#include "vlan/port_vhost.h"
#include "vlan/vhost_queue.h"

#include <time.h>

#define VHOST_PAIRS  8
#define VHOST_QUEUES (2 * VHOST_PAIRS) /* even: receive, odd: transmit, by pairs */

#define VHOST_BIT(n) (UINT64_C(1) << (n))

/* What all vhost-user ports of a host share: what is needed for one burst only. */
struct vhost_shared {
	unsigned users;
	struct vring_burst tx, rx;
	struct frame frame[FRAME_BURST];
	uint8_t *whole, *piece; /* of a frame that is cut; NULL until one is */
	timer_t guard;          /* ends a call that waits */
	uint64_t guarded_until; /* ns; the guard goes off then */
};

struct vhost_port {
	struct lan_plug plug;
	struct poll_port poll;
	struct vhost_shared *shared;
	struct vhost_memory memory;
	struct vhost_queue queue[VHOST_QUEUES];

	uint8_t n_rx, n_tx;                       /* queues frames go through... */
	uint8_t rx[VHOST_PAIRS], tx[VHOST_PAIRS]; /* ...and which */
	uint8_t next_tx;                          /* of tx: looked at first */
	uint16_t dirty;                           /* queues with something to publish */
	uint16_t full; /* queues that have no more room in this burst */
	uint64_t features;
	uint8_t header; /* bytes before a frame */
	bool merge;     /* a frame may take several buffers */
	bool csum, ecn; /* the driver completes checksums; knows of ECN */
	uint8_t gso;    /* bits of VIRTIO_NET_HDR_GSO_* it takes */

	int fd; /* -1: detached */
	struct loop_fd watch;
	struct vhost_user_input input;
	uint64_t protocol; /* protocol features */
	uint64_t status;
	uint64_t kicks, calls;
	const char *why; /* it is to be detached */
	struct loop_call detach;
	struct loop_timer look; /* at a queue that does not kick */
};

static inline struct vhost_port *vhost_of(const struct port *port)
{
	struct lan_plug *plug = container_of(port, struct lan_plug, port);

	return container_of(plug, struct vhost_port, plug);
}

/* The port is of no use any more; nothing is taken from or given to it from now on, and
 * it is detached when the loop comes to it.  `why` is for people, and not copied. */
void vhost_fail(struct vhost_port *p, const char *why);

/* After each piece of work in the frontend's memory: is it still there? */
void vhost_check(struct vhost_port *p);

/* Queues have started or stopped, or features have changed. */
void vhost_changed(struct vhost_port *p);

/* To be looked at until it is quiet. */
void vhost_wake(struct vhost_port *p);

/* A message, or what is there of it, can be read. */
void vhost_session_ready(struct loop_fd *watch, uint32_t events);

int vhost_take(struct poll_port *poll, uint64_t now);
int vhost_send(struct port *port, const struct egress *e, int n, enum lan_drop *why);
void vhost_flush(struct port *port);

/* Publishes what was put into the queue's ring, and tells the driver if it wants that. */
void vhost_publish(struct vhost_port *p, struct vhost_queue *q);
void vhost_call(struct vhost_port *p, struct vhost_queue *q);
void vhost_signal_error(struct vhost_port *p, struct vhost_queue *q); /* its ring broke */
int vhost_guard_create(struct vhost_shared *s);                       /* 0 or -errno */
void vhost_guard_destroy(struct vhost_shared *s);

#endif
