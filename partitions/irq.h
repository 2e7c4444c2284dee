/* Interrupts that other processes and KVM itself send: the routes behind irqfds.
 *
 * A GSI below IRQ_FIRST_MSI is a pin of the interrupt controllers, routed as KVM does by
 * itself; each irqfd has one above, with the message to send. */
#ifndef PARTITIONS_IRQ_H
#define PARTITIONS_IRQ_H

#include "partitions/kvm.h"

#define IRQ_FIRST_MSI 24
#define IRQ_MAX_FDS   256

struct irq_route {
	int fd; /* -1: free */
	uint64_t addr;
	uint32_t data;
};

struct irq {
	struct kvm *kvm;
	struct irq_route route[IRQ_MAX_FDS]; /* route i is GSI IRQ_FIRST_MSI + i */
};

void irq_init(struct irq *irq, struct kvm *kvm);

/* From now on a readable `fd` sends this message; addr 0: nothing any more.  0; -ENOSPC;
 * -ENOENT: nothing to end; or KVM's -errno, and then nothing has changed. */
int irq_fd(struct irq *irq, int fd, uint64_t addr, uint32_t data);

#endif
