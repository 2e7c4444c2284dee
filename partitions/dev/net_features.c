/* What a NIC promises its driver, and what a LAN must be able to do for it. */
#include "partitions/dev/virtio_net.h"

#include <errno.h>
#include <stdio.h>

/* For people: the names of the virtio specification, shortened. */
static const struct {
	unsigned bit;
	const char *name;
} names[] = {
	{ VIRTIO_NET_F_CSUM, "CSUM" },
	{ VIRTIO_NET_F_GUEST_CSUM, "GUEST_CSUM" },
	{ VIRTIO_NET_F_HOST_TSO4, "TSO4" },
	{ VIRTIO_NET_F_HOST_TSO6, "TSO6" },
	{ VIRTIO_NET_F_HOST_ECN, "ECN" },
	{ VIRTIO_NET_F_HOST_USO, "USO" },
	{ VIRTIO_NET_F_GUEST_TSO4, "GUEST_TSO4" },
	{ VIRTIO_NET_F_GUEST_TSO6, "GUEST_TSO6" },
	{ VIRTIO_NET_F_GUEST_ECN, "GUEST_ECN" },
	{ VIRTIO_NET_F_GUEST_USO4, "GUEST_USO4" },
	{ VIRTIO_NET_F_GUEST_USO6, "GUEST_USO6" },
	{ VIRTIO_NET_F_MRG_RXBUF, "MRG_RXBUF" },
	{ VIRTIO_NET_F_MQ, "MQ" },
	{ VIRTIO_RING_INDIRECT_DESC, "INDIRECT_DESC" },
	{ VIRTIO_RING_EVENT_IDX, "EVENT_IDX" },
	{ VIRTIO_F_VERSION_1, "VERSION_1" },
};

unsigned net_data_queues(const struct virtio_net *n)
{
	return virtio_has(&n->v, VIRTIO_NET_F_MQ) ? 2 * n->n_pairs : 2;
}

static void say_lacking(struct virtio_net *n, uint64_t lacking)
{
	const char *before = "the LAN lacks";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(lacking & NET_BIT(names[i].bit)) || at >= sizeof(n->why))
			continue;
		at += (size_t)snprintf(
			n->why + at, sizeof(n->why) - at, "%s %s", before, names[i].name);
		before = ",";
	}
}

int net_agree(struct virtio_net *n, uint64_t theirs, uint32_t pairs, uint64_t of)
{
	bool agreed = n->v.status & VIRTIO_CONFIG_S_FEATURES_OK;
	uint64_t lacking;

	if (pairs < n->n_pairs)
		theirs &= ~NET_BIT(VIRTIO_NET_F_MQ);
	if (n->narrows)
		n->v.offered &= theirs | ~of;
	lacking = (agreed ? n->v.accepted : n->v.offered) & of & ~theirs;
	if (!lacking)
		return 0;
	say_lacking(n, lacking);
	return -EOPNOTSUPP;
}
