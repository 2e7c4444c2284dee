/* Ports whose other side is the kernel: a TAP device, with checksums and segmentation
 * left to whom they are for; a connected datagram socket, UDP or UNIX, one frame a
 * datagram (what QEMU's -netdev dgram speaks), where everything is segmented and summed.
 *
 * Each owns its descriptor, also on failure, and makes it nonblocking.  It is watched by
 * the loop; what its other side has no room for is dropped as FULL.
 *
 * A TAP must be one with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR, whose owner did nothing
 * else: header size and offloads are set here (TUNGETIFF, TUNSETVNETHDRSZ, TUNSETOFFLOAD,
 * which is what ioctl(2) must be allowed for).  Its interface being deleted is its end;
 * while that is down, frames for it are DETACHED.
 *
 * A datagram socket whose peer refuses (ECONNREFUSED: nobody has that UDP port yet) goes
 * on; a UNIX one whose peer was closed is at its end. */
#ifndef VLAN_PORT_TAP_H
#define VLAN_PORT_TAP_H

#include "vlan/host.h"

/* As port_vhost_create(); -EINVAL: not such a TAP, no datagram socket. */
int port_tap_create(struct lan_host *host, const struct lan_port *conf, int fd,
	struct lan_plug **out);
int port_dgram_create(struct lan_host *host, const struct lan_port *conf, int fd,
	struct lan_plug **out);

/* Nothing behind it: what is sent to it is DETACHED. */
int port_none_create(
	struct lan_host *host, const struct lan_port *conf, struct lan_plug **out);

#endif
