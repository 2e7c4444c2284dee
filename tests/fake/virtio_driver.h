/* A driver for virtio devices over PCI, as virtio 1.2 tells a driver to be, for tests.
 *
 * It finds the device in ECAM, negotiates, and puts its queues and buffers into the fake
 * machine's storage, each driver in a part of its own. */
#ifndef TESTS_FAKE_VIRTIO_DRIVER_H
#define TESTS_FAKE_VIRTIO_DRIVER_H

#include "tests/fake/machine.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#define DRIVER_QUEUES    8
#define DRIVER_MSI_ADDR  UINT64_C(0xfee00000)
#define DRIVER_VERSION_1 (UINT64_C(1) << VIRTIO_F_VERSION_1)
#define DRIVER_EVENT_IDX (UINT64_C(1) << 29)
#define DRIVER_INDIRECT  (UINT64_C(1) << 28)

struct driver_queue {
	gpa_t desc, avail, used, notify;
	uint16_t size, avail_idx, used_idx, next_desc;
};

struct virtio_driver {
	struct fake_machine *f;
	unsigned slot;
	gpa_t common, isr, config, notify; /* 0: no such structure */
	uint32_t notify_step;
	unsigned msix_cap;
	uint64_t features; /* agreed on */
	gpa_t next_free;   /* storage not handed out */
	struct driver_queue queue[DRIVER_QUEUES];
};

/* A buffer of a chain; the driver's data, or room for the device's. */
struct driver_buf {
	gpa_t gpa;
	uint32_t len;
	bool in;
};

/* Finds the device's structures by its capabilities.  False: no virtio device. */
bool driver_find(struct virtio_driver *d, struct fake_machine *f, unsigned slot);

uint32_t driver_pci_read(const struct virtio_driver *d, unsigned reg, unsigned len);
void driver_pci_write(
	const struct virtio_driver *d, unsigned reg, uint32_t v, unsigned len);
uint32_t driver_common(const struct virtio_driver *d, unsigned field, unsigned len);
void driver_set_common(
	const struct virtio_driver *d, unsigned field, uint32_t value, unsigned len);
uint8_t driver_status(const struct virtio_driver *d);
void driver_set_status(const struct virtio_driver *d, uint8_t status);

/* 3.1.1: resets the device and takes what it offers of `features`.  Agreed on? */
bool driver_negotiate(struct virtio_driver *d, uint64_t features);

/* Turns on MSI-X: vector v sends DRIVER_MSI_ADDR, driver_msi(d, v). */
void driver_msix(struct virtio_driver *d);
uint32_t driver_msi(const struct virtio_driver *d, unsigned v);

/* Sets up queue `q` with vector q + 1; the configuration has vector 0. */
void driver_queue(struct virtio_driver *d, unsigned q, uint16_t size);
void driver_ok(struct virtio_driver *d);

/* All of the above for the first `n` queues of `size` entries. */
bool driver_start(struct virtio_driver *d, uint64_t features, unsigned n, uint16_t size);

/* Storage; zeroed. */
gpa_t driver_alloc(struct virtio_driver *d, size_t len);
void *driver_at(const struct virtio_driver *d, gpa_t gpa);

/* Offers a chain of `n` buffers and returns its head; driver_kick() tells the device. */
uint16_t driver_add(
	struct virtio_driver *d, unsigned q, const struct driver_buf *buf, unsigned n);
void driver_kick(struct virtio_driver *d, unsigned q);

/* The head of the next chain the device has returned, and how much it wrote; or -1. */
int driver_used(struct virtio_driver *d, unsigned q, uint32_t *written);

/* The interrupts recorded for vector `v`. */
int driver_interrupts(const struct virtio_driver *d, unsigned v);

#endif
