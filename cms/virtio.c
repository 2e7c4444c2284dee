/* virtio devices: starting them with their queues. */
#include "cms/virtio.h"

#include "cms/shim.h"
#include "cms/string.h"

/* Capabilities (4.1.4) */
#define CAP_VENDOR 0x09
#define CAP_TYPE   3
#define CAP_BAR    4
#define CAP_OFFSET 8
#define CAP_STEP   16 /* of the notify capability */
enum { COMMON_BLOCK = 1, NOTIFY_BLOCK = 2, DEVICE_BLOCK = 4 };

/* The common configuration (4.1.4.3) */
#define DEVICE_FEATURE_SELECT 0x00u
#define DEVICE_FEATURE        0x04u
#define DRIVER_FEATURE_SELECT 0x08u
#define DRIVER_FEATURE        0x0cu
#define NUM_QUEUES            0x12u
#define DEVICE_STATUS         0x14u
#define QUEUE_SELECT          0x16u
#define QUEUE_SIZE            0x18u
#define QUEUE_MSIX_VECTOR     0x1au
#define QUEUE_ENABLE          0x1cu
#define QUEUE_NOTIFY_OFF      0x1eu
#define QUEUE_DESC            0x20u
#define QUEUE_DRIVER          0x28u
#define QUEUE_DEVICE          0x30u

#define ACKNOWLEDGE 1u
#define DRIVER      2u
#define DRIVER_OK   4u
#define FEATURES_OK 8u
#define VERSION_1   1u /* feature bit 32 */

static uint32_t access(enum mmio_kind kind, uint32_t addr);
static void find_blocks(struct virtio *v);
static bool negotiate(struct virtio *v, uint32_t wanted, struct mmio *list);
static bool start_queues(struct virtio *v, struct mem *mem, struct virtq *queue,
	unsigned n, struct mmio *list);
static bool place_queue(struct virtq *q, struct mem *mem);
static unsigned set_queue(
	const struct virtio *v, const struct virtq *q, struct mmio *list);
static void set_address(
	const struct virtio *v, unsigned at, const volatile void *to, struct mmio *list);
static void write8(
	const struct virtio *v, unsigned at, uint32_t value, struct mmio *list);
static void write16(
	const struct virtio *v, unsigned at, uint32_t value, struct mmio *list);
static void write32(
	const struct virtio *v, unsigned at, uint32_t value, struct mmio *list);

bool virtio_start(struct virtio *v, struct mem *mem, uint32_t wanted, struct virtq *queue,
	unsigned n_queues)
{
	struct mmio list;

	mmio_begin(&list);
	find_blocks(v);
	if (!v->common || !v->notify || !pci_start(&v->pci, VECTOR_DEVICE, &list))
		return false;
	if (!negotiate(v, wanted, &list))
		return false;
	if (!start_queues(v, mem, queue, n_queues, &list))
		return false;
	write8(v, DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK, &list);
	mmio_run(&list);
	return true;
}

uint8_t virtio_status(const struct virtio *v)
{
	return (uint8_t)access(MMIO_READ8, v->common + DEVICE_STATUS);
}

void virtio_reset(const struct virtio *v)
{
	access(MMIO_WRITE8, v->common + DEVICE_STATUS);
}

uint32_t virtio_config(const struct virtio *v, enum mmio_kind kind, unsigned at)
{
	return v->config ? access(kind, v->config + at) : 0;
}

/* One access alone: a read, or a write of 0. */
static uint32_t access(enum mmio_kind kind, uint32_t addr)
{
	struct mmio list;

	mmio_begin(&list);
	mmio_add(&list, kind, addr, 0);
	mmio_run(&list);
	return list.op[0].value;
}

/* Where the register blocks are (4.1.4): of each kind the first. */
static void find_blocks(struct virtio *v)
{
	const struct pci *p = &v->pci;
	unsigned cap = 0;

	v->common = v->notify = v->config = 0;
	while ((cap = pci_capability(p, CAP_VENDOR, cap))) {
		uint32_t bar = pci_bar(p, pci_read8(p, cap + CAP_BAR));
		uint32_t at = bar ? bar + pci_read32(p, cap + CAP_OFFSET) : 0;
		unsigned type = pci_read8(p, cap + CAP_TYPE);

		if (type == COMMON_BLOCK && !v->common)
			v->common = at;
		if (type == DEVICE_BLOCK && !v->config)
			v->config = at;
		if (type == NOTIFY_BLOCK && !v->notify) {
			v->notify = at;
			v->notify_step = pci_read32(p, cap + CAP_STEP);
		}
	}
}

/* From reset to FEATURES_OK (3.1.1, steps 1 to 6). */
static bool negotiate(struct virtio *v, uint32_t wanted, struct mmio *list)
{
	unsigned queues, low, high, status;

	write8(v, DEVICE_STATUS, 0, list);
	mmio_add(list, MMIO_READ8, v->common + DEVICE_STATUS, 0);
	write8(v, DEVICE_STATUS, ACKNOWLEDGE, list);
	write8(v, DEVICE_STATUS, ACKNOWLEDGE | DRIVER, list);
	write32(v, DEVICE_FEATURE_SELECT, 0, list);
	low = mmio_add(list, MMIO_READ32, v->common + DEVICE_FEATURE, 0);
	write32(v, DEVICE_FEATURE_SELECT, 1, list);
	high = mmio_add(list, MMIO_READ32, v->common + DEVICE_FEATURE, 0);
	queues = mmio_add(list, MMIO_READ16, v->common + NUM_QUEUES, 0);
	mmio_run(list);
	if (!(list->op[high].value & VERSION_1))
		return false;
	v->features = list->op[low].value & wanted;
	v->n_queues = (uint16_t)list->op[queues].value;

	write32(v, DRIVER_FEATURE_SELECT, 0, list);
	write32(v, DRIVER_FEATURE, v->features, list);
	write32(v, DRIVER_FEATURE_SELECT, 1, list);
	write32(v, DRIVER_FEATURE, VERSION_1, list);
	write8(v, DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK, list);
	status = mmio_add(list, MMIO_READ8, v->common + DEVICE_STATUS, 0);
	mmio_run(list);
	return list->op[status].value & FEATURES_OK;
}

/* Step 7: one list asks for all sizes, the next sets up all queues. */
static bool start_queues(struct virtio *v, struct mem *mem, struct virtq *queue,
	unsigned n, struct mmio *list)
{
	unsigned vector = 0;

	if (n > v->n_queues)
		n = v->n_queues;
	v->n_queues = (uint16_t)n;
	for (unsigned i = 0; i < n; i++) {
		write16(v, QUEUE_SELECT, i, list);
		mmio_add(list, MMIO_READ16, v->common + QUEUE_SIZE, 0);
		mmio_add(list, MMIO_READ16, v->common + QUEUE_NOTIFY_OFF, 0);
	}
	mmio_run(list);
	for (unsigned i = 0; i < n; i++) {
		uint32_t size = list->op[3 * i + 1].value,
			 off = list->op[3 * i + 2].value;

		queue[i].index = (uint16_t)i;
		queue[i].size = (uint16_t)(size < VIRTQ_SIZE ? size : VIRTQ_SIZE);
		queue[i].notify = (void *)(uint64_t)(v->notify + off * v->notify_step);
		if (!size || !place_queue(&queue[i], mem))
			return false;
	}
	for (unsigned i = 0; i < n; i++)
		vector = set_queue(v, &queue[i], list);
	mmio_run(list);
	return !n || list->op[vector].value == 0;
}

/* A queue that is started again keeps its place. */
static bool place_queue(struct virtq *q, struct mem *mem)
{
	size_t desc = VIRTQ_SIZE * sizeof(*q->desc),
	       avail = (sizeof(*q->avail) + 3) & ~3u;
	size_t all = desc + avail + sizeof(*q->used);
	char *at = q->desc ? (char *)q->desc : mem_alloc(mem, all, 16);

	if (!at)
		return false;
	memset(at, 0, all);
	q->desc = (void *)at;
	q->avail = (void *)(at + desc);
	q->used = (void *)(at + desc + avail);
	q->taken = 0;
	return true;
}

/* The index of the vector read back: the device may refuse it (4.1.5.1.2.1). */
static unsigned set_queue(
	const struct virtio *v, const struct virtq *q, struct mmio *list)
{
	unsigned vector;

	write16(v, QUEUE_SELECT, q->index, list);
	write16(v, QUEUE_SIZE, q->size, list);
	write16(v, QUEUE_MSIX_VECTOR, 0, list);
	vector = mmio_add(list, MMIO_READ16, v->common + QUEUE_MSIX_VECTOR, 0);
	set_address(v, QUEUE_DESC, q->desc, list);
	set_address(v, QUEUE_DRIVER, q->avail, list);
	set_address(v, QUEUE_DEVICE, q->used, list);
	write16(v, QUEUE_ENABLE, 1, list);
	return vector;
}

static void set_address(
	const struct virtio *v, unsigned at, const volatile void *to, struct mmio *list)
{
	write32(v, at, (uint32_t)(uint64_t)to, list);
	write32(v, at + 4, (uint32_t)((uint64_t)to >> 32), list);
}

static void write8(const struct virtio *v, unsigned at, uint32_t value, struct mmio *list)
{
	mmio_add(list, MMIO_WRITE8, v->common + at, value);
}

static void write16(
	const struct virtio *v, unsigned at, uint32_t value, struct mmio *list)
{
	mmio_add(list, MMIO_WRITE16, v->common + at, value);
}

static void write32(
	const struct virtio *v, unsigned at, uint32_t value, struct mmio *list)
{
	mmio_add(list, MMIO_WRITE32, v->common + at, value);
}
