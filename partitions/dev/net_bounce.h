/* The copying backend from the inside.  Only for its own files. */
#ifndef PARTITIONS_DEV_NET_BOUNCE_H
#define PARTITIONS_DEV_NET_BOUNCE_H

#include "cp/lib/poll.h"
#include "cp/lib/vnic.h"
#include "partitions/dev/virtio_net.h"

#define BOUNCE_RX 0 /* the queue that frames are received by */

struct bounce {
	struct virtio_net *n;
	struct vnic *vnic;             /* NULL: the LAN has gone */
	struct loop_fd socket, rx, tx; /* watched: the last two while the vnic is on */
	struct loop_call settle, look;
	struct poller *poller; /* of this one */
	struct poll_port poll;
	bool running;             /* the driver runs */
	bool on;                  /* the vnic has rings */
	bool stale;               /* they were another run's */
	bool tx_full;             /* the LAN has no room */
	bool starved;             /* the guest has no room for what the vnic holds */
	int err;                  /* the LAN is to be given up */
	size_t left;              /* bytes of this turn */
	struct vring_burst burst; /* of what is being sent */
	struct vring_chain first; /* of the frame that is being received */
};

/* Passes frames on from queue `q`, or to the guest, at most a turn of them: how many. */
int bounce_transmit(struct bounce *b, unsigned q);
int bounce_receive(struct bounce *b);

/* The LAN broke a rule: it is given up when the loop comes to it. */
void bounce_fail(struct bounce *b, int err);

#endif
