/* The thread of a vCPU.
 *
 * It stops in three steps: who wants it to stand says so under the lock and sets KVM's
 * immediate_exit, so that the next KVM_RUN returns at once; a signal ends the present
 * one; the thread sees both under the lock and stands.  An access the guest has not
 * finished is completed first: KVM takes its result with the next KVM_RUN, which then
 * returns. */
#include "partitions/vcpu.h"

#include "cp/lib/log.h"
#include "partitions/cpuid.h"
#include "partitions/dev/bus.h"
#include "partitions/vm_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define KICK_SIGNAL SIGUSR1
#define STACK_BYTES (1024 * 1024) /* of addresses; what is touched is a few pages */
#define RETRIES_MAX 1000 /* KVM asks for one when another vCPU has started this one */
#define RFLAGS_IF   (1u << 9)

static int set_cpuid(
	struct vcpu *v, unsigned n_cpus, const struct cpuid *offered, bool xsave);
static int start_thread(struct vcpu *v);
static void *thread_main(void *arg);
static bool may_run(struct vcpu *v);
static void run_once(struct vcpu *v);
static void kick(struct vcpu *v);
static void end_thread(struct vcpu *v);

int vcpu_create(struct vm *vm, unsigned id, unsigned n_cpus, const struct cpuid *offered,
	bool xsave, struct vcpu **out, struct fail *why)
{
	struct vcpu *v = aligned_alloc(_Alignof(struct vcpu), sizeof(*v));
	int err = -ENOMEM;

	if (!v)
		return fail_set(why, PART_R_VCPU, ENOMEM, "no memory for vCPU %u", id);
	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->id = id;
	v->stopped = true;
	pthread_cond_init(&v->go, NULL);
	err = kvm_cpu_open(&vm->kvm, id, &v->kvm);
	if (!err)
		err = set_cpuid(v, n_cpus, offered, xsave);
	if (!err)
		err = cpu_state_get(&v->kvm, &v->power_on);
	if (!err) {
		*out = v;
		return 0;
	}
	vcpu_destroy(v);
	return fail_set(why, PART_R_VCPU, err, "vCPU %u: %s: %s", id, vm->kvm.refused,
		strerrorname_np(-err));
}

void vcpu_destroy(struct vcpu *v)
{
	if (!v)
		return;
	if (v->has_thread)
		end_thread(v);
	kvm_cpu_close(&v->kvm);
	pthread_cond_destroy(&v->go);
	free(v);
}

int vcpu_start(struct vcpu *v, struct fail *why)
{
	int err = start_thread(v);

	if (err)
		return fail_set(why, PART_R_VCPU, err, "no thread for vCPU %u", v->id);
	v->has_thread = true;
	while (!v->standing && !v->left)
		pthread_cond_wait(&v->vm->stood, &v->vm->lock);
	if (v->entered)
		return fail_set(why, PART_R_SANDBOX, v->entered,
			"the filter of vCPU %u: %s", v->id, strerrorname_np(-v->entered));
	return 0;
}

void vcpu_set_stopped(struct vcpu *v, bool stopped)
{
	v->stopped = stopped;
	if (stopped)
		kick(v);
	else
		pthread_cond_signal(&v->go);
}

void vcpu_hold(struct vcpu *v)
{
	v->holds++;
	kick(v);
}

void vcpu_wait(struct vcpu *v)
{
	while (v->has_thread && !v->standing && !v->left)
		pthread_cond_wait(&v->vm->stood, &v->vm->lock);
}

void vcpu_release(struct vcpu *v)
{
	v->holds--;
	pthread_cond_signal(&v->go);
}

/* A guest without kvm-clock has no such watchdogs, or none that could know. */
void vcpu_paused(struct vcpu *v)
{
	if (v->standing && kvm_cpu_paused(&v->kvm))
		log_debug(
			"vcpu", "vCPU %u has no kvm-clock to be told of a pause", v->id);
}

int vcpu_reset(struct vcpu *v)
{
	v->end = (struct vcpu_end) { .kind = VCPU_GOES_ON };
	return cpu_state_set(&v->kvm, &v->power_on);
}

bool vcpu_waits_for_good(struct vcpu *v)
{
	struct kvm_mp_state mp;
	struct kvm_regs regs;

	if (kvm_cpu_get(&v->kvm, KVM_PART_MP_STATE, &mp) ||
		kvm_cpu_get(&v->kvm, KVM_PART_REGS, &regs))
		return false;
	if (mp.mp_state == KVM_MP_STATE_HALTED)
		return !(regs.rflags & RFLAGS_IF);
	return mp.mp_state == KVM_MP_STATE_UNINITIALIZED ||
	       mp.mp_state == KVM_MP_STATE_INIT_RECEIVED;
}

uint64_t vcpu_cpu_ns(const struct vcpu *v)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(v->clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int set_cpuid(
	struct vcpu *v, unsigned n_cpus, const struct cpuid *offered, bool xsave)
{
	struct cpuid c = *offered;
	int err = cpuid_filter(&c, v->id, n_cpus, xsave);

	return err ? err : kvm_cpu_cpuid(&v->kvm, &c);
}

static void on_kick(int signal)
{
	(void)signal;
}

/* The kick is blocked in the thread that makes vCPUs, and so at first in theirs. */
static int start_thread(struct vcpu *v)
{
	const struct sigaction kicked = { .sa_handler = on_kick };
	pthread_attr_t attr;
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(KICK_SIGNAL, &kicked, NULL);

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	err = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (!err)
		err = pthread_create(&v->thread, &attr, thread_main, v);
	pthread_attr_destroy(&attr);
	return -err;
}

/* With a machine's first KVM_RUN the kernel starts a thread of its own in this process
 * (Linux 6.12 and later: recovery of huge pages).  Made here it inherits our filter; and
 * a host that forbids it says so before anybody counts on the guest to run. */
static int make_worker(struct vcpu *v)
{
	int err;

	v->kvm.run->immediate_exit = 1;
	err = kvm_cpu_run(&v->kvm);
	return err == -EINTR ? 0 : err;
}

/* What the thread does once, while its vCPU has not run: its name is how the host's
 * /proc tells which vCPU it is. */
static int enter(struct vcpu *v)
{
	char name[16];
	sigset_t set;
	int err;

	snprintf(name, sizeof(name), "vcpu%u", v->id);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	v->tid = gettid();
	pthread_getcpuclockid(pthread_self(), &v->clock);
	err = sandbox_close(v->vm->sandbox, PART_ROLE_VCPU);
	return err ? err : make_worker(v);
}

static void *thread_main(void *arg)
{
	struct vcpu *v = arg;
	struct vm *vm = v->vm;
	int err = enter(v);

	pthread_mutex_lock(&vm->lock);
	v->entered = err;
	while (!err && may_run(v))
		run_once(v);
	v->left = true;
	pthread_cond_broadcast(&vm->stood);
	pthread_mutex_unlock(&vm->lock);
	return NULL;
}

/* KVM looks at it on another thread, with no lock of ours. */
static void set_immediate_exit(struct vcpu *v, bool on)
{
	__atomic_store_n(&v->kvm.run->immediate_exit, on, __ATOMIC_SEQ_CST);
}

static bool must_stand(const struct vcpu *v)
{
	return v->stopped || v->holds;
}

/* Stands as long as it must.  False: the thread shall leave. */
static bool may_run(struct vcpu *v)
{
	struct vm *vm = v->vm;

	while (must_stand(v) && !v->incomplete && !v->leaving) {
		if (!v->standing)
			pthread_cond_broadcast(&vm->stood);
		v->standing = true;
		pthread_cond_wait(&v->go, &vm->lock);
	}
	v->standing = false;
	set_immediate_exit(v, must_stand(v));
	return !v->leaving;
}

static void serve_ports(struct vcpu *v)
{
	struct kvm_run *run = v->kvm.run;
	struct bus *bus = v->vm->machine.bus;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT)
			bus_write(bus, BUS_PORT, run->io.port, data, run->io.size);
		else
			bus_read(bus, BUS_PORT, run->io.port, data, run->io.size);
	}
}

static void serve_memory(struct vcpu *v)
{
	struct kvm_run *run = v->kvm.run;
	struct bus *bus = v->vm->machine.bus;

	if (run->mmio.is_write)
		bus_write(bus, BUS_MEMORY, run->mmio.phys_addr, run->mmio.data,
			run->mmio.len);
	else
		bus_read(bus, BUS_MEMORY, run->mmio.phys_addr, run->mmio.data,
			run->mmio.len);
}

/* Takes the vCPU out of the run until a reset. */
static void end(
	struct vcpu *v, enum vcpu_end_kind kind, uint32_t suberror, const char *text)
{
	v->end.kind = kind;
	v->end.suberror = suberror;
	snprintf(v->end.text, sizeof(v->end.text), "%s", text);
	v->stopped = true;
	vm_call_attention(v->vm);
}

static void end_by_error(struct vcpu *v)
{
	const struct kvm_run *run = v->kvm.run;
	uint8_t n = run->emulation_failure.insn_size;

	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION &&
		run->internal.ndata >= 4 &&
		run->emulation_failure.flags &
			KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES &&
		n <= sizeof(run->emulation_failure.insn_bytes)) {
		v->end.n_insn = n;
		memcpy(v->end.insn, run->emulation_failure.insn_bytes, n);
	}
	end(v, VCPU_KVM_ERROR, run->internal.suberror, "internal error");
}

static void end_by_reason(struct vcpu *v, uint32_t suberror, const char *what, uint64_t n)
{
	char text[80];

	snprintf(text, sizeof(text), "%s %#jx", what, (uintmax_t)n);
	end(v, VCPU_KVM_ERROR, suberror, text);
}

static void serve(struct vcpu *v)
{
	const struct kvm_run *run = v->kvm.run;

	v->user_exits++;
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		v->incomplete = true;
		serve_ports(v);
		break;
	case KVM_EXIT_MMIO:
		v->incomplete = true;
		serve_memory(v);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN: break;
	case KVM_EXIT_SHUTDOWN: end(v, VCPU_SHUTDOWN, 0, ""); break;
	case KVM_EXIT_INTERNAL_ERROR: end_by_error(v); break;
	case KVM_EXIT_FAIL_ENTRY:
		end_by_reason(v, (uint32_t)run->fail_entry.hardware_entry_failure_reason,
			"entry failed, hardware reason",
			run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		end_by_reason(
			v, run->exit_reason, "unknown exit reason", run->exit_reason);
		break;
	}
}

static void run_once(struct vcpu *v)
{
	struct vm *vm = v->vm;
	int err;

	pthread_mutex_unlock(&vm->lock);
	err = kvm_cpu_run(&v->kvm);
	pthread_mutex_lock(&vm->lock);

	v->incomplete = false;
	v->retries = err == -EAGAIN ? v->retries + 1 : 0;
	if (!err)
		serve(v);
	else if (err != -EINTR && (err != -EAGAIN || v->retries > RETRIES_MAX))
		end_by_reason(v, 0, strerrorname_np(-err), (uint64_t)-err);
}

static void kick(struct vcpu *v)
{
	set_immediate_exit(v, true);
	if (v->has_thread && !v->standing && !v->left)
		tgkill(getpid(), v->tid, KICK_SIGNAL);
}

static void end_thread(struct vcpu *v)
{
	v->leaving = true;
	kick(v);
	pthread_cond_signal(&v->go);
	while (!v->left)
		pthread_cond_wait(&v->vm->stood, &v->vm->lock);
	pthread_join(v->thread, NULL);
}
