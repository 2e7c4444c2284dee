/* KVM as this program uses it.  kvm.c is the only file that speaks to /dev/kvm;
 * tests/fake/kvm.c takes its place at link time where there is no KVM.
 *
 * All functions return 0 or -errno.  Those on a vCPU other than kvm_cpu_run() are called
 * while it stands still: KVM would make the caller wait for the end of its run.
 * (Linux Documentation/virt/kvm/api.rst) */
#ifndef PARTITIONS_KVM_H
#define PARTITIONS_KVM_H

#include "cp/lib/gmem.h"

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KVM_MAX_MSRS   512
#define KVM_MAX_XSAVE  16384 /* bytes; more is refused when the machine is made */
#define KVM_MAX_CPUID  256   /* entries */
#define KVM_MAX_ROUTES 512
#define KVM_CHIPS      3 /* two PICs and the I/O APIC */

/* One virtual machine. */
struct kvm {
	int kvm_fd;        /* /dev/kvm: the caller's */
	int vm_fd;         /* -1: closed */
	size_t run_size;   /* bytes of struct kvm_run and what follows */
	size_t xsave_size; /* bytes of a vCPU's XSAVE area */
	uint32_t n_msrs;
	uint32_t msr[KVM_MAX_MSRS]; /* those that are state */
	const char *refused;        /* the last call KVM refused, for messages */
};

/* One vCPU. */
struct kvm_cpu {
	struct kvm *kvm;
	int fd;              /* -1: closed */
	int stats_fd;        /* -1: this KVM counts nothing for us */
	uint64_t exits_at;   /* offset of the number of exits in stats_fd */
	struct kvm_run *run; /* shared with KVM */
};

/* KVM's own structs of these names end in an array of no size; these have one. */
struct cpuid { /* struct kvm_cpuid2 */
	uint32_t n, padding;
	struct kvm_cpuid_entry2 entry[KVM_MAX_CPUID];
};

struct kvm_routes { /* struct kvm_irq_routing */
	uint32_t n, flags;
	struct kvm_irq_routing_entry entry[KVM_MAX_ROUTES];
};

enum kvm_part {
#define KVM_PART(name, type, get, set) KVM_PART_##name,
#include "partitions/kvm_parts.def"
#undef KVM_PART
	KVM_PARTS
};

/* Makes an empty machine with interrupt controllers.  -ENOTSUP: this KVM lacks something,
 * named by k->refused. */
int kvm_open(struct kvm *k, int kvm_fd);
void kvm_close(struct kvm *k); /* accepts one that kvm_open() left after failing */

/* What CPUID this KVM can give. */
int kvm_cpuid_supported(struct kvm *k, struct cpuid *c);

/* Storage of the guest.  A read-only slot is read without exits; writes arrive as MMIO.
 */
int kvm_slot(struct kvm *k, unsigned slot, gpa_t base, uint64_t size, void *host,
	bool read_only);

/* Interrupts. */
int kvm_msi(struct kvm *k, uint64_t addr, uint32_t data);
int kvm_line(struct kvm *k, unsigned gsi, bool level);
int kvm_routes_set(struct kvm *k, const struct kvm_routes *routes);
int kvm_irqfd(struct kvm *k, unsigned gsi, int fd, bool on);
int kvm_ioeventfd(struct kvm *k, gpa_t gpa, unsigned len, int fd, bool on);

/* State of the machine beside its vCPUs: chip 0..KVM_CHIPS-1, given in c->chip_id. */
int kvm_chip_get(struct kvm *k, struct kvm_irqchip *c);
int kvm_chip_set(struct kvm *k, const struct kvm_irqchip *c);
int kvm_clock_get(struct kvm *k, struct kvm_clock_data *c);
int kvm_clock_set(struct kvm *k, const struct kvm_clock_data *c);

int kvm_cpu_open(struct kvm *k, unsigned id, struct kvm_cpu *c);
void kvm_cpu_close(struct kvm_cpu *c);
int kvm_cpu_cpuid(struct kvm_cpu *c, const struct cpuid *cpuid);

/* The guest stood still for a while: its watchdogs are to know.  -EINVAL: it has no
 * kvm-clock. */
int kvm_cpu_paused(struct kvm_cpu *c);

/* Runs the guest until c->run says why it does not run any more.  -EINTR: a signal, or
 * run->immediate_exit; -EAGAIN: call again. */
int kvm_cpu_run(struct kvm_cpu *c);

int kvm_cpu_get(struct kvm_cpu *c, enum kvm_part part, void *data);
int kvm_cpu_set(struct kvm_cpu *c, enum kvm_part part, const void *data);
size_t kvm_part_size(enum kvm_part part);
int kvm_cpu_xsave_get(struct kvm_cpu *c, void *area); /* kvm->xsave_size bytes */
int kvm_cpu_xsave_set(struct kvm_cpu *c, const void *area);

/* Reads the MSRs named in `e`, or writes them.  The number of entries done before the
 * first that KVM refuses (`n`: all), or -errno. */
int kvm_cpu_msrs_get(struct kvm_cpu *c, struct kvm_msr_entry *e, unsigned n);
int kvm_cpu_msrs_set(struct kvm_cpu *c, const struct kvm_msr_entry *e, unsigned n);

/* The guest physical address behind a linear one.  -EFAULT: not mapped. */
int kvm_cpu_translate(struct kvm_cpu *c, uint64_t linear, gpa_t *gpa);

/* Exits of the vCPU so far, as KVM counts them.  -ENOTSUP: it does not. */
int kvm_cpu_exits(const struct kvm_cpu *c, uint64_t *exits);

#endif
