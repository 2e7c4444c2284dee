/* An end with rings of its own, which a vhost-user backend works on. */
#include "cp/lib/vnic.h"
#include "tests/bench/lan/ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BIT(n) (UINT64_C(1) << (n))
#define OFFLOAD                                                  \
	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) | \
		BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO4))

struct end {
	struct vnic *vnic;
};

static int vhost_open(const char *where, bool large, struct end **out)
{
	const struct vnic_conf conf = { .queue_size = large ? RING_LARGE : RING,
		.buffer = large ? BUF_LARGE : BUFFER,
		.features = large ? OFFLOAD : 0,
		.answer_ms = 5000 };
	int fd = bench_connect(where, SOCK_STREAM);

	if (fd < 0)
		return fd;
	*out = calloc(1, sizeof(**out));
	return *out ? vnic_create(fd, &conf, &(*out)->vnic) : -ENOMEM;
}

static int vhost_send(struct end *e, const struct sample *s, int n)
{
	const struct iovec iov = { (void *)(uintptr_t)s->bytes, s->len };
	int sent = 0;

	while (sent < n && !vnic_tx(e->vnic, s->hdr, &iov, 1, 0, s->len))
		sent++;
	if (sent)
		vnic_tx_flush(e->vnic);
	return sent;
}

static int vhost_receive(struct end *e, int n)
{
	struct vnic_frame frame[BURST];
	int got = vnic_rx(e->vnic, frame, n < BURST ? n : BURST), count = 0;

	if (got < 0)
		bench_die("the ring is broken", -got);
	for (int i = 0; i < got; i++)
		count += is_ours(frame[i].seg[0].iov_base, frame[i].seg[0].iov_len);
	vnic_rx_done(e->vnic);
	return count;
}

const struct kind kind_vhost = { .name = "vhost",
	.window = RING - BURST,
	.window_large = RING_LARGE - BURST / 2,
	.open = vhost_open,
	.send = vhost_send,
	.receive = vhost_receive };
