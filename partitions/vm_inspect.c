/* Looking into a machine, and changing what one sees: registers, storage, counts. */
#include "partitions/vm_internal.h"

#include <errno.h>
#include <string.h>

static int no_state(const struct vm *vm, struct fail *why);
static int read_regs(struct vcpu *v, struct part_regs *out);
static int write_regs(struct vcpu *v, const struct part_regs *in);

/* Stops one vCPU for a moment.  NULL with *why: there is none such. */
static struct vcpu *hold_one(struct vm *vm, uint32_t cpu, struct fail *why)
{
	if (no_state(vm, why))
		return NULL;
	if (cpu >= vm->n_vcpus) {
		fail_set(why, PART_R_PROTOCOL, EINVAL, "there is no CPU %u", cpu);
		return NULL;
	}
	vcpu_hold(vm->vcpu[cpu]);
	vcpu_wait(vm->vcpu[cpu]);
	return vm->vcpu[cpu];
}

static int finish(struct vcpu *v, int err, struct fail *why)
{
	vcpu_release(v);
	if (!err)
		return 0;
	return fail_set(why, PART_R_KVM, err, "%s: %s", v->kvm.kvm->refused,
		strerrorname_np(-err));
}

int vm_regs_read(struct vm *vm, uint32_t cpu, struct part_regs *regs, struct fail *why)
{
	struct vcpu *v = hold_one(vm, cpu, why);

	return v ? finish(v, read_regs(v, regs), why) : -why->err;
}

int vm_regs_write(struct vm *vm, const struct part_regs *regs, struct fail *why)
{
	struct vcpu *v = hold_one(vm, regs->cpu, why);

	vm->fresh = false;
	return v ? finish(v, write_regs(v, regs), why) : -why->err;
}

int vm_storage_read(struct vm *vm, gpa_t addr, void *to, uint32_t len, struct fail *why)
{
	if (no_state(vm, why))
		return -why->err;
	if (gmem_read(&vm->mem.gmem, addr, to, len))
		return fail_set(why, PART_R_ADDRESS, EFAULT, "no storage there");
	return 0;
}

int vm_storage_write(
	struct vm *vm, gpa_t addr, const void *from, uint32_t len, struct fail *why)
{
	if (no_state(vm, why))
		return -why->err;
	vm->mem.clear = false;
	if (gmem_write(&vm->mem.gmem, addr, from, len))
		return fail_set(why, PART_R_ADDRESS, EFAULT, "no storage there");
	return 0;
}

void vm_stat(struct vm *vm, struct part_stat *stat)
{
	*stat = (struct part_stat) {
		.storage = mem_size(&vm->mem),
		.console_out = vm->console.end,
		.console_in = vm->console_in,
		.n_vcpus = vm->n_vcpus,
	};
	for (int i = 0; i < vm->n_devices; i++)
		stat->n_devices += vm->device[i].type != 0;
}

void vm_stat_vcpu(struct vm *vm, unsigned i, struct part_stat_vcpu *stat)
{
	const struct vcpu *v = vm->vcpu[i];

	*stat = (struct part_stat_vcpu) {
		.vcpu = v->id,
		.state = PART_RUNNING,
		.user_exits = v->user_exits,
	};
	if (v->stopped)
		stat->state = vm->run == PART_RUNNING ? PART_STOPPED : vm->run;
	if (kvm_cpu_exits(&v->kvm, &stat->exits))
		stat->exits = 0;
}

void vm_stat_device(struct vm *vm, unsigned i, struct part_stat_device *stat)
{
	const struct device *d = vm->device[i].device;
	struct device_stat s = { 0 };

	d->ops->stat(d, &s);
	*stat = (struct part_stat_device) {
		.vdev = d->vdev,
		.type = vm->device[i].type,
		.flags = (s.broken ? PART_STAT_BROKEN : 0) |
			 (s.driver ? PART_STAT_DRIVER : 0) |
			 (s.coupled ? PART_STAT_COUPLED : 0),
		.in_ops = s.in_ops,
		.out_ops = s.out_ops,
		.in_bytes = s.in_bytes,
		.out_bytes = s.out_bytes,
		.errors = s.errors,
	};
}

void vm_describe(struct vm *vm, struct vcpu *v, struct part_event *e)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	gpa_t at;

	e->vcpu = v->id;
	if (kvm_cpu_get(&v->kvm, KVM_PART_REGS, &regs) ||
		kvm_cpu_get(&v->kvm, KVM_PART_SREGS, &sregs))
		return;
	e->rip = regs.rip;
	e->cr2 = sregs.cr2;
	e->n_insn = v->end.n_insn;
	memcpy(e->insn, v->end.insn, sizeof(e->insn));
	while (e->n_insn < sizeof(e->insn) &&
		!kvm_cpu_translate(&v->kvm, sregs.cs.base + regs.rip + e->n_insn, &at) &&
		!gmem_read(&vm->mem.gmem, at, &e->insn[e->n_insn], 1))
		e->n_insn++;
}

static int no_state(const struct vm *vm, struct fail *why)
{
	if (vm->run != PART_EMPTY)
		return 0;
	return fail_set(why, PART_R_STATE, EPERM, "not activated");
}

/* The general registers, in the order the protocol has them. */
static void gpr_to(uint64_t gpr[16], const struct kvm_regs *r)
{
	const uint64_t in_order[16] = { r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi,
		r->rbp, r->rsp, r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14,
		r->r15 };

	memcpy(gpr, in_order, sizeof(in_order));
}

static void gpr_from(struct kvm_regs *r, const uint64_t gpr[16])
{
	__u64 *const in_order[16] = { &r->rax, &r->rbx, &r->rcx, &r->rdx, &r->rsi,
		&r->rdi, &r->rbp, &r->rsp, &r->r8, &r->r9, &r->r10, &r->r11, &r->r12,
		&r->r13, &r->r14, &r->r15 };

	for (int i = 0; i < 16; i++)
		*in_order[i] = gpr[i];
}

static int read_regs(struct vcpu *v, struct part_regs *out)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	int err = kvm_cpu_get(&v->kvm, KVM_PART_REGS, &r);

	if (!err)
		err = kvm_cpu_get(&v->kvm, KVM_PART_SREGS, &s);
	if (err)
		return err;
	*out = (struct part_regs) {
		.cpu = v->id,
		.rip = r.rip,
		.rflags = r.rflags,
		.cr0 = s.cr0,
		.cr2 = s.cr2,
		.cr3 = s.cr3,
		.cr4 = s.cr4,
		.efer = s.efer,
		.cs = s.cs.selector,
		.ss = s.ss.selector,
		.cs_base = s.cs.base,
		.gdt = s.gdt.base,
		.idt = s.idt.base,
		.tr = s.tr.selector,
	};
	gpr_to(out->gpr, &r);
	return 0;
}

static int write_regs(struct vcpu *v, const struct part_regs *in)
{
	struct kvm_regs r = { .rip = in->rip, .rflags = in->rflags };

	gpr_from(&r, in->gpr);
	return kvm_cpu_set(&v->kvm, KVM_PART_REGS, &r);
}
