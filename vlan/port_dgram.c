/* A connected datagram socket.  Datagrams that are to go are gathered in one area and
 * sent together; a frame counts as sent when all its parts are. */
#include "vlan/port_tap.h"

#include "vlan/port_fd.h"
#include "vlan/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AREA (4 * FRAME_MAX) /* bytes of datagrams that are gathered */

struct port_dgram {
	struct port_fd fd; /* first */
	uint8_t *whole;    /* a frame that is to be cut: FRAME_MAX */
	uint8_t *area;
};

/* Datagrams that wait to be sent, of frames that one send() was given. */
struct gathered {
	struct port_dgram *d;
	struct mmsghdr msg[FRAME_BURST];
	struct iovec iov[FRAME_BURST];
	int done[FRAME_BURST]; /* frames that have gone when this datagram has */
	int n;
	size_t used;        /* of the area */
	int frames;         /* gone */
	bool refused;       /* the peer did, once */
	enum lan_drop stop; /* why no more can be sent; DROP_NONE: they can */
};

static int check_socket(int fd);
static int dgram_send(struct port *p, const struct egress *e, int n, enum lan_drop *why);

static void dgram_destroy(struct port_fd *p)
{
	struct port_dgram *d = container_of(p, struct port_dgram, fd);

	free(d->whole);
	free(d->area);
	free(d);
}

/* An error here is what became of a datagram that was sent earlier. */
static int dgram_receive(struct port_fd *p, struct port_fd_slot *slot)
{
	struct mmsghdr msg[FRAME_BURST];
	struct iovec iov[FRAME_BURST];
	int n;

	memset(msg, 0, sizeof(msg));
	for (int i = 0; i < FRAME_BURST; i++) {
		iov[i] = (struct iovec) { port_fd_slot(p, i) + PORT_FD_HEAD,
			FRAME_MAX + 1 };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(p->fd, msg, FRAME_BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		slot[i] = (struct port_fd_slot) { .len = msg[i].msg_len };
	return n < 0 ? 0 : n;
}

static const struct port_fd_ops fd_ops = { dgram_receive, dgram_destroy,
	"its other side closed the socket" };
static const struct port_ops port_ops = { .name = "dgram", .send = dgram_send };

int port_dgram_create(
	struct lan_host *host, const struct lan_port *conf, int fd, struct lan_plug **out)
{
	struct port_dgram *d = calloc(1, sizeof(*d));
	int err = d ? check_socket(fd) : -ENOMEM;

	if (!err) {
		d->fd.ops = &fd_ops;
		d->whole = malloc(FRAME_MAX);
		d->area = malloc(AREA);
		err = d->whole && d->area ? 0 : -ENOMEM;
	}
	if (!err)
		err = port_fd_begin(&d->fd, host, conf, &port_ops, fd);
	if (!err) {
		*out = &d->fd.plug;
		return 0;
	}
	if (d)
		dgram_destroy(&d->fd);
	close(fd);
	return err;
}

static int check_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return errno == ENOTSOCK ? -EINVAL : -errno;
	return type == SOCK_DGRAM ? 0 : -EINVAL;
}

/* ---- Sending
 * --------------------------------------------------------------------------- */

/* What becomes of a datagram that could not be sent. */
static enum lan_drop judge(struct gathered *g, int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
	case ENOMEM:
	case ENOBUFS: return DROP_FULL;
	case EMSGSIZE: return DROP_UNSUPPORTED;
	case ENOTCONN: port_fd_end(&g->d->fd); return DROP_DETACHED;
	default: return DROP_DETACHED;
	}
}

/* A refusal is of an earlier datagram and said once; then this one goes. */
static int send_some(struct gathered *g, int from)
{
	int n = sendmmsg(g->d->fd.fd, g->msg + from, (unsigned)(g->n - from),
		MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno != ECONNREFUSED || g->refused)
		return n;
	g->refused = true;
	return sendmmsg(g->d->fd.fd, g->msg + from, (unsigned)(g->n - from),
		MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Where not all go, g->stop says why the frame after g->frames did not. */
static enum lan_drop send_all(struct gathered *g)
{
	for (int at = 0; at < g->n && g->stop == DROP_NONE;) {
		int n = send_some(g, at);

		if (n < 0) {
			g->stop = judge(g, errno);
			break;
		}
		at += n;
		g->frames = g->done[at - 1];
	}
	g->n = 0;
	g->used = 0;
	return g->stop;
}

/* Room for one more datagram of any size. */
static enum lan_drop make_room(struct gathered *g)
{
	if (g->n < FRAME_BURST && AREA - g->used >= FRAME_MAX)
		return DROP_NONE;
	return send_all(g);
}

/* The bytes at the end of the area are a datagram; with it `done` frames have gone. */
static void enter(struct gathered *g, uint32_t len, int done)
{
	struct iovec *iov = &g->iov[g->n];

	*iov = (struct iovec) { g->d->area + g->used, len };
	g->msg[g->n] = (struct mmsghdr) { .msg_hdr = {
						  .msg_iov = iov, .msg_iovlen = 1 } };
	g->done[g->n++] = done;
	g->used += len;
}

static enum lan_drop gather_parts(struct gathered *g, const struct egress *e, int before)
{
	struct frame_offload left;
	struct segmenter s;

	if (segment_begin(&s, e, g->d->whole, false))
		return DROP_UNSUPPORTED;
	for (;;) {
		enum lan_drop why = make_room(g);
		uint32_t len;

		if (why != DROP_NONE)
			return why;
		len = segment_next(&s, g->d->area + g->used, &left);
		if (!len)
			break;
		enter(g, len, before);
	}
	/* Its last part may have gone already, when room was made. */
	if (g->n)
		g->done[g->n - 1] = before + 1;
	else
		g->frames = before + 1;
	return DROP_NONE;
}

static enum lan_drop gather(struct gathered *g, const struct egress *e, int before)
{
	const struct frame_offload *o = &e->frame->offload;
	uint32_t len = egress_len(e);
	enum lan_drop why;

	if (o->flags || o->gso_type)
		return gather_parts(g, e, before);
	why = make_room(g);
	if (why != DROP_NONE)
		return why;
	egress_copy(e, 0, g->d->area + g->used, len);
	enter(g, len, before + 1);
	return DROP_NONE;
}

static int dgram_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	struct gathered g = { .stop = DROP_NONE };
	enum lan_drop bad = DROP_NONE;

	g.d = container_of(port_fd_of(p), struct port_dgram, fd);
	*why = DROP_DETACHED;
	if (g.d->fd.fd < 0)
		return 0;
	for (int i = 0; i < n && bad == DROP_NONE; i++)
		bad = gather(&g, &e[i], i);
	if (g.stop == DROP_NONE)
		send_all(&g);
	if (g.frames < n)
		*why = g.stop != DROP_NONE ? g.stop : bad;
	return g.frames;
}
