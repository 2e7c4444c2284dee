/* vhost-user messages, for both ends: the plug between a partition's NIC and a switch.
 *
 * This file knows the form of a message and nothing of what it does.  (vhost-user
 * protocol, as published with QEMU: "Message specification") */
#ifndef CP_LIB_VHOST_USER_H
#define CP_LIB_VHOST_USER_H

#include <stdbool.h>
#include <stdint.h>

enum vhost_user_request {
	VHU_GET_FEATURES = 1,
	VHU_SET_FEATURES = 2,
	VHU_SET_OWNER = 3,
	VHU_RESET_OWNER = 4,
	VHU_SET_MEM_TABLE = 5,
	VHU_SET_LOG_BASE = 6,
	VHU_SET_VRING_NUM = 8,
	VHU_SET_VRING_ADDR = 9,
	VHU_SET_VRING_BASE = 10,
	VHU_GET_VRING_BASE = 11,
	VHU_SET_VRING_KICK = 12,
	VHU_SET_VRING_CALL = 13,
	VHU_SET_VRING_ERR = 14,
	VHU_GET_PROTOCOL_FEATURES = 15,
	VHU_SET_PROTOCOL_FEATURES = 16,
	VHU_GET_QUEUE_NUM = 17,
	VHU_SET_VRING_ENABLE = 18,
	VHU_SEND_RARP = 19,
	VHU_NET_SET_MTU = 20,
	VHU_GET_INFLIGHT_FD = 31,
	VHU_SET_INFLIGHT_FD = 32,
	VHU_RESET_DEVICE = 34,
	VHU_GET_MAX_MEM_SLOTS = 36,
	VHU_ADD_MEM_REG = 37,
	VHU_REM_MEM_REG = 38,
	VHU_SET_STATUS = 39,
	VHU_GET_STATUS = 40,
};

#define VHU_F_PROTOCOL_FEATURES 30 /* feature bit: there are protocol features */

/* Protocol feature bits. */
#define VHU_P_MQ             0 /* GET_QUEUE_NUM: of a network device, in pairs */
#define VHU_P_RARP           2
#define VHU_P_REPLY_ACK      3 /* NEED_REPLY: a request is answered by 0, or its failure */
#define VHU_P_NET_MTU        4
#define VHU_P_INFLIGHT_SHMFD 12
#define VHU_P_RESET_DEVICE   13
#define VHU_P_MEM_SLOTS      15
#define VHU_P_STATUS         16

#define VHU_VERSION      0x1u /* flags */
#define VHU_VERSION_MASK 0x3u
#define VHU_REPLY        0x4u
#define VHU_NEED_REPLY   0x8u

#define VHU_MAX_REGIONS 8
#define VHU_MAX_FDS     8
#define VHU_NO_FD       0x100u /* in the number of SET_VRING_KICK, CALL and ERR */
#define VHU_HEADER      12u    /* bytes */

struct vhost_user_region {
	uint64_t gpa, size;
	uint64_t user_addr; /* what ring addresses refer to; any one the sender chooses */
	uint64_t mmap_offset; /* into the region's descriptor */
};

struct vhost_user_msg {
	uint32_t request; /* enum vhost_user_request */
	uint32_t flags;
	uint32_t size; /* bytes of payload */
	union {
		uint64_t number;
		struct {
			uint32_t index, num;
		} state;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr;
		struct {
			uint32_t n, zero;
			struct vhost_user_region region[VHU_MAX_REGIONS];
		} memory;
		struct {
			uint64_t zero;
			struct vhost_user_region region;
		} slot;
		struct {
			uint64_t mmap_size, mmap_offset;
			uint16_t queues, queue_size;
		} inflight;
	};
	int n_fds;
	int fds[VHU_MAX_FDS]; /* received: the receiver's */
};

/* Bytes of payload a request, or its reply, carries, as the specification says; -1: not
 * one of ours.  SET_MEM_TABLE's follows from the number of regions.  A request that has
 * no reply of its own is answered, where it asks for that, with a number. */
int vhost_user_size(uint32_t request, bool reply, uint32_t n_regions);

/* Sends one message whole, without waiting; `size` and the version are filled in.  0;
 * -EAGAIN: the other side does not read; else -errno. */
int vhost_user_send(int fd, struct vhost_user_msg *msg);

/* Waits at most `timeout_ms` for one message (-1: for ever).  0; -ETIMEDOUT; -EPIPE: the
 * other side has gone; -EPROTO: not a message of this protocol (descriptors are closed);
 * else -errno. */
int vhost_user_recv(int fd, struct vhost_user_msg *msg, int timeout_ms);

/* A message that comes in piece by piece; zero it first. */
struct vhost_user_input {
	struct vhost_user_msg msg;
	uint32_t have; /* bytes of it */
};

/* Reads what is there of one message, without waiting.  1: in->msg is whole, and whoever
 * takes it zeroes in->have before the next; 0: not yet; errors as vhost_user_recv(). */
int vhost_user_feed(int fd, struct vhost_user_input *in);

/* Sends a request and waits for its reply: into *msg. */
int vhost_user_ask(int fd, struct vhost_user_msg *msg, int timeout_ms);

void vhost_user_close_fds(struct vhost_user_msg *msg);

#endif
