/* Configuration space of a function (PCI Local Bus 3.0, 6.1, 6.2, 6.7). */
#include "partitions/dev/pci_function.h"

#include "cp/guest_abi.h"

#include <errno.h>
#include <string.h>

#define VENDOR_ID      0x00
#define DEVICE_ID      0x02
#define COMMAND        0x04
#define STATUS         0x06
#define REVISION       0x08
#define CLASS_CODE     0x09
#define CACHE_LINE     0x0c
#define BAR0           0x10
#define SUBVENDOR_ID   0x2c
#define SUBDEVICE_ID   0x2e
#define CAP_POINTER    0x34
#define INTERRUPT_LINE 0x3c
#define FIRST_CAP      0x40

#define COMMAND_MEMORY       0x0002
#define COMMAND_MASTER       0x0004
#define COMMAND_INTX_DISABLE 0x0400
#define STATUS_CAP_LIST      0x0010

static void put16(uint8_t *at, uint16_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void put32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

void pci_config_init(struct pci_function *f, const struct pci_ident *ident)
{
	uint8_t *c = f->initial, *w = f->writable;

	put16(c + VENDOR_ID, ident->vendor);
	put16(c + DEVICE_ID, ident->device);
	put16(c + COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	put16(c + STATUS, STATUS_CAP_LIST);
	c[REVISION] = ident->revision;
	c[CLASS_CODE] = (uint8_t)ident->class_code;
	put16(c + CLASS_CODE + 1, (uint16_t)(ident->class_code >> 8));
	put32(c + BAR0, GUEST_BAR_BASE + f->slot * PCI_BAR_SIZE);
	put16(c + SUBVENDOR_ID, ident->subvendor);
	put16(c + SUBDEVICE_ID, ident->subdevice);

	put16(w + COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_DISABLE);
	w[CACHE_LINE] = 0xff;
	put32(w + BAR0, PCI_BAR_MASK);
	w[INTERRUPT_LINE] = 0xff;
	f->free_cap = FIRST_CAP;
}

void pci_config_reset(struct pci_function *f)
{
	memset(f->config, 0, PCI_PAGE_SIZE);
	memcpy(f->config, f->initial, PCI_HEADER_MAX);
}

/* What is read from a saved stream is taken as a guest's write is. */
void pci_config_snap(struct pci_function *f, struct snap *s)
{
	uint8_t saved[PCI_HEADER_MAX];

	memcpy(saved, f->config, sizeof(saved));
	snap_bytes(s, "config", saved, sizeof(saved));
	snap_check(
		s, "config", get32(saved + VENDOR_ID) == get32(f->initial + VENDOR_ID));
	if (!s->loading || s->err)
		return;
	for (unsigned i = 0; i < PCI_HEADER_MAX; i++)
		f->config[i] = (uint8_t)((f->initial[i] & ~f->writable[i]) |
					 (saved[i] & f->writable[i]));
}

static bool touches(unsigned reg, unsigned len, unsigned at, unsigned size)
{
	return reg < at + size && at < reg + len;
}

static bool any_writable(const struct pci_function *f, unsigned reg, unsigned len)
{
	for (unsigned i = reg; i < reg + len; i++)
		if (f->writable[i])
			return true;
	return false;
}

void pci_config_write(
	struct pci_function *f, unsigned reg, const void *data, unsigned len)
{
	const uint8_t *bytes = data;

	for (unsigned i = 0; i < len; i++) {
		uint8_t *at = &f->config[reg + i];
		uint8_t w = f->writable[reg + i];

		*at = (uint8_t)((*at & ~w) | (bytes[i] & w));
	}
	if (f->msix.n && touches(reg, len, f->msix.cap + 2, 2))
		pci_msix_control(f);
	if (f->vendor_caps && reg + len > f->vendor_caps && any_writable(f, reg, len) &&
		f->ops->config_written)
		f->ops->config_written(f->ctx, reg, len);
}

gpa_t pci_config_bar(const struct pci_function *f)
{
	if (!(f->config[COMMAND] & COMMAND_MEMORY))
		return 0;
	return get32(f->config + BAR0);
}

int pci_config_add_cap(struct pci_function *f, uint8_t id, const void *cap, unsigned len,
	const void *writable)
{
	unsigned at = f->free_cap;

	if (len > PCI_HEADER_MAX - at)
		return -ENOSPC;
	memcpy(f->initial + at, cap, len);
	f->initial[at] = id;
	f->initial[at + 1] = 0;
	f->initial[f->last_cap ? f->last_cap + 1 : CAP_POINTER] = (uint8_t)at;
	if (writable)
		memcpy(f->writable + at, writable, len);
	f->last_cap = at;
	f->free_cap = (at + len + 3) & ~3u;
	memcpy(f->config, f->initial, PCI_HEADER_MAX);
	return (int)at;
}
