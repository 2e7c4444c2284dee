/* Entropy device (virtio 1.2, 5.4): random bytes of the host's, from one descriptor. */
#include "partitions/dev/virtio.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <unistd.h>

#define QUEUE_SIZE 16
#define PIECE_MAX  4096 /* bytes a chain is given, however much room it has */
#define OTHER      0x00ff00

struct virtio_rng {
	struct virtio v;
	bool opened;
	int fd;
};

static const struct virtio_ops rng_ops;

static int virtio_rng_create(struct device *d, const struct device_conf *conf)
{
	struct virtio_rng *r = (struct virtio_rng *)d;

	if (conf->fd < 0)
		return -EBADF;
	r->fd = conf->fd;
	r->opened = true;
	return virtio_init(&r->v, &rng_ops, 0, NULL, 0);
}

static void virtio_rng_destroy(struct device *d)
{
	struct virtio_rng *r = (struct virtio_rng *)d;

	virtio_fini(&r->v);
	if (r->opened)
		close(r->fd);
}

static int virtio_rng_snap(struct device *d, struct snap *s)
{
	return virtio_snap((struct virtio *)d, s);
}

const struct device_ops virtio_rng_ops = {
	.name = "virtio_rng",
	.size = sizeof(struct virtio_rng),
	.create = virtio_rng_create,
	.destroy = virtio_rng_destroy,
	.reset = virtio_reset,
	.snap = virtio_rng_snap,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.stat = virtio_stat,
};

/* Where the host gives nothing, the chain is returned empty: the driver asks again. */
static bool take(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	const struct virtio_rng *r = (struct virtio_rng *)v;
	uint8_t piece[PIECE_MAX];
	size_t want = chain->in_bytes < PIECE_MAX ? (size_t)chain->in_bytes : PIECE_MAX;
	ssize_t n;

	if (!want) {
		virtio_break(v, "a buffer has no room");
		return true;
	}
	n = read(r->fd, piece, want);
	if (n <= 0) {
		v->stat.errors++;
		n = 0;
	}
	iov_write(chain->in, chain->n_in, 0, piece, (size_t)n);
	v->stat.in_ops++;
	v->stat.in_bytes += (size_t)n;
	virtio_push(v, q, chain->head, (uint32_t)n);
	return true;
}

static void rng_kicked(struct virtio *v, unsigned q)
{
	virtio_run(v, q, take);
}

static const struct virtio_ops rng_ops = {
	.type = VIRTIO_ID_RNG,
	.class_code = OTHER,
	.n_queues = 1,
	.queue_size = QUEUE_SIZE,
	.kicked = rng_kicked,
};
