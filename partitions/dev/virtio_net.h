/* The network device from the inside: a NIC and what is behind it.  Only for
 * virtio_net.c and the backends. */
#ifndef PARTITIONS_DEV_VIRTIO_NET_H
#define PARTITIONS_DEV_VIRTIO_NET_H

#include "partitions/dev/virtio.h"

#include <linux/virtio_net.h>

enum { NET_RX, NET_TX, NET_QUEUES };

struct virtio_net;

/* What is behind a NIC.  All hooks are called with the machine's lock held. */
struct net_backend {
	/* Takes over `fd`, also if it fails.  The device is made but for this; what it
	 * offers may be narrowed (n->v.offered), the link be up.  0 or -errno; destroy()
	 * follows. */
	int (*create)(struct virtio_net *n, int fd);
	void (*destroy)(struct virtio_net *n);

	/* The driver has started, or the guest was resumed: buffers may be used. */
	void (*start)(struct virtio_net *n);

	/* Returns when no buffer is in use any more and the queues' indices are right.
	 * Also called when it was not started. */
	void (*stop)(struct virtio_net *n);

	/* Queue `q` was kicked, and the kicks were not given to another process. */
	void (*kicked)(struct virtio_net *n, unsigned q);

	/* As in struct virtio_ops.  May be NULL. */
	void (*vector_changed)(struct virtio_net *n, unsigned q);
};

/* No LAN: frames sent are completed and dropped, none come. */
extern const struct net_backend net_none;

/* A LAN process at the other end of a vhost-user socket; without it, as net_none. */
extern const struct net_backend net_vhost;

struct virtio_net {
	struct virtio v;
	struct virtio_net_config config;
	const struct net_backend *backend; /* NULL: not created yet */
	void *backend_state;
};

/* Says to the driver that the link is up or down. */
void virtio_net_link(struct virtio_net *n, bool up);

#endif
