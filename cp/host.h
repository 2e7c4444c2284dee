/* The machine CP divides, and the ledger of who holds what of it: storage of the pool and
 * host processors.  The ledger is derived: it is the sum of the partitions' records, so it
 * survives cpd with them. */
#ifndef CP_HOST_H
#define CP_HOST_H

#include "cp/msg.h"
#include "cp/sysconfig.h"

#include <stdbool.h>
#include <stdint.h>

#define HOST_MAX_CPUS 1024

enum cpu_use { CPU_SHARED, CPU_DEDICATED, CPU_HOST };

struct host_cpu {
	bool present, online;
	enum cpu_use use;
	char userid[USERID_MAX + 1];  /* dedicated */
	int vcpu;
};

struct host {
	uint64_t total;         /* bytes of memory */
	uint64_t pool;          /* that may be given to partitions */
	uint64_t reserved;      /* that is */
	uint64_t page_size;
	int n_cpus;             /* entries of cpu[] */
	struct host_cpu cpu[HOST_MAX_CPUS];
	char kvm[160];          /* what /dev/kvm is here: "KVM 12, hardware" or "none: why" */
	bool kvm_ok;
	bool kvm_software;      /* no vmx or svm: ring 0 is emulated */
};

int host_create(const struct sysconfig *cfg, struct host **out); /* 0 or -errno */
void host_free(struct host *h);

/* Takes storage from the pool, or gives it back.  0, or a message's number: the shortage. */
int host_reserve(struct host *h, const char *userid, uint64_t bytes, struct message *err);
void host_release(struct host *h, uint64_t bytes);

#endif
