/* Network interfaces: ETH0 is the first NIC (virtio 1.2, 5.1).  Raw frames. */
#ifndef CMS_NET_H
#define CMS_NET_H

#include "cms/pipe.h"

#define NETS_MAX  8
#define NET_FRAME 1514u /* most bytes of a frame */

struct net {
	uint8_t mac[6];
	bool tells_link;
	struct virtio virtio;
	struct virtq queue[2];
	struct pipe pipe;
};

struct nets {
	bool started;
	int n;
	struct net *net[NETS_MAX];
};

/* Starts all NICs there are, the first time it is called. */
void nets_start(struct nets *n, struct mem *mem, const struct timer *timer);

bool net_link(const struct net *n);

/* Sends a frame without its checksum.  False: too long, or the NIC takes none. */
bool net_send(struct net *n, const void *frame, size_t len);

/* A frame that arrived; its length, 0: none.  What is longer than `size` is cut. */
size_t net_receive(struct net *n, void *frame, size_t size);

#endif
