/* The PCI transport of a virtio device (virtio 1.2, 4.1), modern only, with MSI-X.
 *
 * BAR 0 holds the four structures, one in each page:
 *   0x0000 common configuration     0x1000 interrupt status
 *   0x2000 device configuration     0x3000 notification, a word for each queue */
#ifndef PARTITIONS_DEV_VIRTIO_PCI_H
#define PARTITIONS_DEV_VIRTIO_PCI_H

#include "cp/lib/gmem.h"
#include "cp/lib/snap.h"

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_MAX_QUEUES 9

struct virtio;
struct pci_function;

/* The transport's part of a device; starts as zeros. */
struct virtio_pci {
	struct pci_function *fn;
	gpa_t base; /* of BAR 0 */
	struct {
		gpa_t at; /* the machine watches this word; 0: none */
		int fd;   /* which becomes readable */
	} kick[VIRTIO_MAX_QUEUES];
	unsigned cfg_cap; /* offset of the configuration access capability */
	uint32_t device_feature_select, driver_feature_select;
	uint16_t queue_select;
	uint16_t config_vector, vector[VIRTIO_MAX_QUEUES];
	uint8_t isr;
};

/* Plugs the device into its slot.  0 or -errno: virtio_pci_destroy() takes the rest. */
int virtio_pci_create(struct virtio *v);
void virtio_pci_destroy(struct virtio *v);

/* The driver has reset the device; the machine was reset. */
void virtio_pci_reset(struct virtio *v);
void virtio_pci_power_on(struct virtio *v);

/* The driver has started or stopped, or kicks go elsewhere: has the machine watch for the
 * kicks of the queues that run. */
void virtio_pci_watch(struct virtio *v);
void virtio_pci_snap(struct virtio *v, struct snap *s); /* fields in an open section */

/* Interrupts the driver: for queue `q`; for a change of configuration. */
void virtio_pci_call(struct virtio *v, unsigned q);
void virtio_pci_call_config(struct virtio *v);

/* From now on a readable `fd` interrupts the driver for queue `q`, without our help; and
 * no more.  0; -EAGAIN: there is no message now (see vector_changed()); else -errno. */
int virtio_pci_irqfd(struct virtio *v, unsigned q, int fd);
void virtio_pci_irqfd_end(struct virtio *v, int fd);

#endif
