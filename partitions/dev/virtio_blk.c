/* Block device: a minidisk (virtio 1.2, 5.2).
 *
 * The chains of the queue become disk requests on the loop thread, and are completed from
 * there; the guest's buffers are read and written in place. */
#include "partitions/dev/device.h"

#include "partitions/dev/disk.h"
#include "partitions/dev/virtio.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_SIZE  DISK_DEPTH
#define SECTOR      512u
#define SEG_MAX     126 /* data buffers of a request; header and status are two more */
#define MAX_IOV     (SEG_MAX + GMEM_MAX_REGIONS) /* a buffer may cross regions */
#define STORAGE_BUS 0x018000

#define BIT(n) (UINT64_C(1) << (n))

struct virtio_blk;

/* A request in progress. */
struct blk_request {
	struct disk_request disk;
	struct virtio_blk *blk;
	struct blk_request *next_free;
	struct iovec iov[MAX_IOV];
	uint8_t *status; /* in the guest's storage */
	uint16_t head;
	uint64_t in_bytes; /* of the chain */
	uint64_t bytes;    /* of data */
};

struct virtio_blk {
	struct virtio v;
	struct virtio_blk_config config;
	uint64_t sectors;
	bool read_only;
	struct disk *disk;
	struct blk_request *request; /* DISK_DEPTH of them */
	struct blk_request *free;
	bool starved; /* a chain waits for a free request */
};

static const struct virtio_ops blk_ops;

static bool take(struct virtio *v, unsigned q, const struct vring_chain *chain);
static void complete(struct blk_request *r, uint8_t status, uint64_t written);

static struct virtio_blk *blk_of(struct virtio *v)
{
	return (struct virtio_blk *)v;
}

static int make_requests(struct virtio_blk *b)
{
	b->request = calloc(DISK_DEPTH, sizeof(*b->request));
	if (!b->request)
		return -ENOMEM;
	for (int i = 0; i < DISK_DEPTH; i++) {
		b->request[i].blk = b;
		b->request[i].next_free = b->free;
		b->free = &b->request[i];
	}
	return 0;
}

static int virtio_blk_create(struct device *d, const struct device_conf *conf)
{
	struct virtio_blk *b = (struct virtio_blk *)d;
	uint64_t features = BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_BLK_SIZE) |
			    BIT(VIRTIO_BLK_F_FLUSH);
	int err = disk_create(d->machine, conf->fd, &b->disk);

	if (!err)
		err = make_requests(b);
	if (err)
		return err;

	b->read_only = conf->read_only;
	b->sectors = conf->size / SECTOR;
	b->config.capacity = b->sectors;
	b->config.seg_max = SEG_MAX;
	b->config.blk_size = SECTOR;
	if (b->read_only)
		features |= BIT(VIRTIO_BLK_F_RO);
	return virtio_init(&b->v, &blk_ops, features, &b->config, sizeof(b->config));
}

static void virtio_blk_destroy(struct device *d)
{
	struct virtio_blk *b = (struct virtio_blk *)d;

	b->v.status = 0;
	if (b->disk)
		disk_drain(b->disk);
	virtio_fini(&b->v);
	disk_destroy(b->disk);
	free(b->request);
}

static int virtio_blk_snap(struct device *d, struct snap *s)
{
	return virtio_snap((struct virtio *)d, s);
}

const struct device_ops virtio_blk_ops = {
	.name = "virtio_blk",
	.size = sizeof(struct virtio_blk),
	.create = virtio_blk_create,
	.destroy = virtio_blk_destroy,
	.reset = virtio_reset,
	.snap = virtio_blk_snap,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.stat = virtio_stat,
};

static void blk_kicked(struct virtio *v, unsigned q)
{
	struct virtio_blk *b = blk_of(v);

	virtio_run(v, q, take);
	disk_start(b->disk);
}

static void blk_drain(struct virtio *v)
{
	disk_drain(blk_of(v)->disk);
}

static void blk_reset(struct virtio *v)
{
	blk_of(v)->starved = false;
}

static const struct virtio_ops blk_ops = {
	.type = VIRTIO_ID_BLOCK,
	.class_code = STORAGE_BUS,
	.n_queues = 1,
	.queue_size = QUEUE_SIZE,
	.kicked = blk_kicked,
	.drain = blk_drain,
	.reset = blk_reset,
};

/* Cuts [offset, offset + len) out of `from`: the pieces' number, or -E2BIG. */
static int slice(struct iovec *to, int max, const struct iovec *from, int n,
	uint64_t offset, uint64_t len)
{
	int used = 0;

	for (int i = 0; i < n && len; i++) {
		uint64_t run = from[i].iov_len;

		if (offset >= run) {
			offset -= run;
			continue;
		}
		run -= offset;
		if (run > len)
			run = len;
		if (used == max)
			return -E2BIG;
		to[used++] = (struct iovec) { (char *)from[i].iov_base + offset, run };
		len -= run;
		offset = 0;
	}
	return used;
}

static uint8_t *last_byte(const struct vring_chain *chain)
{
	const struct iovec *last = &chain->in[chain->n_in - 1];

	return (uint8_t *)last->iov_base + last->iov_len - 1;
}

static struct blk_request *request_get(
	struct virtio_blk *b, const struct vring_chain *chain)
{
	struct blk_request *r = b->free;

	b->free = r->next_free;
	r->head = chain->head;
	r->status = last_byte(chain);
	r->in_bytes = chain->in_bytes;
	r->bytes = 0;
	return r;
}

/* Whoever waited for a free request is served from the loop. */
static void request_put(struct blk_request *r)
{
	struct virtio_blk *b = r->blk;

	r->next_free = b->free;
	b->free = r;
	if (b->starved) {
		b->starved = false;
		virtio_kick(&b->v, 0);
	}
}

static void disk_done(struct disk_request *disk, int err)
{
	struct blk_request *r = (struct blk_request *)disk;
	struct virtio_blk *b = r->blk;
	bool in = disk->op == DISK_READ;

	if (err) {
		complete(r, VIRTIO_BLK_S_IOERR, 0);
	} else {
		if (in) {
			b->v.stat.in_ops++;
			b->v.stat.in_bytes += r->bytes;
		} else if (disk->op == DISK_WRITE) {
			b->v.stat.out_ops++;
			b->v.stat.out_bytes += r->bytes;
		}
		complete(r, VIRTIO_BLK_S_OK, in ? r->bytes + 1 : 1);
	}
	virtio_call(&b->v, 0);
}

static bool in_bounds(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
	return bytes % SECTOR == 0 && sector <= b->sectors &&
	       bytes / SECTOR <= b->sectors - sector;
}

/* IN or OUT: the data is `n` segments from byte `skip` on, without the status byte. */
static void transfer(struct blk_request *r, enum disk_op op, uint64_t sector,
	const struct iovec *iov, int n, uint64_t skip, uint64_t bytes)
{
	struct virtio_blk *b = r->blk;
	int pieces = slice(r->iov, MAX_IOV, iov, n, skip, bytes);

	if (pieces < 0 || !in_bounds(b, sector, bytes) ||
		(op == DISK_WRITE && b->read_only)) {
		complete(r, VIRTIO_BLK_S_IOERR, 0);
		return;
	}
	if (!bytes) {
		complete(r, VIRTIO_BLK_S_OK, 1);
		return;
	}
	r->bytes = bytes;
	r->disk = (struct disk_request) {
		.op = op,
		.durable = !virtio_has(&b->v, VIRTIO_BLK_F_FLUSH), /* 5.2.6.2 */
		.offset = sector * SECTOR,
		.iov = r->iov,
		.n_iov = pieces,
		.done = disk_done,
	};
	disk_submit(b->disk, &r->disk);
}

static void flush(struct blk_request *r)
{
	r->disk = (struct disk_request) { .op = DISK_FLUSH, .done = disk_done };
	disk_submit(r->blk->disk, &r->disk);
}

/* The serial number is the virtual device number: "0191". */
static void get_id(struct blk_request *r, const struct vring_chain *chain)
{
	char id[VIRTIO_BLK_ID_BYTES] = { 0 };
	uint64_t room = chain->in_bytes - 1;
	size_t n = room < sizeof(id) ? (size_t)room : sizeof(id);

	snprintf(id, sizeof(id), "%04x", r->blk->v.dev.vdev);
	iov_write(chain->in, chain->n_in, 0, id, n);
	complete(r, VIRTIO_BLK_S_OK, n + 1);
}

static void begin(struct blk_request *r, const struct virtio_blk_outhdr *header,
	const struct vring_chain *chain)
{
	uint64_t out = chain->out_bytes - sizeof(*header);

	switch (header->type) {
	case VIRTIO_BLK_T_IN:
		transfer(r, DISK_READ, header->sector, chain->in, chain->n_in, 0,
			chain->in_bytes - 1);
		break;
	case VIRTIO_BLK_T_OUT:
		transfer(r, DISK_WRITE, header->sector, chain->out, chain->n_out,
			sizeof(*header), out);
		break;
	case VIRTIO_BLK_T_FLUSH: flush(r); break;
	case VIRTIO_BLK_T_GET_ID: get_id(r, chain); break;
	default: complete(r, VIRTIO_BLK_S_UNSUPP, 0);
	}
}

static bool take(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	struct virtio_blk *b = blk_of(v);
	struct virtio_blk_outhdr header;

	(void)q;
	if (chain->out_bytes < sizeof(header) || !chain->in_bytes) {
		virtio_break(v, "a request without header or status");
		return true;
	}
	if (!b->free) {
		b->starved = true;
		return false;
	}
	iov_read(chain->out, chain->n_out, 0, &header, sizeof(header));
	begin(request_get(b, chain), &header, chain);
	return true;
}

/* Ends a request.  The status byte is written when all else has been; `written` counts
 * the bytes from the start of the chain's input, so it says 0 unless the data before the
 * status is there too. */
static void complete(struct blk_request *r, uint8_t status, uint64_t written)
{
	struct virtio *v = &r->blk->v;

	if (status != VIRTIO_BLK_S_OK) {
		v->stat.errors++;
		written = r->in_bytes == 1;
	}
	if (virtio_live(v)) {
		__atomic_store_n(r->status, status, __ATOMIC_RELEASE);
		virtio_push(v, 0, r->head, (uint32_t)written);
	}
	request_put(r);
}
