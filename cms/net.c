/* Network interfaces over pipes of frames. */
#include "cms/net.h"

#include "cms/string.h"

#define FEATURE_MAC    (1u << 5)
#define FEATURE_STATUS (1u << 16)
#define CONFIG_STATUS  6
#define LINK_UP        0x0001u

/* Before each frame; nothing in it is used without offloads. */
#define HEADER_SIZE 12
#define BUFFER_SIZE 1536
_Static_assert(HEADER_SIZE + NET_FRAME <= BUFFER_SIZE, "a frame fits a buffer");

static const struct pipe_shape shape = { 16, 16, BUFFER_SIZE };

static struct net *start(
	struct mem *mem, const struct timer *timer, const struct pci *pci);

void nets_start(struct nets *n, struct mem *mem, const struct timer *timer)
{
	struct pci pci;

	if (n->started)
		return;
	n->started = true;
	for (unsigned slot = 0; n->n < NETS_MAX && pci_find(&pci, VIRTIO_NET, slot);
		slot = pci.slot + 1) {
		struct net *net = start(mem, timer, &pci);

		if (net)
			n->net[n->n++] = net;
	}
}

bool net_link(const struct net *n)
{
	return !n->tells_link ||
	       virtio_config(&n->virtio, MMIO_READ16, CONFIG_STATUS) & LINK_UP;
}

bool net_send(struct net *n, const void *frame, size_t len)
{
	char buffer[BUFFER_SIZE];

	if (len > NET_FRAME)
		return false;
	memset(buffer, 0, HEADER_SIZE);
	memcpy(buffer + HEADER_SIZE, frame, len);
	return pipe_write(&n->pipe, buffer, HEADER_SIZE + len);
}

size_t net_receive(struct net *n, void *frame, size_t size)
{
	char buffer[BUFFER_SIZE];
	size_t len;

	do
		len = pipe_read(&n->pipe, buffer, sizeof(buffer));
	while (len && len <= HEADER_SIZE);
	if (!len)
		return 0;
	len -= HEADER_SIZE;
	memcpy(frame, buffer + HEADER_SIZE, len < size ? len : size);
	return len < size ? len : size;
}

static struct net *start(
	struct mem *mem, const struct timer *timer, const struct pci *pci)
{
	struct net *n = mem_alloc(mem, sizeof(*n), 16);

	if (!n)
		return NULL;
	n->virtio.pci = *pci;
	if (!virtio_start(&n->virtio, mem, FEATURE_MAC | FEATURE_STATUS, n->queue, 2) ||
		!pipe_start(&n->pipe, mem, timer, &n->queue[0], &n->queue[1], &shape))
		return NULL;
	for (unsigned i = 0; i < sizeof(n->mac); i++)
		n->mac[i] = (uint8_t)virtio_config(&n->virtio, MMIO_READ8, i);
	n->tells_link = n->virtio.features & FEATURE_STATUS;
	return n;
}
