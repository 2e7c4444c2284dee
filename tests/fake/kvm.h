/* A KVM without a processor, for tests: partitions/kvm.h's functions on plain memory, and
 * here what a test makes its guest do and sees of what was asked. */
#ifndef TESTS_FAKE_KVM_H
#define TESTS_FAKE_KVM_H

#include "partitions/kvm.h"

#define FAKE_MAX_VCPUS 64
#define FAKE_MAX_EXITS 16
#define FAKE_MAX_SLOTS 8
#define FAKE_MAX_KICKS 64

struct fake_slot {
	gpa_t base;
	uint64_t size;
	uint8_t *host;
	bool read_only;
};

/* What was asked of the machine. */
struct fake_kvm {
	struct fake_slot slot[FAKE_MAX_SLOTS];
	unsigned n_msis;
	uint64_t msi_addr;
	uint32_t msi_data;
	bool line[24];
	struct kvm_routes routes;
	unsigned n_irqfds;
	unsigned n_kicks;
	gpa_t kick[FAKE_MAX_KICKS];
	struct kvm_irqchip chip[KVM_CHIPS];
	uint64_t clock_ns;
	int refuse_msr;     /* this one cannot be read; 0: none */
	const char *refuse; /* the function of this name fails with -EIO; NULL: none */
};

extern struct fake_kvm fake_kvm;

/* All as at the beginning; no machine is open. */
void fake_kvm_reset(void);

/* The next exits of a vCPU, in order; after them its guest runs until it is kicked.  To
 * be called from any thread, also while it runs. */
void fake_exit_port(unsigned cpu, uint16_t port, uint8_t value);
void fake_exit_mmio(unsigned cpu, gpa_t gpa, uint32_t value);
void fake_exit_shutdown(unsigned cpu);
void fake_exit_error(unsigned cpu, const uint8_t *insn, unsigned n);

/* From now on the guest of a vCPU is halted, with interrupts enabled or not. */
void fake_halt(unsigned cpu, bool interrupts);

/* A part of its state, to look at or to change while it does not run. */
void *fake_part(unsigned cpu, enum kvm_part part);
uint64_t *fake_msr(unsigned cpu, uint32_t index); /* NULL: there is none such */
uint8_t *fake_xsave(unsigned cpu);
const struct cpuid *fake_cpuid(unsigned cpu); /* what it was given */

#endif
