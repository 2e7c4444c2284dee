/* The PCI transport of a virtio device.  Section numbers are those of virtio 1.2. */
#include "partitions/dev/virtio_pci.h"

#include "partitions/dev/pci.h"
#include "partitions/dev/virtio.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define VENDOR      0x1af4
#define DEVICE_BASE 0x1040
#define REVISION    1
#define NO_VECTOR   0xffff

#define PAGE            0x1000u
#define COMMON_PAGE     0
#define ISR_PAGE        1
#define CONFIG_PAGE     2
#define NOTIFY_PAGE     3
#define STRUCTURES_END  (4 * PAGE)
#define NOTIFY_DISTANCE 4 /* bytes between the notification words of two queues */

static int add_capabilities(struct virtio *v);
static struct virtio_pci_common_cfg common_image(const struct virtio *v);
static void common_write(struct virtio *v, unsigned at, uint32_t value, unsigned len);
static void queue_write(struct virtio *v, unsigned at, uint32_t value);
static void interrupt(struct virtio *v, uint8_t isr, uint16_t vector);
static void copy_from(const void *from, size_t size, size_t at, void *to, size_t len);

static void bar_read(void *ctx, uint64_t offset, void *data, unsigned len);
static void bar_write(void *ctx, uint64_t offset, const void *data, unsigned len);
static void moved(void *ctx, gpa_t base);
static void vector_changed(void *ctx, unsigned vector);
static void config_written(void *ctx, unsigned offset, unsigned len);

static const struct pci_function_ops function_ops = {
	.read = bar_read,
	.write = bar_write,
	.moved = moved,
	.vector_changed = vector_changed,
	.config_written = config_written,
};

int virtio_pci_create(struct virtio *v)
{
	struct pci_ident ident = {
		.vendor = VENDOR,
		.device = (uint16_t)(DEVICE_BASE + v->ops->type),
		.subvendor = VENDOR,
		.subdevice = v->ops->type,
		.class_code = v->ops->class_code,
		.revision = REVISION,
		.n_vectors = (uint16_t)(v->n_queues + 1),
	};
	int err;

	virtio_pci_reset(v);
	err = pci_function_create(
		v->dev.machine->pci, v->dev.slot, &ident, &function_ops, v, &v->pci.fn);
	return err ? err : add_capabilities(v);
}

void virtio_pci_destroy(struct virtio *v)
{
	pci_function_destroy(v->pci.fn);
	v->pci.fn = NULL;
}

void virtio_pci_reset(struct virtio *v)
{
	struct virtio_pci *p = &v->pci;

	p->device_feature_select = p->driver_feature_select = 0;
	p->queue_select = 0;
	p->isr = 0;
	p->config_vector = NO_VECTOR;
	for (unsigned q = 0; q < VIRTIO_MAX_QUEUES; q++)
		p->vector[q] = NO_VECTOR;
	virtio_pci_watch(v);
}

void virtio_pci_power_on(struct virtio *v)
{
	pci_function_reset(v->pci.fn);
}

/* Where the machine cannot watch a notification word, it comes as a write.  Not before
 * the driver has started: each change of what is watched waits for all of the host's
 * processors, and until then it is known neither what runs nor who will have the kicks.
 */
static void watch_queue(struct virtio *v, unsigned q)
{
	struct machine *m = v->dev.machine;
	bool runs = v->pci.base && v->queue[q].ring.running &&
		    v->status & VIRTIO_CONFIG_S_DRIVER_OK;
	gpa_t at = runs ? v->pci.base + NOTIFY_PAGE * PAGE + q * NOTIFY_DISTANCE : 0;
	int fd = virtio_kick_fd(v, q);

	if (v->pci.kick[q].at == at && (!at || v->pci.kick[q].fd == fd))
		return;
	if (v->pci.kick[q].at)
		m->ops->kick_del(m, v->pci.kick[q].at, v->pci.kick[q].fd);
	if (at && m->ops->kick_add(m, at, fd))
		at = 0;
	v->pci.kick[q].at = at;
	v->pci.kick[q].fd = fd;
}

void virtio_pci_watch(struct virtio *v)
{
	for (unsigned q = 0; q < v->n_queues; q++)
		watch_queue(v, q);
}

void virtio_pci_snap(struct virtio *v, struct snap *s)
{
	struct virtio_pci *p = &v->pci;

	snap_u32(s, "device_feature_select", &p->device_feature_select);
	snap_u32(s, "driver_feature_select", &p->driver_feature_select);
	snap_u16(s, "queue_select", &p->queue_select);
	snap_u8(s, "isr", &p->isr);
	snap_u16(s, "config_vector", &p->config_vector);
	for (unsigned q = 0; q < v->n_queues; q++) {
		char name[20];

		snprintf(name, sizeof(name), "vector%u", q);
		snap_u16(s, name, &p->vector[q]);
	}
}

void virtio_pci_call(struct virtio *v, unsigned q)
{
	interrupt(v, 1, v->pci.vector[q]);
}

void virtio_pci_call_config(struct virtio *v)
{
	interrupt(v, 2, v->pci.config_vector);
}

int virtio_pci_irqfd(struct virtio *v, unsigned q, int fd)
{
	struct machine *m = v->dev.machine;
	uint64_t addr;
	uint32_t data;

	if (!pci_msix_message(v->pci.fn, v->pci.vector[q], &addr, &data))
		return -EAGAIN;
	return m->ops->irqfd(m, fd, addr, data);
}

void virtio_pci_irqfd_end(struct virtio *v, int fd)
{
	struct machine *m = v->dev.machine;

	m->ops->irqfd(m, fd, 0, 0);
}

/* 4.1.4: where in BAR 0 the structures are. */
static int add_structure(struct virtio *v, uint8_t type, unsigned page, uint32_t length,
	uint32_t multiplier)
{
	const struct virtio_pci_notify_cap cap = {
		.cap.cfg_type = type,
		.cap.offset = page * PAGE,
		.cap.length = length,
		.notify_off_multiplier = multiplier,
	};

	return pci_add_capability(
		v->pci.fn, &cap, multiplier ? sizeof(cap) : sizeof(cap.cap), NULL);
}

/* 4.1.4.9 */
static int add_config_access(struct virtio *v)
{
	const struct virtio_pci_cfg_cap cap = { .cap.cfg_type = VIRTIO_PCI_CAP_PCI_CFG };
	const struct virtio_pci_cfg_cap writable = {
		.cap = { .bar = 0xff, .offset = UINT32_MAX, .length = UINT32_MAX },
		.pci_cfg_data = { 0xff, 0xff, 0xff, 0xff },
	};

	return pci_add_capability(v->pci.fn, &cap, sizeof(cap), &writable);
}

static int add_capabilities(struct virtio *v)
{
	int at;

	if (add_structure(v, VIRTIO_PCI_CAP_COMMON_CFG, COMMON_PAGE,
		    sizeof(struct virtio_pci_common_cfg), 0) < 0 ||
		add_structure(v, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_PAGE,
			v->n_queues * NOTIFY_DISTANCE, NOTIFY_DISTANCE) < 0 ||
		add_structure(v, VIRTIO_PCI_CAP_ISR_CFG, ISR_PAGE, 1, 0) < 0)
		return -ENOSPC;
	if (v->config_len && add_structure(v, VIRTIO_PCI_CAP_DEVICE_CFG, CONFIG_PAGE,
				     (uint32_t)v->config_len, 0) < 0)
		return -ENOSPC;
	at = add_config_access(v);
	if (at < 0)
		return at;
	v->pci.cfg_cap = (unsigned)at;
	return 0;
}

static void bar_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	struct virtio *v = ctx;
	size_t at = offset % PAGE;
	struct virtio_pci_common_cfg image;

	switch (offset / PAGE) {
	case COMMON_PAGE:
		image = common_image(v);
		copy_from(&image, sizeof(image), at, data, len);
		break;
	case ISR_PAGE: /* 4.1.4.5.1: reading it clears it */
		copy_from(&v->pci.isr, sizeof(v->pci.isr), at, data, len);
		if (at == 0)
			v->pci.isr = 0;
		break;
	case CONFIG_PAGE: copy_from(v->config, v->config_len, at, data, len); break;
	default: memset(data, 0, len);
	}
}

/* No device has configuration fields that a driver could change. */
static void bar_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct virtio *v = ctx;
	unsigned at = offset % PAGE;
	unsigned q = at / NOTIFY_DISTANCE;

	if (offset / PAGE == NOTIFY_PAGE && at % NOTIFY_DISTANCE == 0) {
		if (q < v->n_queues)
			virtio_kick(v, q);
	} else if (offset / PAGE == COMMON_PAGE) {
		uint32_t word[2] = { 0, 0 };

		memcpy(word, data, len);
		common_write(v, at, word[0], len < 4 ? len : 4);
		if (len > 4)
			common_write(v, at + 4, word[1], len - 4);
	}
}

static void moved(void *ctx, gpa_t base)
{
	struct virtio *v = ctx;

	v->pci.base = base;
	virtio_pci_watch(v);
}

static void vector_changed(void *ctx, unsigned vector)
{
	struct virtio *v = ctx;

	for (unsigned q = 0; v->ops->vector_changed && q < v->n_queues; q++)
		if (v->pci.vector[q] == vector)
			v->ops->vector_changed(v, q);
}

/* 4.1.4.9: BAR 0 through configuration space.  Reads of that are served from memory and
 * do not come here: the data is fetched when the driver says from where, and after it has
 * written some. */
static void config_written(void *ctx, unsigned offset, unsigned len)
{
	struct virtio *v = ctx;
	uint8_t *at = pci_config(v->pci.fn) + v->pci.cfg_cap;
	unsigned data_at = v->pci.cfg_cap +
			   offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
	struct virtio_pci_cfg_cap cap;
	uint32_t size;

	memcpy(&cap, at, sizeof(cap));
	size = cap.cap.length;
	if (cap.cap.bar || (size != 1 && size != 2 && size != 4) ||
		cap.cap.offset % size || cap.cap.offset >= STRUCTURES_END)
		return;
	if (offset < data_at + sizeof(cap.pci_cfg_data) && offset + len > data_at)
		bar_write(v, cap.cap.offset, cap.pci_cfg_data, size);
	bar_read(v, cap.cap.offset,
		at + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data), size);
}

static uint32_t feature_word(uint64_t features, uint32_t word)
{
	return word < 2 ? (uint32_t)(features >> (32 * word)) : 0;
}

/* The common configuration as the driver sees it now (4.1.4.3). */
static struct virtio_pci_common_cfg common_image(const struct virtio *v)
{
	const struct virtio_pci *p = &v->pci;
	unsigned q = p->queue_select;
	struct virtio_pci_common_cfg c = {
		.device_feature_select = p->device_feature_select,
		.device_feature = feature_word(v->offered, p->device_feature_select),
		.guest_feature_select = p->driver_feature_select,
		.guest_feature = feature_word(v->accepted, p->driver_feature_select),
		.msix_config = p->config_vector,
		.num_queues = (uint16_t)v->n_queues,
		.device_status = v->status,
		.config_generation = v->generation,
		.queue_select = p->queue_select,
		.queue_msix_vector = NO_VECTOR,
	};

	if (q < v->n_queues) {
		const struct virtio_queue *queue = &v->queue[q];

		c.queue_size = queue->size;
		c.queue_msix_vector = p->vector[q];
		c.queue_enable = queue->ring.running;
		c.queue_notify_off = (uint16_t)q;
		c.queue_desc_lo = (uint32_t)queue->desc;
		c.queue_desc_hi = (uint32_t)(queue->desc >> 32);
		c.queue_avail_lo = (uint32_t)queue->avail;
		c.queue_avail_hi = (uint32_t)(queue->avail >> 32);
		c.queue_used_lo = (uint32_t)queue->used;
		c.queue_used_hi = (uint32_t)(queue->used >> 32);
	}
	return c;
}

static unsigned field_size(unsigned at)
{
	if (at == VIRTIO_PCI_COMMON_STATUS)
		return 1;
	return at < VIRTIO_PCI_COMMON_MSIX || at >= VIRTIO_PCI_COMMON_Q_DESCLO ? 4 : 2;
}

/* 4.1.5.1.2.1: a vector that is not there reads back as none. */
static uint16_t valid_vector(const struct virtio *v, uint32_t vector)
{
	return vector <= v->n_queues ? (uint16_t)vector : NO_VECTOR;
}

/* Accesses of another size than the field's are undefined (4.1.3.1): nothing happens. */
static void common_write(struct virtio *v, unsigned at, uint32_t value, unsigned len)
{
	struct virtio_pci *p = &v->pci;

	if (len != field_size(at))
		return;
	switch (at) {
	case VIRTIO_PCI_COMMON_DFSELECT: p->device_feature_select = value; break;
	case VIRTIO_PCI_COMMON_GFSELECT: p->driver_feature_select = value; break;
	case VIRTIO_PCI_COMMON_GF:
		virtio_set_features(v, p->driver_feature_select, value);
		break;
	case VIRTIO_PCI_COMMON_MSIX: p->config_vector = valid_vector(v, value); break;
	case VIRTIO_PCI_COMMON_STATUS: virtio_set_status(v, (uint8_t)value); break;
	case VIRTIO_PCI_COMMON_Q_SELECT: p->queue_select = (uint16_t)value; break;
	default:
		if (p->queue_select < v->n_queues)
			queue_write(v, at, value);
	}
}

static void set_low(gpa_t *addr, uint32_t value)
{
	*addr = (*addr & ~UINT64_C(0xffffffff)) | value;
}

static void set_high(gpa_t *addr, uint32_t value)
{
	*addr = (*addr & 0xffffffff) | (gpa_t)value << 32;
}

/* 4.1.4.3.2: the size is a power of two, not above what was offered. */
static void set_size(struct virtio *v, struct virtio_queue *queue, uint32_t value)
{
	if (!value || value & (value - 1) || value > v->ops->queue_size)
		virtio_break(v, "a queue was given a size that it cannot have");
	else
		queue->size = (uint16_t)value;
}

static void queue_write(struct virtio *v, unsigned at, uint32_t value)
{
	unsigned q = v->pci.queue_select;
	struct virtio_queue *queue = &v->queue[q];

	if (at == VIRTIO_PCI_COMMON_Q_MSIX) {
		v->pci.vector[q] = valid_vector(v, value);
		if (v->ops->vector_changed)
			v->ops->vector_changed(v, q);
		return;
	}
	if (v->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	if (queue->ring.running) {
		virtio_break(v, "a queue was changed after it was enabled");
		return;
	}
	switch (at) {
	case VIRTIO_PCI_COMMON_Q_SIZE: set_size(v, queue, value); break;
	case VIRTIO_PCI_COMMON_Q_DESCLO: set_low(&queue->desc, value); break;
	case VIRTIO_PCI_COMMON_Q_DESCHI: set_high(&queue->desc, value); break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO: set_low(&queue->avail, value); break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI: set_high(&queue->avail, value); break;
	case VIRTIO_PCI_COMMON_Q_USEDLO: set_low(&queue->used, value); break;
	case VIRTIO_PCI_COMMON_Q_USEDHI: set_high(&queue->used, value); break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		if (value == 1)
			virtio_queue_enable(v, q);
		break;
	default: break; /* read only */
	}
}

/* With MSI-X in use nobody reads the status; a driver that polls finds it there. */
static void interrupt(struct virtio *v, uint8_t isr, uint16_t vector)
{
	v->pci.isr |= isr;
	if (vector != NO_VECTOR)
		pci_msix_send(v->pci.fn, vector);
}

/* Bytes of a structure; what is beyond its end reads as zeros. */
static void copy_from(const void *from, size_t size, size_t at, void *to, size_t len)
{
	memset(to, 0, len);
	if (at < size)
		memcpy(to, (const char *)from + at, len < size - at ? len : size - at);
}
