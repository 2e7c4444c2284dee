/* The driver of virtio network devices. */
#include "cms/net.h"

#include "cms/string.h"

#define FEATURE_MTU    (1u << 3)
#define FEATURE_MAC    (1u << 5)
#define FEATURE_MERGE  (1u << 15)
#define FEATURE_STATUS (1u << 16)
#define FEATURES       (FEATURE_MTU | FEATURE_MAC | FEATURE_MERGE | FEATURE_STATUS)
#define CONFIG_STATUS  6
#define CONFIG_MTU     10
#define LINK_UP        0x0001u

/* Before each frame; of it only the number of buffers it fills matters to us. */
#define HEADER_SIZE 12u
#define NUMBER_AT   10
#define AROUND      18u /* Ethernet's header, with a tag */
#define MTU_USUAL   1500

/* Buffers to receive into: frames that are larger fill several, if the device can do so.
 */
#define RECEIVE_SIZE  1536u
#define RECEIVE_MAX   VIRTQ_SIZE
#define RECEIVE_LARGE 8u /* of them where each must hold a large frame */
#define TRANSMIT_MAX  16u
_Static_assert(HEADER_SIZE + AROUND + MTU_USUAL <= RECEIVE_SIZE, "a frame fits a buffer");

#define WAIT_SECONDS 1
#define POLL_MAX     64 /* frames of a NIC at a time */
#define RX           0
#define TX           1

static struct net *start(
	struct mem *mem, const struct timer *timer, const struct pci *pci);
static bool start_buffers(struct net *n, struct mem *mem);
static void give_back(struct net *n, unsigned i);
static const char *take_buffer(struct net *n, uint32_t *len, unsigned *i);
static unsigned number_of(const struct net *n, const char *buffer);
static size_t append(void *frame, size_t at, size_t size, const char *from, size_t len);
static bool one_free(void *net);
static void kick(struct net *n);
static bool serve(struct nets *n, int nic);
static bool send_frame(void *nic, const void *frame, size_t len);

static const struct nic_ops ops = { send_frame };

bool nets_start(struct nets *n, struct mem *mem, const struct timer *timer)
{
	struct pci pci;

	if (n->started)
		return n->inet;
	n->started = true;
	n->timer = timer;
	n->inet = mem_alloc(mem, sizeof(*n->inet), 16);
	n->frame = mem_alloc(mem, MTU_MAX + AROUND, 16);
	if (!n->inet || !n->frame) {
		n->inet = NULL;
		return false;
	}
	inet_start(n->inet, timer_utc(timer));
	n->inet->now = timer_now(timer);
	for (unsigned slot = 0; n->n < NICS_MAX && pci_find(&pci, VIRTIO_NET, slot);
		slot = pci.slot + 1) {
		struct net *net = start(mem, timer, &pci);

		if (!net)
			continue;
		n->net[n->n++] = net;
		inet_add_nic(n->inet, &ops, net, net->mac, net->mtu);
	}
	nets_flush(n);
	return true;
}

void nets_poll(struct nets *n)
{
	if (!n->inet)
		return;
	n->busy = false;
	for (int i = 0; i < n->n; i++)
		n->busy |= serve(n, i);
	n->inet->now = timer_now(n->timer);
	inet_tick(n->inet);
	nets_flush(n);
}

uint64_t nets_next(const struct nets *n)
{
	return n->inet ? inet_next(n->inet) : NEVER;
}

void nets_flush(struct nets *n)
{
	for (int i = 0; i < n->n; i++)
		kick(n->net[i]);
}

void nets_forget(struct nets *n)
{
	if (n->inet)
		n->inet->listener = NULL;
}

bool net_link(const struct net *n)
{
	return !n->tells_link ||
	       virtio_config(&n->virtio, MMIO_READ16, CONFIG_STATUS) & LINK_UP;
}

bool net_send(struct net *n, const void *frame, size_t len)
{
	unsigned i;
	char *buffer;

	if (HEADER_SIZE + len > n->transmit_size)
		return false;
	if (!one_free(n)) {
		kick(n);
		if (n->stuck)
			return false;
		virtq_interrupts(&n->queue[TX], true);
		n->stuck = !wait_device(n->timer, WAIT_SECONDS, one_free, n);
		virtq_interrupts(&n->queue[TX], false);
		if (n->stuck)
			return false;
	}
	n->stuck = false;
	i = (unsigned)__builtin_ctz(n->free_transmit);
	n->free_transmit &= ~(1u << i);
	buffer = n->transmit + i * n->transmit_size;
	memset(buffer, 0, HEADER_SIZE);
	memcpy(buffer + HEADER_SIZE, frame, len);
	virtq_fill(&n->queue[TX], i, buffer, HEADER_SIZE + len, 0, 0);
	virtq_offer(&n->queue[TX], i);
	n->kick_transmit = true;
	return true;
}

/* A device that names more buffers than it has filled loses the frame. */
size_t net_receive(struct net *n, void *frame, size_t size)
{
	uint32_t len;
	unsigned i, number;
	const char *buffer = take_buffer(n, &len, &i);
	size_t at;

	while (buffer && len <= HEADER_SIZE) {
		give_back(n, i);
		buffer = take_buffer(n, &len, &i);
	}
	if (!buffer)
		return 0;
	number = number_of(n, buffer);
	at = append(frame, 0, size, buffer + HEADER_SIZE, len - HEADER_SIZE);
	give_back(n, i);
	while (--number) {
		buffer = take_buffer(n, &len, &i);
		if (!buffer)
			return 0;
		at = append(frame, at, size, buffer, len);
		give_back(n, i);
	}
	return at;
}

static struct net *start(
	struct mem *mem, const struct timer *timer, const struct pci *pci)
{
	struct net *n = mem_alloc(mem, sizeof(*n), 16);

	if (!n)
		return NULL;
	n->timer = timer;
	n->virtio.pci = *pci;
	if (!virtio_start(&n->virtio, mem, FEATURES, n->queue, 2))
		return NULL;
	for (unsigned i = 0; i < sizeof(n->mac); i++)
		n->mac[i] = (uint8_t)virtio_config(&n->virtio, MMIO_READ8, i);
	n->tells_link = n->virtio.features & FEATURE_STATUS;
	n->merges = n->virtio.features & FEATURE_MERGE;
	n->mtu = MTU_USUAL;
	if (n->virtio.features & FEATURE_MTU)
		n->mtu = (uint16_t)virtio_config(&n->virtio, MMIO_READ16, CONFIG_MTU);
	if (n->mtu > MTU_MAX)
		n->mtu = MTU_MAX;
	return start_buffers(n, mem) ? n : NULL;
}

static bool start_buffers(struct net *n, struct mem *mem)
{
	uint32_t whole = (HEADER_SIZE + AROUND + n->mtu + 15) & ~15u,
		 number = RECEIVE_MAX;

	n->transmit_size = whole > RECEIVE_SIZE ? whole : RECEIVE_SIZE;
	n->size = n->merges ? RECEIVE_SIZE : n->transmit_size;
	if (n->size > RECEIVE_SIZE)
		number = RECEIVE_LARGE;
	if (number > n->queue[RX].size)
		number = n->queue[RX].size;
	n->receive = mem_alloc(mem, (size_t)number * n->size, 16);
	n->transmit = mem_alloc(mem, (size_t)TRANSMIT_MAX * n->transmit_size, 16);
	if (!n->receive || !n->transmit)
		return false;
	n->free_transmit = (1u << TRANSMIT_MAX) - 1;
	if (n->queue[TX].size < TRANSMIT_MAX)
		n->free_transmit = (1u << n->queue[TX].size) - 1;
	virtq_interrupts(&n->queue[TX], false);
	for (unsigned i = 0; i < number; i++)
		give_back(n, i);
	kick(n);
	return true;
}

static void give_back(struct net *n, unsigned i)
{
	virtq_fill(&n->queue[RX], i, n->receive + i * n->size, n->size, VIRTQ_WRITE, 0);
	virtq_offer(&n->queue[RX], i);
	n->kick_receive = true;
}

static const char *take_buffer(struct net *n, uint32_t *len, unsigned *i)
{
	int taken = virtq_take(&n->queue[RX], len);

	if (taken < 0)
		return NULL;
	*i = (unsigned)taken;
	if (*len > n->size)
		*len = n->size;
	return n->receive + *i * n->size;
}

static unsigned number_of(const struct net *n, const char *buffer)
{
	uint16_t number;

	memcpy(&number, buffer + NUMBER_AT, sizeof(number));
	return n->merges && number ? number : 1;
}

static size_t append(void *frame, size_t at, size_t size, const char *from, size_t len)
{
	if (len > size - at)
		len = size - at;
	memcpy((char *)frame + at, from, len);
	return at + len;
}

static bool one_free(void *net)
{
	struct net *n = net;
	uint32_t len;
	int i;

	while ((i = virtq_take(&n->queue[TX], &len)) >= 0)
		n->free_transmit |= 1u << i;
	return n->free_transmit;
}

static void kick(struct net *n)
{
	if (n->kick_receive)
		virtq_kick(&n->queue[RX]);
	if (n->kick_transmit)
		virtq_kick(&n->queue[TX]);
	n->kick_receive = n->kick_transmit = false;
}

/* While there are frames to be had interrupts say nothing new.  True: there are more. */
static bool serve(struct nets *n, int nic)
{
	struct net *net = n->net[nic];
	size_t len;

	virtq_interrupts(&net->queue[RX], false);
	for (int i = 0; i < POLL_MAX; i++) {
		len = net_receive(net, n->frame, MTU_MAX + AROUND);
		if (!len) {
			virtq_interrupts(&net->queue[RX], true);
			len = net_receive(net, n->frame, MTU_MAX + AROUND);
		}
		if (!len)
			return false;
		n->inet->now = timer_now(n->timer);
		inet_input(n->inet, nic, n->frame, len);
	}
	return true;
}

static bool send_frame(void *nic, const void *frame, size_t len)
{
	return net_send(nic, frame, len);
}
