/* Datagrams of several fragments, put together. */
#ifndef CMS_REASSEMBLY_H
#define CMS_REASSEMBLY_H

#include "cms/inet.h"

struct fragment {
	uint32_t id;
	unsigned offset; /* of its data, in bytes */
	bool more;       /* it is not the last */
};

/* Takes a fragment (p->data).  True: the datagram is whole, and p->data and p->len are
 * it until the next call here. */
bool reassembly_add(struct inet *n, struct packet *p, const struct fragment *f);

/* Frees the buffers of what is past its time, or was whole. */
void reassembly_tick(struct inet *n);

#endif
