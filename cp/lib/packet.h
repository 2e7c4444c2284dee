/* One packet of a wire on its way to or from the kernel.  Only for wire.c and packet.c;
 * everybody else uses cp/lib/wire.h. */
#ifndef CP_LIB_PACKET_H
#define CP_LIB_PACKET_H

#include "cp/guest_abi.h"
#include "cp/lib/wire.h"

#define PACKET_MAX (sizeof(struct cp_frame) + WIRE_MAX_DATA)

/* To be sent; points to the sender's data and descriptors. */
struct packet {
	struct cp_frame frame;
	const void *data;
	size_t len; /* bytes of data */
	const int *fds;
	int n_fds;
};

/* Fills in the frame of a packet whose data and descriptors are set.  0 or -EMSGSIZE. */
int packet_frame(struct packet *p, uint16_t type, uint32_t id, uint16_t flags);

/* 0; -EAGAIN: no room, with MSG_DONTWAIT in `how`; -EPIPE: nobody is there; or -errno. */
int packet_send(int fd, const struct packet *p, int how);

/* Receives a packet into `buf`, its descriptors into `fds`, room for WIRE_MAX_FDS.  1 and
 * *msg; 0: the end; -EPROTO: no record; or -errno.  No descriptor is left open but those
 * in *msg. */
int packet_receive(
	int fd, struct wire_msg *msg, void *buf, size_t size, int *fds, int how);

int packet_dup_fds(int *to, const int *from, int n); /* 0 or -errno, then none is open */
void packet_close_fds(const int *fds, int n);        /* -1 among them: not one */

#endif
