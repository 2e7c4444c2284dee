/* Network interfaces: ETH0 is the first NIC (virtio 1.2, 5.1), and the network on them.
 */
#ifndef CMS_NET_H
#define CMS_NET_H

#include "cms/inet.h"
#include "cms/virtio.h"
#include "cms/wait.h"

struct net {
	uint8_t mac[MAC_SIZE];
	uint16_t mtu;
	bool tells_link, merges;
	bool stuck; /* it took no frame for long: it is not waited for again */
	bool kick_receive, kick_transmit;
	const struct timer *timer;
	struct virtio virtio;
	struct virtq queue[2];
	uint32_t size; /* of a buffer to receive into, and to transmit from */
	uint32_t transmit_size;
	char *receive, *transmit;
	uint32_t free_transmit; /* bit i: transmit buffer i is ours */
};

struct nets {
	bool started;
	bool busy; /* more has arrived than one poll takes */
	int n;
	const struct timer *timer;
	struct net *net[NICS_MAX];
	struct inet *inet; /* NULL: not started, or there is no storage */
	uint8_t *frame;    /* the one being looked at */
};

/* Starts all NICs there are, the first time it is called.  False: no storage. */
bool nets_start(struct nets *n, struct mem *mem, const struct timer *timer);

/* Serves what has arrived and what is due.  Of much that arrives it takes a part, and is
 * busy then: the caller looks at the rest of its world and comes again. */
void nets_poll(struct nets *n);

/* When something is due of its own; NEVER. */
uint64_t nets_next(const struct nets *n);

/* Lets the devices know what was sent.  Sending queues only. */
void nets_flush(struct nets *n);

/* Nobody listens any more: the command that did is gone. */
void nets_forget(struct nets *n);

bool net_link(const struct net *n);

/* Queues a frame without its checksum.  Waits for room, but not for a device that takes
 * nothing: false then, and for one too long. */
bool net_send(struct net *n, const void *frame, size_t len);

/* A frame that arrived; its length, 0: none.  What is longer than `size` is cut. */
size_t net_receive(struct net *n, void *frame, size_t size);

#endif
