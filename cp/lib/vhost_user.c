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

static int64_t now_ms(void);
static int wait_readable(int fd, int64_t deadline);
static int recv_header(int fd, struct vhost_user_msg *msg, int64_t deadline);
static int recv_payload(int fd, struct vhost_user_msg *msg, int64_t deadline);
static void take_fds(struct vhost_user_msg *msg, struct msghdr *hdr);
static bool well_formed(const struct vhost_user_msg *msg);

int vhost_user_size(uint32_t request, bool reply, uint32_t n_regions)
{
	switch (request) {
	case VHU_SET_OWNER: return 0;
	case VHU_GET_FEATURES:
	case VHU_GET_PROTOCOL_FEATURES: return reply ? 8 : 0;
	case VHU_SET_FEATURES:
	case VHU_SET_PROTOCOL_FEATURES:
	case VHU_SET_VRING_NUM:
	case VHU_SET_VRING_BASE:
	case VHU_GET_VRING_BASE:
	case VHU_SET_VRING_KICK:
	case VHU_SET_VRING_CALL:
	case VHU_SET_VRING_ERR:
	case VHU_SET_VRING_ENABLE: return 8;
	case VHU_SET_VRING_ADDR: return 40;
	case VHU_SET_MEM_TABLE:
		return (int)(8 + n_regions * sizeof(struct vhost_user_region));
	default: return -1;
	}
}

int vhost_user_send(int fd, struct vhost_user_msg *msg)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(msg->fds))];
	} control;
	struct iovec iov[2];
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = 2 };
	int size = vhost_user_size(msg->request, msg->flags & VHU_REPLY, msg->memory.n);
	ssize_t sent;

	if (size < 0 || msg->n_fds < 0 || msg->n_fds > VHU_MAX_FDS)
		return -EINVAL;
	if (msg->request == VHU_SET_MEM_TABLE && msg->memory.n > VHU_MAX_REGIONS)
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
	int err;

	*msg = (struct vhost_user_msg) { 0 };
	err = recv_header(fd, msg, deadline);
	if (!err && msg->size > sizeof(msg->memory))
		err = -EPROTO;
	if (!err)
		err = recv_payload(fd, msg, deadline);
	if (!err && !well_formed(msg))
		err = -EPROTO;
	if (err)
		vhost_user_close_fds(msg);
	return err;
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
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int recv_header(int fd, struct vhost_user_msg *msg, int64_t deadline)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(msg->fds))];
	} control;
	struct iovec iov = { &msg->request, VHU_HEADER };
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int err = wait_readable(fd, deadline);
	ssize_t n;

	if (err)
		return err;
	n = recvmsg(fd, &hdr, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	take_fds(msg, &hdr);
	return n == (ssize_t)VHU_HEADER && !(hdr.msg_flags & MSG_CTRUNC) ? 0 : -EPROTO;
}

static int recv_payload(int fd, struct vhost_user_msg *msg, int64_t deadline)
{
	size_t done = 0;

	while (done < msg->size) {
		int err = wait_readable(fd, deadline);
		ssize_t n;

		if (err)
			return err;
		n = recv(fd, (char *)&msg->number + done, msg->size - done, MSG_DONTWAIT);
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		done += (size_t)n;
	}
	return 0;
}

static void take_fds(struct vhost_user_msg *msg, struct msghdr *hdr)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		msg->n_fds = (int)(len / sizeof(int));
		memcpy(msg->fds, CMSG_DATA(c), len);
	}
}

static bool well_formed(const struct vhost_user_msg *msg)
{
	bool table = msg->request == VHU_SET_MEM_TABLE;

	if ((msg->flags & VHU_VERSION_MASK) != VHU_VERSION)
		return false;
	if (table && (msg->size < 8 || msg->memory.n > VHU_MAX_REGIONS))
		return false;
	return (int)msg->size ==
	       vhost_user_size(msg->request, msg->flags & VHU_REPLY, msg->memory.n);
}
