/* MSI-X: the vector table, masks and pending bits (PCI Local Bus 3.0, 6.8.2, 6.8.3). */
#include "partitions/dev/pci_function.h"

#include <assert.h>
#include <string.h>

#define CAP_ID_MSIX     0x11
#define CAP_CONTROL     2
#define CONTROL_ENABLE  0x8000
#define CONTROL_MASKALL 0x4000
#define VECTOR_CONTROL  12 /* in an entry */
#define VECTOR_MASKED   1u

struct entry {
	uint64_t addr;
	uint32_t data, control;
};

static_assert(sizeof(struct entry) == PCI_MSIX_ENTRY, "an entry as the guest sees it");

static struct entry entry_at(const struct pci_function *f, unsigned v);
static bool masked(const struct pci_function *f, unsigned v);
static void send_pending(struct pci_function *f, unsigned v);
static void tell_changed(struct pci_function *f, unsigned v);

void pci_msix_init(struct pci_function *f, unsigned n)
{
	/* The table is at PCI_MSIX_AREA and the pending bits at PCI_MSIX_PBA of BAR 0. */
	const uint32_t cap[3] = { (n - 1) << 16, PCI_MSIX_AREA, PCI_MSIX_PBA };
	const uint32_t writable[3] = { (uint32_t)(CONTROL_ENABLE | CONTROL_MASKALL) << 16,
		0, 0 };

	f->msix.n = n;
	if (n)
		f->msix.cap = (unsigned)pci_config_add_cap(
			f, CAP_ID_MSIX, cap, sizeof(cap), writable);
}

void pci_msix_reset(struct pci_function *f)
{
	const uint32_t control = VECTOR_MASKED;

	memset(f->msix.table, 0, sizeof(f->msix.table));
	for (unsigned v = 0; v < f->msix.n; v++)
		memcpy(f->msix.table + v * PCI_MSIX_ENTRY + VECTOR_CONTROL, &control,
			sizeof(control));
	f->msix.pending = 0;
	pci_msix_control(f);
}

void pci_msix_snap(struct pci_function *f, struct snap *s)
{
	if (!f->msix.n)
		return;
	snap_bytes(s, "msix", f->msix.table, f->msix.n * PCI_MSIX_ENTRY);
	snap_u32(s, "pending", &f->msix.pending);
	if (!s->loading || s->err)
		return;
	pci_msix_control(f);
	for (unsigned v = 0; v < f->msix.n; v++)
		tell_changed(f, v);
}

void pci_msix_read(struct pci_function *f, uint64_t offset, void *data, unsigned len)
{
	const uint64_t pba = PCI_MSIX_PBA - PCI_MSIX_AREA;
	const uint64_t pending = f->msix.pending;

	memset(data, 0, len);
	if (len < 4 || offset % len)
		memset(data, 0xff, len);
	else if (offset < f->msix.n * PCI_MSIX_ENTRY)
		memcpy(data, f->msix.table + offset, len);
	else if (offset >= pba && offset < pba + sizeof(pending))
		memcpy(data, (const uint8_t *)&pending + (offset - pba), len);
}

/* Only whole aligned words of 4 or 8 bytes may be written (6.8.2). */
void pci_msix_write(
	struct pci_function *f, uint64_t offset, const void *data, unsigned len)
{
	unsigned v = (unsigned)(offset / PCI_MSIX_ENTRY);

	if (len < 4 || offset % len || v >= f->msix.n)
		return;
	if (!memcmp(f->msix.table + offset, data, len))
		return;
	memcpy(f->msix.table + offset, data, len);
	tell_changed(f, v);
	send_pending(f, v);
}

void pci_msix_control(struct pci_function *f)
{
	uint16_t control;

	if (!f->msix.n)
		return;
	memcpy(&control, f->config + f->msix.cap + CAP_CONTROL, sizeof(control));
	control &= CONTROL_ENABLE | CONTROL_MASKALL;
	if (control == f->msix.control)
		return;
	f->msix.control = control;
	if (!(control & CONTROL_ENABLE))
		f->msix.pending = 0;
	for (unsigned v = 0; v < f->msix.n; v++) {
		tell_changed(f, v);
		send_pending(f, v);
	}
}

void pci_msix_send(struct pci_function *f, unsigned v)
{
	if (v >= f->msix.n || !(f->msix.control & CONTROL_ENABLE))
		return;
	f->msix.pending |= 1u << v;
	send_pending(f, v);
}

bool pci_msix_message(
	const struct pci_function *f, unsigned v, uint64_t *addr, uint32_t *data)
{
	struct entry e;

	if (v >= f->msix.n || !(f->msix.control & CONTROL_ENABLE) || masked(f, v))
		return false;
	e = entry_at(f, v);
	*addr = e.addr;
	*data = e.data;
	return true;
}

static struct entry entry_at(const struct pci_function *f, unsigned v)
{
	struct entry e;

	memcpy(&e, f->msix.table + v * PCI_MSIX_ENTRY, sizeof(e));
	return e;
}

static bool masked(const struct pci_function *f, unsigned v)
{
	return f->msix.control & CONTROL_MASKALL ||
	       entry_at(f, v).control & VECTOR_MASKED;
}

static void send_pending(struct pci_function *f, unsigned v)
{
	struct machine *m = f->bus->machine;
	struct entry e = entry_at(f, v);

	if (!(f->msix.pending & 1u << v) || masked(f, v))
		return;
	f->msix.pending &= ~(1u << v);
	m->ops->msi(m, e.addr, e.data);
}

static void tell_changed(struct pci_function *f, unsigned v)
{
	if (f->ops->vector_changed)
		f->ops->vector_changed(f->ctx, v);
}
