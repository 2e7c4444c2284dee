/* The machine CP divides, and the ledger of who holds what of it: storage of the pool,
 * host processors and uids.  The ledger is derived: it is the sum of the partitions'
 * records, so it survives cpd with them. */
#ifndef CP_HOST_H
#define CP_HOST_H

#include "cp/msg.h"
#include "cp/sysconfig.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HOST_MAX_CPUS 1024

/* Where cpd is root each partition runs as a uid of its own out of these, never two at a
 * time as one.  The range begins after what systemd gives to containers. */
#define HOST_UID_BASE  0x70000000u
#define HOST_UID_COUNT 65536u

enum cpu_use { CPU_SHARED, CPU_DEDICATED, CPU_HOST };

struct host_cpu {
	bool present, online;
	enum cpu_use use;
	char userid[USERID_MAX + 1]; /* dedicated */
	int vcpu;
};

struct host {
	uint64_t total;    /* bytes of memory */
	uint64_t pool;     /* that may be given to partitions */
	uint64_t reserved; /* that is */
	uint64_t page_size;
	int n_cpus; /* entries of cpu[] */
	struct host_cpu cpu[HOST_MAX_CPUS];
	char kvm[160]; /* what /dev/kvm is here: "KVM 12, hardware" or "none: why" */
	bool kvm_ok;
	bool kvm_software;    /* no vmx or svm: ring 0 is emulated */
	const char *kvm_path; /* "/dev/kvm" */
	bool uids_ok;         /* the uids above exist here (user_namespaces(7)) */
	unsigned uid_first;   /* index of the uid given first */
	uint64_t uid_used[HOST_UID_COUNT / 64];
};

/* Where the facts are; tests have their own. */
struct host_files {
	const char *meminfo; /* "/proc/meminfo" */
	const char *cpuinfo; /* "/proc/cpuinfo" */
	const char *uid_map; /* "/proc/self/uid_map" */
	const char *cpus;    /* "/sys/devices/system/cpu": present, online */
	const char *kvm;     /* "/dev/kvm" */
};

int host_create(const struct sysconfig *cfg, struct host **out); /* 0 or -errno */
int host_create_from(
	const struct sysconfig *cfg, const struct host_files *files, struct host **out);
void host_free(struct host *h);

/* Has PROCESSORS HOST of this configuration processors that the machine has not?  They
 * are listed ("2-5,99"); the file may be meant for another machine. */
bool host_lacks_cpus(
	const struct host *h, const struct sysconfig *cfg, char *list, size_t size);

/* Takes storage from the pool, or gives it back.  0, or a message's number: the shortage.
 */
int host_reserve(struct host *h, const char *userid, uint64_t bytes, struct message *err);
void host_claim(struct host *h, uint64_t bytes); /* an adopted partition has it already */
void host_release(struct host *h, uint64_t bytes);

/* A uid nobody has, or 0.  Claiming that of an adopted partition: 0; -EBUSY: another has
 * it already, or it is none of these.  Releasing ignores what is none of these. */
uid_t host_take_uid(struct host *h);
int host_claim_uid(struct host *h, uid_t uid);
void host_release_uid(struct host *h, uid_t uid);

#endif
