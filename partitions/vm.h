/* A partition's machine: the one root of everything this process has of a guest.
 *
 * Threads: the loop thread holds vm->lock around its callbacks (loop_guard), a vCPU
 * thread while it serves an access.  All functions here are for the loop thread with the
 * lock held, except vm_create() and vm_destroy(), which are called outside the loop; what
 * they wait for is vCPUs coming to a stand, and then the lock is released. */
#ifndef PARTITIONS_VM_H
#define PARTITIONS_VM_H

#include "cp/lib/sandbox.h"
#include "cp/part_proto.h"
#include "partitions/console.h"
#include "partitions/dev/device.h"
#include "partitions/fail.h"
#include "partitions/haltwatch.h"
#include "partitions/ipl.h"
#include "partitions/irq.h"
#include "partitions/mem.h"
#include "partitions/state.h"
#include "partitions/vcpu.h"

#include <pthread.h>

#define VM_MAX_DEVICES (PART_MAX_DEVICES + 3) /* with those every machine has */

#define VM_HEARS_CP     0x1u /* CP_SIGNAL, by the cp port */
#define VM_HEARS_BUTTON 0x2u /* the ACPI power button */

/* What a machine reports.  Called from any of its threads, with the lock held. */
struct vm_ops {
	void (*event)(void *ctx, const struct part_event *e, const char *text);
	void (*console)(void *ctx); /* vm->console has grown */
	void (*guest_command)(
		void *ctx, uint32_t id, uint16_t flags, const char *text, size_t len);
	void (*guest_reset)(void *ctx);
};

struct vm_device {
	struct device *device;
	uint16_t type; /* enum part_device_type, 0: not of the definition */
};

/* What the guest asked of the machine, done once its access has returned. */
enum vm_wish { WISH_NONE, WISH_POWER_OFF, WISH_RESET };

struct vm {
	struct machine machine; /* first: what the devices see */
	pthread_mutex_t lock;
	pthread_cond_t stood; /* a vCPU came to stand, or its thread left */
	struct loop *loop;
	const struct vm_ops *ops;
	void *ctx;
	int kvm_fd;
	const struct sandbox *sandbox;

	/* vm->lock */
	enum part_run run;
	struct kvm kvm;
	struct mem mem;
	struct irq irq;
	struct chip_state power_on;
	unsigned n_vcpus;
	struct vcpu *vcpu[PART_MAX_VCPUS];
	int n_devices;
	struct vm_device device[VM_MAX_DEVICES];
	struct device *console_device, *uart, *ged; /* of those; NULL: none */
	const struct device *spoke_last;            /* of the two consoles */
	struct ipl_source ipl; /* what was IPLed last; image -1: nothing */
	bool fresh; /* nothing has run, or was loaded, since power-on or reset */
	enum vm_wish wish;
	struct loop_call attend; /* to a wish, or to a vCPU's end */
	struct loop_timer halt_timer;
	struct haltwatch haltwatch;
	unsigned hears; /* VM_HEARS_*: how the guest hears of a shutdown; 0: not at all */
	struct acpi_machine acpi; /* what the guest's tables say */
	struct console console;
	uint64_t console_in; /* bytes */
};

/* An empty machine on `loop`, which gets the machine's lock as its guard.  0 or -errno.
 */
int vm_create(struct loop *loop, int kvm_fd, const struct sandbox *sandbox,
	const struct vm_ops *ops, void *ctx, struct vm **out);
void vm_destroy(struct vm *vm); /* accepts NULL */

/* The requests of cp/part_proto.h.  0, or -errno with *why; then nothing has changed
 * unless said. */

/* Descriptors are taken out of `fds` (n_fds, -1 where taken) as devices own them. */
int vm_activate(struct vm *vm, const struct part_activate *a,
	const struct part_device *dev, int *fds, int n_fds, struct fail *why);

/* `src` is owned from here on.  After a failure the machine is reset and stopped. */
int vm_ipl(struct vm *vm, struct ipl_source *src, uint32_t flags, struct fail *why);
int vm_begin(struct vm *vm, uint32_t cpu, struct fail *why);
int vm_stop(struct vm *vm, uint32_t cpu, struct fail *why);
int vm_reset(struct vm *vm, enum part_reset_kind kind, struct fail *why);
int vm_signal(struct vm *vm, uint32_t seconds, struct fail *why);
int vm_regs_read(struct vm *vm, uint32_t cpu, struct part_regs *regs, struct fail *why);
int vm_regs_write(struct vm *vm, const struct part_regs *regs, struct fail *why);
int vm_storage_read(struct vm *vm, gpa_t addr, void *to, uint32_t len, struct fail *why);
int vm_storage_write(
	struct vm *vm, gpa_t addr, const void *from, uint32_t len, struct fail *why);

/* A device comes, of those that can while the guest runs; goes. */
int vm_plug(struct vm *vm, const struct part_device *dev, int *fds, int n_fds,
	struct fail *why);
int vm_unplug(struct vm *vm, uint16_t vdev, struct fail *why);

/* Couples a NIC, with the first of `fds`, or uncouples it; after a failure to couple it
 * is coupled to nothing. */
int vm_nic(
	struct vm *vm, const struct part_nic *nic, int *fds, int n_fds, struct fail *why);

void vm_console_in(struct vm *vm, const void *bytes, size_t len);

/* A frame for the guest's cp port.  0, -EBUSY: it does not listen, -ENOBUFS: it does not
 * read. */
int vm_cp_send(struct vm *vm, uint16_t type, uint32_t id, const void *data, size_t len);

void vm_stat(struct vm *vm, struct part_stat *stat);
void vm_stat_vcpu(struct vm *vm, unsigned i, struct part_stat_vcpu *stat);
void vm_stat_device(struct vm *vm, unsigned i, struct part_stat_device *stat); /* of those
	of the definition, in its order */

/* Saves the machine, or loads what was saved of one defined alike; storage apart.  No
 * vCPU runs meanwhile; a loaded machine is stopped, its storage already as it was (a new
 * generation id is written there).  0 or -errno: one that was to be
 * loaded needs a reset then. */
int vm_snap(struct vm *vm, struct snap *s);

#endif
