/* How cpd starts a process that joins a guest LAN to something else: uplink KIND UID GID,
 * with the descriptors of enum uplink_fd.
 *
 * The process is the driver of a vhost-user port of the LAN (cp/lib/vnic.h) and maps no
 * guest's storage.  It ends when the LAN closes that socket, with status 0; cpd starts
 * another with a new socket, and does so also to change what it was configured with:
 * nothing that guests rely on is lost (addresses are given out by the MAC address).
 *
 *   KIND   joins the LAN to                 begins with, and gives up
 *   nat    the host's network, as a user    the host's network namespace
 *          of it does (libslirp): DHCP,
 *          DNS, forwards; no fragments
 *          of IPv4 from guests
 *   if     an interface of the host         the host's network namespace, CAP_NET_RAW
 *   vde    a VDE switch                     access to the switch's socket
 *   names  nothing: it answers DHCP, DNS    nothing
 *          and ARP on LANs without NAT
 *
 * Each becomes UID and GID, without capabilities, groups, new privileges and core dumps;
 * as root all but nat also leave the host's files for an empty root.  nat, which reads
 * /etc/resolv.conf anew when that changes, may by Landlock read below /etc and /run and
 * write nowhere.  Once frames flow each may call what cp/uplink_syscalls.def allows its
 * kind, and nothing else. */
#ifndef CP_UPLINK_PROTO_H
#define CP_UPLINK_PROTO_H

#include <stdint.h>

enum uplink_fd {
	UPLINK_FD_SOCK = 3,  /* the vhost-user socket to the LAN */
	UPLINK_FD_CONF = 4,  /* the configuration, up to its end: a file or a pipe */
	UPLINK_FD_READY = 5, /* one byte 0, then what could not be given up, if anything:
				frames flow; or a text: why it cannot work */
	UPLINK_FD_SECCOMP = 6, /* struct uplink_seccomp, then the filters */
	UPLINK_FD_FIRST_FREE = 7,
};

enum uplink_role {
	UPLINK_ROLE_NAT,
	UPLINK_ROLE_IF,
	UPLINK_ROLE_VDE,
	UPLINK_ROLE_NAMES,
	UPLINK_ROLES
};

struct uplink_seccomp {
	uint32_t count[UPLINK_ROLES];
};

/* The configuration is lines of key=value, each ended by a newline; at most this much.
 *
 *   mtu=1500                        all; the LAN's
 *   net=10.0.2.0/24                 nat, names: addresses; .1 or (nat) .2 is our own
 *   net6=fd00:62:6c::/64            nat, as may be missing: no IPv6
 *   listen=127.0.0.1                nat: address of the host that forwards are at
 *   forward=tcp:8022:MAC:22         nat: port of the host, NIC, its port; or udp:...
 *   mac=02:00:00:00:00:01           names: our own address
 *   host=ALPHA:MAC                  names: a NIC and its user; first come, first address
 *   interface=eth1                  if
 *   socket=/run/vde.ctl             vde
 *
 * MAC: 02:00:00:0a:0b:0c. */
#define UPLINK_CONF_MAX 65536

#define UPLINK_MAX_FORWARDS 64
#define UPLINK_MAX_HOSTS    1024

#endif
