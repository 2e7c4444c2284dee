/* vhost-user messages over a UNIX stream socket. */
#include "cp/lib/vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Received fields keep their place: the payload follows the header without a gap. */
_Static_assert(offsetof(struct vhost_user_msg, number) % 8 == 0, "payload is aligned");

#define NEVER INT64_MAX /* a deadline, in ms */

static int request_size(uint32_t request, uint32_t n_regions);
static int64_t now_ms(void);
static int wait_readable(int fd, int64_t deadline);
static int recv_part(int fd, struct vhost_user_input *in, size_t upto);
static bool take_fds(struct vhost_user_msg *msg, struct msghdr *hdr);
static bool well_formed(const struct vhost_user_msg *msg);

int vhost_user_size(uint32_t request, bool reply, uint32_t n_regions)
{
	int size = request_size(request, n_regions);

	if (size < 0 || !reply)
		return size;
	return request == VHU_GET_INFLIGHT_FD ? size : (int)sizeof(uint64_t);
}

int vhost_user_send(int fd, struct vhost_user_msg *msg)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(msg->fds))];
	} control;
	struct iovec iov[2];
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = 2 };
	bool reply = msg->flags & VHU_REPLY;
	int size = vhost_user_size(msg->request, reply, msg->memory.n);
	ssize_t sent;

	if (size < 0 || msg->n_fds < 0 || msg->n_fds > VHU_MAX_FDS)
		return -EINVAL;
	if (!reply && msg->request == VHU_SET_MEM_TABLE &&
		msg->memory.n > VHU_MAX_REGIONS)
		return -EINVAL;
	msg->size = (uint32_t)size;
	msg->flags = (msg->flags & ~VHU_VERSION_MASK) | VHU_VERSION;
	iov[0] = (struct iovec) { &msg->request, VHU_HEADER };
	iov[1] = (struct iovec) { &msg->number, (size_t)size };
	if (msg->n_fds) {
		struct cmsghdr *c = &control.align;
		size_t len = (size_t)msg->n_fds * sizeof(int);

		memset(&control, 0, sizeof(control));
		hdr.msg_control = &control;
		hdr.msg_controllen = CMSG_SPACE(len);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(c), msg->fds, len);
	}
	sent = sendmsg(fd, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	/* A stream that took part of so little is one whose reader has stopped reading.
	 */
	return sent == (ssize_t)VHU_HEADER + size ? 0 : -EAGAIN;
}

int vhost_user_recv(int fd, struct vhost_user_msg *msg, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? NEVER : now_ms() + timeout_ms;
	struct vhost_user_input in = { .have = 0 };
	int n = 0;

	while (!n) {
		n = wait_readable(fd, deadline);
		if (!n)
			n = vhost_user_feed(fd, &in);
	}
	if (n < 0)
		vhost_user_close_fds(&in.msg);
	*msg = in.msg;
	return n < 0 ? n : 0;
}

int vhost_user_feed(int fd, struct vhost_user_input *in)
{
	struct vhost_user_msg *msg = &in->msg;
	int n = 1;

	if (!in->have)
		*msg = (struct vhost_user_msg) { 0 };
	if (in->have < VHU_HEADER)
		n = recv_part(fd, in, VHU_HEADER);
	if (n == 1 && msg->size > sizeof(msg->memory))
		n = -EPROTO;
	if (n == 1 && msg->size)
		n = recv_part(fd, in, VHU_HEADER + msg->size);
	if (n == 1 && !well_formed(msg))
		n = -EPROTO;
	if (n < 0)
		vhost_user_close_fds(msg);
	return n;
}

int vhost_user_ask(int fd, struct vhost_user_msg *msg, int timeout_ms)
{
	uint32_t request = msg->request;
	int err = vhost_user_send(fd, msg);

	if (!err)
		err = vhost_user_recv(fd, msg, timeout_ms);
	if (err)
		return err;
	if (msg->request == request && (msg->flags & VHU_REPLY))
		return 0;
	vhost_user_close_fds(msg);
	return -EPROTO;
}

void vhost_user_close_fds(struct vhost_user_msg *msg)
{
	while (msg->n_fds > 0)
		close(msg->fds[--msg->n_fds]);
}

static int request_size(uint32_t request, uint32_t n_regions)
{
	switch (request) {
	case VHU_SET_OWNER:
	case VHU_RESET_OWNER:
	case VHU_RESET_DEVICE:
	case VHU_GET_FEATURES:
	case VHU_GET_PROTOCOL_FEATURES:
	case VHU_GET_QUEUE_NUM:
	case VHU_GET_MAX_MEM_SLOTS:
	case VHU_GET_STATUS: return 0;
	case VHU_SET_FEATURES:
	case VHU_SET_PROTOCOL_FEATURES:
	case VHU_SET_VRING_NUM:
	case VHU_SET_VRING_BASE:
	case VHU_GET_VRING_BASE:
	case VHU_SET_VRING_KICK:
	case VHU_SET_VRING_CALL:
	case VHU_SET_VRING_ERR:
	case VHU_SET_VRING_ENABLE:
	case VHU_SEND_RARP:
	case VHU_NET_SET_MTU:
	case VHU_SET_STATUS: return 8;
	case VHU_SET_LOG_BASE: return 16;
	case VHU_GET_INFLIGHT_FD:
	case VHU_SET_INFLIGHT_FD: return 24;
	case VHU_SET_VRING_ADDR:
	case VHU_ADD_MEM_REG:
	case VHU_REM_MEM_REG: return 40;
	case VHU_SET_MEM_TABLE:
		return (int)(8 + n_regions * sizeof(struct vhost_user_region));
	default: return -1;
	}
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The deadline is the whole message's: who sends it byte by byte gains no time. */
static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left = deadline == NEVER ? -1 : deadline - now_ms();
	int n = poll(&p, 1, deadline != NEVER && left < 0 ? 0 : (int)left);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* Where byte `at` of a message is kept. */
static char *byte_at(struct vhost_user_msg *msg, uint32_t at)
{
	return at < VHU_HEADER ? (char *)&msg->request + at
			       : (char *)&msg->number + (at - VHU_HEADER);
}

/* 1: all up to byte `upto` is there, 0: not yet.  Descriptors come with any part. */
static int recv_part(int fd, struct vhost_user_input *in, size_t upto)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(in->msg.fds))];
	} control;
	struct iovec iov = { byte_at(&in->msg, in->have), upto - in->have };
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &hdr, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!take_fds(&in->msg, &hdr))
		return -EPROTO;
	if (n == 0)
		return -EPIPE;
	in->have += (uint32_t)n;
	return in->have == upto;
}

static bool take_fds(struct vhost_user_msg *msg, struct msghdr *hdr)
{
	bool all = !(hdr->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (msg->n_fds < VHU_MAX_FDS) {
				msg->fds[msg->n_fds++] = fd;
			} else {
				close(fd);
				all = false;
			}
		}
	}
	return all;
}

static bool well_formed(const struct vhost_user_msg *msg)
{
	bool table = msg->request == VHU_SET_MEM_TABLE && !(msg->flags & VHU_REPLY);

	if ((msg->flags & VHU_VERSION_MASK) != VHU_VERSION)
		return false;
	if (table && (msg->size < 8 || msg->memory.n > VHU_MAX_REGIONS))
		return false;
	return (int)msg->size ==
	       vhost_user_size(msg->request, msg->flags & VHU_REPLY, msg->memory.n);
}
