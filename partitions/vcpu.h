/* A vCPU: a thread that runs the guest, and stands still when told to.
 *
 * All functions are called with vm->lock held; those that wait release it meanwhile, so
 * that a vCPU in the middle of an access can finish it. */
#ifndef PARTITIONS_VCPU_H
#define PARTITIONS_VCPU_H

#include "partitions/fail.h"
#include "partitions/state.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct vm;

/* Why KVM cannot go on with a vCPU. */
enum vcpu_end_kind { VCPU_GOES_ON, VCPU_SHUTDOWN, VCPU_KVM_ERROR };

struct vcpu_end {
	enum vcpu_end_kind kind;
	uint32_t suberror;
	uint8_t n_insn; /* bytes valid in insn: those KVM gave */
	uint8_t insn[16];
	char text[80];
};

struct vcpu {
	struct vm *vm;
	unsigned id;
	struct kvm_cpu kvm;
	struct cpu_state power_on;
	pthread_t thread;
	bool has_thread;
	pid_t tid;
	clockid_t clock;   /* its thread's CPU time */
	pthread_cond_t go; /* it may run, or shall leave */

	/* vm->lock */
	bool stopped;       /* by the operator, or because the machine ended */
	unsigned holds;     /* of the loop thread, for a moment */
	bool standing;      /* it does; its state may be read and written */
	bool incomplete;    /* KVM has yet to see the result of an access */
	bool leaving, left; /* its thread */
	int entered;        /* 0 or -errno: how its thread began */
	unsigned retries;   /* of KVM_RUN, in a row */
	uint64_t user_exits;
	struct vcpu_end end;
};

/* Makes a stopped vCPU, not yet a thread.  0, or -errno with *why. */
int vcpu_create(struct vm *vm, unsigned id, unsigned n_cpus, const struct cpuid *offered,
	bool xsave, struct vcpu **out, struct fail *why);
void vcpu_destroy(struct vcpu *v); /* accepts NULL; waits for the end of its thread */

/* Makes its thread, which confines itself and then stands.  0, or -errno with *why. */
int vcpu_start(struct vcpu *v, struct fail *why);

/* Sets whether it is stopped, without waiting. */
void vcpu_set_stopped(struct vcpu *v, bool stopped);

/* Lets it stand until vcpu_release(); holds are counted.  vcpu_wait() returns once it
 * does. */
void vcpu_hold(struct vcpu *v);
void vcpu_wait(struct vcpu *v);
void vcpu_release(struct vcpu *v);

/* It has stood for a while, if it stands: the guest's watchdogs are not to bark at that.
 */
void vcpu_paused(struct vcpu *v);

/* Back to power-on, while it stands.  0 or -errno. */
int vcpu_reset(struct vcpu *v);

/* Does it, while it stands, wait with interrupts disabled, or for another vCPU? */
bool vcpu_waits_for_good(struct vcpu *v);

uint64_t vcpu_cpu_ns(const struct vcpu *v); /* CPU time of its thread */

#endif
