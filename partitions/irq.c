/* The routing table as a whole goes to KVM whenever a message changes. */
#include "partitions/irq.h"

#include <assert.h>
#include <errno.h>

#define N_PIC_PINS    16 /* of both */
#define N_IOAPIC_PINS 24

static_assert(N_PIC_PINS + N_IOAPIC_PINS + IRQ_MAX_FDS <= KVM_MAX_ROUTES, "room for all");

static struct irq_route *find(struct irq *irq, int fd);
static int change(struct irq *irq, struct irq_route *r, struct irq_route to);
static unsigned gsi_of(const struct irq *irq, const struct irq_route *r);
static int tell(struct irq *irq);

void irq_init(struct irq *irq, struct kvm *kvm)
{
	irq->kvm = kvm;
	for (int i = 0; i < IRQ_MAX_FDS; i++)
		irq->route[i] = (struct irq_route) { .fd = -1 };
}

int irq_fd(struct irq *irq, int fd, uint64_t addr, uint32_t data)
{
	struct irq_route *r = find(irq, fd);
	int err;

	if (r && addr)
		return change(irq, r, (struct irq_route) { fd, addr, data });
	if (r) {
		kvm_irqfd(irq->kvm, gsi_of(irq, r), fd, false);
		return change(irq, r, (struct irq_route) { .fd = -1 });
	}
	if (!addr)
		return -ENOENT;

	r = find(irq, -1);
	if (!r)
		return -ENOSPC;
	err = change(irq, r, (struct irq_route) { fd, addr, data });
	if (err)
		return err;
	err = kvm_irqfd(irq->kvm, gsi_of(irq, r), fd, true);
	if (err)
		change(irq, r, (struct irq_route) { .fd = -1 });
	return err;
}

static struct irq_route *find(struct irq *irq, int fd)
{
	for (int i = 0; i < IRQ_MAX_FDS; i++) {
		if (irq->route[i].fd == fd)
			return &irq->route[i];
	}
	return NULL;
}

static int change(struct irq *irq, struct irq_route *r, struct irq_route to)
{
	struct irq_route old = *r;
	int err;

	*r = to;
	err = tell(irq);
	if (err)
		*r = old;
	return err;
}

static unsigned gsi_of(const struct irq *irq, const struct irq_route *r)
{
	return IRQ_FIRST_MSI + (unsigned)(r - irq->route);
}

static void add_pin(struct kvm_routes *t, unsigned gsi, unsigned chip, unsigned pin)
{
	t->entry[t->n++] = (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

static void add_message(struct kvm_routes *t, unsigned gsi, const struct irq_route *r)
{
	t->entry[t->n++] = (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = (uint32_t)r->addr,
			.address_hi = (uint32_t)(r->addr >> 32),
			.data = r->data },
	};
}

static int tell(struct irq *irq)
{
	struct kvm_routes t = { .n = 0 };

	for (unsigned pin = 0; pin < N_PIC_PINS; pin++)
		add_pin(&t, pin, pin / 8 ? KVM_IRQCHIP_PIC_SLAVE : KVM_IRQCHIP_PIC_MASTER,
			pin % 8);
	for (unsigned pin = 0; pin < N_IOAPIC_PINS; pin++)
		add_pin(&t, pin, KVM_IRQCHIP_IOAPIC, pin);
	for (unsigned i = 0; i < IRQ_MAX_FDS; i++) {
		if (irq->route[i].fd >= 0)
			add_message(&t, IRQ_FIRST_MSI + i, &irq->route[i]);
	}
	return kvm_routes_set(irq->kvm, &t);
}
