/* What the files of the machine share, and nobody else needs. */
#ifndef PARTITIONS_VM_INTERNAL_H
#define PARTITIONS_VM_INTERNAL_H

#include "partitions/vm.h"

/* The guest gets another generation id (ACPI_GENERATION_LEN).  0 or -errno. */
int vm_new_generation(struct vm *vm);

/* All vCPUs to a stand, and on again. */
void vm_hold(struct vm *vm);
void vm_release(struct vm *vm);

/* Stops all vCPUs for good, waits until they stand, and gives the machine a state. */
void vm_end_run(struct vm *vm, enum part_run run);

/* A vCPU, or the guest, needs the loop's attention.  Any thread. */
void vm_call_attention(struct vm *vm);

/* Reports an event; `run`, and what else is zero, as it is. */
void vm_report(struct vm *vm, struct part_event *e, const char *text);

/* Registers and instruction of a vCPU that stands, for an event. */
void vm_describe(struct vm *vm, struct vcpu *v, struct part_event *e);

/* Devices: made from a definition, in its order, then those every machine has. */
int vm_add_devices(struct vm *vm, const struct part_device *dev, unsigned n, int *fds,
	int n_fds, struct fail *why);
void vm_remove_devices(struct vm *vm);
void vm_reset_devices(struct vm *vm);
void vm_quiesce(struct vm *vm);
void vm_resume(struct vm *vm);

/* Starts watching for the end of all interrupts, or ends it, as vm->run says. */
void vm_watch_halts(struct vm *vm);

extern const struct machine_ops vm_machine_ops;

#endif
