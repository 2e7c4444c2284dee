/* The link-time twin of partitions/kvm.c.  One machine at a time. */
#include "tests/fake/kvm.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RUN_SIZE 8192 /* struct kvm_run, and a page of port data behind it */
#define N_MSRS   4

struct fake_vcpu {
	struct kvm_run *run;
	int fd; /* readable while exits are queued */
	unsigned n_exits;
	struct {
		struct kvm_run run;
		uint8_t port_value;
	} exit[FAKE_MAX_EXITS];
	union {
#define KVM_PART(name, type, get, set) type name;
#include "partitions/kvm_parts.def"
#undef KVM_PART
	} part[KVM_PARTS];
	struct kvm_msr_entry msr[N_MSRS];
	uint8_t xsave[4096];
	struct cpuid cpuid;
	uint64_t exits;
};

struct fake_kvm fake_kvm;
static struct fake_vcpu vcpus[FAKE_MAX_VCPUS];
static pthread_mutex_t exits_lock = PTHREAD_MUTEX_INITIALIZER;

static const uint32_t msr_list[N_MSRS] = { 0x10, 0x174, 0x6e0, 0xc0000082 };

/* A vCPU's id is kept in a field that only the real KVM has a use for. */
static struct fake_vcpu *vcpu_of(const struct kvm_cpu *c)
{
	return &vcpus[c->exits_at];
}

static int allowed(struct kvm *k, const char *name)
{
	if (!fake_kvm.refuse || strcmp(fake_kvm.refuse, name) != 0)
		return 0;
	k->refused = name;
	return -EIO;
}

/* ---- For the test ---- */

void fake_kvm_reset(void)
{
	memset(&fake_kvm, 0, sizeof(fake_kvm));
}

static struct kvm_run *add_exit(unsigned cpu, uint32_t reason, uint8_t port_value)
{
	struct fake_vcpu *v = &vcpus[cpu];
	struct kvm_run *run;

	pthread_mutex_lock(&exits_lock);
	run = &v->exit[v->n_exits].run;
	if (v->n_exits == FAKE_MAX_EXITS)
		abort();
	memset(run, 0, sizeof(*run));
	run->exit_reason = reason;
	v->exit[v->n_exits].port_value = port_value;
	return run;
}

static void exit_added(unsigned cpu)
{
	vcpus[cpu].n_exits++;
	pthread_mutex_unlock(&exits_lock);
	eventfd_write(vcpus[cpu].fd, 1);
}

void fake_exit_port(unsigned cpu, uint16_t port, uint8_t value)
{
	struct kvm_run *run = add_exit(cpu, KVM_EXIT_IO, value);

	run->io.direction = KVM_EXIT_IO_OUT;
	run->io.size = 1;
	run->io.count = 1;
	run->io.port = port;
	run->io.data_offset = RUN_SIZE / 2;
	exit_added(cpu);
}

void fake_exit_mmio(unsigned cpu, gpa_t gpa, uint32_t value)
{
	struct kvm_run *run = add_exit(cpu, KVM_EXIT_MMIO, 0);

	run->mmio.phys_addr = gpa;
	run->mmio.len = sizeof(value);
	run->mmio.is_write = 1;
	memcpy(run->mmio.data, &value, sizeof(value));
	exit_added(cpu);
}

void fake_exit_shutdown(unsigned cpu)
{
	add_exit(cpu, KVM_EXIT_SHUTDOWN, 0);
	exit_added(cpu);
}

void fake_exit_error(unsigned cpu, const uint8_t *insn, unsigned n)
{
	struct kvm_run *run = add_exit(cpu, KVM_EXIT_INTERNAL_ERROR, 0);

	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = 4;
	run->emulation_failure.flags =
		KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	run->emulation_failure.insn_size = (uint8_t)n;
	memcpy(run->emulation_failure.insn_bytes, insn, n);
	exit_added(cpu);
}

void fake_halt(unsigned cpu, bool interrupts)
{
	vcpus[cpu].part[KVM_PART_MP_STATE].MP_STATE.mp_state = KVM_MP_STATE_HALTED;
	vcpus[cpu].part[KVM_PART_REGS].REGS.rflags = interrupts ? 0x202 : 0x2;
}

void *fake_part(unsigned cpu, enum kvm_part part)
{
	return &vcpus[cpu].part[part];
}

uint64_t *fake_msr(unsigned cpu, uint32_t index)
{
	for (int i = 0; i < N_MSRS; i++) {
		if (vcpus[cpu].msr[i].index == index)
			return (uint64_t *)&vcpus[cpu].msr[i].data;
	}
	return NULL;
}

uint8_t *fake_xsave(unsigned cpu)
{
	return vcpus[cpu].xsave;
}

const struct cpuid *fake_cpuid(unsigned cpu)
{
	return &vcpus[cpu].cpuid;
}

/* ---- For partitions/ ---- */

int kvm_open(struct kvm *k, int kvm_fd)
{
	*k = (struct kvm) {
		.kvm_fd = kvm_fd,
		.vm_fd = -1,
		.run_size = RUN_SIZE,
		.xsave_size = sizeof(vcpus[0].xsave),
		.n_msrs = N_MSRS,
	};
	memcpy(k->msr, msr_list, sizeof(msr_list));
	return allowed(k, "kvm_open");
}

void kvm_close(struct kvm *k)
{
	k->vm_fd = -1;
}

/* A small processor, with an XSAVE area of x87, SSE and AVX. */
int kvm_cpuid_supported(struct kvm *k, struct cpuid *c)
{
	static const struct kvm_cpuid_entry2 entries[] = {
		{ .function = 0x0, .eax = 0x1f },
		{ .function = 0x1,
			.ebx = 0x07000800,
			.ecx = 0x14000020,
			.edx = 0x078bfbff },
		{ .function = 0xb, .flags = 1, .edx = 7 },
		{ .function = 0xd, .flags = 1, .eax = 7, .ebx = 832, .ecx = 832 },
		{ .function = 0xd, .index = 2, .flags = 1, .eax = 256, .ebx = 576 },
		{ .function = 0x80000000, .eax = 0x80000008 },
		{ .function = 0x80000001, .ecx = 0x4 },
		{ .function = 0x80000008, .eax = 0x3030, .ecx = 0x7001 },
	};

	memset(c, 0, sizeof(*c));
	c->n = sizeof(entries) / sizeof(entries[0]);
	memcpy(c->entry, entries, sizeof(entries));
	return allowed(k, "kvm_cpuid_supported");
}

int kvm_slot(struct kvm *k, unsigned slot, gpa_t base, uint64_t size, void *host,
	bool read_only)
{
	fake_kvm.slot[slot] = (struct fake_slot) { base, size, host, read_only };
	return allowed(k, "kvm_slot");
}

int kvm_msi(struct kvm *k, uint64_t addr, uint32_t data)
{
	fake_kvm.n_msis++;
	fake_kvm.msi_addr = addr;
	fake_kvm.msi_data = data;
	return allowed(k, "kvm_msi");
}

int kvm_line(struct kvm *k, unsigned gsi, bool level)
{
	fake_kvm.line[gsi] = level;
	return allowed(k, "kvm_line");
}

int kvm_routes_set(struct kvm *k, const struct kvm_routes *routes)
{
	int err = allowed(k, "kvm_routes_set");

	if (!err)
		fake_kvm.routes = *routes;
	return err;
}

int kvm_irqfd(struct kvm *k, unsigned gsi, int fd, bool on)
{
	int err = allowed(k, "kvm_irqfd");

	(void)gsi, (void)fd;
	if (!err)
		fake_kvm.n_irqfds += on ? 1u : -1u;
	return err;
}

int kvm_ioeventfd(struct kvm *k, gpa_t gpa, unsigned len, int fd, bool on)
{
	int err = allowed(k, "kvm_ioeventfd");

	(void)len, (void)fd;
	if (err)
		return err;
	if (on && fake_kvm.n_kicks < FAKE_MAX_KICKS)
		fake_kvm.kick[fake_kvm.n_kicks] = gpa;
	fake_kvm.n_kicks += on ? 1u : -1u;
	return 0;
}

int kvm_chip_get(struct kvm *k, struct kvm_irqchip *c)
{
	uint32_t id = c->chip_id;

	*c = fake_kvm.chip[id];
	c->chip_id = id;
	return allowed(k, "kvm_chip_get");
}

int kvm_chip_set(struct kvm *k, const struct kvm_irqchip *c)
{
	fake_kvm.chip[c->chip_id] = *c;
	return allowed(k, "kvm_chip_set");
}

int kvm_clock_get(struct kvm *k, struct kvm_clock_data *c)
{
	c->clock = fake_kvm.clock_ns;
	return allowed(k, "kvm_clock_get");
}

int kvm_clock_set(struct kvm *k, const struct kvm_clock_data *c)
{
	fake_kvm.clock_ns = c->clock;
	return allowed(k, "kvm_clock_set");
}

int kvm_cpu_open(struct kvm *k, unsigned id, struct kvm_cpu *c)
{
	struct fake_vcpu *v = &vcpus[id];
	int err = allowed(k, "kvm_cpu_open");

	*c = (struct kvm_cpu) { .kvm = k, .fd = -1, .stats_fd = -1, .exits_at = id };
	if (err)
		return err;
	memset(v, 0, sizeof(*v));
	for (int i = 0; i < N_MSRS; i++)
		v->msr[i].index = msr_list[i];
	v->part[KVM_PART_REGS].REGS.rflags = 2;
	v->part[KVM_PART_MP_STATE].MP_STATE.mp_state = id ? KVM_MP_STATE_UNINITIALIZED
							  : KVM_MP_STATE_RUNNABLE;
	v->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	v->run = calloc(1, RUN_SIZE);
	if (v->fd < 0 || !v->run)
		abort();
	c->fd = v->fd;
	c->run = v->run;
	return 0;
}

void kvm_cpu_close(struct kvm_cpu *c)
{
	if (!c->run)
		return;
	close(c->fd);
	vcpu_of(c)->run = NULL;
	free(c->run);
	c->run = NULL;
	c->fd = -1;
}

int kvm_cpu_cpuid(struct kvm_cpu *c, const struct cpuid *cpuid)
{
	vcpu_of(c)->cpuid = *cpuid;
	return allowed(c->kvm, "kvm_cpu_cpuid");
}

static void take_exit(struct fake_vcpu *v)
{
	const size_t from = offsetof(struct kvm_run, exit_reason);

	pthread_mutex_lock(&exits_lock);
	memcpy((uint8_t *)v->run + from, (const uint8_t *)&v->exit[0].run + from,
		sizeof(*v->run) - from);
	((uint8_t *)v->run)[RUN_SIZE / 2] = v->exit[0].port_value;
	v->n_exits--;
	memmove(&v->exit[0], &v->exit[1], v->n_exits * sizeof(v->exit[0]));
	pthread_mutex_unlock(&exits_lock);
}

/* As KVM does: with the kick blocked until the moment of waiting, none is missed. */
int kvm_cpu_run(struct kvm_cpu *c)
{
	struct fake_vcpu *v = vcpu_of(c);
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	sigset_t now, old;
	eventfd_t n;
	int err = -EINTR;

	__atomic_fetch_add(&v->exits, 1, __ATOMIC_SEQ_CST);
	sigemptyset(&now);
	sigaddset(&now, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &now, &old);
	if (!__atomic_load_n(&v->run->immediate_exit, __ATOMIC_SEQ_CST) &&
		ppoll(&p, 1, NULL, &old) == 1 && !eventfd_read(v->fd, &n)) {
		take_exit(v);
		err = 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static const size_t part_size[] = {
#define KVM_PART(name, type, get, set) sizeof(type),
#include "partitions/kvm_parts.def"
#undef KVM_PART
};

int kvm_cpu_get(struct kvm_cpu *c, enum kvm_part part, void *data)
{
	memcpy(data, &vcpu_of(c)->part[part], part_size[part]);
	return allowed(c->kvm, "kvm_cpu_get");
}

int kvm_cpu_set(struct kvm_cpu *c, enum kvm_part part, const void *data)
{
	memcpy(&vcpu_of(c)->part[part], data, part_size[part]);
	return allowed(c->kvm, "kvm_cpu_set");
}

size_t kvm_part_size(enum kvm_part part)
{
	return part_size[part];
}

int kvm_cpu_xsave_get(struct kvm_cpu *c, void *area)
{
	memcpy(area, vcpu_of(c)->xsave, sizeof(vcpu_of(c)->xsave));
	return allowed(c->kvm, "kvm_cpu_xsave_get");
}

int kvm_cpu_xsave_set(struct kvm_cpu *c, const void *area)
{
	memcpy(vcpu_of(c)->xsave, area, sizeof(vcpu_of(c)->xsave));
	return allowed(c->kvm, "kvm_cpu_xsave_set");
}

static uint64_t *find_msr(struct kvm_cpu *c, uint32_t index)
{
	struct fake_vcpu *v = vcpu_of(c);

	if (fake_kvm.refuse_msr && index == (uint32_t)fake_kvm.refuse_msr)
		return NULL;
	return fake_msr((unsigned)(v - vcpus), index);
}

int kvm_cpu_msrs_get(struct kvm_cpu *c, struct kvm_msr_entry *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint64_t *value = find_msr(c, e[i].index);

		if (!value)
			return (int)i;
		e[i].data = *value;
	}
	return (int)n;
}

int kvm_cpu_msrs_set(struct kvm_cpu *c, const struct kvm_msr_entry *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t *value = find_msr(c, e[i].index);

		if (!value)
			return (int)i;
		*value = e[i].data;
	}
	return (int)n;
}

/* Linear addresses are physical ones. */
int kvm_cpu_paused(struct kvm_cpu *c)
{
	return allowed(c->kvm, "kvm_cpu_paused");
}

int kvm_cpu_translate(struct kvm_cpu *c, uint64_t linear, gpa_t *gpa)
{
	*gpa = linear;
	return allowed(c->kvm, "kvm_cpu_translate");
}

int kvm_cpu_exits(const struct kvm_cpu *c, uint64_t *exits)
{
	*exits = __atomic_load_n(&vcpu_of(c)->exits, __ATOMIC_SEQ_CST);
	return 0;
}
