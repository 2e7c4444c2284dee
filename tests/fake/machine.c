/* A machine for device models. */
#include "tests/fake/machine.h"

#include "cp/guest_abi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fake_machine *fake_of(struct machine *m)
{
	return (struct fake_machine *)m;
}

static void fake_msi(struct machine *m, uint64_t addr, uint32_t data)
{
	struct fake_machine *f = fake_of(m);

	if (f->n_msi == FAKE_MSIS)
		return;
	f->msi[f->n_msi].addr = addr;
	f->msi[f->n_msi++].data = data;
}

static void fake_line(struct machine *m, unsigned gsi, bool level)
{
	struct fake_machine *f = fake_of(m);

	f->line[gsi] = level;
	f->line_changes++;
}

static int fake_kick_add(struct machine *m, gpa_t gpa, int fd)
{
	struct fake_machine *f = fake_of(m);

	if (f->refuse_kicks || f->n_kicks == FAKE_KICKS)
		return -ENOSPC;
	for (int i = 0; i < f->n_kicks; i++)
		if (f->kick[i].gpa == gpa)
			return -EEXIST;
	f->kick[f->n_kicks].gpa = gpa;
	f->kick[f->n_kicks++].fd = fd;
	return 0;
}

/* One that was not added is an error of the device's. */
static void fake_kick_del(struct machine *m, gpa_t gpa, int fd)
{
	struct fake_machine *f = fake_of(m);

	for (int i = 0; i < f->n_kicks; i++) {
		if (f->kick[i].gpa == gpa && f->kick[i].fd == fd) {
			f->kick[i] = f->kick[--f->n_kicks];
			return;
		}
	}
	abort();
}

static int fake_irqfd(struct machine *m, int fd, uint64_t addr, uint32_t data)
{
	struct fake_machine *f = fake_of(m);
	int i = 0;

	while (i < f->n_irqfds && f->irqfd[i].fd != fd)
		i++;
	if (!addr) {
		if (i == f->n_irqfds)
			return -ENOENT;
		f->irqfd[i] = f->irqfd[--f->n_irqfds];
		return 0;
	}
	if (i == FAKE_IRQFDS)
		return -ENOSPC;
	f->irqfd[i].fd = fd;
	f->irqfd[i].addr = addr;
	f->irqfd[i].data = data;
	if (i == f->n_irqfds)
		f->n_irqfds++;
	return 0;
}

static void fake_power_off(struct machine *m)
{
	fake_of(m)->power_offs++;
}

static void fake_reset(struct machine *m)
{
	fake_of(m)->resets++;
}

static void fake_broken(struct machine *m, uint16_t vdev, const char *why)
{
	struct fake_machine *f = fake_of(m);

	f->broken++;
	f->broken_vdev = vdev;
	snprintf(f->broken_why, sizeof(f->broken_why), "%s", why);
}

static void fake_nic_lost(struct machine *m, uint16_t vdev)
{
	struct fake_machine *f = fake_of(m);

	f->nics_lost++;
	f->lost_vdev = vdev;
}

static void fake_console_out(
	struct machine *m, const struct device *from, const void *bytes, size_t len)
{
	struct fake_machine *f = fake_of(m);

	(void)from;
	if (len > FAKE_TEXT - f->console_len)
		len = FAKE_TEXT - f->console_len;
	memcpy(f->console + f->console_len, bytes, len);
	f->console_len += len;
}

static void fake_cp_command(
	struct machine *m, uint32_t id, uint16_t flags, const char *text, size_t len)
{
	struct fake_machine *f = fake_of(m);

	if (len > CP_COMMAND_MAX)
		abort();
	if (f->n_commands == FAKE_CMDS)
		return;
	f->command[f->n_commands].id = id;
	f->command[f->n_commands].flags = flags;
	f->command[f->n_commands].len = len;
	memcpy(f->command[f->n_commands].text, text, len);
	f->command[f->n_commands++].text[len] = '\0';
}

static void fake_cp_reset(struct machine *m)
{
	fake_of(m)->cp_resets++;
}

static void fake_acpi_enable(struct machine *m, bool enabled)
{
	fake_of(m)->acpi_enabled = enabled;
}

static void fake_cp_enable(struct machine *m, bool enabled)
{
	fake_of(m)->cp_enabled = enabled;
}

static int fake_thread_started(struct machine *m, enum device_thread role)
{
	struct fake_machine *f = fake_of(m);

	(void)role;
	f->threads++;
	return f->thread_err;
}

static const struct machine_ops fake_ops = {
	.msi = fake_msi,
	.line = fake_line,
	.kick_add = fake_kick_add,
	.kick_del = fake_kick_del,
	.irqfd = fake_irqfd,
	.power_off = fake_power_off,
	.reset = fake_reset,
	.broken = fake_broken,
	.nic_lost = fake_nic_lost,
	.console_out = fake_console_out,
	.cp_command = fake_cp_command,
	.cp_reset = fake_cp_reset,
	.cp_enable = fake_cp_enable,
	.acpi_enable = fake_acpi_enable,
	.thread_started = fake_thread_started,
};

static int make_storage(struct fake_machine *f)
{
	f->storage_fd = memfd_create("storage", MFD_CLOEXEC);
	if (f->storage_fd < 0 || ftruncate(f->storage_fd, FAKE_STORAGE))
		return -errno;
	f->storage = mmap(
		NULL, FAKE_STORAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f->storage_fd, 0);
	f->ecam = mmap(NULL, GUEST_ECAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f->storage == MAP_FAILED || f->ecam == MAP_FAILED)
		return -ENOMEM;
	for (unsigned i = 0; i < PCI_SLOTS; i++)
		memset(f->ecam + i * PCI_SLOT_SIZE, 0xff, PCI_PAGE_SIZE);
	f->bank = (struct machine_bank) { f->storage_fd, 0, FAKE_STORAGE, 0 };
	return gmem_add(&f->gmem, 0, FAKE_STORAGE, f->storage);
}

int fake_machine_create(struct fake_machine **out)
{
	struct fake_machine *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->m.ops = &fake_ops;
	f->m.gmem = &f->gmem;
	f->m.bank = &f->bank;
	f->m.n_banks = 1;
	err = make_storage(f);
	if (!err)
		err = loop_create(&f->m.loop);
	if (!err)
		err = bus_create(&f->m.bus);
	if (!err)
		err = pci_bus_create(&f->m, f->ecam, &f->m.pci);
	if (err) {
		fake_machine_destroy(f);
		return err;
	}
	*out = f;
	return 0;
}

void fake_machine_destroy(struct fake_machine *f)
{
	if (!f)
		return;
	pci_bus_destroy(f->m.pci);
	bus_destroy(f->m.bus);
	loop_destroy(f->m.loop);
	munmap(f->ecam, GUEST_ECAM_SIZE);
	munmap(f->storage, FAKE_STORAGE);
	close(f->storage_fd);
	free(f);
}

void fake_run(struct fake_machine *f)
{
	while (loop_once(f->m.loop, 0) > 0)
		continue;
}

bool fake_run_until(struct fake_machine *f, bool (*done)(void *ctx), void *ctx)
{
	uint64_t end = loop_now(f->m.loop) + UINT64_C(10000000000);

	while (!done(ctx) && loop_now(f->m.loop) < end)
		loop_once(f->m.loop, 100);
	return done(ctx);
}

void fake_write(struct fake_machine *f, gpa_t gpa, uint64_t value, unsigned len)
{
	for (int i = 0; i < f->n_kicks && len == 2; i++) {
		if (f->kick[i].gpa == gpa) {
			eventfd_write(f->kick[i].fd, 1);
			return;
		}
	}
	bus_write(f->m.bus, BUS_MEMORY, gpa, &value, len);
}

uint64_t fake_read(struct fake_machine *f, gpa_t gpa, unsigned len)
{
	uint64_t value = 0;

	bus_read(f->m.bus, BUS_MEMORY, gpa, &value, len);
	return value;
}

void fake_out(struct fake_machine *f, uint16_t port, uint8_t value)
{
	bus_write(f->m.bus, BUS_PORT, port, &value, 1);
}

uint8_t fake_in(struct fake_machine *f, uint16_t port)
{
	uint8_t value = 0;

	bus_read(f->m.bus, BUS_PORT, port, &value, 1);
	return value;
}

void fake_forget(struct fake_machine *f)
{
	f->n_msi = f->line_changes = 0;
	f->power_offs = f->resets = f->broken = 0;
	f->console_len = 0;
	f->n_commands = f->cp_resets = 0;
}
