/* A NIC on a LAN that gets none of the guest's storage: the guest's rings are ours, and
 * frames are copied through a vnic, a MiB of rings and buffers that the LAN sees instead.
 *
 * All is done by the loop, with the machine's lock held, so no turn may be long: it ends
 * after some frames, and the rest is the next turn's.  While frames come we look again
 * instead of being kicked and called (cp/lib/poll.h): a wake costs more than to copy
 * several frames. */
#include "partitions/dev/net_bounce.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define QUEUE  256 /* of the vnic, each way: a burst of the guest's fits in */
#define BUFFER 2048
#define ROUNDS 4 /* before the loop, and who waits for the lock, have their turn */

static void settle(struct loop_call *call);
static void socket_ready(struct loop_fd *watch, uint32_t events);
static void rx_ready(struct loop_fd *watch, uint32_t events);
static void tx_ready(struct loop_fd *watch, uint32_t events);
static void hang_up(struct bounce *b);
static void wake(struct bounce *b);
static int take(struct poll_port *poll, uint64_t now);
static bool go_to_sleep(struct poll_port *poll);

static struct bounce *bounce_of(struct virtio_net *n)
{
	return n->backend_state;
}

static struct loop *loop_of(const struct bounce *b)
{
	return b->n->v.dev.machine->loop;
}

static struct bounce *make(struct virtio_net *n)
{
	struct bounce *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->n = n;
	b->poll.take = take;
	b->poll.sleep = go_to_sleep;
	b->poller = poller_create();
	if (b->poller) {
		poll_add(b->poller, &b->poll);
		return b;
	}
	free(b);
	return NULL;
}

static int bounce_create(struct virtio_net *n, int fd)
{
	const uint64_t needs = NET_OFFLOADS | NET_BIT(VIRTIO_NET_F_MRG_RXBUF);
	struct bounce *b = make(n);
	int err;

	if (!b) {
		close(fd);
		return -ENOMEM;
	}
	n->backend_state = b;
	err = vnic_open(fd, NET_ANSWER_MS, &b->vnic);
	if (err)
		return err;
	err = net_agree(n, vnic_offers(b->vnic), UINT32_MAX, needs);
	return err ? err
		   : loop_fd_add(loop_of(b), &b->socket, vnic_sock_fd(b->vnic), EPOLLIN,
			     socket_ready, b);
}

static void bounce_destroy(struct virtio_net *n)
{
	struct bounce *b = bounce_of(n);

	if (!b)
		return;
	hang_up(b);
	loop_undefer(&b->settle);
	loop_undefer(&b->look);
	poller_destroy(b->poller);
	free(b);
}

/* A driver starts on a vCPU's thread, which may not make what a vnic needs. */
static int bounce_start(struct virtio_net *n)
{
	struct bounce *b = bounce_of(n);

	b->running = true;
	loop_defer(loop_of(b), &b->settle, settle, b);
	return 0;
}

static void bounce_stop(struct virtio_net *n)
{
	struct bounce *b = bounce_of(n);

	if (!b || !b->running)
		return;
	b->running = false;
	b->stale = true;
	loop_defer(loop_of(b), &b->settle, settle, b);
}

static void bounce_kicked(struct virtio_net *n, unsigned q)
{
	(void)q;
	wake(bounce_of(n));
}

const struct net_backend net_bounce = {
	.create = bounce_create,
	.destroy = bounce_destroy,
	.start = bounce_start,
	.stop = bounce_stop,
	.kicked = bounce_kicked,
};

void bounce_fail(struct bounce *b, int err)
{
	b->err = err;
	loop_defer(loop_of(b), &b->settle, settle, b);
}

static void unwatch(struct loop_fd *watch)
{
	if (watch->loop)
		loop_fd_del(watch);
}

static void hang_up(struct bounce *b)
{
	unwatch(&b->socket);
	unwatch(&b->rx);
	unwatch(&b->tx);
	poll_del(&b->poll);
	vnic_destroy(b->vnic);
	b->vnic = NULL;
	b->on = false;
}

static void lost(struct bounce *b, int err)
{
	hang_up(b);
	virtio_net_lost(b->n, err);
}

static int turn_off(struct bounce *b)
{
	unwatch(&b->rx);
	unwatch(&b->tx);
	b->on = b->tx_full = b->starved = false;
	return vnic_stop(b->vnic);
}

static int turn_on(struct bounce *b)
{
	const struct vnic_conf conf = {
		.queue_size = QUEUE,
		.buffer = BUFFER,
		.features = b->n->v.accepted & NET_OFFLOADS,
		.answer_ms = NET_ANSWER_MS,
	};
	int err = vnic_start(b->vnic, &conf);

	if (!err)
		err = loop_fd_add(
			loop_of(b), &b->rx, vnic_rx_fd(b->vnic), EPOLLIN, rx_ready, b);
	if (!err)
		err = loop_fd_add(
			loop_of(b), &b->tx, vnic_tx_fd(b->vnic), EPOLLIN, tx_ready, b);
	b->on = !err;
	return err;
}

/* The vnic is on while a driver runs, with what this driver has accepted. */
static void settle(struct loop_call *call)
{
	struct bounce *b = call->ctx;
	int err = b->err;

	if (!b->vnic)
		return;
	if (!err && b->on && b->stale)
		err = turn_off(b);
	b->stale = false;
	if (!err && b->running && !b->on)
		err = turn_on(b);
	if (err)
		lost(b, err);
	else
		wake(b);
}

static void socket_ready(struct loop_fd *watch, uint32_t events)
{
	struct bounce *b = watch->ctx;

	(void)events;
	if (vnic_gone(b->vnic))
		lost(b, -EPIPE);
}

static void rx_ready(struct loop_fd *watch, uint32_t events)
{
	struct bounce *b = watch->ctx;

	(void)events;
	vnic_rx_seen(b->vnic);
	wake(b);
}

static void tx_ready(struct loop_fd *watch, uint32_t events)
{
	struct bounce *b = watch->ctx;

	(void)events;
	vnic_tx_seen(b->vnic);
	b->tx_full = false;
	wake(b);
}

/* ---- looking ---- */

/* May frames pass?  settle() wakes us when they may again. */
static bool ready(const struct bounce *b)
{
	return b->on && !b->stale && !b->err && virtio_live(&b->n->v);
}

static void look(struct loop_call *call)
{
	struct bounce *b = call->ctx;
	bool busy = true;

	for (int i = 0; i < ROUNDS && busy; i++)
		busy = poller_round(b->poller, loop_now(loop_of(b)));
	if (busy)
		loop_defer(loop_of(b), &b->look, look, b);
}

static void be_quiet(struct bounce *b)
{
	vnic_rx_quiet(b->vnic);
	for (unsigned q = 0; q < net_data_queues(b->n); q++)
		vring_disable_kicks(&b->n->v.queue[q].ring);
}

static void wake(struct bounce *b)
{
	if (!ready(b))
		return;
	be_quiet(b);
	poll_wake(&b->poll);
	loop_defer(loop_of(b), &b->look, look, b);
}

static int take(struct poll_port *poll, uint64_t now)
{
	struct bounce *b = container_of(poll, struct bounce, poll);
	int n = 0;

	(void)now;
	for (unsigned q = 0; q < net_data_queues(b->n); q++)
		if (net_sends(q) && ready(b))
			n += bounce_transmit(b, q);
	if (ready(b))
		n += bounce_receive(b);
	return n;
}

/* The guest is asked for a kick when it sends, and either it for one with more buffers or
 * the LAN for a call with frames.  (A full LAN was asked for a call already.) */
static bool go_to_sleep(struct poll_port *poll)
{
	struct bounce *b = container_of(poll, struct bounce, poll);
	struct virtio_queue *queue = b->n->v.queue;
	bool more;

	if (!ready(b))
		return false;
	more = b->starved ? vring_enable_kicks(&queue[BOUNCE_RX].ring)
			  : vnic_rx_wait(b->vnic);
	for (unsigned q = 0; q < net_data_queues(b->n); q++)
		if (net_sends(q) && !b->tx_full)
			more |= vring_enable_kicks(&queue[q].ring);
	if (more)
		be_quiet(b);
	return more;
}
