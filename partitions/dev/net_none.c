/* A NIC that is not coupled to a LAN. */
#include "partitions/dev/virtio_net.h"

static int none_create(struct virtio_net *n, int fd)
{
	(void)n, (void)fd; /* there is none */
	return 0;
}

static int none_start(struct virtio_net *n)
{
	(void)n;
	return 0;
}

static void none_nothing(struct virtio_net *n)
{
	(void)n;
}

static bool drop(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	if (chain->out_bytes <= NET_HEADER) {
		virtio_break(v, "a frame is too short");
		return true;
	}
	v->stat.out_ops++;
	v->stat.out_bytes += chain->out_bytes - NET_HEADER;
	v->stat.errors++;
	virtio_push(v, q, chain->head, 0);
	return true;
}

static void none_kicked(struct virtio_net *n, unsigned q)
{
	if (net_sends(q))
		virtio_run(&n->v, q, drop);
	else
		vring_disable_kicks(&n->v.queue[q].ring);
}

const struct net_backend net_none = {
	.create = none_create,
	.destroy = none_nothing,
	.start = none_start,
	.stop = none_nothing,
	.kicked = none_kicked,
};
