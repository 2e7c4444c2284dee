/* The network device from the inside: a NIC and what is behind it.  Only for its own
 * files and the backends. */
#ifndef PARTITIONS_DEV_VIRTIO_NET_H
#define PARTITIONS_DEV_VIRTIO_NET_H

#include "partitions/dev/nic.h"
#include "partitions/dev/virtio.h"

#include <linux/virtio_net.h>

#define NET_MAX_PAIRS ((VIRTIO_MAX_QUEUES - 1) / 2) /* besides the control queue */
#define NET_MAX_DATA  (2 * NET_MAX_PAIRS)           /* queues of frames */
#define NET_HEADER    sizeof(struct virtio_net_hdr_v1)
#define NET_ANSWER_MS 1000 /* a LAN's process has this long for an answer */

#define NET_BIT(n) (UINT64_C(1) << (n))

/* 5.1.3; too new for the header. */
#ifndef VIRTIO_NET_F_GUEST_USO4
#define VIRTIO_NET_F_GUEST_USO4 54
#define VIRTIO_NET_F_GUEST_USO6 55
#define VIRTIO_NET_F_HOST_USO   56
#endif

/* What whoever works on the frames must be able to do... */
#define NET_OFFLOADS                                                                  \
	(NET_BIT(VIRTIO_NET_F_CSUM) | NET_BIT(VIRTIO_NET_F_GUEST_CSUM) |              \
		NET_BIT(VIRTIO_NET_F_HOST_TSO4) | NET_BIT(VIRTIO_NET_F_HOST_TSO6) |   \
		NET_BIT(VIRTIO_NET_F_HOST_ECN) | NET_BIT(VIRTIO_NET_F_HOST_USO) |     \
		NET_BIT(VIRTIO_NET_F_GUEST_TSO4) | NET_BIT(VIRTIO_NET_F_GUEST_TSO6) | \
		NET_BIT(VIRTIO_NET_F_GUEST_ECN) | NET_BIT(VIRTIO_NET_F_GUEST_USO4) |  \
		NET_BIT(VIRTIO_NET_F_GUEST_USO6))

/* ...and what is between the driver and us alone. */
#define NET_OURS                                                            \
	(NET_BIT(VIRTIO_NET_F_MAC) | NET_BIT(VIRTIO_NET_F_STATUS) |         \
		NET_BIT(VIRTIO_NET_F_MTU) | NET_BIT(VIRTIO_NET_F_CTRL_VQ) | \
		NET_BIT(VIRTIO_NET_F_CTRL_RX))

struct virtio_net;

/* What is behind a NIC.  All hooks are called with the machine's lock held. */
struct net_backend {
	/* Takes over `fd`, also if it fails; n->why may say why.  0 or -errno; destroy()
	 * follows. */
	int (*create)(struct virtio_net *n, int fd);
	void (*destroy)(struct virtio_net *n);

	/* The driver has started, or the guest was resumed: buffers may be used.  0, or
	 * -errno: the LAN is lost. */
	int (*start)(struct virtio_net *n);

	/* Returns when no buffer is in use any more and the queues' indices are right.
	 * Also called when it was not started. */
	void (*stop)(struct virtio_net *n);

	/* Queue `q` of frames was kicked, and the kicks were not given away.  From the
	 * loop. */
	void (*kicked)(struct virtio_net *n, unsigned q);

	/* The driver uses other pairs than before: n->active.  May be NULL. */
	int (*pairs)(struct virtio_net *n);

	/* As in struct virtio_ops.  May be NULL. */
	void (*vector_changed)(struct virtio_net *n, unsigned q);
};

/* No LAN: frames sent are completed and dropped, none come. */
extern const struct net_backend net_none;

/* A LAN's process that works on the guest's rings itself, by vhost-user. */
extern const struct net_backend net_vhost;

/* A LAN's process that sees copies of frames, in memory of ours (cp/lib/vnic.h). */
extern const struct net_backend net_bounce;

struct virtio_net {
	struct virtio v;
	struct virtio_net_config config;
	uint16_t mtu;     /* for the next driver; one that runs keeps what it found */
	unsigned n_pairs; /* there are */
	unsigned active;  /* the driver uses, the first of them */
	const struct net_backend *backend; /* NULL: not created yet */
	void *backend_state;
	bool lost;    /* the LAN has gone: until another comes, as if there were none */
	bool narrows; /* what the LAN lacks is not offered: it is there first */
	char why[NIC_WHY];
};

/* Queue 2p receives, queue 2p + 1 sends (5.1.2). */
static inline bool net_sends(unsigned q)
{
	return q % 2;
}

/* The number of queues of frames as the driver sees it, which is also the index of the
 * control queue. */
unsigned net_data_queues(const struct virtio_net *n);

/* May a LAN that offers `theirs`, for so many pairs, be behind this NIC?  Of what matters
 * to it (`of`) it needs all that the driver has accepted, or, before it has, all that is
 * offered.  0, or -EOPNOTSUPP and n->why. */
int net_agree(struct virtio_net *n, uint64_t theirs, uint32_t pairs, uint64_t of);

/* For a backend whose LAN has gone: its stop() comes, later its destroy(), and nothing
 * else. */
void virtio_net_lost(struct virtio_net *n, int err);

/* A command in the control queue (5.1.6.5). */
void net_control(struct virtio_net *n, unsigned q);

#endif
