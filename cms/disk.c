/* Minidisks, one request at a time. */
#include "cms/disk.h"

#include "cms/string.h"
#include "cms/words.h"

#define FEATURE_RO     (1u << 5)
#define FEATURE_FLUSH  (1u << 9)
#define SECTOR         512u
#define SERIAL_SIZE    20
#define STATUS_PENDING 0xff /* no status the device gives */
#define WAIT_SECONDS   60

struct disk_request {
	uint32_t type, reserved;
	uint64_t sector;
	uint8_t status;
	char serial[SERIAL_SIZE + 1];
};
#define HEADER_SIZE 16

static struct disk *start(
	struct mem *mem, const struct timer *timer, const struct pci *pci);
static bool identify(struct disk *d);
static size_t data_size(enum disk_operation operation);
static bool is_done(void *disk);

void disks_start(struct disks *d, struct mem *mem, const struct timer *timer)
{
	struct pci pci;

	if (d->started)
		return;
	d->started = true;
	for (unsigned slot = 0; d->n < DISKS_MAX && pci_find(&pci, VIRTIO_BLOCK, slot);
		slot = pci.slot + 1) {
		struct disk *disk = start(mem, timer, &pci);

		if (disk)
			d->disk[d->n++] = disk;
	}
}

struct disk *disks_find(struct disks *d, uint64_t vdev)
{
	for (int i = 0; i < d->n; i++) {
		if (d->disk[i]->vdev == vdev)
			return d->disk[i];
	}
	return NULL;
}

bool disk_do(struct disk *d, enum disk_operation operation, uint64_t block, void *data)
{
	struct disk_request *r = d->request;
	size_t size = data_size(operation);
	unsigned direction = operation == DISK_WRITE ? 0 : VIRTQ_WRITE;

	if (operation == DISK_FLUSH && !(d->virtio.features & FEATURE_FLUSH))
		return true;
	r->type = operation;
	r->sector = size == DISK_BLOCK ? block * (DISK_BLOCK / SECTOR) : 0;
	r->status = STATUS_PENDING;
	virtq_fill(&d->queue, 0, r, HEADER_SIZE, VIRTQ_NEXT, size ? 1 : 2);
	virtq_fill(&d->queue, 1, data, size, VIRTQ_NEXT | direction, 2);
	virtq_fill(&d->queue, 2, &r->status, 1, VIRTQ_WRITE, 0);
	virtq_offer(&d->queue, 0);
	virtq_kick(&d->queue);
	return wait_device(d->timer, WAIT_SECONDS, is_done, d) && r->status == 0;
}

static struct disk *start(
	struct mem *mem, const struct timer *timer, const struct pci *pci)
{
	struct disk *d = mem_alloc(mem, sizeof(*d), 16);

	if (!d)
		return NULL;
	d->timer = timer;
	d->virtio.pci = *pci;
	d->request = mem_alloc(mem, sizeof(*d->request), 16);
	if (!d->request ||
		!virtio_start(&d->virtio, mem, FEATURE_RO | FEATURE_FLUSH, &d->queue, 1))
		return NULL;
	d->read_only = d->virtio.features & FEATURE_RO;
	d->blocks = virtio_config(&d->virtio, MMIO_READ32, 0);
	d->blocks |= (uint64_t)virtio_config(&d->virtio, MMIO_READ32, 4) << 32;
	d->blocks /= DISK_BLOCK / SECTOR;
	return identify(d) ? d : NULL;
}

/* The serial number of a minidisk is its vdev. */
static bool identify(struct disk *d)
{
	uint64_t vdev;

	if (!disk_do(d, DISK_IDENTIFY, 0, d->request->serial) ||
		!parse_vdev(d->request->serial, &vdev))
		return false;
	d->vdev = (uint16_t)vdev;
	return true;
}

static size_t data_size(enum disk_operation operation)
{
	switch (operation) {
	case DISK_FLUSH: return 0;
	case DISK_IDENTIFY: return SERIAL_SIZE;
	default: return DISK_BLOCK;
	}
}

static bool is_done(void *disk)
{
	struct disk *d = disk;
	uint32_t len;

	return virtq_take(&d->queue, &len) >= 0;
}
