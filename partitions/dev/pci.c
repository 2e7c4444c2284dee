/* The PCI bus: which function answers where. */
#include "partitions/dev/pci.h"

#include "cp/guest_abi.h"
#include "partitions/dev/pci_function.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HOST_BRIDGE_VENDOR 0x1b36 /* the generic PCIe host bridge */
#define HOST_BRIDGE_DEVICE 0x0008
#define HOST_BRIDGE_CLASS  0x06

static_assert(GUEST_ECAM_SIZE == PCI_SLOTS * PCI_SLOT_SIZE, "ECAM of one bus");

static void ecam_read(void *ctx, uint64_t offset, void *data, unsigned len);
static void ecam_write(void *ctx, uint64_t offset, const void *data, unsigned len);
static void bar_read(void *ctx, uint64_t offset, void *data, unsigned len);
static void bar_write(void *ctx, uint64_t offset, const void *data, unsigned len);
static void host_bridge_init(uint8_t *config);
static void gone_read(void *ctx, uint64_t offset, void *data, unsigned len);
static void gone_write(void *ctx, uint64_t offset, const void *data, unsigned len);
static void forget_gone(struct pci_bus *b, gpa_t base, uint64_t size);
static void undecode(struct pci_function *f);
static void decode(struct pci_function *f);
static void decode_waiting(struct pci_bus *b);

static const struct bus_handler ecam_handler = { ecam_read, ecam_write };
static const struct bus_handler bar_handler = { bar_read, bar_write };
static const struct bus_handler gone_handler = { gone_read, gone_write };

int pci_bus_create(struct machine *m, uint8_t *ecam, struct pci_bus **out)
{
	struct pci_bus *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->machine = m;
	b->ecam = ecam;
	err = bus_add(
		m->bus, BUS_MEMORY, GUEST_ECAM_BASE, GUEST_ECAM_SIZE, &ecam_handler, b);
	if (err) {
		free(b);
		return err;
	}

	host_bridge_init(ecam);
	*out = b;
	return 0;
}

void pci_bus_destroy(struct pci_bus *b)
{
	if (!b)
		return;
	for (unsigned i = 0; i < PCI_SLOTS; i++)
		pci_function_destroy(b->function[i]);
	forget_gone(b, 0, UINT64_MAX);
	bus_del(b->machine->bus, BUS_MEMORY, GUEST_ECAM_BASE);
	free(b);
}

void pci_bus_reset(struct pci_bus *b)
{
	forget_gone(b, 0, UINT64_MAX);
	for (unsigned i = 0; i < PCI_SLOTS; i++)
		if (b->function[i])
			undecode(b->function[i]);
	for (unsigned i = 0; i < PCI_SLOTS; i++)
		if (b->function[i])
			pci_function_reset(b->function[i]);
}

/* Base addresses may have been exchanged since the functions were made: all are taken
 * away before the first is given. */
int pci_bus_snap(struct pci_bus *b, struct snap *s)
{
	for (unsigned i = 0; i < PCI_SLOTS && s->loading; i++)
		if (b->function[i])
			undecode(b->function[i]);

	for (unsigned i = 0; i < PCI_SLOTS; i++) {
		struct pci_function *f = b->function[i];
		char tag[8] = { 'p', 'c', 'i', '.', (char)('0' + i / 10),
			(char)('0' + i % 10) };

		if (!f || !snap_begin(s, tag, 1))
			continue;
		pci_config_snap(f, s);
		pci_msix_snap(f, s);
		snap_end(s);
	}
	if (s->loading)
		decode_waiting(b);
	return s->err;
}

int pci_function_create(struct pci_bus *b, unsigned slot, const struct pci_ident *ident,
	const struct pci_function_ops *ops, void *ctx, struct pci_function **out)
{
	struct pci_function *f;

	if (slot < 1 || slot >= PCI_SLOTS || ident->n_vectors > PCI_MAX_VECTORS)
		return -EINVAL;
	if (b->function[slot])
		return -EEXIST;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;

	f->bus = b;
	f->slot = slot;
	f->ops = ops;
	f->ctx = ctx;
	f->config = b->ecam + slot * PCI_SLOT_SIZE;
	f->limit = (struct log_limit)LOG_LIMIT(4, 10000);
	b->function[slot] = f;
	pci_config_init(f, ident);
	pci_msix_init(f, ident->n_vectors);
	*out = f;
	pci_function_reset(f);
	return 0;
}

/* What was at its base reads as zeros from here on, until something else is to be there:
 * a driver that finds its device gone still resets it, and waits for a status of zero. */
void pci_function_destroy(struct pci_function *f)
{
	gpa_t base;

	if (!f)
		return;
	base = f->base;
	undecode(f);
	memset(f->config, 0xff, PCI_PAGE_SIZE);
	f->bus->function[f->slot] = NULL;
	decode_waiting(f->bus);
	if (base && !bus_add(f->bus->machine->bus, BUS_MEMORY, base, PCI_BAR_SIZE,
			    &gone_handler, NULL))
		f->bus->gone[f->slot] = base;
	free(f);
}

void pci_function_reset(struct pci_function *f)
{
	pci_config_reset(f);
	pci_msix_reset(f);
	decode(f);
	decode_waiting(f->bus);
}

int pci_add_capability(
	struct pci_function *f, const void *cap, unsigned len, const void *writable)
{
	int at = pci_config_add_cap(f, 9, cap, len, writable);

	if (at < 0)
		return at;
	f->config[at + 2] = f->initial[at + 2] = (uint8_t)len;
	if (!f->vendor_caps)
		f->vendor_caps = (unsigned)at;
	return at;
}

uint8_t *pci_config(struct pci_function *f)
{
	return f->config;
}

gpa_t pci_bar(const struct pci_function *f)
{
	return f->base;
}

/* Where the guest's reads are served by memory, this is not called. */
static void ecam_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	const struct pci_bus *b = ctx;

	memcpy(data, b->ecam + offset, len);
}

static void ecam_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct pci_bus *b = ctx;
	struct pci_function *f = b->function[offset / PCI_SLOT_SIZE];
	unsigned reg = offset % PCI_SLOT_SIZE;

	if (!f || reg + len > PCI_HEADER_MAX)
		return;
	pci_config_write(f, reg, data, len);
	if (pci_config_bar(f) != f->base) {
		decode(f);
		decode_waiting(b);
	}
}

static void bar_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	struct pci_function *f = ctx;

	if (offset >= PCI_MSIX_AREA)
		pci_msix_read(f, offset - PCI_MSIX_AREA, data, len);
	else if (offset + len <= PCI_MSIX_AREA)
		f->ops->read(f->ctx, offset, data, len);
	else
		memset(data, 0xff, len);
}

static void bar_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct pci_function *f = ctx;

	if (offset >= PCI_MSIX_AREA)
		pci_msix_write(f, offset - PCI_MSIX_AREA, data, len);
	else if (offset + len <= PCI_MSIX_AREA)
		f->ops->write(f->ctx, offset, data, len);
}

static void gone_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	(void)ctx, (void)offset;
	memset(data, 0, len);
}

static void gone_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	(void)ctx, (void)offset, (void)data, (void)len;
}

/* Gives up what is in the way of [base, base + size). */
static void forget_gone(struct pci_bus *b, gpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < PCI_SLOTS; i++) {
		gpa_t gone = b->gone[i];

		if (!gone || gone + PCI_BAR_SIZE <= base ||
			(base < gone && gone - base >= size))
			continue;
		bus_del(b->machine->bus, BUS_MEMORY, gone);
		b->gone[i] = 0;
	}
}

/* A guest looks for one at 0.0; it has nothing to set. */
static void host_bridge_init(uint8_t *config)
{
	const uint16_t ids[2] = { HOST_BRIDGE_VENDOR, HOST_BRIDGE_DEVICE };

	memset(config, 0, PCI_PAGE_SIZE);
	memcpy(config, ids, sizeof(ids));
	config[0x0b] = HOST_BRIDGE_CLASS;
}

static bool in_window(gpa_t base)
{
	return base >= GUEST_BAR_BASE && base <= GUEST_BAR_END - PCI_BAR_SIZE;
}

/* Gives the function the place it asks for, if that is free.  0 or -errno. */
static int place(struct pci_function *f, gpa_t base)
{
	int err = -EFAULT;

	if (in_window(base)) {
		forget_gone(f->bus, base, PCI_BAR_SIZE);
		err = bus_add(f->bus->machine->bus, BUS_MEMORY, base, PCI_BAR_SIZE,
			&bar_handler, f);
	}
	if (!err)
		f->base = base;
	return err;
}

static void tell_moved(struct pci_function *f)
{
	if (f->ops->moved)
		f->ops->moved(f->ctx, f->base);
}

static void undecode(struct pci_function *f)
{
	if (!f->base)
		return;
	bus_del(f->bus->machine->bus, BUS_MEMORY, f->base);
	f->base = 0;
	tell_moved(f);
}

/* All ones are no place but the question how large BAR 0 is. */
static void decode(struct pci_function *f)
{
	gpa_t want = pci_config_bar(f);

	if (want == f->base)
		return;
	undecode(f);
	if (!want)
		return;
	if (!place(f, want))
		tell_moved(f);
	else if (want != PCI_BAR_MASK)
		log_limited(&f->limit, LOG_LVL_WARN, "pci",
			"slot %u: base address 0x%llx not decoded", f->slot,
			(unsigned long long)want);
}

/* A function whose place was taken gets it once it is free. */
static void decode_waiting(struct pci_bus *b)
{
	for (unsigned i = 0; i < PCI_SLOTS; i++) {
		struct pci_function *f = b->function[i];
		gpa_t want = f && !f->base ? pci_config_bar(f) : 0;

		if (want && !place(f, want))
			tell_moved(f);
	}
}
