/* A driver for virtio devices over PCI. */
#include "tests/fake/virtio_driver.h"

#include "cp/guest_abi.h"

#include <assert.h>
#include <string.h>

#define PART 0x8000u /* of storage, for each slot */

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static void find_structure(struct virtio_driver *d, unsigned cap)
{
	gpa_t at = (driver_pci_read(d, 0x10, 4) & ~0xfu) +
		   driver_pci_read(d, cap + VIRTIO_PCI_CAP_OFFSET, 4);

	switch (driver_pci_read(d, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1)) {
	case VIRTIO_PCI_CAP_COMMON_CFG: d->common = at; break;
	case VIRTIO_PCI_CAP_ISR_CFG: d->isr = at; break;
	case VIRTIO_PCI_CAP_DEVICE_CFG: d->config = at; break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		d->notify = at;
		d->notify_step = driver_pci_read(d, cap + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
		break;
	}
}

bool driver_find(struct virtio_driver *d, struct fake_machine *f, unsigned slot)
{
	memset(d, 0, sizeof(*d));
	d->f = f;
	d->slot = slot;
	d->next_free = slot * PART;
	if (driver_pci_read(d, 0, 2) != 0x1af4)
		return false;
	for (unsigned cap = driver_pci_read(d, 0x34, 1); cap;
		cap = driver_pci_read(d, cap + 1, 1)) {
		if (driver_pci_read(d, cap, 1) == 0x09)
			find_structure(d, cap);
		if (driver_pci_read(d, cap, 1) == 0x11)
			d->msix_cap = cap;
	}
	return d->common && d->isr && d->notify && d->msix_cap;
}

uint32_t driver_pci_read(const struct virtio_driver *d, unsigned reg, unsigned len)
{
	uint32_t value = 0;

	memcpy(&value, d->f->ecam + d->slot * 0x8000 + reg, len);
	return value;
}

void driver_pci_write(
	const struct virtio_driver *d, unsigned reg, uint32_t v, unsigned len)
{
	fake_write(d->f, GUEST_ECAM_BASE + d->slot * 0x8000 + reg, v, len);
}

uint32_t driver_common(const struct virtio_driver *d, unsigned field, unsigned len)
{
	return (uint32_t)fake_read(d->f, d->common + field, len);
}

void driver_set_common(
	const struct virtio_driver *d, unsigned field, uint32_t value, unsigned len)
{
	fake_write(d->f, d->common + field, value, len);
}

uint8_t driver_status(const struct virtio_driver *d)
{
	return (uint8_t)driver_common(d, VIRTIO_PCI_COMMON_STATUS, 1);
}

void driver_set_status(const struct virtio_driver *d, uint8_t status)
{
	driver_set_common(d, VIRTIO_PCI_COMMON_STATUS, status, 1);
}

static void add_status(struct virtio_driver *d, uint8_t bit)
{
	driver_set_status(d, driver_status(d) | bit);
}

static uint32_t offered(struct virtio_driver *d, uint32_t word)
{
	driver_set_common(d, VIRTIO_PCI_COMMON_DFSELECT, word, 4);
	return driver_common(d, VIRTIO_PCI_COMMON_DF, 4);
}

static void accept(struct virtio_driver *d, uint32_t word, uint32_t bits)
{
	driver_set_common(d, VIRTIO_PCI_COMMON_GFSELECT, word, 4);
	driver_set_common(d, VIRTIO_PCI_COMMON_GF, bits, 4);
}

bool driver_negotiate(struct virtio_driver *d, uint64_t features)
{
	driver_set_status(d, 0);
	if (driver_status(d))
		return false;
	add_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(d, VIRTIO_CONFIG_S_DRIVER);
	d->features = offered(d, 0) | (uint64_t)offered(d, 1) << 32;
	d->features &= features;
	accept(d, 0, (uint32_t)d->features);
	accept(d, 1, (uint32_t)(d->features >> 32));
	add_status(d, VIRTIO_CONFIG_S_FEATURES_OK);
	return driver_status(d) & VIRTIO_CONFIG_S_FEATURES_OK;
}

uint32_t driver_msi(const struct virtio_driver *d, unsigned v)
{
	return d->slot * 0x100 + v;
}

void driver_msix(struct virtio_driver *d)
{
	gpa_t table = (driver_pci_read(d, 0x10, 4) & ~0xfu) +
		      (driver_pci_read(d, d->msix_cap + 4, 4) & ~7u);
	unsigned n = (driver_pci_read(d, d->msix_cap + 2, 2) & 0x7ff) + 1;

	for (unsigned v = 0; v < n; v++) {
		fake_write(d->f, table + 16 * v, DRIVER_MSI_ADDR, 8);
		fake_write(d->f, table + 16 * v + 8, driver_msi(d, v), 4);
		fake_write(d->f, table + 16 * v + 12, 0, 4);
	}
	driver_pci_write(d, d->msix_cap + 2, 0x8000, 2);
	driver_set_common(d, VIRTIO_PCI_COMMON_MSIX, 0, 2);
}

static void set_address(struct virtio_driver *d, unsigned field, gpa_t gpa)
{
	driver_set_common(d, field, (uint32_t)gpa, 4);
	driver_set_common(d, field + 4, (uint32_t)(gpa >> 32), 4);
}

void driver_queue(struct virtio_driver *d, unsigned q, uint16_t size)
{
	struct driver_queue *queue = &d->queue[q];

	*queue = (struct driver_queue) { .size = size };
	queue->desc = driver_alloc(d, 16u * size);
	queue->avail = driver_alloc(d, 6 + 2u * size);
	queue->used = driver_alloc(d, 6 + 8u * size);
	driver_set_common(d, VIRTIO_PCI_COMMON_Q_SELECT, q, 2);
	queue->notify = d->notify +
			driver_common(d, VIRTIO_PCI_COMMON_Q_NOFF, 2) * d->notify_step;
	driver_set_common(d, VIRTIO_PCI_COMMON_Q_SIZE, size, 2);
	driver_set_common(d, VIRTIO_PCI_COMMON_Q_MSIX, q + 1, 2);
	set_address(d, VIRTIO_PCI_COMMON_Q_DESCLO, queue->desc);
	set_address(d, VIRTIO_PCI_COMMON_Q_AVAILLO, queue->avail);
	set_address(d, VIRTIO_PCI_COMMON_Q_USEDLO, queue->used);
	driver_set_common(d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
}

void driver_ok(struct virtio_driver *d)
{
	add_status(d, VIRTIO_CONFIG_S_DRIVER_OK);
}

bool driver_start(struct virtio_driver *d, uint64_t features, unsigned n, uint16_t size)
{
	d->next_free = d->slot * PART;
	if (!driver_negotiate(d, features))
		return false;
	driver_msix(d);
	for (unsigned q = 0; q < n; q++)
		driver_queue(d, q, size);
	driver_ok(d);
	return driver_status(d) & VIRTIO_CONFIG_S_DRIVER_OK;
}

gpa_t driver_alloc(struct virtio_driver *d, size_t len)
{
	gpa_t at = d->next_free;

	d->next_free = (at + len + 15) & ~UINT64_C(15);
	assert(d->next_free <= FAKE_STORAGE);
	memset(driver_at(d, at), 0, len);
	return at;
}

void *driver_at(const struct virtio_driver *d, gpa_t gpa)
{
	return d->f->storage + gpa;
}

static uint16_t *avail_word(struct virtio_driver *d, unsigned q, unsigned i)
{
	return (uint16_t *)driver_at(d, d->queue[q].avail) + i;
}

static uint16_t *used_word(struct virtio_driver *d, unsigned q, unsigned i)
{
	return (uint16_t *)driver_at(d, d->queue[q].used) + i;
}

uint16_t driver_add(
	struct virtio_driver *d, unsigned q, const struct driver_buf *buf, unsigned n)
{
	struct driver_queue *queue = &d->queue[q];
	struct desc *table = driver_at(d, queue->desc);
	uint16_t head = queue->next_desc % queue->size;

	for (unsigned i = 0; i < n; i++) {
		uint16_t at = queue->next_desc++ % queue->size;

		table[at] = (struct desc) {
			.addr = buf[i].gpa,
			.len = buf[i].len,
			.flags = (uint16_t)((buf[i].in ? 2 : 0) | (i + 1 < n ? 1 : 0)),
			.next = queue->next_desc % queue->size,
		};
	}
	*avail_word(d, q, 2u + queue->avail_idx % queue->size) = head;
	__atomic_store_n(avail_word(d, q, 1), ++queue->avail_idx, __ATOMIC_RELEASE);
	return head;
}

void driver_kick(struct virtio_driver *d, unsigned q)
{
	fake_write(d->f, d->queue[q].notify, q, 2);
}

/* With EVENT_IDX the next return is asked to be told of (2.7.7). */
int driver_used(struct virtio_driver *d, unsigned q, uint32_t *written)
{
	struct driver_queue *queue = &d->queue[q];
	uint32_t entry[2];

	if (__atomic_load_n(used_word(d, q, 1), __ATOMIC_ACQUIRE) == queue->used_idx)
		return -1;
	memcpy(entry, used_word(d, q, 2u + 4u * (queue->used_idx % queue->size)),
		sizeof(entry));
	queue->used_idx++;
	*avail_word(d, q, 2u + queue->size) = queue->used_idx;
	if (written)
		*written = entry[1];
	return (int)entry[0];
}

int driver_interrupts(const struct virtio_driver *d, unsigned v)
{
	int n = 0;

	for (int i = 0; i < d->f->n_msi; i++)
		n += d->f->msi[i].addr == DRIVER_MSI_ADDR &&
		     d->f->msi[i].data == driver_msi(d, v);
	return n;
}
