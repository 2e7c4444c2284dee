/* Order matters, as parts of a vCPU's state look at others:
 *
 * - reading: MP_STATE first, since asking for it makes KVM deliver what is pending to the
 *   local APIC;
 * - writing: system registers before what is checked against them; the TSC deadline after
 *   the local APIC, which ignores it until its timer is in that mode; MP_STATE last.
 *
 * SREGS2 is SREGS and more, so SREGS is not saved. */
#include "partitions/state.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MSR_TSC_DEADLINE 0x6e0u

enum { STEP_MSRS = KVM_PARTS, STEP_DEADLINE, STEP_XSAVE };

static const int read_order[] = { KVM_PART_MP_STATE, KVM_PART_REGS, KVM_PART_SREGS2,
	KVM_PART_LAPIC, KVM_PART_VCPU_EVENTS, KVM_PART_DEBUGREGS, KVM_PART_XCRS,
	STEP_XSAVE, STEP_MSRS };

static const int write_order[] = { KVM_PART_SREGS2, STEP_MSRS, KVM_PART_XCRS, STEP_XSAVE,
	KVM_PART_REGS, KVM_PART_LAPIC, STEP_DEADLINE, KVM_PART_DEBUGREGS,
	KVM_PART_VCPU_EVENTS, KVM_PART_MP_STATE };

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const size_t part_offset[] = {
#define KVM_PART(name, type, get, set) offsetof(struct cpu_state, name),
#include "partitions/kvm_parts.def"
#undef KVM_PART
};

static const char *const part_name[] = {
#define KVM_PART(name, type, get, set) #name,
#include "partitions/kvm_parts.def"
#undef KVM_PART
};

static int read_msrs(struct kvm_cpu *c, struct cpu_state *s);
static int write_msrs(struct kvm_cpu *c, const struct cpu_state *s);
static int write_deadline(struct kvm_cpu *c, const struct cpu_state *s);

int cpu_state_get(struct kvm_cpu *c, struct cpu_state *s)
{
	int err = 0;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < N(read_order) && !err; i++) {
		int step = read_order[i];

		if (step == STEP_MSRS)
			err = read_msrs(c, s);
		else if (step == STEP_XSAVE)
			err = kvm_cpu_xsave_get(c, s->xsave);
		else
			err = kvm_cpu_get(
				c, (enum kvm_part)step, (uint8_t *)s + part_offset[step]);
	}
	return err;
}

int cpu_state_set(struct kvm_cpu *c, const struct cpu_state *s)
{
	int err = 0;

	for (size_t i = 0; i < N(write_order) && !err; i++) {
		int step = write_order[i];

		if (step == STEP_MSRS)
			err = write_msrs(c, s);
		else if (step == STEP_DEADLINE)
			err = write_deadline(c, s);
		else if (step == STEP_XSAVE)
			err = kvm_cpu_xsave_set(c, s->xsave);
		else
			err = kvm_cpu_set(c, (enum kvm_part)step,
				(const uint8_t *)s + part_offset[step]);
	}
	return err;
}

int chip_state_get(struct kvm *k, struct chip_state *s)
{
	int err = 0;

	for (uint32_t i = 0; i < KVM_CHIPS && !err; i++) {
		s->chip[i] = (struct kvm_irqchip) { .chip_id = i };
		err = kvm_chip_get(k, &s->chip[i]);
	}
	return err;
}

int chip_state_set(struct kvm *k, const struct chip_state *s)
{
	int err = 0;

	for (uint32_t i = 0; i < KVM_CHIPS && !err; i++)
		err = kvm_chip_set(k, &s->chip[i]);
	return err;
}

void chip_state_mask_pics(struct chip_state *s)
{
	s->chip[KVM_IRQCHIP_PIC_MASTER].chip.pic.imr = 0xff;
	s->chip[KVM_IRQCHIP_PIC_SLAVE].chip.pic.imr = 0xff;
}

/* KVM's structs are of its ABI and never change their layout: their bytes are a format.
 */
int cpu_state_snap(
	struct snap *snap, unsigned id, const struct kvm *k, struct cpu_state *s)
{
	size_t msr_bytes = s->n_msrs * sizeof(s->msr[0]);
	char tag[32];

	snprintf(tag, sizeof(tag), "cpu%u", id);
	if (!snap_begin(snap, tag, 1))
		return snap->err;
	for (size_t i = 0; i < KVM_PARTS; i++) {
		if (i != KVM_PART_SREGS)
			snap_bytes(snap, part_name[i], (uint8_t *)s + part_offset[i],
				kvm_part_size((enum kvm_part)i));
	}
	snap_bytes(snap, "XSAVE", s->xsave, k->xsave_size);
	snap_blob(snap, "MSRS", s->msr, &msr_bytes, sizeof(s->msr));
	snap_check(snap, "MSRS", msr_bytes % sizeof(s->msr[0]) == 0);
	s->n_msrs = (unsigned)(msr_bytes / sizeof(s->msr[0]));
	snap_end(snap);
	return snap->err;
}

int chip_state_snap(struct snap *snap, struct chip_state *s)
{
	static const char *const name[KVM_CHIPS] = { "pic0", "pic1", "ioapic" };

	if (!snap_begin(snap, "chips", 1))
		return snap->err;
	for (uint32_t i = 0; i < KVM_CHIPS; i++) {
		snap_bytes(snap, name[i], &s->chip[i].chip, sizeof(s->chip[i].chip));
		s->chip[i].chip_id = i;
	}
	snap_end(snap);
	return snap->err;
}

/* KVM stops at the first one it refuses; it lists some that this processor has not. */
static int read_msrs(struct kvm_cpu *c, struct cpu_state *s)
{
	const struct kvm *k = c->kvm;
	unsigned n = k->n_msrs, at = 0;

	for (unsigned i = 0; i < n; i++)
		s->msr[i].index = k->msr[i];
	while (at < n) {
		int done = kvm_cpu_msrs_get(c, s->msr + at, n - at);

		if (done < 0)
			return done;
		at += (unsigned)done;
		if (at == n)
			break;
		n--;
		memmove(&s->msr[at], &s->msr[at + 1], (n - at) * sizeof(s->msr[0]));
	}
	s->n_msrs = n;
	return 0;
}

static int write_msrs(struct kvm_cpu *c, const struct cpu_state *s)
{
	unsigned at = 0;

	while (at < s->n_msrs) {
		int done = kvm_cpu_msrs_set(c, s->msr + at, s->n_msrs - at);

		if (done < 0)
			return done;
		at += (unsigned)done;
		if (at == s->n_msrs)
			break;
		log_debug("state", "KVM does not take MSR %#x", s->msr[at].index);
		at++;
	}
	return 0;
}

static int write_deadline(struct kvm_cpu *c, const struct cpu_state *s)
{
	int done = 0;

	for (unsigned i = 0; i < s->n_msrs && done >= 0; i++) {
		if (s->msr[i].index == MSR_TSC_DEADLINE)
			done = kvm_cpu_msrs_set(c, &s->msr[i], 1);
	}
	return done < 0 ? done : 0;
}
