/* The processor a guest sees: what KVM offers, changed as cpuid.def says. */
#ifndef PARTITIONS_CPUID_H
#define PARTITIONS_CPUID_H

#include "partitions/kvm.h"

/* Changes what KVM offers, in `c`, into what vCPU `id` of `n_cpus` is given; `xsave`:
 * with XSAVE, and what lives in its area.  0 or -ENOSPC. */
int cpuid_filter(struct cpuid *c, unsigned id, unsigned n_cpus, bool xsave);

/* Why guests cannot have this host's XSAVE, or NULL.  `xsave_size`: bytes KVM keeps of a
 * vCPU's area; `host_is_tcg`: see there. */
const char *cpuid_xsave_flaw(const struct cpuid *c, size_t xsave_size, bool host_is_tcg);

/* Is this processor one that QEMU emulates itself, without KVM? */
bool cpuid_host_is_tcg(void);

#endif
