/* The sections of a saved machine: "machine", what KVM holds, the bus, the devices. */
#include "partitions/vm_internal.h"

#include "cp/guest_abi.h"
#include "partitions/dev/ged.h"
#include "partitions/dev/pci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int snap_machine(struct vm *vm, struct snap *s);
static int snap_chips(struct vm *vm, struct snap *s);
static int snap_clock(struct vm *vm, struct snap *s);
static int snap_cpus(struct vm *vm, struct snap *s);
static int snap_devices(struct vm *vm, struct snap *s);
static int renew(struct vm *vm);

/* vCPUs are read before the chips (asking for a vCPU's state may deliver what a chip has
 * sent it) and written after them (a chip's state says what may be delivered to one). */
static int (*const save_order[])(struct vm *, struct snap *) = { snap_machine, snap_cpus,
	snap_chips, snap_clock, snap_devices };
static int (*const load_order[])(struct vm *, struct snap *) = { snap_machine, snap_chips,
	snap_clock, snap_cpus, snap_devices };
#define STEPS (sizeof(save_order) / sizeof(save_order[0]))

int vm_snap(struct vm *vm, struct snap *s)
{
	int err = vm->run == PART_EMPTY ? -EINVAL : 0;

	if (err)
		return err;
	if (s->loading) {
		vm_end_run(vm, PART_STOPPED);
		vm->fresh = vm->mem.clear = false;
	}
	vm_hold(vm);
	vm_quiesce(vm);
	for (size_t i = 0; i < STEPS && !err; i++)
		err = (s->loading ? load_order : save_order)[i](vm, s);
	if (!err && s->loading)
		err = renew(vm);
	if (err && s->loading) { /* half of it is what the stream said */
		vm_reset_devices(vm);
		vm->run = PART_CHECKSTOPPED;
	}
	vm_resume(vm);
	vm_release(vm);
	return err;
}

/* The guest is told that its time was turned back, so that what it drew from its random
 * numbers is not drawn a second time. */
static int renew(struct vm *vm)
{
	int err = vm_new_generation(vm);

	if (!err)
		err = acpi_write_generation(&vm->acpi, &vm->mem.gmem);
	if (!err)
		ged_event(vm->ged, GUEST_EVENT_GENERATION);
	return err;
}

/* Loading: what is not equal was defined otherwise. */
static void same(struct snap *s, const char *name, uint64_t ours)
{
	uint64_t v = ours;

	snap_u64(s, name, &v);
	snap_check(s, name, v == ours);
}

static int snap_machine(struct vm *vm, struct snap *s)
{
	if (!snap_begin(s, "machine", 1))
		return s->err;
	same(s, "storage", mem_size(&vm->mem));
	same(s, "n_vcpus", vm->n_vcpus);
	same(s, "n_devices", (uint64_t)vm->n_devices);
	snap_end(s);
	return s->err;
}

static int snap_chips(struct vm *vm, struct snap *s)
{
	struct chip_state state;
	int err = s->loading ? 0 : chip_state_get(&vm->kvm, &state);

	if (!err)
		err = chip_state_snap(s, &state);
	if (!err && s->loading)
		err = chip_state_set(&vm->kvm, &state);
	return err;
}

/* Guest time goes on from where it was, however long that is ago. */
static int snap_clock(struct vm *vm, struct snap *s)
{
	struct kvm_clock_data clock = { 0 };
	int err = s->loading ? 0 : kvm_clock_get(&vm->kvm, &clock);
	uint64_t ns = clock.clock;

	if (err)
		return err;
	if (!snap_begin(s, "clock", 1))
		return s->err;
	snap_u64(s, "ns", &ns);
	snap_end(s);
	if (s->err || !s->loading)
		return s->err;
	clock = (struct kvm_clock_data) { .clock = ns };
	return kvm_clock_set(&vm->kvm, &clock);
}

static int snap_cpu(struct vcpu *v, struct snap *s, struct cpu_state *state)
{
	int err = s->loading ? 0 : cpu_state_get(&v->kvm, state);

	if (!err)
		err = cpu_state_snap(s, v->id, v->kvm.kvm, state);
	if (!err && s->loading)
		err = cpu_state_set(&v->kvm, state);
	return err;
}

static int snap_cpus(struct vm *vm, struct snap *s)
{
	struct cpu_state *state = aligned_alloc(
		_Alignof(struct cpu_state), sizeof(*state));
	int err = state ? 0 : -ENOMEM;

	if (state)
		memset(state, 0, sizeof(*state));
	for (unsigned i = 0; i < vm->n_vcpus && !err; i++)
		err = snap_cpu(vm->vcpu[i], s, state);
	free(state);
	return err;
}

static int snap_devices(struct vm *vm, struct snap *s)
{
	int err = pci_bus_snap(vm->machine.pci, s);

	for (int i = 0; i < vm->n_devices && !err; i++)
		err = vm->device[i].device->ops->snap(vm->device[i].device, s);
	return err;
}
