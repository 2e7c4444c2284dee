/* The machine's beginning and end. */
#include "partitions/vm_internal.h"

#include "cp/lib/log.h"
#include "partitions/cpuid.h"
#include "partitions/dev/bus.h"
#include "partitions/dev/pci.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static int check_request(
	const struct vm *vm, const struct part_activate *a, struct fail *why);
static int describe(struct vm *vm, const struct part_activate *a, struct fail *why);
static int make_kvm(struct vm *vm, struct fail *why);
static int make_vcpus(struct vm *vm, unsigned n, struct fail *why);
static int make_buses(struct vm *vm, struct fail *why);
static int confine(struct vm *vm, struct fail *why);
static void unmake(struct vm *vm);
static void lock(void *ctx);
static void unlock(void *ctx);

int vm_create(struct loop *loop, int kvm_fd, const struct sandbox *sandbox,
	const struct vm_ops *ops, void *ctx, struct vm **out)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return -ENOMEM;

	vm->machine = (struct machine) { .ops = &vm_machine_ops, .loop = loop };
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->stood, NULL);
	vm->loop = loop;
	vm->kvm_fd = kvm_fd;
	vm->kvm.vm_fd = -1;
	vm->sandbox = sandbox;
	vm->ops = ops;
	vm->ctx = ctx;
	ipl_source_init(&vm->ipl);
	loop_guard(loop, lock, unlock, vm);
	*out = vm;
	return 0;
}

void vm_destroy(struct vm *vm)
{
	if (!vm)
		return;
	pthread_mutex_lock(&vm->lock);
	unmake(vm);
	ipl_source_fini(&vm->ipl);
	pthread_mutex_unlock(&vm->lock);
	loop_guard(vm->loop, NULL, NULL, NULL);
	pthread_cond_destroy(&vm->stood);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

int vm_activate(struct vm *vm, const struct part_activate *a,
	const struct part_device *dev, int *fds, int n_fds, struct fail *why)
{
	int err = check_request(vm, a, why);

	if (err)
		return err;

	err = describe(vm, a, why);
	if (!err)
		err = mem_create(&vm->mem, a->storage, a->flags, why);
	if (!err)
		err = make_kvm(vm, why);
	if (!err)
		err = make_vcpus(vm, a->n_vcpus, why);
	if (!err)
		err = make_buses(vm, why);
	if (!err)
		err = vm_add_devices(vm, dev, a->n_devices, fds, n_fds, why);
	for (unsigned i = 0; i < vm->n_vcpus && !err; i++)
		err = vcpu_start(vm->vcpu[i], why);
	malloc_trim(0); /* making all this took more than having it does */
	if (!err)
		err = confine(vm, why);
	if (err) {
		unmake(vm);
		return err;
	}
	vm->run = PART_STOPPED;
	vm->fresh = true;
	return 0;
}

static int check_request(
	const struct vm *vm, const struct part_activate *a, struct fail *why)
{
	if (vm->run != PART_EMPTY)
		return fail_set(why, PART_R_STATE, EBUSY, "already activated");
	if (!a->n_vcpus || a->n_vcpus > PART_MAX_VCPUS)
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "%u vCPUs", a->n_vcpus);
	if (a->max_vcpus > PART_MAX_VCPUS)
		return fail_set(
			why, PART_R_PROTOCOL, EINVAL, "up to %u vCPUs", a->max_vcpus);
	if (a->n_devices > PART_MAX_DEVICES)
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "%u devices", a->n_devices);
	return 0;
}

/* What the ACPI tables will say. */
static int describe(struct vm *vm, const struct part_activate *a, struct fail *why)
{
	unsigned max = a->max_vcpus > a->n_vcpus ? a->max_vcpus : a->n_vcpus;

	vm->acpi = (struct acpi_machine) { .n_cpus = a->n_vcpus, .max_cpus = max };
	return vm_new_generation(vm) ? fail_set(why, PART_R_DEVICE, errno,
					       "no random bytes for its generation id")
				     : 0;
}

/* Random bytes are there: the host's own start was long ago. */
int vm_new_generation(struct vm *vm)
{
	ssize_t n = getrandom(vm->acpi.generation, sizeof(vm->acpi.generation), 0);

	if (n < 0)
		return -errno;
	return n == sizeof(vm->acpi.generation) ? 0 : -EIO;
}

static int make_kvm(struct vm *vm, struct fail *why)
{
	int err = kvm_open(&vm->kvm, vm->kvm_fd);

	if (!err)
		err = mem_plug(&vm->mem, &vm->kvm);
	if (!err)
		err = chip_state_get(&vm->kvm, &vm->power_on);
	chip_state_mask_pics(&vm->power_on);
	if (!err)
		err = chip_state_set(&vm->kvm, &vm->power_on);
	if (err)
		return fail_set(why, PART_R_KVM, err, "%s: %s", vm->kvm.refused,
			strerrorname_np(-err));
	irq_init(&vm->irq, &vm->kvm);
	return 0;
}

static int make_vcpus(struct vm *vm, unsigned n, struct fail *why)
{
	struct cpuid offered;
	const char *flaw;
	int err = kvm_cpuid_supported(&vm->kvm, &offered);

	if (err)
		return fail_set(why, PART_R_KVM, err, "%s: %s", vm->kvm.refused,
			strerrorname_np(-err));
	flaw = cpuid_xsave_flaw(&offered, vm->kvm.xsave_size, cpuid_host_is_tcg());
	if (flaw)
		log_warn("cpuid", "the guest has no XSAVE and no AVX: %s", flaw);
	while (vm->n_vcpus < n && !err) {
		err = vcpu_create(
			vm, vm->n_vcpus, n, &offered, !flaw, &vm->vcpu[vm->n_vcpus], why);
		vm->n_vcpus += !err;
	}
	return err;
}

static int make_buses(struct vm *vm, struct fail *why)
{
	struct machine *m = &vm->machine;
	int err = bus_create(&m->bus);

	m->gmem = &vm->mem.gmem;
	m->bank = vm->mem.share;
	m->n_banks = vm->mem.n_banks;
	if (!err)
		err = pci_bus_create(m, vm->mem.ecam, &m->pci);
	if (err)
		return fail_set(why, PART_R_DEVICE, err, "no bus");
	return 0;
}

/* The last step: what it takes away is not needed from here on. */
static int confine(struct vm *vm, struct fail *why)
{
	int err = sandbox_close(vm->sandbox, PART_ROLE_LOOP);

	return err ? fail_set(why, PART_R_SANDBOX, err, "the filter of the loop: %s",
			     strerrorname_np(-err))
		   : 0;
}

/* The way back, and down; from any point of the way up. */
static void unmake(struct vm *vm)
{
	struct machine *m = &vm->machine;

	loop_undefer(&vm->attend);
	loop_timer_cancel(&vm->halt_timer);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_destroy(vm->vcpu[i]);
	vm->n_vcpus = 0;
	loop_undefer(&vm->attend);
	vm_remove_devices(vm);
	if (m->pci)
		pci_bus_destroy(m->pci);
	if (m->bus)
		bus_destroy(m->bus);
	m->pci = NULL;
	m->bus = NULL;
	kvm_close(&vm->kvm);
	mem_destroy(&vm->mem);
	vm->run = PART_EMPTY;
}

static void lock(void *ctx)
{
	pthread_mutex_lock(&((struct vm *)ctx)->lock);
}

static void unlock(void *ctx)
{
	pthread_mutex_unlock(&((struct vm *)ctx)->lock);
}
