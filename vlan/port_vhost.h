/* A port with a vhost-user frontend behind it: a partition's NIC, another monitor's
 * guest, or a program with rings of its own (cp/lib/vnic.h).  We are the backend.
 *
 * The frontend is hostile in all it sends and in all of its memory, which may also shrink
 * under us.  The worst it gets is to be detached. */
#ifndef VLAN_PORT_VHOST_H
#define VLAN_PORT_VHOST_H

#include "vlan/host.h"

/* Virtio features offered, VHOST_USER_F_PROTOCOL_FEATURES included. */
uint64_t port_vhost_features(void);

/* Serves the frontend at `fd`, which it owns from here on, also on failure: the port is
 * in the switch when it returns.  0 or -errno. */
int port_vhost_create(struct lan_host *host, const struct lan_port *conf, int fd,
	struct lan_plug **out);

#endif
