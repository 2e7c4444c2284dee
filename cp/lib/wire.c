/* A connection on a loop: records read a few at a time, records queued for a slow reader.
 *
 * Reading and sending end apart: what the other side sent before it went is still told,
 * so a send that finds nobody only drops the queue, and gone() comes with the end of what
 * is to be read. */
#include "cp/lib/wire.h"
#include "cp/lib/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Records of one readiness: one talker must not starve the loop. */
#define READ_BATCH 16

/* A record not yet sent; it owns duplicates of its descriptors. */
struct wire_out {
	struct wire_out *next;
	struct packet packet; /* points to what follows */
	int fds[];            /* and then the data */
};

static void on_ready(struct loop_fd *watch, uint32_t events);
static void flush(struct wire *w);
static void receive(struct wire *w);
static void update_interest(struct wire *w);
static int enqueue(struct wire *w, const struct packet *p);
static void drop_queue(struct wire *w);
static void tell_gone(struct wire *w, int err);

int wire_open(struct wire *w, struct loop *loop, int fd, size_t limit,
	const struct wire_ops *ops, void *ctx)
{
	int err;

	*w = (struct wire) { .loop = loop, .limit = limit, .ctx = ctx };
	err = loop_fd_add(loop, &w->watch, fd, EPOLLIN, on_ready, w);
	if (err) {
		close(fd);
		return err;
	}
	w->ops = ops;
	return 0;
}

void wire_close(struct wire *w)
{
	if (!wire_is_open(w))
		return;

	if (w->closed)
		*w->closed = true;
	loop_undefer(&w->trouble);
	loop_fd_del(&w->watch);
	close(w->watch.fd);
	drop_queue(w);
	*w = (struct wire) { 0 };
}

int wire_send(struct wire *w, uint16_t type, uint32_t id, uint16_t flags,
	const void *data, size_t len, const int *fds, int n_fds)
{
	struct packet p = { .data = data, .len = len, .fds = fds, .n_fds = n_fds };
	int err;

	if (!wire_is_open(w) || w->gone_pending)
		return -EPIPE;
	err = packet_frame(&p, type, id, flags);
	if (err)
		return err;
	if (w->head)
		return enqueue(w, &p);

	err = packet_send(w->watch.fd, &p, MSG_DONTWAIT);
	if (err == -EAGAIN)
		return enqueue(w, &p);
	if (err == -EPIPE)
		w->gone_pending = true;
	return err;
}

int wire_take_fd(struct wire_msg *msg, int i)
{
	int fd;

	if (i < 0 || i >= msg->n_fds)
		return -1;
	fd = msg->fds[i];
	msg->fds[i] = -1;
	return fd;
}

void wire_head(const struct wire_msg *msg, void *to, size_t size)
{
	size_t len = msg->len < size ? msg->len : size;

	memset(to, 0, size);
	if (len)
		memcpy(to, msg->data, len);
}

const void *wire_tail(const struct wire_msg *msg, size_t size, size_t *len)
{
	*len = msg->len > size ? msg->len - size : 0;
	return (const uint8_t *)msg->data + (msg->len - *len);
}

void wire_pause(struct wire *w, bool paused)
{
	if (!wire_is_open(w))
		return;
	w->paused = paused;
	update_interest(w);
}

int wire_peer(const struct wire *w, pid_t *pid, uid_t *uid, gid_t *gid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!wire_is_open(w))
		return -ENOTCONN;
	if (getsockopt(w->watch.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	*pid = cred.pid;
	*uid = cred.uid;
	*gid = cred.gid;
	return 0;
}

static void on_ready(struct loop_fd *watch, uint32_t events)
{
	struct wire *w = watch->ctx;
	bool closed = false;

	w->closed = &closed;
	if (w->head && events & ~(uint32_t)EPOLLIN)
		flush(w);
	if (!closed && !w->paused && !w->told_gone && events & ~(uint32_t)EPOLLOUT)
		receive(w);
	if (!closed) {
		w->closed = NULL;
		update_interest(w);
	}
}

static void free_out(struct wire_out *out)
{
	packet_close_fds(out->fds, out->packet.n_fds);
	free(out);
}

/* A copy of a packet that owns its data and descriptors. */
static int copy_out(const struct packet *p, struct wire_out **to)
{
	size_t fds_size = (size_t)p->n_fds * sizeof(int);
	struct wire_out *out = malloc(sizeof(*out) + fds_size + p->len);
	int err;

	if (!out)
		return -ENOMEM;
	*out = (struct wire_out) { .packet = *p };
	out->packet.fds = out->fds;
	out->packet.data = (unsigned char *)out->fds + fds_size;
	if (p->len)
		memcpy((unsigned char *)out->fds + fds_size, p->data, p->len);
	err = packet_dup_fds(out->fds, p->fds, p->n_fds);
	if (err) {
		free(out);
		return err;
	}
	*to = out;
	return 0;
}

static size_t out_size(const struct packet *p)
{
	return sizeof(p->frame) + p->len;
}

static int enqueue(struct wire *w, const struct packet *p)
{
	struct wire_out *out;
	int err;

	if (w->queued > w->limit || out_size(p) > w->limit - w->queued)
		return -ENOBUFS;
	err = copy_out(p, &out);
	if (err)
		return err;

	if (w->tail)
		w->tail->next = out;
	else
		w->head = out;
	w->tail = out;
	w->queued += out_size(p);
	update_interest(w);
	return 0;
}

static void drop_first(struct wire *w)
{
	struct wire_out *out = w->head;

	w->head = out->next;
	if (!w->head)
		w->tail = NULL;
	w->queued -= out_size(&out->packet);
	free_out(out);
}

static void drop_queue(struct wire *w)
{
	while (w->head)
		drop_first(w);
}

static void flush(struct wire *w)
{
	int err = 0;

	while (w->head && !err) {
		err = packet_send(w->watch.fd, &w->head->packet, MSG_DONTWAIT);
		if (!err)
			drop_first(w);
	}
	if (!err) {
		if (w->ops->drained)
			w->ops->drained(w);
	} else if (err == -EPIPE) {
		w->gone_pending = true;
		drop_queue(w);
	} else if (err != -EAGAIN) {
		tell_gone(w, err);
	}
}

/* One record, and the end of those of its descriptors that nobody took.  0 when there may
 * be more to read. */
static int receive_one(struct wire *w, void *buf, const bool *closed)
{
	int fds[WIRE_MAX_FDS];
	struct wire_msg msg;
	int n = packet_receive(w->watch.fd, &msg, buf, PACKET_MAX, fds, MSG_DONTWAIT);

	if (n == -EAGAIN || n == -EINTR)
		return n;
	if (n <= 0) {
		tell_gone(w, n);
		return -EPIPE;
	}
	w->ops->record(w, &msg);
	packet_close_fds(fds, msg.n_fds);
	return *closed || w->paused ? -EPIPE : 0;
}

static void receive(struct wire *w)
{
	_Alignas(16) unsigned char buf[PACKET_MAX];
	const bool *closed = w->closed;

	for (int i = 0; i < READ_BATCH; i++) {
		if (receive_one(w, buf, closed))
			break;
	}
}

static void tell_gone(struct wire *w, int err)
{
	w->gone_pending = true;
	w->told_gone = true;
	drop_queue(w);
	w->ops->gone(w, err);
}

static void on_trouble(struct loop_call *call)
{
	struct wire *w = call->ctx;

	if (!w->told_gone)
		tell_gone(w, w->err);
}

/* A wire that is to read and write nothing is not watched at all: the kernel would go on
 * reporting its hangup. */
static void update_interest(struct wire *w)
{
	uint32_t events = 0;
	int err;

	if (w->head)
		events |= EPOLLOUT;
	if (!w->paused && !w->told_gone)
		events |= EPOLLIN;
	err = loop_fd_mod(&w->watch, events);
	if (err && !w->told_gone) {
		w->err = err;
		w->gone_pending = true;
		loop_defer(w->loop, &w->trouble, on_trouble, w);
	}
}
