/* Who has an address on the link: asked for by ARP (RFC 826) or ND (RFC 4861). */
#ifndef CMS_NEIGHBOUR_H
#define CMS_NEIGHBOUR_H

#include "cms/inet.h"

/* Sends an IP packet to `to` on the link, once it is known where that is. */
void neighbour_send(
	struct inet *n, struct iface *i, const struct addr *to, struct buf *b);

enum neighbour_state { NEIGHBOUR_UNKNOWN, NEIGHBOUR_ASKED, NEIGHBOUR_KNOWN };
enum neighbour_state neighbour_state(
	struct inet *n, struct iface *i, const struct addr *to);

/* Asks for one that is unknown.  If it does not answer it is unknown again. */
void neighbour_ask(struct inet *n, struct iface *i, const struct addr *to);

/* Somebody says who he is.  `make`: also note one nobody has asked for. */
void neighbour_heard(struct inet *n, struct iface *i, const struct addr *addr,
	const uint8_t mac[MAC_SIZE], bool make);

/* All of an interface that is gone. */
void neighbour_forget(struct inet *n, const struct iface *i);

void neighbour_tick(struct inet *n);
uint64_t neighbour_next(const struct inet *n);

#endif
