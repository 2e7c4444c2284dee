/* The plug of a vhost-user frontend: what it is made of, and how it ends. */
#include "vlan/vhost_port.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <unistd.h>

/* Their Linux header would bring another struct vring, and older ones lack the last. */
#define RING_INDIRECT_DESC 28
#define RING_EVENT_IDX     29
#define NET_GUEST_USO4     54
#define NET_GUEST_USO6     55
#define NET_HOST_USO       56

/* A queue that does not kick is looked at this often while nothing comes. */
#define LOOK_NS UINT64_C(250000)

#define CUT "it took its memory away"

static void wait_kicks(struct vhost_port *p, bool wanted);
static bool go_to_sleep(struct poll_port *poll);
static void derive(struct vhost_port *p);
static void detach(struct loop_call *call);
static void take_apart(struct vhost_port *p);

static const struct port_ops port_ops = {
	.name = "vhost",
	.send = vhost_send,
	.flush = vhost_flush,
};

static void vhost_destroy(struct lan_plug *plug);
static void vhost_stat(const struct lan_plug *plug, struct lan_stat_port *out);

static const struct lan_plug_ops plug_ops = {
	.destroy = vhost_destroy,
	.stat = vhost_stat,
};

/* Control queues, announcements and the like are between a driver and its device: a
 * frontend asks us for what needs the backend. */
uint64_t port_vhost_features(void)
{
	return VHOST_BIT(VIRTIO_F_VERSION_1) | VHOST_BIT(VIRTIO_F_ANY_LAYOUT) |
	       VHOST_BIT(RING_EVENT_IDX) | VHOST_BIT(RING_INDIRECT_DESC) |
	       VHOST_BIT(VHU_F_PROTOCOL_FEATURES) | VHOST_BIT(VIRTIO_NET_F_MRG_RXBUF) |
	       VHOST_BIT(VIRTIO_NET_F_CSUM) | VHOST_BIT(VIRTIO_NET_F_GUEST_CSUM) |
	       VHOST_BIT(VIRTIO_NET_F_HOST_TSO4) | VHOST_BIT(VIRTIO_NET_F_HOST_TSO6) |
	       VHOST_BIT(VIRTIO_NET_F_HOST_ECN) | VHOST_BIT(NET_HOST_USO) |
	       VHOST_BIT(VIRTIO_NET_F_GUEST_TSO4) | VHOST_BIT(VIRTIO_NET_F_GUEST_TSO6) |
	       VHOST_BIT(VIRTIO_NET_F_GUEST_ECN) | VHOST_BIT(NET_GUEST_USO4) |
	       VHOST_BIT(NET_GUEST_USO6) | VHOST_BIT(VIRTIO_NET_F_MTU) |
	       VHOST_BIT(VIRTIO_NET_F_STATUS) | VHOST_BIT(VIRTIO_NET_F_MQ) |
	       VHOST_BIT(VIRTIO_NET_F_CTRL_VQ) | VHOST_BIT(VIRTIO_NET_F_CTRL_RX) |
	       VHOST_BIT(VIRTIO_NET_F_CTRL_VLAN) | VHOST_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) |
	       VHOST_BIT(VIRTIO_NET_F_GUEST_ANNOUNCE);
}

/* What the ports of a host share goes with the last of them. */
static struct vhost_shared *shared_get(struct lan_host *host)
{
	struct vhost_shared *s = host->vhost;

	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s || vhost_guard_create(s)) {
			free(s);
			return NULL;
		}
		host->vhost = s;
	}
	s->users++;
	return s;
}

static void shared_put(struct lan_host *host)
{
	struct vhost_shared *s = host->vhost;

	if (--s->users)
		return;
	vhost_guard_destroy(s);
	free(s->whole);
	free(s->piece);
	free(s);
	host->vhost = NULL;
}

static struct vhost_port *allocate(
	struct lan_host *host, const struct lan_port *conf, int fd)
{
	struct vhost_shared *shared = shared_get(host);
	struct vhost_port *p = shared ? calloc(1, sizeof(*p)) : NULL;

	if (!p) {
		if (shared)
			shared_put(host);
		return NULL;
	}
	p->shared = shared;
	p->fd = fd;
	p->plug.ops = &plug_ops;
	p->plug.host = host;
	p->plug.port.ops = &port_ops;
	p->plug.port.conf = *conf;
	p->poll.take = vhost_take;
	p->poll.sleep = go_to_sleep;
	vhost_memory_init(&p->memory);
	for (int i = 0; i < VHOST_QUEUES; i++)
		vhost_queue_init(&p->queue[i], &p->memory);
	derive(p);
	return p;
}

int port_vhost_create(
	struct lan_host *host, const struct lan_port *conf, int fd, struct lan_plug **out)
{
	struct vhost_port *p = allocate(host, conf, fd);
	int err;

	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	poll_add(host->poller, &p->poll);
	err = loop_fd_add(host->loop, &p->watch, fd, EPOLLIN, vhost_session_ready, p);
	if (!err)
		err = switch_port_add(host->sw, &p->plug.port);
	if (err) {
		take_apart(p);
		shared_put(host);
		free(p);
		return err;
	}
	*out = &p->plug;
	return 0;
}

static struct vhost_port *of_plug(const struct lan_plug *plug)
{
	return container_of(plug, struct vhost_port, plug);
}

static void vhost_destroy(struct lan_plug *plug)
{
	struct vhost_port *p = of_plug(plug);

	switch_port_remove(plug->host->sw, &plug->port);
	loop_undefer(&p->detach);
	take_apart(p);
	shared_put(plug->host);
	free(p);
}

static void vhost_stat(const struct lan_plug *plug, struct lan_stat_port *out)
{
	const struct vhost_port *p = of_plug(plug);

	out->state = plug->state;
	out->kicks = p->kicks;
	out->calls = p->calls;
}

void vhost_fail(struct vhost_port *p, const char *why)
{
	if (p->why)
		return;
	p->why = p->memory.cut ? CUT : why;
	p->n_rx = p->n_tx = 0;
	loop_defer(p->plug.host->loop, &p->detach, detach, p);
}

void vhost_check(struct vhost_port *p)
{
	if (p->memory.cut)
		vhost_fail(p, CUT);
}

void vhost_changed(struct vhost_port *p)
{
	enum lan_port_state state = LAN_PORT_IDLE;

	derive(p);
	p->n_rx = p->n_tx = 0;
	if (p->why)
		return;
	for (int i = 0; i < VHOST_QUEUES; i++) {
		const struct vhost_queue *q = &p->queue[i];

		if (!q->ring.running)
			continue;
		if (q->enabled)
			state = LAN_PORT_UP;
		if (i % 2)
			p->tx[p->n_tx++] = (uint8_t)i;
		else if (q->enabled)
			p->rx[p->n_rx++] = (uint8_t)i;
	}
	p->plug.port.queues = p->n_rx > 1;
	for (unsigned i = 0; i < p->n_rx; i++)
		vring_disable_kicks(&p->queue[p->rx[i]].ring);
	vhost_wake(p);
	if (state == p->plug.state)
		return;
	p->plug.state = state;
	p->plug.host->state(p->plug.host, &p->plug);
}

void vhost_wake(struct vhost_port *p)
{
	loop_timer_cancel(&p->look);
	wait_kicks(p, false);
	if (p->n_tx)
		poll_wake(&p->poll);
}

static void wait_kicks(struct vhost_port *p, bool wanted)
{
	for (unsigned i = 0; i < p->n_tx; i++) {
		struct vring *r = &p->queue[p->tx[i]].ring;

		if (wanted)
			vring_enable_kicks(r);
		else
			vring_disable_kicks(r);
	}
}

static void look_again(struct loop_timer *timer)
{
	vhost_wake(timer->ctx);
}

static bool go_to_sleep(struct poll_port *poll)
{
	struct vhost_port *p = container_of(poll, struct vhost_port, poll);
	struct loop *loop = p->plug.host->loop;
	bool polled = false;

	for (unsigned i = 0; i < p->n_tx; i++) {
		struct vhost_queue *q = &p->queue[p->tx[i]];

		polled |= q->polled;
		if (vring_enable_kicks(&q->ring)) {
			wait_kicks(p, false);
			return true;
		}
	}
	if (!polled)
		return false;
	return loop_timer_set(loop, &p->look, loop_now(loop) + LOOK_NS, look_again, p);
}

static bool has(const struct vhost_port *p, int bit)
{
	return p->features >> bit & 1;
}

/* What follows from the features, for the path of frames. */
static void derive(struct vhost_port *p)
{
	bool legacy = !has(p, VIRTIO_F_VERSION_1) && !has(p, VIRTIO_NET_F_MRG_RXBUF);

	p->header = legacy ? sizeof(struct virtio_net_hdr)
			   : sizeof(struct virtio_net_hdr_v1);
	p->merge = has(p, VIRTIO_NET_F_MRG_RXBUF);
	p->csum = has(p, VIRTIO_NET_F_GUEST_CSUM);
	p->ecn = has(p, VIRTIO_NET_F_GUEST_ECN);
	p->gso = 0;
	if (has(p, VIRTIO_NET_F_GUEST_TSO4))
		p->gso |= 1u << VIRTIO_NET_HDR_GSO_TCPV4;
	if (has(p, VIRTIO_NET_F_GUEST_TSO6))
		p->gso |= 1u << VIRTIO_NET_HDR_GSO_TCPV6;
	if (has(p, NET_GUEST_USO4) && has(p, NET_GUEST_USO6))
		p->gso |= 1u << VIRTIO_NET_HDR_GSO_UDP_L4;
}

/* Not from within the path of frames: memory that a burst is in must outlive it. */
static void detach(struct loop_call *call)
{
	struct vhost_port *p = call->ctx;
	struct lan_host *host = p->plug.host;

	for (int i = 0; i < VHOST_QUEUES; i++)
		if (p->queue[i].ring.broken)
			vhost_signal_error(p, &p->queue[i]);
	take_apart(p);
	p->plug.state = LAN_PORT_GONE;
	host->gone(host, &p->plug, p->why);
}

static void take_apart(struct vhost_port *p)
{
	if (p->fd < 0)
		return;
	p->n_rx = p->n_tx = 0;
	p->dirty = 0;
	poll_del(&p->poll);
	loop_timer_cancel(&p->look);
	for (int i = 0; i < VHOST_QUEUES; i++)
		vhost_queue_fini(&p->queue[i]);
	vhost_memory_fini(&p->memory);
	vhost_user_close_fds(&p->input.msg);
	if (p->watch.loop)
		loop_fd_del(&p->watch);
	close(p->fd);
	p->fd = -1;
}
