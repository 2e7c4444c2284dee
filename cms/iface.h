/* Interfaces, ETHn and its VLANs ETHn.v, and their addresses. */
#ifndef CMS_IFACE_H
#define CMS_IFACE_H

#include "cms/inet.h"

#define IFACE_NAME 16

/* The interface, or NULL.  Make: a VLAN interface that is not there is made, if the NIC
 * is there and there is a place. */
struct iface *iface_find(struct inet *n, unsigned nic, unsigned vlan);
struct iface *iface_make(struct inet *n, unsigned nic, unsigned vlan);

/* Up: it has its link-local address and serves.  Down: all it had is gone, and a VLAN
 * interface itself. */
void iface_up(struct inet *n, struct iface *i);
void iface_down(struct inet *n, struct iface *i);

/* "ETH0", "ETH0.10"; returns `to`.  And back: false: no such name. */
char *iface_name(const struct iface *i, char to[IFACE_NAME]);
bool iface_parse(const char *text, unsigned *nic, unsigned *vlan);

/* Adds an address, or prolongs the one there is.  False: no place is left. */
bool iface_add(struct inet *n, struct iface *i, const struct iface_addr *a);
bool iface_delete(struct inet *n, struct iface *i, const struct addr *a);

/* Takes away what is past its time, or all of one origin. */
void iface_expire(struct inet *n, struct iface *i);
void iface_delete_origin(struct inet *n, struct iface *i, enum origin origin);
uint64_t iface_next(const struct iface *i);

/* The address, if `i` has it, or NULL. */
const struct iface_addr *iface_has(const struct iface *i, const struct addr *a);

/* Whose address it is; NULL: not ours. */
struct iface *iface_of(struct inet *n, const struct addr *a);

/* The address of `i` on the network `a` is on; NULL: none. */
const struct iface_addr *iface_on_link(const struct iface *i, const struct addr *a);

/* Is it a broadcast address of IPv4 here? */
bool iface_is_broadcast(const struct iface *i, const struct addr *a);

/* Our address for a packet that leaves by `out` to `to`.  Family 0: none. */
struct addr iface_source(
	const struct inet *n, const struct iface *out, const struct addr *to);

void iface_drop(struct iface *i, enum drop reason);

#endif
