/* A NIC on a LAN that shares the guest's rings: the frontend of the vhost-user protocol.
 *
 * The LAN's process maps the guest's storage and works on the rings itself: it is kicked
 * by the guest's own notifications and interrupts the guest by its own descriptors, as
 * far as the machine can arrange that.  We hand over the rings when the driver starts,
 * and take them back when it stops.  The descriptors are made for this LAN: one that was
 * here before can neither be kicked nor interrupt by those it still has.
 *
 * The other side is trusted with the guest's storage, but not with our time, nor with
 * anything it says.  When it goes, or does not answer, the rings are ours again. */
#include "partitions/dev/virtio_net.h"

#include "cp/lib/vhost_front.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CALLS (EPOLLIN | EPOLLET) /* what is waited for of a descriptor for calls */

struct vhost_queue {
	struct vhost *vhost;
	int kick, call;
	struct loop_fd watch; /* of calls, while the machine does not see to them */
	bool irqfd;           /* the machine does */
	bool given;           /* the other side has the ring */
};

struct vhost {
	struct virtio_net *n;
	struct vhost_front front; /* fd -1: the other side has gone */
	struct loop_fd watch;
	unsigned n_queues;
	struct vhost_queue queue[NET_MAX_DATA];
};

static int open_queues(struct vhost *h);
static void close_queues(struct vhost *h);
static void hang_up(struct vhost *h);
static int hand_over_storage(struct vhost *h);
static int hand_over_ring(struct vhost *h, unsigned q);
static int take_back(struct vhost *h);
static void route_call(struct vhost *h, unsigned q);
static void socket_ready(struct loop_fd *watch, uint32_t events);

static struct vhost *vhost_of(struct virtio_net *n)
{
	return n->backend_state;
}

static int vhost_create(struct virtio_net *n, int fd)
{
	struct machine *m = n->v.dev.machine;
	struct vhost *h = calloc(1, sizeof(*h));
	int err;

	if (!h) {
		close(fd);
		return -ENOMEM;
	}
	h->n = n;
	h->front.fd = fd;
	h->n_queues = 2 * n->n_pairs;
	for (unsigned q = 0; q < NET_MAX_DATA; q++)
		h->queue[q] = (struct vhost_queue) { .vhost = h, .kick = -1, .call = -1 };
	n->backend_state = h;
	if (m->n_banks < 1 || m->n_banks > VHU_MAX_REGIONS)
		return -EOPNOTSUPP;
	err = open_queues(h);
	if (!err)
		err = vhost_front_greet(&h->front, fd, NET_ANSWER_MS);
	if (!err)
		err = net_agree(n, h->front.features, h->front.max_pairs, ~NET_OURS);
	if (!err)
		err = loop_fd_add(m->loop, &h->watch, fd, EPOLLIN, socket_ready, h);
	return err;
}

static void vhost_destroy(struct virtio_net *n)
{
	struct vhost *h = vhost_of(n);

	if (!h)
		return;
	hang_up(h);
	close_queues(h);
	free(h);
}

static int vhost_start(struct virtio_net *n)
{
	struct vhost *h = vhost_of(n);
	int err;

	if (h->queue[0].given || h->queue[1].given)
		return 0;
	err = hand_over_storage(h);
	for (unsigned q = 0; q < net_data_queues(n) && !err; q++)
		if (n->v.queue[q].ring.running)
			err = hand_over_ring(h, q);
	if (err) {
		hang_up(h);
		take_back(h);
	}
	return err;
}

static void vhost_stop(struct virtio_net *n)
{
	struct vhost *h = vhost_of(n);
	int err = h ? take_back(h) : 0;

	if (err && !n->lost)
		virtio_net_lost(n, err);
}

/* The kicks are the other side's while it has the rings. */
static void vhost_kicked(struct virtio_net *n, unsigned q)
{
	(void)n, (void)q;
}

static int vhost_pairs(struct virtio_net *n)
{
	struct vhost *h = vhost_of(n);
	int err = 0;

	for (unsigned q = 0; q < h->n_queues && !err; q++)
		if (h->queue[q].given)
			err = vhost_front_ring_enable(&h->front, q, q / 2 < n->active);
	if (err) {
		hang_up(h);
		take_back(h);
	}
	return err;
}

static void vhost_vector_changed(struct virtio_net *n, unsigned q)
{
	struct vhost *h = vhost_of(n);

	if (h && q < h->n_queues && h->queue[q].given)
		route_call(h, q);
}

const struct net_backend net_vhost = {
	.create = vhost_create,
	.destroy = vhost_destroy,
	.start = vhost_start,
	.stop = vhost_stop,
	.kicked = vhost_kicked,
	.pairs = vhost_pairs,
	.vector_changed = vhost_vector_changed,
};

static void hang_up(struct vhost *h)
{
	if (h->watch.loop)
		loop_fd_del(&h->watch);
	if (h->front.fd >= 0)
		close(h->front.fd);
	h->front.fd = -1;
}

static void socket_ready(struct loop_fd *watch, uint32_t events)
{
	struct vhost *h = watch->ctx;

	(void)events;
	if (!vhost_front_gone(&h->front))
		return;
	hang_up(h);
	take_back(h);
	virtio_net_lost(h->n, -EPIPE);
}

/* Each call is an edge: nothing is read, and the LAN, which shares the descriptor, cannot
 * make us wait. */
static void call_ready(struct loop_fd *watch, uint32_t events)
{
	struct vhost_queue *queue = watch->ctx;
	struct vhost *h = queue->vhost;

	(void)events;
	if (virtio_live(&h->n->v))
		virtio_pci_call(&h->n->v, (unsigned)(queue - h->queue));
}

static int open_queues(struct vhost *h)
{
	int err = 0;

	for (unsigned q = 0; q < h->n_queues && !err; q++) {
		struct vhost_queue *queue = &h->queue[q];

		queue->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		queue->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (queue->kick < 0 || queue->call < 0)
			return -errno;
		err = loop_fd_add(h->n->v.dev.machine->loop, &queue->watch, queue->call,
			CALLS, call_ready, queue);
	}
	return err;
}

static void close_queues(struct vhost *h)
{
	for (unsigned q = 0; q < h->n_queues; q++) {
		struct vhost_queue *queue = &h->queue[q];

		if (queue->watch.loop)
			loop_fd_del(&queue->watch);
		if (queue->kick >= 0)
			close(queue->kick);
		if (queue->call >= 0)
			close(queue->call);
	}
}

/* Ring addresses go over as addresses of ours; guest addresses are as good as any. */
static int hand_over_storage(struct vhost *h)
{
	const struct machine *m = h->n->v.dev.machine;
	struct vhost_user_region region[VHU_MAX_REGIONS];
	int fds[VHU_MAX_REGIONS];

	for (int i = 0; i < m->n_banks; i++) {
		const struct machine_bank *bank = &m->bank[i];

		fds[i] = bank->fd;
		region[i] = (struct vhost_user_region) {
			.gpa = bank->gpa,
			.size = bank->size,
			.user_addr = bank->gpa,
			.mmap_offset = bank->offset,
		};
	}
	return vhost_front_begin(
		&h->front, h->n->v.accepted & ~NET_OURS, region, fds, m->n_banks);
}

/* Who had the ring before may have asked for no kicks. */
static int hand_over_ring(struct vhost *h, unsigned q)
{
	struct vring *ring = &h->n->v.queue[q].ring;
	struct vhost_queue *queue = &h->queue[q];
	const struct vhost_front_ring r = {
		.index = q,
		.size = ring->size,
		.base = ring->next_avail,
		.desc = ring->desc,
		.avail = ring->avail,
		.used = ring->used,
		.kick_fd = queue->kick,
		.call_fd = queue->call,
		.disabled = q / 2 >= h->n->active,
	};

	vring_enable_kicks(ring);
	queue->given = true;
	virtio_give_kicks(&h->n->v, q, queue->kick);
	route_call(h, q);
	return vhost_front_ring_start(&h->front, &r);
}

/* The machine interrupts the guest where it can; else the loop does. */
static void route_call(struct vhost *h, unsigned q)
{
	struct vhost_queue *queue = &h->queue[q];
	struct virtio *v = &h->n->v;
	bool before = queue->irqfd;

	queue->irqfd = queue->given && !virtio_pci_irqfd(v, q, queue->call);
	if (before && !queue->irqfd)
		virtio_pci_irqfd_end(v, queue->call);
	loop_fd_mod(&queue->watch, queue->irqfd ? 0 : CALLS);
}

/* What the driver has been given back stands in the ring itself. */
static uint16_t used_index(const struct virtio *v, unsigned q)
{
	uint16_t index = 0;

	gmem_read(v->dev.machine->gmem, v->queue[q].ring.used + 2, &index, sizeof(index));
	return index;
}

/* Of one that has gone, the first chain that did not come back is the next: what it took
 * and did not return is lost with it, as frames are.  The driver may not have been told
 * of the last that it did return. */
static int take_back_ring(struct vhost *h, unsigned q)
{
	struct virtio *v = &h->n->v;
	struct vring *ring = &v->queue[q].ring;
	int err = -EPIPE;

	if (h->front.fd >= 0)
		err = vhost_front_ring_stop(&h->front, q, &ring->next_avail);
	if (err) {
		hang_up(h);
		ring->next_avail = used_index(v, q);
	}
	ring->next_used = ring->called_used = used_index(v, q);
	ring->unpopped = false;
	h->queue[q].given = false;
	virtio_give_kicks(v, q, -1);
	route_call(h, q);
	if (virtio_live(v))
		virtio_pci_call(v, q);
	return err;
}

/* 0, or the first error: then the other side has been given up. */
static int take_back(struct vhost *h)
{
	int first = 0;

	for (unsigned q = 0; q < h->n_queues; q++) {
		int err = h->queue[q].given ? take_back_ring(h, q) : 0;

		if (!first)
			first = err;
	}
	return first;
}
