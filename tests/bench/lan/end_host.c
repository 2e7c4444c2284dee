/* Ends that the kernel carries the frames of: a TAP device, and a VDE switch's socket. */
#include "tests/bench/lan/ends.h"

#include <errno.h>
#include <fcntl.h>
#include <libvdeplug.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER sizeof(struct virtio_net_hdr_v1)
#define WINDOW 224 /* as that of ends with rings */

struct end {
	int fd;
	VDECONN *vde;
};

static int tap_open(const char *where, bool large, struct end **out)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned offload = large ? TUN_F_CSUM | TUN_F_TSO4 : 0;
	int size = HEADER;
	struct end *e = calloc(1, sizeof(*e));

	*out = e;
	if (!e)
		return -ENOMEM;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", where);
	e->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (e->fd < 0 || ioctl(e->fd, TUNSETIFF, &ifr) ||
		ioctl(e->fd, TUNSETVNETHDRSZ, &size) ||
		ioctl(e->fd, TUNSETOFFLOAD, offload))
		return -errno;
	return 0;
}

static int tap_send(struct end *e, const struct sample *s, int n)
{
	static const struct virtio_net_hdr_v1 none;
	const struct iovec iov[] = {
		{ (void *)(uintptr_t)(s->hdr ? s->hdr : &none), HEADER },
		{ (void *)(uintptr_t)s->bytes, s->len },
	};
	int sent = 0;

	while (sent < n && writev(e->fd, iov, 2) > 0)
		sent++;
	return sent;
}

static int tap_receive(struct end *e, int n)
{
	static uint8_t bytes[BUF_LARGE];
	int count = 0;
	ssize_t got;

	for (int i = 0; i < n; i++) {
		got = read(e->fd, bytes, sizeof(bytes));
		if (got < (ssize_t)HEADER)
			break;
		count += is_ours(bytes + HEADER, (size_t)got - HEADER);
	}
	return count;
}

const struct kind kind_tap = { .name = "tap",
	.window = WINDOW,
	.window_large = RING_LARGE - BURST / 2,
	.open = tap_open,
	.send = tap_send,
	.receive = tap_receive };

static int vde_plug(const char *where, bool large, struct end **out)
{
	struct end *e = large ? NULL : calloc(1, sizeof(*e));
	char at[128];

	*out = e;
	if (!e)
		return large ? -EMSGSIZE : -ENOMEM;
	snprintf(at, sizeof(at), "%s", where);
	e->vde = vde_open(at, (char *)(uintptr_t) "lan_ends", NULL);
	if (!e->vde)
		return -errno;
	e->fd = vde_datafd(e->vde);
	return fcntl(e->fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int vde_transmit(struct end *e, const struct sample *s, int n)
{
	int sent = 0;

	while (sent < n && vde_send(e->vde, s->bytes, s->len, MSG_DONTWAIT) > 0)
		sent++;
	return sent;
}

static int vde_receive(struct end *e, int n)
{
	uint8_t bytes[BUFFER];
	int count = 0;
	ssize_t got;

	for (int i = 0; i < n; i++) {
		got = vde_recv(e->vde, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got <= 0)
			break;
		count += is_ours(bytes, (size_t)got);
	}
	return count;
}

const struct kind kind_vde = { .name = "vde",
	.window = WINDOW,
	.window_large = WINDOW,
	.open = vde_plug,
	.send = vde_transmit,
	.receive = vde_receive };
