/* Where packets go: networks of the interfaces, and routes. */
#ifndef CMS_ROUTE_H
#define CMS_ROUTE_H

#include "cms/inet.h"

struct hop {
	struct iface *iface;
	struct addr to; /* on its link */
	bool local;     /* the packet is for ourselves */
};

/* The way with the longest prefix.  `on`: only by this interface, or NULL.  False: there
 * is none. */
bool route_find(struct inet *n, const struct addr *to, struct iface *on, struct hop *hop);

/* False: no place left; or there is none such. */
bool route_add(struct inet *n, const struct route *r);
bool route_delete(struct inet *n, const struct addr *net, unsigned len);

/* Takes away those of an interface that is gone, of an origin there, or past their time.
 */
void route_forget(struct inet *n, const struct iface *i);
void route_delete_origin(struct inet *n, const struct iface *i, enum origin origin);
void route_expire(struct inet *n);
uint64_t route_next(const struct inet *n);

#endif
