/* The devices of a machine: which models a definition's line means, and what is asked of
 * all of them. */
#include "partitions/vm_internal.h"

#include "cp/guest_abi.h"
#include "partitions/dev/console_port.h"
#include "partitions/dev/ged.h"
#include "partitions/dev/nic.h"

#include <errno.h>
#include <string.h>

#define MIN_MTU 68 /* of IPv4 */

static const struct {
	enum device_model model;
	const char *name;
} types[] = {
	[PART_DEV_CONSOLE] = { DEVICE_virtio_console, "console" },
	[PART_DEV_RNG] = { DEVICE_virtio_rng, "random numbers" },
	[PART_DEV_DISK] = { DEVICE_virtio_blk, "disk" },
	[PART_DEV_NIC] = { DEVICE_virtio_net, "NIC" },
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static int add_defined(struct vm *vm, const struct part_device *dev, int *fds, int n_fds,
	struct fail *why);
static int add(struct vm *vm, enum device_model model, const struct device_conf *conf,
	uint16_t type, struct device **out, struct fail *why);

int vm_add_devices(struct vm *vm, const struct part_device *dev, unsigned n, int *fds,
	int n_fds, struct fail *why)
{
	const struct device_conf plain = { .fd = -1 };
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = add_defined(vm, &dev[i], fds, n_fds, why);
	if (!err)
		err = add(vm, DEVICE_power, &plain, 0, NULL, why);
	if (!err)
		err = add(vm, DEVICE_ged, &plain, 0, &vm->ged, why);
	if (!err && vm->console_device)
		err = add(vm, DEVICE_uart, &plain, 0, &vm->uart, why);
	return err;
}

/* Where the device of the definition is in vm->device, or -1. */
static int find(const struct vm *vm, uint16_t vdev)
{
	for (int i = 0; i < vm->n_devices; i++) {
		if (vm->device[i].type && vm->device[i].device->vdev == vdev)
			return i;
	}
	return -1;
}

static int defined(const struct vm *vm)
{
	int n = 0;

	while (n < vm->n_devices && vm->device[n].type)
		n++;
	return n;
}

static int may_plug(const struct vm *vm, const struct part_device *dev, struct fail *why)
{
	if (vm->run == PART_EMPTY)
		return fail_set(why, PART_R_STATE, EPERM, "not activated");
	if (dev->type != PART_DEV_NIC)
		return fail_set(why, PART_R_PROTOCOL, EINVAL,
			"%04X is no device that comes while the guest runs", dev->vdev);
	if (find(vm, dev->vdev) >= 0)
		return fail_set(why, PART_R_PROTOCOL, EEXIST, "%04X is there", dev->vdev);
	if (defined(vm) == PART_MAX_DEVICES)
		return fail_set(why, PART_R_PROTOCOL, ENOSPC, "%u devices are there",
			PART_MAX_DEVICES);
	return 0;
}

/* The definition's devices stay together, before those that every machine has. */
int vm_plug(struct vm *vm, const struct part_device *dev, int *fds, int n_fds,
	struct fail *why)
{
	int at = defined(vm), last = vm->n_devices;
	struct vm_device added;
	int err = may_plug(vm, dev, why);

	if (!err)
		err = add_defined(vm, dev, fds, n_fds, why);
	if (err)
		return err;
	vm->fresh = false;
	added = vm->device[last];
	memmove(&vm->device[at + 1], &vm->device[at],
		(size_t)(last - at) * sizeof(added));
	vm->device[at] = added;
	ged_event(vm->ged, GUEST_EVENT_PCI);
	return 0;
}

int vm_unplug(struct vm *vm, uint16_t vdev, struct fail *why)
{
	int at = vm->run == PART_EMPTY ? -1 : find(vm, vdev);

	if (at < 0 || vm->device[at].type != PART_DEV_NIC)
		return fail_set(why, PART_R_PROTOCOL, ENODEV,
			"%04X is no device that goes while the guest runs", vdev);
	vm->fresh = false;
	device_destroy(vm->device[at].device);
	vm->n_devices--;
	memmove(&vm->device[at], &vm->device[at + 1],
		(size_t)(vm->n_devices - at) * sizeof(vm->device[at]));
	ged_event(vm->ged, GUEST_EVENT_PCI);
	return 0;
}

static int check_nic(const struct part_nic *nic, int n_fds, struct fail *why)
{
	const uint16_t plug = PART_NIC_COUPLE | PART_NIC_KEEP;

	if ((nic->flags & plug) == plug)
		return fail_set(why, PART_R_PROTOCOL, EINVAL,
			"%04X is to be coupled and not", nic->vdev);
	if (nic->flags & PART_NIC_COUPLE && n_fds < 1)
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "%04X has no descriptor",
			nic->vdev);
	if (nic->mtu && nic->mtu < MIN_MTU)
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "%04X has an MTU of %u",
			nic->vdev, nic->mtu);
	return 0;
}

int vm_nic(
	struct vm *vm, const struct part_nic *nic, int *fds, int n_fds, struct fail *why)
{
	int at = vm->run == PART_EMPTY ? -1 : find(vm, nic->vdev), fd = -1, err = 0;
	char text[NIC_WHY];
	struct device *d;

	if (at < 0 || vm->device[at].type != PART_DEV_NIC)
		return fail_set(
			why, PART_R_PROTOCOL, ENODEV, "%04X is no NIC", nic->vdev);
	if (check_nic(nic, n_fds, why))
		return -EINVAL;
	d = vm->device[at].device;
	if (nic->flags & PART_NIC_COUPLE) {
		fd = fds[0];
		fds[0] = -1;
	}
	if (!(nic->flags & PART_NIC_KEEP)) {
		err = nic_couple(d, fd, nic->flags & PART_NIC_BOUNCE, text);
		nic_mtu(d, nic->mtu);
	}
	if (err)
		return fail_set(why, PART_R_DEVICE, err, "%s", text);
	nic_link(d, nic->flags & PART_NIC_LINK);
	return 0;
}

void vm_remove_devices(struct vm *vm)
{
	while (vm->n_devices)
		device_destroy(vm->device[--vm->n_devices].device);
	vm->console_device = vm->uart = vm->ged = NULL;
	vm->spoke_last = NULL;
}

void vm_reset_devices(struct vm *vm)
{
	for (int i = 0; i < vm->n_devices; i++)
		vm->device[i].device->ops->reset(vm->device[i].device);
}

void vm_quiesce(struct vm *vm)
{
	for (int i = 0; i < vm->n_devices; i++) {
		if (vm->device[i].device->ops->quiesce)
			vm->device[i].device->ops->quiesce(vm->device[i].device);
	}
}

void vm_resume(struct vm *vm)
{
	for (int i = 0; i < vm->n_devices; i++) {
		if (vm->device[i].device->ops->resume)
			vm->device[i].device->ops->resume(vm->device[i].device);
	}
}

/* A driver of the virtio console takes input whether anybody reads it or not.  Where
 * somebody does read COM1 as well, what is typed answers who spoke last. */
static bool prefers_uart(const struct vm *vm)
{
	return uart_is_read(vm->uart) && vm->spoke_last == vm->uart;
}

void vm_console_in(struct vm *vm, const void *bytes, size_t len)
{
	if (!vm->console_device)
		return;
	if (virtio_console_opened(vm->console_device) && !prefers_uart(vm))
		vm->console_in += virtio_console_input(vm->console_device, bytes, len);
	else
		vm->console_in += uart_input(vm->uart, bytes, len);
}

int vm_cp_send(struct vm *vm, uint16_t type, uint32_t id, const void *data, size_t len)
{
	if (!vm->console_device)
		return -EBUSY;
	return virtio_console_cp_send(vm->console_device, type, id, 0, data, len);
}

int vm_signal(struct vm *vm, uint32_t seconds, struct fail *why)
{
	int err = -EBUSY;

	if (vm->hears & VM_HEARS_CP)
		err = vm_cp_send(vm, CP_SIGNAL, 0, &seconds, sizeof(seconds));
	if (err && vm->hears & VM_HEARS_BUTTON) {
		ged_event(vm->ged, GUEST_EVENT_POWER);
		err = 0;
	}
	return err ? fail_set(why, PART_R_BUSY, err, "the guest does not listen") : 0;
}

/* A descriptor of the request, or -1 where none is named; -EINVAL where none is left. */
static int take_fd(const struct part_device *dev, int *fds, int n_fds)
{
	int fd;

	if (dev->fd_index < 0)
		return -1;
	if (dev->fd_index >= n_fds || fds[dev->fd_index] < 0)
		return -EINVAL;
	fd = fds[dev->fd_index];
	fds[dev->fd_index] = -1;
	return fd;
}

static int add_defined(struct vm *vm, const struct part_device *dev, int *fds, int n_fds,
	struct fail *why)
{
	struct device_conf conf = {
		.vdev = dev->vdev,
		.slot = dev->slot,
		.read_only = dev->flags & PART_DEVICE_RO,
		.size = dev->size,
		.pairs = vm->acpi.max_cpus,
		.mac = { dev->mac[0], dev->mac[1], dev->mac[2], dev->mac[3], dev->mac[4],
			dev->mac[5] },
	};
	bool console = dev->type == PART_DEV_CONSOLE;

	if (!dev->type || dev->type >= N_TYPES || (console && vm->console_device))
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "%04X has type %u",
			dev->vdev, dev->type);
	if (!dev->slot)
		return fail_set(
			why, PART_R_PROTOCOL, EINVAL, "%04X has no slot", dev->vdev);
	conf.fd = take_fd(dev, fds, n_fds);
	if (conf.fd < -1)
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "%04X has no descriptor",
			dev->vdev);
	return add(vm, types[dev->type].model, &conf, dev->type,
		console ? &vm->console_device : NULL, why);
}

static int add(struct vm *vm, enum device_model model, const struct device_conf *conf,
	uint16_t type, struct device **out, struct fail *why)
{
	struct vm_device *d = &vm->device[vm->n_devices];
	int err = device_create(&vm->machine, model, conf, &d->device);

	if (err)
		return fail_set(why, PART_R_DEVICE, err, "%04X (%s): %s", conf->vdev,
			type ? types[type].name : "of the machine",
			strerrorname_np(-err));
	d->type = type;
	vm->n_devices++;
	if (out)
		*out = d->device;
	return 0;
}
