/* The processor a guest sees: what KVM offers, changed as cpuid.def says. */
#ifndef PARTITIONS_CPUID_H
#define PARTITIONS_CPUID_H

#include "partitions/kvm.h"

/* Changes what KVM offers, in `c`, into what vCPU `id` of `n_cpus` is given.
 * `xsave_size`: bytes KVM keeps of a vCPU's XSAVE area.  0 or -ENOSPC. */
int cpuid_filter(struct cpuid *c, unsigned id, unsigned n_cpus, size_t xsave_size);

/* Does this host's XSAVE area hold what it says it holds? */
bool cpuid_xsave_usable(const struct cpuid *c, size_t xsave_size);

#endif
