/* How a machine runs, stops, begins anew and ends. */
#include "partitions/vm_internal.h"

#include "cp/lib/log.h"
#include "partitions/dev/pci.h"

#include <errno.h>
#include <string.h>

static int reset_machine(struct vm *vm, struct fail *why);
static int load(
	struct vm *vm, const struct ipl_source *src, bool clear, struct fail *why);
static void run_all(struct vm *vm);
static void attend(struct loop_call *call);
static void on_halt_timer(struct loop_timer *timer);

static int check_cpu(const struct vm *vm, uint32_t cpu, struct fail *why)
{
	if (vm->run == PART_EMPTY)
		return fail_set(why, PART_R_STATE, EPERM, "not activated");
	if (cpu != PART_ALL_CPUS && cpu >= vm->n_vcpus)
		return fail_set(why, PART_R_PROTOCOL, EINVAL, "there is no CPU %u", cpu);
	return 0;
}

/* The vCPUs a request means: [*first, *end). */
static void range(const struct vm *vm, uint32_t cpu, unsigned *first, unsigned *end)
{
	*first = cpu == PART_ALL_CPUS ? 0 : cpu;
	*end = cpu == PART_ALL_CPUS ? vm->n_vcpus : cpu + 1;
}

int vm_begin(struct vm *vm, uint32_t cpu, struct fail *why)
{
	unsigned i, end;
	int err = check_cpu(vm, cpu, why);

	if (err)
		return err;
	if (vm->run == PART_CHECKSTOPPED || vm->wish)
		return fail_set(why, PART_R_STATE, EPERM, "it needs a reset");

	vm->fresh = false;
	range(vm, cpu, &i, &end);
	for (; i < end; i++) {
		vcpu_paused(vm->vcpu[i]);
		vcpu_set_stopped(vm->vcpu[i], false);
	}
	vm->mem.clear = false;
	vm->run = PART_RUNNING;
	vm_watch_halts(vm);
	return 0;
}

static bool all_stopped(const struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		if (!vm->vcpu[i]->stopped)
			return false;
	}
	return true;
}

int vm_stop(struct vm *vm, uint32_t cpu, struct fail *why)
{
	unsigned first, end;
	int err = check_cpu(vm, cpu, why);

	if (err)
		return err;

	range(vm, cpu, &first, &end);
	for (unsigned i = first; i < end; i++)
		vcpu_set_stopped(vm->vcpu[i], true);
	for (unsigned i = first; i < end; i++)
		vcpu_wait(vm->vcpu[i]);
	if (vm->run == PART_RUNNING && all_stopped(vm))
		vm->run = PART_STOPPED;
	vm_watch_halts(vm);
	return 0;
}

int vm_ipl(struct vm *vm, struct ipl_source *src, uint32_t flags, struct fail *why)
{
	int err = check_cpu(vm, PART_ALL_CPUS, why);

	if (!err)
		err = load(vm, src, flags & PART_IPL_CLEAR, why);
	if (err) {
		ipl_source_fini(src);
		return err;
	}
	ipl_source_fini(&vm->ipl);
	vm->ipl = *src;
	ipl_source_init(src);
	if (!(flags & PART_IPL_STOP))
		run_all(vm);
	return 0;
}

int vm_reset(struct vm *vm, enum part_reset_kind kind, struct fail *why)
{
	int err = check_cpu(vm, PART_ALL_CPUS, why);

	if (err)
		return err;
	if (kind == PART_RESET_RESTART && vm->ipl.image < 0)
		return fail_set(why, PART_R_STATE, ENOENT, "nothing was IPLed");

	if (kind == PART_RESET_RESTART) {
		err = load(vm, &vm->ipl, false, why);
		if (!err)
			run_all(vm);
		return err;
	}
	err = reset_machine(vm, why);
	if (!err && kind == PART_RESET_CLEAR)
		mem_clear(&vm->mem);
	return err;
}

void vm_hold(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_hold(vm->vcpu[i]);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_wait(vm->vcpu[i]);
}

void vm_release(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_release(vm->vcpu[i]);
}

void vm_end_run(struct vm *vm, enum part_run run)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_set_stopped(vm->vcpu[i], true);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_wait(vm->vcpu[i]);
	vm->run = run;
	vm_watch_halts(vm);
}

void vm_call_attention(struct vm *vm)
{
	loop_defer(vm->loop, &vm->attend, attend, vm);
}

void vm_report(struct vm *vm, struct part_event *e, const char *text)
{
	if (e->kind != PART_EV_SIGNAL_ENABLED)
		e->run = vm->run;
	vm->ops->event(vm->ctx, e, text);
}

static void reset_hardware(struct vm *vm)
{
	vm_reset_devices(vm);
	pci_bus_reset(vm->machine.pci);
}

/* As after power-on, and stopped; what the guest had asked for is forgotten with it.  The
 * state of vCPUs is set also where it is that already: only by that does KVM learn of all
 * local APICs.  Devices that nobody has used are left: their kicks would be given back to
 * KVM and taken again, each a wait for all of the host's CPUs. */
static int reset_machine(struct vm *vm, struct fail *why)
{
	int err;

	vm_end_run(vm, PART_STOPPED);
	vm->wish = WISH_NONE;
	if (!vm->fresh)
		reset_hardware(vm);
	err = chip_state_set(&vm->kvm, &vm->power_on);
	for (unsigned i = 0; i < vm->n_vcpus && !err; i++)
		err = vcpu_reset(vm->vcpu[i]);
	vm->fresh = !err;
	if (!err)
		return 0;
	vm->run = PART_CHECKSTOPPED;
	return fail_set(
		why, PART_R_KVM, err, "%s: %s", vm->kvm.refused, strerrorname_np(-err));
}

static int set_start(struct vm *vm, const struct ipl_start *start)
{
	struct kvm_cpu *cpu = &vm->vcpu[0]->kvm;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int err = kvm_cpu_get(cpu, KVM_PART_SREGS, &sregs);

	if (!err)
		err = kvm_cpu_get(cpu, KVM_PART_REGS, &regs);
	if (err)
		return err;
	ipl_regs(start, &regs, &sregs);
	err = kvm_cpu_set(cpu, KVM_PART_SREGS, &sregs);
	if (!err)
		err = kvm_cpu_set(cpu, KVM_PART_REGS, &regs);
	return err;
}

static int load(struct vm *vm, const struct ipl_source *src, bool clear, struct fail *why)
{
	struct ipl_start start;
	int err = reset_machine(vm, why);

	if (err)
		return err;
	if (clear)
		mem_clear(&vm->mem);
	vm->mem.clear = vm->fresh = false;
	err = ipl_load(src, &vm->mem.gmem, &vm->acpi, &start, why);
	if (err)
		return err;
	err = set_start(vm, &start);
	if (err)
		return fail_set(why, PART_R_KVM, err, "%s: %s", vm->kvm.refused,
			strerrorname_np(-err));
	return 0;
}

static void run_all(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_set_stopped(vm->vcpu[i], false);
	vm->run = PART_RUNNING;
	vm_watch_halts(vm);
}

static void power_off(struct vm *vm)
{
	struct part_event e = { .kind = PART_EV_POWER_OFF };

	vm_end_run(vm, PART_STOPPED);
	vm->wish = WISH_NONE;
	vm_report(vm, &e, "");
}

static void reboot(struct vm *vm)
{
	struct part_event e = { .kind = PART_EV_REBOOT };
	struct fail why = { .err = 0 };

	if (!vm_reset(vm, PART_RESET_RESTART, &why)) {
		vm_report(vm, &e, "");
		return;
	}
	vm->wish = WISH_NONE;
	if (vm->run == PART_RUNNING)
		vm_end_run(vm, PART_STOPPED);
	e.kind = PART_EV_IPL_FAILED;
	e.reason = why.reason;
	vm_report(vm, &e, why.text);
}

static void checkstop(struct vm *vm, struct vcpu *v)
{
	struct part_event e = {
		.kind = v->end.kind == VCPU_SHUTDOWN ? PART_EV_TRIPLE_FAULT
						     : PART_EV_KVM_ERROR,
		.vcpu = v->id,
		.suberror = v->end.suberror,
	};

	vm_end_run(vm, PART_CHECKSTOPPED);
	vm_describe(vm, v, &e);
	vm_report(vm, &e, v->end.text);
}

static void attend(struct loop_call *call)
{
	struct vm *vm = call->ctx;

	if (vm->wish == WISH_POWER_OFF) {
		power_off(vm);
		return;
	}
	if (vm->wish == WISH_RESET) {
		reboot(vm);
		return;
	}
	for (unsigned i = 0; i < vm->n_vcpus && vm->run != PART_CHECKSTOPPED; i++) {
		if (vm->vcpu[i]->end.kind != VCPU_GOES_ON)
			checkstop(vm, vm->vcpu[i]);
	}
}

static uint64_t cpu_ns(const struct vm *vm)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < vm->n_vcpus; i++)
		sum += vcpu_cpu_ns(vm->vcpu[i]);
	return sum;
}

void vm_watch_halts(struct vm *vm)
{
	int err;

	if (vm->run != PART_RUNNING) {
		loop_timer_cancel(&vm->halt_timer);
		return;
	}
	haltwatch_start(&vm->haltwatch, cpu_ns(vm));
	err = loop_timer_set(vm->loop, &vm->halt_timer,
		loop_now(vm->loop) + HALTWATCH_TICK_NS, on_halt_timer, vm);
	if (err)
		log_warn("vm", "halts are not watched: no memory");
}

/* One that the operator stopped may yet wake the others: then it is no end. */
static bool all_wait_for_good(struct vm *vm)
{
	bool all = true;

	vm_hold(vm);
	for (unsigned i = 0; i < vm->n_vcpus && all; i++)
		all = !vm->vcpu[i]->stopped && vcpu_waits_for_good(vm->vcpu[i]);
	vm_release(vm);
	return all;
}

static void on_halt_timer(struct loop_timer *timer)
{
	struct vm *vm = timer->ctx;
	struct part_event e = { .kind = PART_EV_HALT };

	loop_timer_set(
		vm->loop, timer, timer->deadline + HALTWATCH_TICK_NS, on_halt_timer, vm);
	if (!haltwatch_tick(&vm->haltwatch, cpu_ns(vm)) || !all_wait_for_good(vm))
		return;
	vm_end_run(vm, PART_DISABLED_WAIT);
	vm_describe(vm, vm->vcpu[0], &e);
	vm_report(vm, &e, "");
}
