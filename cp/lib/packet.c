/* Packets of a wire: what the kernel is asked for, and the checks of what it delivers. */
#include "cp/lib/packet.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static_assert(WIRE_MAX_DATA == CP_FRAME_MAX, "one frame, one limit");

#define FDS_SPACE CMSG_SPACE(WIRE_MAX_FDS * sizeof(int))

/* Room for the control message with the most descriptors, aligned for its header. */
union control {
	struct cmsghdr align;
	unsigned char bytes[FDS_SPACE];
};

static ssize_t receive_message(int fd, struct msghdr *mh, int how);
static int collect_fds(struct msghdr *mh, int *fds);

int packet_frame(struct packet *p, uint16_t type, uint32_t id, uint16_t flags)
{
	if (p->len > WIRE_MAX_DATA || p->n_fds < 0 || p->n_fds > WIRE_MAX_FDS)
		return -EMSGSIZE;

	p->frame = (struct cp_frame) {
		.magic = CP_FRAME_MAGIC,
		.len = (uint32_t)p->len,
		.id = id,
		.type = type,
		.flags = flags,
	};
	return 0;
}

static void put_fds(struct msghdr *mh, union control *control, const struct packet *p)
{
	size_t size = (size_t)p->n_fds * sizeof(int);
	struct cmsghdr *c = &control->align;

	memset(control, 0, sizeof(*control));
	mh->msg_control = control;
	mh->msg_controllen = CMSG_SPACE(size);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), p->fds, size);
}

int packet_send(int fd, const struct packet *p, int how)
{
	struct iovec iov[] = {
		{ (void *)&p->frame, sizeof(p->frame) },
		{ (void *)p->data, p->len },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = p->len ? 2 : 1 };
	union control control;

	if (p->n_fds)
		put_fds(&mh, &control, p);
	if (sendmsg(fd, &mh, how | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN)
		return -EPIPE;
	return -errno;
}

int packet_receive(
	int fd, struct wire_msg *msg, void *buf, size_t size, int *fds, int how)
{
	struct iovec iov = { buf, size };
	union control control;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = receive_message(fd, &mh, how);
	int n_fds;

	if (n < 0)
		return (int)n;
	n_fds = collect_fds(&mh, fds);
	if (n > 0 && !(mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
		!wire_decode(msg, buf, (size_t)n)) {
		msg->fds = fds;
		msg->n_fds = n_fds;
		return 1;
	}
	packet_close_fds(fds, n_fds);
	return n ? -EPROTO : 0;
}

int packet_dup_fds(int *to, const int *from, int n)
{
	for (int i = 0; i < n; i++) {
		to[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 0);
		if (to[i] < 0) {
			int err = -errno;

			packet_close_fds(to, i);
			return err;
		}
	}
	return 0;
}

void packet_close_fds(const int *fds, int n)
{
	for (int i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

int wire_decode(struct wire_msg *msg, const void *packet, size_t len)
{
	struct cp_frame frame;

	if (len < sizeof(frame) || len > PACKET_MAX)
		return -EPROTO;
	memcpy(&frame, packet, sizeof(frame));
	if (frame.magic != CP_FRAME_MAGIC || frame.len != len - sizeof(frame))
		return -EPROTO;

	*msg = (struct wire_msg) {
		.type = frame.type,
		.flags = frame.flags,
		.id = frame.id,
		.data = (const unsigned char *)packet + sizeof(frame),
		.len = frame.len,
	};
	return 0;
}

int wire_write(int fd, uint16_t type, uint32_t id, uint16_t flags, const void *data,
	size_t len, const int *fds, int n_fds)
{
	struct packet p = { .data = data, .len = len, .fds = fds, .n_fds = n_fds };
	int err = packet_frame(&p, type, id, flags);

	return err ? err : packet_send(fd, &p, 0);
}

int wire_read(int fd, struct wire_msg *msg, void *buf, size_t size, int *fds)
{
	int unwanted[WIRE_MAX_FDS];
	int n = packet_receive(fd, msg, buf, size, fds ? fds : unwanted, 0);

	if (n == 1 && !fds) {
		packet_close_fds(unwanted, msg->n_fds);
		msg->fds = NULL;
		msg->n_fds = 0;
	}
	return n;
}

/* Somebody who goes with our packets unread makes the next call fail with ECONNRESET,
 * once; his own packets come after it. */
static ssize_t receive_message(int fd, struct msghdr *mh, int how)
{
	ssize_t n = recvmsg(fd, mh, how | MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(fd, mh, how | MSG_CMSG_CLOEXEC);
	if (n < 0 && errno == ECONNRESET)
		return 0;
	return n < 0 ? -errno : n;
}

/* The descriptors of a message, however many control messages they came in: there is room
 * for no more than WIRE_MAX_FDS in all. */
static int collect_fds(struct msghdr *mh, int *fds)
{
	int n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t size;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size = c->cmsg_len - CMSG_LEN(0);
		memcpy(fds + n, CMSG_DATA(c), size);
		n += (int)(size / sizeof(int));
	}
	return n;
}
