/* The control queue of a NIC (virtio 1.2, 5.1.6.5).
 *
 * Receive filters are accepted and change nothing: which frames a NIC gets is for its LAN
 * to decide, and a driver must cope with more than it asked for. */
#include "partitions/dev/virtio_net.h"

/* As much of a command as we look at. */
struct command {
	uint8_t class, command;
	uint8_t data[2];
} __attribute__((packed));

static uint8_t receive_filter(const struct command *c, uint64_t len)
{
	bool ours = c->command == VIRTIO_NET_CTRL_RX_PROMISC ||
		    c->command == VIRTIO_NET_CTRL_RX_ALLMULTI;

	return ours && len >= 3 ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
}

/* 5.1.6.5.2: two tables, each of which begins with its 4 bytes of length. */
static uint8_t address_filter(const struct command *c, uint64_t len)
{
	bool ours = c->command == VIRTIO_NET_CTRL_MAC_TABLE_SET;

	return ours && len >= 2 + 2 * sizeof(uint32_t) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
}

static uint8_t use_pairs(struct virtio_net *n, const struct command *c, uint64_t len)
{
	unsigned pairs = c->data[0] | (unsigned)c->data[1] << 8;
	int err;

	if (!virtio_has(&n->v, VIRTIO_NET_F_MQ) || len < sizeof(*c) ||
		c->command != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET || !pairs ||
		pairs > n->n_pairs)
		return VIRTIO_NET_ERR;
	n->active = pairs;
	err = n->backend->pairs && !n->lost ? n->backend->pairs(n) : 0;
	if (err)
		virtio_net_lost(n, err);
	return VIRTIO_NET_OK;
}

static uint8_t execute(struct virtio_net *n, const struct command *c, uint64_t len)
{
	if (len < 2)
		return VIRTIO_NET_ERR;
	switch (c->class) {
	case VIRTIO_NET_CTRL_RX: return receive_filter(c, len);
	case VIRTIO_NET_CTRL_MAC: return address_filter(c, len);
	case VIRTIO_NET_CTRL_MQ: return use_pairs(n, c, len);
	default: return VIRTIO_NET_ERR;
	}
}

static bool take(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	struct command c = { 0 };
	uint8_t ack;

	if (!chain->in_bytes) {
		virtio_break(v, "a command leaves no room for its answer");
		return true;
	}
	iov_read(chain->out, chain->n_out, 0, &c, sizeof(c));
	ack = execute((struct virtio_net *)v, &c, chain->out_bytes);
	iov_write(chain->in, chain->n_in, 0, &ack, sizeof(ack));
	virtio_push(v, q, chain->head, sizeof(ack));
	return true;
}

void net_control(struct virtio_net *n, unsigned q)
{
	virtio_run(&n->v, q, take);
}
