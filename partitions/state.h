/* The state of a machine as KVM holds it: the one place through which all of it is read
 * and written, for a reset as for saving. */
#ifndef PARTITIONS_STATE_H
#define PARTITIONS_STATE_H

#include "cp/lib/snap.h"
#include "partitions/kvm.h"

/* One vCPU. */
struct cpu_state {
#define KVM_PART(name, type, get, set) type name;
#include "partitions/kvm_parts.def"
#undef KVM_PART
	unsigned n_msrs; /* of msr[]: those that could be read */
	struct kvm_msr_entry msr[KVM_MAX_MSRS];
	_Alignas(64) uint8_t xsave[KVM_MAX_XSAVE]; /* kvm->xsave_size bytes */
};

/* What the vCPUs share. */
struct chip_state {
	struct kvm_irqchip chip[KVM_CHIPS];
};

/* 0 or -errno.  The vCPU stands still, with no access of its own in progress. */
int cpu_state_get(struct kvm_cpu *c, struct cpu_state *s);
int cpu_state_set(struct kvm_cpu *c, const struct cpu_state *s);
int chip_state_get(struct kvm *k, struct chip_state *s);
int chip_state_set(struct kvm *k, const struct chip_state *s);

/* No line reaches a vCPU by the old interrupt controllers, which the ACPI tables say are
 * not there: a guest that believes them does not mask what they would send. */
void chip_state_mask_pics(struct chip_state *s);

/* Sections "cpuN" and "chips" of a saved machine.  0 or -errno. */
int cpu_state_snap(
	struct snap *snap, unsigned id, const struct kvm *k, struct cpu_state *s);
int chip_state_snap(struct snap *snap, struct chip_state *s);

#endif
