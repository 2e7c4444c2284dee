/* The life of one queue. */
#include "vlan/vhost_queue.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Their Linux header would bring another struct vring. */
#define RING_INDIRECT_DESC 28
#define RING_EVENT_IDX     29

static bool has(uint64_t features, int bit)
{
	return features >> bit & 1;
}

void vhost_queue_init(struct vhost_queue *q, const struct vhost_memory *m)
{
	*q = (struct vhost_queue) { .ring = { .gmem = &m->map.gmem },
		.kick_fd = -1,
		.call_fd = -1,
		.err_fd = -1 };
}

static void close_kick(struct vhost_queue *q)
{
	if (q->kick.loop)
		loop_fd_del(&q->kick);
	if (q->kick_fd >= 0)
		close(q->kick_fd);
	q->kick_fd = -1;
}

void vhost_queue_fini(struct vhost_queue *q)
{
	vhost_queue_stop(q);
	vhost_queue_give(&q->call_fd, -1);
	vhost_queue_give(&q->err_fd, -1);
}

static int place_ring(struct vhost_queue *q, const struct vhost_memory *m)
{
	struct vring *r = &q->ring;

	r->size = q->size;
	if (!vhost_memory_find(m, q->desc, &r->desc) ||
		!vhost_memory_find(m, q->avail, &r->avail) ||
		!vhost_memory_find(m, q->used, &r->used))
		return -EFAULT;
	return 0;
}

int vhost_queue_start(
	struct vhost_queue *q, const struct vhost_memory *m, uint64_t features)
{
	int err;

	if (q->ring.running || !q->begun || !q->placed || !q->size || !m->map.n)
		return 0;
	q->ring.event_idx = has(features, RING_EVENT_IDX);
	q->ring.indirect = has(features, RING_INDIRECT_DESC);
	err = place_ring(q, m);
	return err ? err : vring_resume(&q->ring, q->base);
}

uint16_t vhost_queue_stop(struct vhost_queue *q)
{
	uint16_t next = q->ring.running ? q->ring.next_avail : q->base;

	q->base = next;
	q->begun = false;
	close_kick(q);
	vring_stop(&q->ring);
	return next;
}

int vhost_queue_move(
	struct vhost_queue *q, const struct vhost_memory *m, uint64_t features)
{
	if (!q->ring.running)
		return vhost_queue_start(q, m, features);
	q->base = q->ring.next_avail;
	vring_stop(&q->ring);
	return vhost_queue_start(q, m, features);
}

/* A read or write of a file waits for its file system, for as long as that likes; this
 * question is answered by the kernel alone, and only for files. */
static bool is_file(int fd)
{
	loff_t size;

	return fd >= 0 && !ioctl(fd, FIOQSIZE, &size);
}

/* Each kick is an edge: nothing is read, and a descriptor that the other side shares
 * cannot make us wait. */
int vhost_queue_kick(struct vhost_queue *q, struct loop *loop, int fd,
	void (*fn)(struct loop_fd *, uint32_t), void *ctx)
{
	int err;

	close_kick(q);
	q->polled = fd < 0;
	q->begun = true;
	err = vhost_queue_give(&q->kick_fd, fd);
	if (err || fd < 0)
		return err;
	err = loop_fd_add(loop, &q->kick, fd, EPOLLIN | EPOLLET, fn, ctx);
	if (err)
		close_kick(q);
	return err;
}

int vhost_queue_give(int *place, int fd)
{
	bool file = is_file(fd);

	if (file)
		close(fd);
	if (*place >= 0)
		close(*place);
	*place = file ? -1 : fd;
	return file ? -EINVAL : 0;
}
