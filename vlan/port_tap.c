/* A TAP device.  A frame goes to and from the kernel in one piece, its virtio header
 * before it; what the sender has is given to writev(2) as it lies there, so that memory
 * that is gone is an error of that call. */
#include "vlan/port_tap.h"

#include "vlan/port_fd.h"
#include "vlan/segment.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef TUN_F_USO4 /* headers before Linux 6.2 lack these */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define BURST_BYTES (256 << 10) /* read at once; what is more would leave the cache */
#define MAX_IOV     IOV_MAX

struct port_tap {
	struct port_fd fd;     /* first */
	bool uso;              /* the kernel knows UDP_L4 */
	uint8_t *whole, *part; /* for what it does not know: FRAME_MAX each */
};

static_assert(sizeof(struct virtio_net_hdr_v1) == PORT_FD_HEAD, "virtio 1.2, 5.1.6");

static int set_up(struct port_tap *t, int fd);
static int tap_send(struct port *p, const struct egress *e, int n, enum lan_drop *why);

static void tap_destroy(struct port_fd *p)
{
	struct port_tap *t = container_of(p, struct port_tap, fd);

	free(t->whole);
	free(t->part);
	free(t);
}

static struct frame_offload offload_of(const struct virtio_net_hdr_v1 *h)
{
	return (struct frame_offload) { .flags = h->flags,
		.gso_type = h->gso_type,
		.hdr_len = h->hdr_len,
		.gso_size = h->gso_size,
		.csum_start = h->csum_start,
		.csum_offset = h->csum_offset };
}

/* The kernel's end of it is an error other than these. */
static bool is_passing(int err)
{
	return err == EAGAIN || err == EINTR || err == ENOMEM || err == ENOBUFS;
}

static int tap_receive(struct port_fd *p, struct port_fd_slot *slot)
{
	size_t all = 0;
	int n;

	for (n = 0; n < FRAME_BURST && all < BURST_BYTES; n++) {
		uint8_t *bytes = port_fd_slot(p, n);
		ssize_t len = read(p->fd, bytes, PORT_FD_SLOT);
		struct virtio_net_hdr_v1 h = { 0 };

		if (len < 0 && !n && !is_passing(errno))
			return -errno;
		if (len < 0)
			break;
		memcpy(&h, bytes, (size_t)len < sizeof(h) ? (size_t)len : sizeof(h));
		slot[n].offload = offload_of(&h);
		slot[n].len = (size_t)len < sizeof(h) ? 0 : (size_t)len - sizeof(h);
		all += (size_t)len;
	}
	return n;
}

static const struct port_fd_ops fd_ops = { tap_receive, tap_destroy,
	"the TAP interface was deleted" };
static const struct port_ops port_ops = { .name = "tap", .send = tap_send };

int port_tap_create(
	struct lan_host *host, const struct lan_port *conf, int fd, struct lan_plug **out)
{
	struct port_tap *t = calloc(1, sizeof(*t));
	int err = t ? set_up(t, fd) : -ENOMEM;

	if (!err) {
		t->fd.ops = &fd_ops;
		err = port_fd_begin(&t->fd, host, conf, &port_ops, fd);
	}
	if (!err) {
		*out = &t->fd.plug;
		return 0;
	}
	if (t)
		tap_destroy(&t->fd);
	close(fd);
	return err;
}

/* Has the kernel hand over what it need not cut and sum itself. */
static int set_up(struct port_tap *t, int fd)
{
	const unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	int flags = IFF_TAP | IFF_VNET_HDR, header = PORT_FD_HEAD;
	struct ifreq req = { 0 };

	if (ioctl(fd, TUNGETIFF, &req))
		return errno == ENOTTY ? -EINVAL : -errno;
	if ((req.ifr_flags & (flags | IFF_TUN)) != flags)
		return -EINVAL;
	if (ioctl(fd, TUNSETVNETHDRSZ, &header))
		return -errno;
	t->uso = !ioctl(fd, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6);
	if (!t->uso && ioctl(fd, TUNSETOFFLOAD, offloads))
		return -errno;
	t->whole = malloc(FRAME_MAX);
	t->part = malloc(FRAME_MAX);
	return t->whole && t->part ? 0 : -ENOMEM;
}

/* ---- Sending
 * --------------------------------------------------------------------------- */

static enum lan_drop reason(int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
	case ENOMEM:
	case ENOBUFS: return DROP_FULL;
	case EIO:    /* the interface is down */
	case EBADFD: /* ...was deleted, of which the loop will tell */
	case ENODEV: return DROP_DETACHED;
	default: return DROP_UNSUPPORTED;
	}
}

static enum lan_drop write_frame(int fd, const struct iovec *iov, int n)
{
	return writev(fd, iov, n) < 0 ? reason(errno) : DROP_NONE;
}

static struct virtio_net_hdr_v1 header_of(const struct egress *e)
{
	struct frame_offload o = egress_offload(e);

	return (struct virtio_net_hdr_v1) { .flags = o.flags,
		.gso_type = o.gso_type,
		.hdr_len = o.hdr_len <= egress_len(e) ? o.hdr_len : 0,
		.gso_size = o.gso_size,
		.csum_start = o.csum_start,
		.csum_offset = o.csum_offset };
}

/* The header, what the switch has of the frame, and the rest of it where it lies. */
static enum lan_drop send_whole(const struct port_tap *t, const struct egress *e)
{
	const struct frame *f = e->frame;
	uint32_t start_len = egress_len(e) - f->len + f->head_len;
	uint32_t left = f->len - f->head_len, at = f->seg_at;
	struct virtio_net_hdr_v1 header = header_of(e);
	uint8_t start[FRAME_HEAD + 4];
	struct iovec iov[MAX_IOV];
	int n = 2;

	egress_copy(e, 0, start, start_len);
	iov[0] = (struct iovec) { &header, sizeof(header) };
	iov[1] = (struct iovec) { start, start_len };
	for (int i = 0; i < f->n_seg && left; i++) {
		size_t skip = at < f->seg[i].iov_len ? at : f->seg[i].iov_len;
		size_t len = f->seg[i].iov_len - skip;

		at -= (uint32_t)skip;
		if (!len)
			continue;
		if (n == MAX_IOV)
			return DROP_UNSUPPORTED;
		len = len < left ? len : left;
		iov[n++] = (struct iovec) { (char *)f->seg[i].iov_base + skip, len };
		left -= (uint32_t)len;
	}
	return write_frame(t->fd.fd, iov, n);
}

/* Of a kernel that lacks the offload; a frame of which a part has no room is dropped. */
static enum lan_drop send_parts(const struct port_tap *t, const struct egress *e)
{
	struct virtio_net_hdr_v1 header = { 0 };
	struct frame_offload left;
	struct segmenter s;
	uint32_t len;

	if (segment_begin(&s, e, t->whole, false))
		return DROP_UNSUPPORTED;
	while ((len = segment_next(&s, t->part, &left))) {
		struct iovec iov[] = { { &header, sizeof(header) }, { t->part, len } };
		enum lan_drop why = write_frame(t->fd.fd, iov, 2);

		if (why != DROP_NONE)
			return why;
	}
	return DROP_NONE;
}

static enum lan_drop send_one(const struct port_tap *t, const struct egress *e)
{
	if (t->fd.fd < 0)
		return DROP_DETACHED;
	if (!t->uso && e->frame->offload.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4)
		return send_parts(t, e);
	return send_whole(t, e);
}

static int tap_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	const struct port_tap *t = container_of(port_fd_of(p), struct port_tap, fd);

	for (int i = 0; i < n; i++) {
		enum lan_drop drop = send_one(t, &e[i]);

		if (drop != DROP_NONE) {
			*why = drop;
			return i;
		}
	}
	return n;
}
