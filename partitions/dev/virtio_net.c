/* Network device (virtio 1.2, 5.1): what the driver sees of a NIC, and what is plugged in
 * behind it while the driver runs on. */
#include "partitions/dev/virtio_net.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_SIZE 256
#define MTU        1500
#define ETHERNET   0x020000

/* What our own LANs can, whether one is there or not. */
#define FEATURES (NET_OURS | NET_OFFLOADS | NET_BIT(VIRTIO_NET_F_MRG_RXBUF))

static const struct virtio_ops net_ops;
static int plug(struct virtio_net *n, const struct net_backend *backend, int fd);
static void uncouple(struct virtio_net *n);

static struct virtio_net *net_of(struct virtio *v)
{
	return (struct virtio_net *)v;
}

int nic_couple(struct device *d, int fd, bool bounce, char why[NIC_WHY])
{
	struct virtio_net *n = (struct virtio_net *)d;
	int err = 0;

	uncouple(n);
	n->why[0] = '\0';
	if (fd >= 0)
		err = plug(n, bounce ? &net_bounce : &net_vhost, fd);
	if (!err && virtio_live(&n->v))
		err = n->backend->start(n);
	if (err)
		uncouple(n);
	if (err && !n->why[0])
		snprintf(n->why, sizeof(n->why), "its LAN: %s", strerrorname_np(-err));
	snprintf(why, NIC_WHY, "%s", n->why);
	for (unsigned q = 0; q < n->v.n_queues; q++)
		virtio_kick(&n->v, q);
	return err;
}

void nic_link(struct device *d, bool up)
{
	struct virtio_net *n = (struct virtio_net *)d;
	uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;

	if (n->config.status == status)
		return;
	n->config.status = status;
	virtio_config_changed(&n->v);
}

void nic_mtu(struct device *d, uint16_t mtu)
{
	struct virtio_net *n = (struct virtio_net *)d;

	n->mtu = mtu ? mtu : MTU;
	if (!(n->v.status & VIRTIO_CONFIG_S_DRIVER))
		n->config.mtu = n->mtu;
}

void virtio_net_lost(struct virtio_net *n, int err)
{
	struct virtio *v = &n->v;

	n->lost = true;
	log_limited(&v->limit, LOG_LVL_WARN, v->dev.ops->name,
		"%04x: its LAN is gone (%d)", v->dev.vdev, -err);
	v->dev.machine->ops->nic_lost(v->dev.machine, v->dev.vdev);
	for (unsigned q = 0; q < v->n_queues; q++)
		virtio_kick(v, q);
}

static void set_pairs(struct virtio_net *n, unsigned max)
{
	n->n_pairs = !max ? 1 : max > NET_MAX_PAIRS ? NET_MAX_PAIRS : max;
	n->active = 1;
	n->v.n_queues = 2 * n->n_pairs + 1;
	n->config.max_virtqueue_pairs = (uint16_t)n->n_pairs;
}

static int virtio_net_create(struct device *d, const struct device_conf *conf)
{
	struct virtio_net *n = (struct virtio_net *)d;
	uint64_t features = FEATURES;
	int err;

	memcpy(n->config.mac, conf->mac, sizeof(n->config.mac));
	n->mtu = n->config.mtu = MTU;
	set_pairs(n, conf->pairs);
	if (n->n_pairs > 1)
		features |= NET_BIT(VIRTIO_NET_F_MQ);
	err = virtio_init(&n->v, &net_ops, features, &n->config, sizeof(n->config));
	if (err) {
		if (conf->fd >= 0)
			close(conf->fd);
		return err;
	}
	n->backend = &net_none;
	if (conf->fd < 0)
		return 0;
	n->config.status = VIRTIO_NET_S_LINK_UP;
	n->narrows = true;
	err = plug(n, &net_vhost, conf->fd);
	n->narrows = false;
	return err;
}

static void virtio_net_destroy(struct device *d)
{
	struct virtio_net *n = (struct virtio_net *)d;

	if (n->backend)
		uncouple(n);
	n->backend = NULL;
	virtio_fini(&n->v);
}

static int virtio_net_snap(struct device *d, struct snap *s)
{
	struct virtio_net *n = (struct virtio_net *)d;
	uint32_t active = n->active;
	char tag[32];

	snprintf(tag, sizeof(tag), "virtio_net.%04x", d->vdev);
	if (!snap_begin(s, tag, 1))
		return s->err;
	snap_u32(s, "active", &active);
	snap_check(s, "active", active && active <= n->n_pairs);
	snap_end(s);
	if (s->err || virtio_snap(&n->v, s))
		return s->err;
	n->active = active;
	return 0;
}

static void virtio_net_stat(const struct device *d, struct device_stat *out)
{
	const struct virtio_net *n = (const struct virtio_net *)d;

	virtio_stat(d, out);
	out->coupled = n->backend != &net_none && !n->lost;
}

const struct device_ops virtio_net_ops = {
	.name = "virtio_net",
	.size = sizeof(struct virtio_net),
	.create = virtio_net_create,
	.destroy = virtio_net_destroy,
	.reset = virtio_reset,
	.snap = virtio_net_snap,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.stat = virtio_net_stat,
};

static void net_kicked(struct virtio *v, unsigned q)
{
	struct virtio_net *n = net_of(v);

	if (q == net_data_queues(n))
		net_control(n, q);
	else if (q < net_data_queues(n))
		(n->lost ? &net_none : n->backend)->kicked(n, q);
}

static void net_started(struct virtio *v)
{
	struct virtio_net *n = net_of(v);
	int err = n->lost ? 0 : n->backend->start(n);

	if (err)
		virtio_net_lost(n, err);
}

static void net_drain(struct virtio *v)
{
	net_of(v)->backend->stop(net_of(v));
}

static void net_reset(struct virtio *v)
{
	net_of(v)->active = 1;
	net_of(v)->config.mtu = net_of(v)->mtu;
}

static void net_vector_changed(struct virtio *v, unsigned q)
{
	const struct net_backend *backend = net_of(v)->backend;

	if (backend && backend->vector_changed)
		backend->vector_changed(net_of(v), q);
}

static const struct virtio_ops net_ops = {
	.type = VIRTIO_ID_NET,
	.class_code = ETHERNET,
	.n_queues = NET_MAX_DATA + 1,
	.queue_size = QUEUE_SIZE,
	.kicked = net_kicked,
	.started = net_started,
	.vector_changed = net_vector_changed,
	.drain = net_drain,
	.reset = net_reset,
};

static int plug(struct virtio_net *n, const struct net_backend *backend, int fd)
{
	n->backend = backend;
	return backend->create(n, fd);
}

/* Buffers that the LAN has not returned are ours again, as after a loss: one that does
 * not answer any more is none that its owner would be told of. */
static void uncouple(struct virtio_net *n)
{
	n->lost = true;
	n->backend->stop(n);
	n->backend->destroy(n);
	n->backend = &net_none;
	n->backend_state = NULL;
	n->lost = false;
}
