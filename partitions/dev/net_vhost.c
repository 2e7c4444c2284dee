/* A NIC on a LAN: the frontend of the vhost-user protocol.
 *
 * The LAN's process maps the guest's storage and works on the rings itself: it is kicked
 * by the guest's own notifications and interrupts the guest by its own descriptors, as
 * far as the machine can arrange that.  We hand over the rings when the driver starts,
 * and take them back when it stops.
 *
 * The other side is trusted with the guest's storage, but not with our time, nor with
 * anything it says.  When it goes, or does not answer, the link goes down and the NIC is
 * one without a LAN. */
#include "partitions/dev/virtio_net.h"

#include "cp/lib/vhost_user.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 1000 /* the LAN's process has this long for an answer */

#define BIT(n) (UINT64_C(1) << (n))

/* What our device offers of its own; the rest it can only offer with the LAN's help. */
#define OURS (BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MTU))

struct vhost_call {
	struct vhost *vhost;
	int fd;
	struct loop_fd watch; /* while the machine does not see to it */
	bool irqfd;           /* the machine does */
};

struct vhost {
	struct virtio_net *n;
	int fd; /* -1: the other side has gone */
	struct loop_fd watch;
	bool running; /* the other side has the rings */
	bool enables; /* it has protocol features: rings are enabled one by one */
	struct vhost_call call[NET_QUEUES];
};

static void lost(struct vhost *h, int err);
static int open_calls(struct vhost *h);
static int greet(struct vhost *h);
static int hand_over(struct vhost *h);
static void take_back(struct vhost *h);
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
	h->fd = fd;
	for (unsigned q = 0; q < NET_QUEUES; q++)
		h->call[q] = (struct vhost_call) { .vhost = h, .fd = -1 };
	n->backend_state = h;
	if (m->n_banks < 1 || m->n_banks > VHU_MAX_REGIONS)
		return -EOPNOTSUPP;
	err = open_calls(h);
	if (!err)
		err = greet(h);
	if (!err)
		err = loop_fd_add(m->loop, &h->watch, fd, EPOLLIN, socket_ready, h);
	if (!err)
		virtio_net_link(n, true);
	return err;
}

static void vhost_destroy(struct virtio_net *n)
{
	struct vhost *h = vhost_of(n);

	if (!h)
		return;
	take_back(h);
	for (unsigned q = 0; q < NET_QUEUES; q++) {
		if (h->call[q].watch.loop)
			loop_fd_del(&h->call[q].watch);
		if (h->call[q].fd >= 0)
			close(h->call[q].fd);
	}
	if (h->watch.loop)
		loop_fd_del(&h->watch);
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

static void vhost_start(struct virtio_net *n)
{
	struct vhost *h = vhost_of(n);
	int err;

	if (h->fd < 0 || h->running)
		return;
	h->running = true;
	err = hand_over(h);
	if (err)
		lost(h, err);
}

static void vhost_stop(struct virtio_net *n)
{
	take_back(vhost_of(n));
}

/* Only when the other side has gone. */
static void vhost_kicked(struct virtio_net *n, unsigned q)
{
	if (vhost_of(n)->fd < 0)
		net_none.kicked(n, q);
}

static void vhost_vector_changed(struct virtio_net *n, unsigned q)
{
	if (vhost_of(n) && vhost_of(n)->running)
		route_call(vhost_of(n), q);
}

const struct net_backend net_vhost = {
	.create = vhost_create,
	.destroy = vhost_destroy,
	.start = vhost_start,
	.stop = vhost_stop,
	.kicked = vhost_kicked,
	.vector_changed = vhost_vector_changed,
};

/* The other side has gone, or might as well have.  What it took from the rings and did
 * not return is lost with it, as frames are. */
static void lost(struct vhost *h, int err)
{
	struct virtio *v = &h->n->v;

	log_limited(&v->limit, LOG_LVL_WARN, v->dev.ops->name,
		"%04x: its LAN is gone (%d)", v->dev.vdev, -err);
	if (h->watch.loop)
		loop_fd_del(&h->watch);
	close(h->fd);
	h->fd = -1;
	take_back(h);
	virtio_net_link(h->n, false);
	for (unsigned q = 0; q < NET_QUEUES; q++)
		virtio_kick(v, q);
}

/* Nothing comes without being asked for: a socket that has something to read was closed,
 * or its other end does not keep to the protocol.  An answer may have been seen by the
 * loop, and been read by who waited for it since. */
static void socket_ready(struct loop_fd *watch, uint32_t events)
{
	struct vhost *h = watch->ctx;
	char byte;

	(void)events;
	if (recv(h->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN)
		return;
	lost(h, -EPIPE);
}

static void call_ready(struct loop_fd *watch, uint32_t events)
{
	struct vhost_call *call = watch->ctx;
	struct vhost *h = call->vhost;
	eventfd_t count;

	(void)events;
	if (!eventfd_read(call->fd, &count) && virtio_live(&h->n->v))
		virtio_pci_call(&h->n->v, (unsigned)(call - h->call));
}

static int open_calls(struct vhost *h)
{
	for (unsigned q = 0; q < NET_QUEUES; q++) {
		struct vhost_call *call = &h->call[q];
		int err;

		call->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (call->fd < 0)
			return -errno;
		err = loop_fd_add(h->n->v.dev.machine->loop, &call->watch, call->fd,
			EPOLLIN, call_ready, call);
		if (err)
			return err;
	}
	return 0;
}

static int send_number(struct vhost *h, uint32_t request, uint64_t number)
{
	struct vhost_user_msg msg = { .request = request, .number = number };

	return vhost_user_send(h->fd, &msg);
}

static int ask_number(struct vhost *h, uint32_t request, uint64_t *number)
{
	struct vhost_user_msg msg = { .request = request };
	int err = vhost_user_ask(h->fd, &msg, ANSWER_MS);

	if (err)
		return err;
	*number = msg.number;
	vhost_user_close_fds(&msg);
	return 0;
}

/* What it can do, and that we are its owner.  Of protocol features we need none. */
static int greet(struct vhost *h)
{
	uint64_t theirs, protocol;
	int err = ask_number(h, VHU_GET_FEATURES, &theirs);

	if (err)
		return err;
	if (!(theirs & BIT(VIRTIO_F_VERSION_1)))
		return -EOPNOTSUPP;
	h->n->v.offered &= theirs | OURS;
	h->enables = theirs & BIT(VHU_F_PROTOCOL_FEATURES);
	if (h->enables) {
		err = ask_number(h, VHU_GET_PROTOCOL_FEATURES, &protocol);
		if (!err)
			err = send_number(h, VHU_SET_PROTOCOL_FEATURES, 0);
	}
	return err ? err : send_number(h, VHU_SET_OWNER, 0);
}

static int send_features(struct vhost *h)
{
	uint64_t features = h->n->v.accepted & ~OURS;

	if (h->enables)
		features |= BIT(VHU_F_PROTOCOL_FEATURES);
	return send_number(h, VHU_SET_FEATURES, features);
}

/* Ring addresses go over as addresses of ours; guest addresses are as good as any. */
static int send_storage(struct vhost *h)
{
	const struct machine *m = h->n->v.dev.machine;
	struct vhost_user_msg msg = { .request = VHU_SET_MEM_TABLE };

	msg.memory.n = (uint32_t)m->n_banks;
	msg.n_fds = m->n_banks;
	for (int i = 0; i < m->n_banks; i++) {
		const struct machine_bank *bank = &m->bank[i];

		msg.fds[i] = bank->fd;
		msg.memory.region[i] = (struct vhost_user_region) {
			.gpa = bank->gpa,
			.size = bank->size,
			.user_addr = bank->gpa,
			.mmap_offset = bank->offset,
		};
	}
	return vhost_user_send(h->fd, &msg);
}

static int send_state(struct vhost *h, uint32_t request, unsigned q, uint32_t num)
{
	struct vhost_user_msg msg = { .request = request, .state = { q, num } };

	return vhost_user_send(h->fd, &msg);
}

static int send_fd(struct vhost *h, uint32_t request, unsigned q, int fd)
{
	struct vhost_user_msg msg = { .request = request, .number = q, .n_fds = 1 };

	msg.fds[0] = fd;
	return vhost_user_send(h->fd, &msg);
}

static int send_addresses(struct vhost *h, unsigned q)
{
	const struct vring *ring = &h->n->v.queue[q].ring;
	struct vhost_user_msg msg = { .request = VHU_SET_VRING_ADDR };

	msg.addr.index = q;
	msg.addr.desc = ring->desc;
	msg.addr.avail = ring->avail;
	msg.addr.used = ring->used;
	return vhost_user_send(h->fd, &msg);
}

static int hand_over_ring(struct vhost *h, unsigned q)
{
	struct virtio_queue *queue = &h->n->v.queue[q];
	int err = send_state(h, VHU_SET_VRING_NUM, q, queue->ring.size);

	if (!err)
		err = send_state(h, VHU_SET_VRING_BASE, q, queue->ring.next_avail);
	if (!err)
		err = send_addresses(h, q);
	if (!err)
		err = send_fd(h, VHU_SET_VRING_CALL, q, h->call[q].fd);
	if (!err)
		err = virtio_give_kicks(&h->n->v, q, true);
	if (!err)
		err = send_fd(h, VHU_SET_VRING_KICK, q, queue->kick_fd);
	if (!err && h->enables)
		err = send_state(h, VHU_SET_VRING_ENABLE, q, 1);
	if (!err)
		route_call(h, q);
	return err;
}

static int hand_over(struct vhost *h)
{
	int err = send_features(h);

	if (!err)
		err = send_storage(h);
	for (unsigned q = 0; q < NET_QUEUES && !err; q++)
		if (h->n->v.queue[q].ring.running)
			err = hand_over_ring(h, q);
	return err;
}

/* The machine interrupts the guest where it can; else the loop does. */
static void route_call(struct vhost *h, unsigned q)
{
	struct vhost_call *call = &h->call[q];
	struct virtio *v = &h->n->v;
	bool before = call->irqfd;

	call->irqfd = h->running && !virtio_pci_irqfd(v, q, call->fd);
	if (before && !call->irqfd)
		virtio_pci_irqfd_end(v, call->fd);
	loop_fd_mod(&call->watch, call->irqfd ? 0 : EPOLLIN);
}

/* What the driver has been given back stands in the ring itself. */
static uint16_t used_index(const struct virtio *v, unsigned q)
{
	uint16_t index = 0;

	gmem_read(v->dev.machine->gmem, v->queue[q].ring.used + 2, &index, sizeof(index));
	return index;
}

/* The next chain the other side would have taken; false: it has gone. */
static bool avail_index(struct vhost *h, unsigned q, uint16_t *index)
{
	struct vhost_user_msg msg = { .request = VHU_GET_VRING_BASE, .state = { q, 0 } };
	int err = h->fd < 0 ? -EPIPE : vhost_user_ask(h->fd, &msg, ANSWER_MS);

	if (err) {
		if (h->fd >= 0)
			lost(h, err);
		return false;
	}
	vhost_user_close_fds(&msg);
	*index = (uint16_t)msg.state.num;
	return true;
}

/* Of one that has gone, the first chain that did not come back is the next.  The driver
 * may not have been told of the last that did. */
static void take_back_ring(struct vhost *h, unsigned q)
{
	struct virtio *v = &h->n->v;
	struct vring *ring = &v->queue[q].ring;

	if (!ring->running)
		return;
	if (!avail_index(h, q, &ring->next_avail))
		ring->next_avail = used_index(v, q);
	ring->next_used = ring->called_used = used_index(v, q);
	if (virtio_live(v))
		virtio_pci_call(v, q);
}

static void take_back(struct vhost *h)
{
	if (!h->running)
		return;
	h->running = false;
	for (unsigned q = 0; q < NET_QUEUES; q++) {
		take_back_ring(h, q);
		virtio_give_kicks(&h->n->v, q, false);
		route_call(h, q);
	}
}
