/* virtio over PCI, the driver's side: modern devices, split rings, one interrupt for all
 * queues of all devices (virtio 1.2, 2.7, 3.1, 4.1).
 *
 * Nothing here waits: a driver looks at its used rings after each interrupt. */
#ifndef CMS_VIRTIO_H
#define CMS_VIRTIO_H

#include "cms/mem.h"
#include "cms/pci.h"

#define VIRTIO_NET     1u
#define VIRTIO_BLOCK   2u
#define VIRTIO_CONSOLE 3u
#define VIRTIO_RNG     4u

#define VIRTQ_SIZE 64 /* entries we use of a queue, if the device has as many */

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
#define VIRTQ_NEXT  1u
#define VIRTQ_WRITE 2u /* for the device to write */

struct virtq_avail {
	uint16_t flags, idx;
	uint16_t ring[VIRTQ_SIZE];
};
#define VIRTQ_NO_INTERRUPT 1u

struct virtq_used {
	uint16_t flags, idx;
	struct {
		uint32_t id, len;
	} ring[VIRTQ_SIZE];
};
#define VIRTQ_NO_NOTIFY 1u

/* One of our queues.  Descriptors need no free list: each buffer has its own. */
struct virtq {
	uint16_t size;
	uint16_t taken; /* of the used ring */
	volatile struct virtq_desc *desc;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
	volatile uint16_t *notify;
	uint16_t index;
};

struct virtio {
	struct pci pci;
	uint32_t common, notify, config; /* addresses of its register blocks */
	uint32_t notify_step;
	uint32_t features; /* of bits 0..31: negotiated */
	uint16_t n_queues;
};

/* Starts the device: `wanted` of feature bits 0..31 if offered, and its first n_queues
 * queues (as many as it has).  It may use storage and interrupt when this returns.
 * False: no modern device, or it refuses. */
bool virtio_start(struct virtio *v, struct mem *mem, uint32_t wanted, struct virtq *queue,
	unsigned n_queues);

/* Its status register; and back to where it does not touch storage. */
uint8_t virtio_status(const struct virtio *v);
void virtio_reset(const struct virtio *v);
#define VIRTIO_NEEDS_RESET 0x40u

/* A field of the device's configuration, read as wide as it is (4.1.3.1): MMIO_READ... */
uint32_t virtio_config(const struct virtio *v, enum mmio_kind kind, unsigned at);

/* Fills a descriptor. */
void virtq_fill(struct virtq *q, unsigned i, const volatile void *data, size_t len,
	unsigned flags, unsigned next);

/* Offers the chain that begins with descriptor `head`; virtq_kick() tells the device. */
void virtq_offer(struct virtq *q, unsigned head);
void virtq_kick(struct virtq *q);

/* The head of a chain the device is done with, and how much it wrote; -1: none yet. */
int virtq_take(struct virtq *q, uint32_t *len);

/* Whether the device should interrupt when it is done with chains. */
void virtq_interrupts(struct virtq *q, bool wanted);

#endif
