/* A vnic whose backend writes anything at all into the memory they share.
 * Input: a byte of options, then pieces: a ring, 8 bytes of its used part and where, the
 * number of entries it then claims to have returned. */
#include "cp/lib/vnic.h"
#include "tests/fake/vhost_backend.h"

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))
#define QUEUE  8
#define BUFFER 128
#define PIECE  12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the backend may write; it has all of the memory. */
static void scribble(struct vhost_backend *b, const uint8_t *piece)
{
	struct vring *r = &b->ring[piece[0] & 1].vring;
	uint16_t idx;

	gmem_write(&b->memory, r->used + 4 + 8 * (piece[1] % QUEUE), piece + 2, 8);
	gmem_write(&b->memory, r->desc + 16 * (piece[1] % QUEUE), piece + 2, 8);
	if (piece[0] & 2) /* headers of buffers, too */
		gmem_write(&b->memory, b->memory.region[0].base + 1024 + 64 * piece[1],
			piece + 2, 8);
	gmem_read(&b->memory, r->used + 2, &idx, 2);
	idx = (uint16_t)(idx + piece[10] % (2 * QUEUE));
	gmem_write(&b->memory, r->used + 2, &idx, 2);
}

static void receive(struct vnic *v, uint8_t leave)
{
	static char bytes[QUEUE * BUFFER];
	struct vnic_frame f[VNIC_BURST];
	int n = vnic_rx(v, f, VNIC_BURST);

	for (int i = 0; i < n; i++)
		if (iov_read(f[i].seg, f[i].n_seg, 0, bytes, sizeof(bytes)) != f[i].len)
			abort();
	vnic_rx_leave(v, leave % 4);
	vnic_rx_done(v);
	vnic_rx_wait(v);
}

static void work(struct vnic *v, struct vhost_backend *b, const uint8_t *data, size_t n)
{
	static const char frame[QUEUE * BUFFER];
	const struct iovec seg = { (void *)frame, sizeof(frame) };

	for (size_t at = 0; at + PIECE <= n; at += PIECE) {
		vnic_tx(v, NULL, &seg, 1, 0, (size_t)data[at + 11] * 4);
		vnic_tx_flush(v);
		scribble(b, data + at);
		vnic_tx_wait(v);
		receive(v, data[at + 1]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vnic_conf conf = { .queue_size = QUEUE, .buffer = BUFFER };
	struct vhost_backend b;
	struct vnic *v;
	uint64_t features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF);

	if (!size)
		return 0;
	if (data[0] & 1)
		features |= BIT(29); /* EVENT_IDX */
	if (vnic_create(backend_create(&b, features, 0, 0), &conf, &v))
		abort();
	backend_settle(&b);
	work(v, &b, data + 1, size - 1);
	vnic_destroy(v);
	backend_destroy(&b);
	return 0;
}
