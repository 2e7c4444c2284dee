/* What all virtio devices share.  Section numbers are those of virtio 1.2. */
#include "partitions/dev/virtio.h"

#include <assert.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))

#define COMMON_FEATURES                                         \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_EVENT_IDX) | \
		BIT(VIRTIO_RING_INDIRECT_DESC))

static int open_queue(struct virtio *v, unsigned q);
static void forget_queue(struct virtio *v, unsigned q);
static int start_ring(struct virtio_queue *queue);
static void forget_driver(struct virtio *v);
static void start(struct virtio *v);
static void kick_all(struct virtio *v);
static bool features_acceptable(const struct virtio *v);
static void snap_state(struct virtio *v, struct snap *s);
static void snap_queue(struct virtio *v, unsigned q, struct snap *s);

int virtio_init(struct virtio *v, const struct virtio_ops *ops, uint64_t features,
	const void *config, size_t config_len)
{
	assert(ops->n_queues <= VIRTIO_MAX_QUEUES &&
		ops->queue_size <= VIRTIO_MAX_CHAINS);
	v->ops = ops;
	if (!v->n_queues)
		v->n_queues = ops->n_queues;
	v->offered = features | COMMON_FEATURES;
	v->config = config;
	v->config_len = config_len;
	v->limit = (struct log_limit)LOG_LIMIT(4, 10000);
	for (unsigned q = 0; q < VIRTIO_MAX_QUEUES; q++)
		v->queue[q].kick_fd = v->queue[q].given_fd = -1;
	for (unsigned q = 0; q < v->n_queues; q++) {
		int err = open_queue(v, q);

		if (err)
			return err;
	}
	return virtio_pci_create(v);
}

void virtio_fini(struct virtio *v)
{
	virtio_pci_destroy(v);
	for (unsigned q = 0; v->ops && q < v->n_queues; q++) {
		struct virtio_queue *queue = &v->queue[q];

		if (queue->watch.loop)
			loop_fd_del(&queue->watch);
		if (queue->kick_fd >= 0)
			close(queue->kick_fd);
	}
}

void virtio_reset(struct device *d)
{
	struct virtio *v = (struct virtio *)d;

	forget_driver(v);
	virtio_pci_power_on(v);
}

void virtio_quiesce(struct device *d)
{
	struct virtio *v = (struct virtio *)d;

	if (v->ops->drain)
		v->ops->drain(v);
	v->quiet = true;
}

void virtio_resume(struct device *d)
{
	struct virtio *v = (struct virtio *)d;

	v->quiet = false;
	if (virtio_live(v))
		start(v);
}

void virtio_stat(const struct device *d, struct device_stat *out)
{
	const struct virtio *v = (const struct virtio *)d;

	*out = v->stat;
	out->broken = v->status & VIRTIO_CONFIG_S_NEEDS_RESET;
	out->driver = v->status & VIRTIO_CONFIG_S_DRIVER_OK;
}

int virtio_snap(struct virtio *v, struct snap *s)
{
	char tag[32];

	if (s->loading) {
		forget_driver(v);
		v->quiet = true;
	}
	snprintf(tag, sizeof(tag), "virtio.%04x", v->dev.vdev);
	if (!snap_begin(s, tag, 1))
		return s->err;
	snap_state(v, s);
	snap_end(s);

	for (unsigned q = 0; q < v->n_queues; q++) {
		snprintf(tag, sizeof(tag), "virtio.%04x.%u", v->dev.vdev, q);
		if (!snap_begin(s, tag, 1))
			return s->err;
		snap_queue(v, q, s);
		snap_end(s);
	}
	virtio_pci_watch(v);
	return s->err;
}

bool virtio_live(const struct virtio *v)
{
	return v->status & VIRTIO_CONFIG_S_DRIVER_OK &&
	       !(v->status & VIRTIO_CONFIG_S_NEEDS_RESET) && !v->quiet;
}

bool virtio_has(const struct virtio *v, unsigned feature)
{
	return v->accepted & BIT(feature);
}

void virtio_kick(struct virtio *v, unsigned q)
{
	eventfd_write(virtio_kick_fd(v, q), 1);
}

int virtio_kick_fd(const struct virtio *v, unsigned q)
{
	const struct virtio_queue *queue = &v->queue[q];

	return queue->given_fd >= 0 ? queue->given_fd : queue->kick_fd;
}

void virtio_give_kicks(struct virtio *v, unsigned q, int fd)
{
	v->queue[q].given_fd = fd;
	virtio_pci_watch(v);
}

/* A driver that never stops adding chains gets no more than a ring full of them at once:
 * the loop has other work, and holds the machine's lock. */
void virtio_run(struct virtio *v, unsigned q,
	bool (*take)(struct virtio *v, unsigned q, const struct vring_chain *chain))
{
	struct vring *ring = &v->queue[q].ring;
	int left = ring->size;

	if (!ring->running)
		return;
	vring_disable_kicks(ring);
	while (virtio_live(v)) {
		int n = vring_pop(ring, &v->chain);

		if (n < 0) {
			virtio_break(v, "a queue holds what is no buffer chain");
		} else if (n == 0) {
			if (!vring_enable_kicks(ring))
				break;
			vring_disable_kicks(ring);
		} else if (!take(v, q, &v->chain)) {
			vring_unpop(ring);
			break;
		} else if (--left == 0) {
			virtio_kick(v, q);
			break;
		}
	}
	virtio_call(v, q);
}

void virtio_push(struct virtio *v, unsigned q, uint16_t head, uint32_t written)
{
	if (virtio_live(v))
		vring_push(&v->queue[q].ring, head, written);
}

void virtio_call(struct virtio *v, unsigned q)
{
	if (virtio_live(v) && vring_should_call(&v->queue[q].ring))
		virtio_pci_call(v, q);
}

void virtio_config_changed(struct virtio *v)
{
	v->generation++;
	if (v->status & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_pci_call_config(v);
}

/* 2.1.2 */
void virtio_break(struct virtio *v, const char *why)
{
	struct machine *m = v->dev.machine;

	if (v->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	v->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	v->stat.errors++;
	log_limited(&v->limit, LOG_LVL_WARN, v->dev.ops->name, "%04x needs reset: %s",
		v->dev.vdev, why);
	if (v->status & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_pci_call_config(v);
	m->ops->broken(m, v->dev.vdev, why);
}

void virtio_set_status(struct virtio *v, uint8_t value)
{
	uint8_t added = (uint8_t)(value & ~v->status);

	if (!value) {
		forget_driver(v);
		return;
	}
	if (v->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	if (v->status & ~value) {
		virtio_break(v, "the driver took back a status bit");
		return;
	}
	if (added & VIRTIO_CONFIG_S_FEATURES_OK && !features_acceptable(v))
		value &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	if (added & VIRTIO_CONFIG_S_DRIVER_OK && !(value & VIRTIO_CONFIG_S_FEATURES_OK)) {
		virtio_break(v, "the driver started without having agreed on features");
		return;
	}
	v->status = value & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET;
	if (added & VIRTIO_CONFIG_S_DRIVER_OK)
		start(v);
}

void virtio_set_features(struct virtio *v, uint32_t word, uint32_t bits)
{
	uint64_t mask = UINT64_C(0xffffffff) << (word ? 32 : 0);

	if (v->status & VIRTIO_CONFIG_S_FEATURES_OK)
		virtio_break(v, "the driver changed features it had agreed on");
	else if (word < 2)
		v->accepted = (v->accepted & ~mask) | (uint64_t)bits << (word ? 32 : 0);
}

void virtio_queue_enable(struct virtio *v, unsigned q)
{
	struct virtio_queue *queue = &v->queue[q];

	if (!(v->status & VIRTIO_CONFIG_S_FEATURES_OK))
		virtio_break(v, "a queue was enabled before features were agreed on");
	else if (start_ring(queue))
		virtio_break(v, "a queue was enabled that is not in storage");
	virtio_pci_watch(v);
	virtio_kick(v, q);
}

static void queue_kicked(struct loop_fd *watch, uint32_t events)
{
	struct virtio_queue *queue = watch->ctx;
	struct virtio *v = queue->v;
	eventfd_t count;

	(void)events;
	eventfd_read(queue->kick_fd, &count);
	if (virtio_live(v) && queue->ring.running && queue->given_fd < 0)
		v->ops->kicked(v, (unsigned)(queue - v->queue));
}

static int open_queue(struct virtio *v, unsigned q)
{
	struct virtio_queue *queue = &v->queue[q];

	queue->v = v;
	forget_queue(v, q);
	queue->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->kick_fd < 0)
		return -errno;
	return loop_fd_add(v->dev.machine->loop, &queue->watch, queue->kick_fd, EPOLLIN,
		queue_kicked, queue);
}

static void forget_queue(struct virtio *v, unsigned q)
{
	struct virtio_queue *queue = &v->queue[q];

	queue->ring.gmem = v->dev.machine->gmem;
	vring_stop(&queue->ring);
	queue->size = v->ops->queue_size;
	queue->desc = queue->avail = queue->used = 0;
}

/* The ring goes on where its indices say, which are zero but in a loaded device. */
static int start_ring(struct virtio_queue *queue)
{
	struct vring *ring = &queue->ring;

	ring->size = queue->size;
	ring->desc = queue->desc;
	ring->avail = queue->avail;
	ring->used = queue->used;
	ring->event_idx = virtio_has(queue->v, VIRTIO_RING_EVENT_IDX);
	ring->indirect = virtio_has(queue->v, VIRTIO_RING_INDIRECT_DESC);
	return vring_start(ring);
}

static void forget_driver(struct virtio *v)
{
	v->status = 0;
	if (v->ops->drain)
		v->ops->drain(v);
	if (v->ops->reset)
		v->ops->reset(v);
	v->accepted = 0;
	for (unsigned q = 0; q < v->n_queues; q++)
		forget_queue(v, q);
	virtio_pci_reset(v);
}

static void start(struct virtio *v)
{
	if (v->ops->started)
		v->ops->started(v);
	virtio_pci_watch(v);
	kick_all(v);
}

static void kick_all(struct virtio *v)
{
	for (unsigned q = 0; q < v->n_queues; q++)
		virtio_kick(v, q);
}

static bool features_acceptable(const struct virtio *v)
{
	return virtio_has(v, VIRTIO_F_VERSION_1) && !(v->accepted & ~v->offered);
}

static void snap_state(struct virtio *v, struct snap *s)
{
	snap_u8(s, "status", &v->status);
	snap_u8(s, "generation", &v->generation);
	snap_u64(s, "features", &v->accepted);
	virtio_pci_snap(v, s);
	snap_check(s, "features",
		!(v->status & VIRTIO_CONFIG_S_FEATURES_OK) || features_acceptable(v));
	snap_check(s, "status",
		!(v->status & VIRTIO_CONFIG_S_DRIVER_OK) ||
			v->status & VIRTIO_CONFIG_S_FEATURES_OK);
}

static void snap_queue(struct virtio *v, unsigned q, struct snap *s)
{
	struct virtio_queue *queue = &v->queue[q];
	struct vring *ring = &queue->ring;
	bool enabled = ring->running;

	snap_bool(s, "enabled", &enabled);
	snap_u16(s, "size", &queue->size);
	snap_u64(s, "desc", &queue->desc);
	snap_u64(s, "avail", &queue->avail);
	snap_u64(s, "used", &queue->used);
	snap_u16(s, "next_avail", &ring->next_avail);
	snap_u16(s, "next_used", &ring->next_used);
	snap_u16(s, "called_used", &ring->called_used);
	snap_check(s, "size", queue->size <= v->ops->queue_size);
	if (s->loading && !s->err && enabled)
		snap_check(s, "enabled", !start_ring(queue));
}
