/* Network device (virtio 1.2, 5.1): what the driver sees of a NIC. */
#include "partitions/dev/virtio_net.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_SIZE 256
#define MTU        1500
#define ETHERNET   0x020000

#define BIT(n) (UINT64_C(1) << (n))

static const struct virtio_ops net_ops;

static struct virtio_net *net_of(struct virtio *v)
{
	return (struct virtio_net *)v;
}

void virtio_net_link(struct virtio_net *n, bool up)
{
	uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;

	if (n->config.status == status)
		return;
	n->config.status = status;
	virtio_config_changed(&n->v);
}

static int virtio_net_create(struct device *d, const struct device_conf *conf)
{
	struct virtio_net *n = (struct virtio_net *)d;
	uint64_t features = BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) |
			    BIT(VIRTIO_NET_F_MTU);
	int err;

	memcpy(n->config.mac, conf->mac, sizeof(n->config.mac));
	n->config.max_virtqueue_pairs = 1;
	n->config.mtu = MTU;
	err = virtio_init(&n->v, &net_ops, features, &n->config, sizeof(n->config));
	if (err) {
		if (conf->fd >= 0)
			close(conf->fd);
		return err;
	}
	n->backend = conf->fd >= 0 ? &net_vhost : &net_none;
	return n->backend->create(n, conf->fd);
}

static void virtio_net_destroy(struct device *d)
{
	struct virtio_net *n = (struct virtio_net *)d;

	if (n->backend)
		n->backend->destroy(n);
	n->backend = NULL;
	virtio_fini(&n->v);
}

static int virtio_net_snap(struct device *d, struct snap *s)
{
	return virtio_snap((struct virtio *)d, s);
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
	.stat = virtio_stat,
};

static void net_kicked(struct virtio *v, unsigned q)
{
	net_of(v)->backend->kicked(net_of(v), q);
}

static void net_started(struct virtio *v)
{
	net_of(v)->backend->start(net_of(v));
}

static void net_drain(struct virtio *v)
{
	net_of(v)->backend->stop(net_of(v));
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
	.n_queues = NET_QUEUES,
	.queue_size = QUEUE_SIZE,
	.kicked = net_kicked,
	.started = net_started,
	.vector_changed = net_vector_changed,
	.drain = net_drain,
};
