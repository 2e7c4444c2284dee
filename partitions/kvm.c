/* Everything that is said to /dev/kvm.
 *
 * The machine has no PIT: its guests have a local APIC timer and kvm-clock, and a PIT
 * would cost each partition a kernel thread. */
#include "partitions/kvm.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where VT-x keeps three pages of its own: in the hole below 4 GiB, away from everything
 * of cp/guest_abi.h and from the interrupt controllers. */
#define TSS_ADDR      0xfffbd000ul
#define IDENTITY_ADDR 0xfffbc000ul

#define MAX_STATS 16384 /* bytes of a statistics file that are looked at */

static_assert(offsetof(struct cpuid, entry) == sizeof(struct kvm_cpuid2), "KVM's layout");
static_assert(offsetof(struct kvm_routes, entry) == sizeof(struct kvm_irq_routing),
	"KVM's layout");

#define ask(k, fd, request, arg) asked(k, #request, ioctl(fd, request, arg))

static int check(struct kvm *k);
static int make_machine(struct kvm *k);
static int learn_sizes(struct kvm *k);
static int learn_msrs(struct kvm *k);
static void open_stats(struct kvm_cpu *c);

/* The result of a call in our convention; the name of one that failed is kept. */
static int asked(struct kvm *k, const char *what, int result)
{
	if (result >= 0)
		return result;
	k->refused = what;
	return -errno;
}

int kvm_open(struct kvm *k, int kvm_fd)
{
	int err;

	*k = (struct kvm) { .kvm_fd = kvm_fd, .vm_fd = -1 };
	err = check(k);
	if (!err)
		err = make_machine(k);
	if (!err)
		err = learn_sizes(k);
	if (!err)
		err = learn_msrs(k);
	return err;
}

void kvm_close(struct kvm *k)
{
	if (k->vm_fd >= 0)
		close(k->vm_fd);
	k->vm_fd = -1;
}

int kvm_cpuid_supported(struct kvm *k, struct cpuid *c)
{
	c->n = KVM_MAX_CPUID;
	return ask(k, k->kvm_fd, KVM_GET_SUPPORTED_CPUID, c);
}

int kvm_slot(struct kvm *k, unsigned slot, gpa_t base, uint64_t size, void *host,
	bool read_only)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = read_only ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = base,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	return ask(k, k->vm_fd, KVM_SET_USER_MEMORY_REGION, &r);
}

/* KVM's result is the number of vCPUs it reached; none is the guest's affair. */
int kvm_msi(struct kvm *k, uint64_t addr, uint32_t data)
{
	struct kvm_msi m = {
		.address_lo = (uint32_t)addr,
		.address_hi = (uint32_t)(addr >> 32),
		.data = data,
	};
	int n = ask(k, k->vm_fd, KVM_SIGNAL_MSI, &m);

	return n < 0 ? n : 0;
}

int kvm_line(struct kvm *k, unsigned gsi, bool level)
{
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	return ask(k, k->vm_fd, KVM_IRQ_LINE, &l);
}

int kvm_routes_set(struct kvm *k, const struct kvm_routes *routes)
{
	return ask(k, k->vm_fd, KVM_SET_GSI_ROUTING, routes);
}

int kvm_irqfd(struct kvm *k, unsigned gsi, int fd, bool on)
{
	struct kvm_irqfd i = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	return ask(k, k->vm_fd, KVM_IRQFD, &i);
}

int kvm_ioeventfd(struct kvm *k, gpa_t gpa, unsigned len, int fd, bool on)
{
	struct kvm_ioeventfd i = {
		.addr = gpa,
		.len = len,
		.fd = fd,
		.flags = on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN,
	};

	return ask(k, k->vm_fd, KVM_IOEVENTFD, &i);
}

int kvm_chip_get(struct kvm *k, struct kvm_irqchip *c)
{
	return ask(k, k->vm_fd, KVM_GET_IRQCHIP, c);
}

int kvm_chip_set(struct kvm *k, const struct kvm_irqchip *c)
{
	return ask(k, k->vm_fd, KVM_SET_IRQCHIP, c);
}

int kvm_clock_get(struct kvm *k, struct kvm_clock_data *c)
{
	return ask(k, k->vm_fd, KVM_GET_CLOCK, c);
}

int kvm_clock_set(struct kvm *k, const struct kvm_clock_data *c)
{
	return ask(k, k->vm_fd, KVM_SET_CLOCK, c);
}

int kvm_cpu_open(struct kvm *k, unsigned id, struct kvm_cpu *c)
{
	void *run;

	*c = (struct kvm_cpu) { .kvm = k, .fd = -1, .stats_fd = -1 };
	c->fd = ask(k, k->vm_fd, KVM_CREATE_VCPU, (unsigned long)id);
	if (c->fd < 0)
		return c->fd;

	run = mmap(NULL, k->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (run == MAP_FAILED) {
		int err = asked(k, "mmap of a vCPU", -1);

		kvm_cpu_close(c);
		return err;
	}
	c->run = run;
	open_stats(c);
	return 0;
}

void kvm_cpu_close(struct kvm_cpu *c)
{
	if (c->run)
		munmap(c->run, c->kvm->run_size);
	if (c->stats_fd >= 0)
		close(c->stats_fd);
	if (c->fd >= 0)
		close(c->fd);
	c->run = NULL;
	c->stats_fd = c->fd = -1;
}

int kvm_cpu_cpuid(struct kvm_cpu *c, const struct cpuid *cpuid)
{
	return ask(c->kvm, c->fd, KVM_SET_CPUID2, cpuid);
}

int kvm_cpu_run(struct kvm_cpu *c)
{
	return ioctl(c->fd, KVM_RUN, 0) ? -errno : 0;
}

static const struct {
	const char *name;
	size_t size;
	unsigned long get, set;
} parts[] = {
#define KVM_PART(name, type, get, set) { #name, sizeof(type), get, set },
#include "partitions/kvm_parts.def"
#undef KVM_PART
};

int kvm_cpu_get(struct kvm_cpu *c, enum kvm_part part, void *data)
{
	return asked(c->kvm, parts[part].name, ioctl(c->fd, parts[part].get, data));
}

int kvm_cpu_set(struct kvm_cpu *c, enum kvm_part part, const void *data)
{
	return asked(c->kvm, parts[part].name, ioctl(c->fd, parts[part].set, data));
}

size_t kvm_part_size(enum kvm_part part)
{
	return parts[part].size;
}

int kvm_cpu_xsave_get(struct kvm_cpu *c, void *area)
{
	if (c->kvm->xsave_size > sizeof(struct kvm_xsave))
		return ask(c->kvm, c->fd, KVM_GET_XSAVE2, area);
	return ask(c->kvm, c->fd, KVM_GET_XSAVE, area);
}

int kvm_cpu_xsave_set(struct kvm_cpu *c, const void *area)
{
	return ask(c->kvm, c->fd, KVM_SET_XSAVE, area);
}

struct msrs { /* struct kvm_msrs */
	uint32_t n, padding;
	struct kvm_msr_entry entry[KVM_MAX_MSRS];
};

int kvm_cpu_msrs_get(struct kvm_cpu *c, struct kvm_msr_entry *e, unsigned n)
{
	struct msrs m = { .n = n };
	int done;

	if (n > KVM_MAX_MSRS)
		return -E2BIG;
	memcpy(m.entry, e, n * sizeof(*e));
	done = ask(c->kvm, c->fd, KVM_GET_MSRS, &m);
	if (done > 0)
		memcpy(e, m.entry, (unsigned)done * sizeof(*e));
	return done;
}

int kvm_cpu_msrs_set(struct kvm_cpu *c, const struct kvm_msr_entry *e, unsigned n)
{
	struct msrs m = { .n = n };

	if (n > KVM_MAX_MSRS)
		return -E2BIG;
	memcpy(m.entry, e, n * sizeof(*e));
	return ask(c->kvm, c->fd, KVM_SET_MSRS, &m);
}

int kvm_cpu_paused(struct kvm_cpu *c)
{
	return ioctl(c->fd, KVM_KVMCLOCK_CTRL, 0) ? -errno : 0;
}

int kvm_cpu_translate(struct kvm_cpu *c, uint64_t linear, gpa_t *gpa)
{
	struct kvm_translation t = { .linear_address = linear };
	int err = ask(c->kvm, c->fd, KVM_TRANSLATE, &t);

	if (err)
		return err;
	if (!t.valid)
		return -EFAULT;
	*gpa = t.physical_address;
	return 0;
}

int kvm_cpu_exits(const struct kvm_cpu *c, uint64_t *exits)
{
	if (c->stats_fd < 0)
		return -ENOTSUP;
	if (pread(c->stats_fd, exits, sizeof(*exits), (off_t)c->exits_at) !=
		sizeof(*exits))
		return -EIO;
	return 0;
}

/* What we cannot do without. */
static const struct {
	const char *name;
	long cap;
} needed[] = {
	{ "KVM_CAP_IRQCHIP", KVM_CAP_IRQCHIP },
	{ "KVM_CAP_USER_MEMORY", KVM_CAP_USER_MEMORY },
	{ "KVM_CAP_READONLY_MEM", KVM_CAP_READONLY_MEM },
	{ "KVM_CAP_IMMEDIATE_EXIT", KVM_CAP_IMMEDIATE_EXIT },
	{ "KVM_CAP_EXT_CPUID", KVM_CAP_EXT_CPUID },
	{ "KVM_CAP_SIGNAL_MSI", KVM_CAP_SIGNAL_MSI },
	{ "KVM_CAP_IRQFD", KVM_CAP_IRQFD },
	{ "KVM_CAP_IOEVENTFD", KVM_CAP_IOEVENTFD },
	{ "KVM_CAP_IRQ_ROUTING", KVM_CAP_IRQ_ROUTING },
	{ "KVM_CAP_MP_STATE", KVM_CAP_MP_STATE },
};

static int check(struct kvm *k)
{
	int version = ask(k, k->kvm_fd, KVM_GET_API_VERSION, 0);

	if (version < 0)
		return version;
	if (version != KVM_API_VERSION) {
		k->refused = "KVM_API_VERSION";
		return -ENOTSUP;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (ioctl(k->kvm_fd, KVM_CHECK_EXTENSION, needed[i].cap) > 0)
			continue;
		k->refused = needed[i].name;
		return -ENOTSUP;
	}
	return 0;
}

static int make_machine(struct kvm *k)
{
	uint64_t identity = IDENTITY_ADDR;
	int err;

	k->vm_fd = ask(k, k->kvm_fd, KVM_CREATE_VM, 0ul);
	if (k->vm_fd < 0)
		return k->vm_fd;

	err = ask(k, k->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDR);
	if (!err)
		err = ask(k, k->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	if (!err)
		err = ask(k, k->vm_fd, KVM_CREATE_IRQCHIP, 0ul);
	return err;
}

static int learn_sizes(struct kvm *k)
{
	int run = ask(k, k->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0ul);
	int xsave = ioctl(k->vm_fd, KVM_CHECK_EXTENSION, (long)KVM_CAP_XSAVE2);

	if (run < 0)
		return run;
	k->run_size = (size_t)run;
	k->xsave_size = sizeof(struct kvm_xsave);
	if (xsave > 0 && (size_t)xsave > k->xsave_size)
		k->xsave_size = (size_t)xsave;
	if (k->xsave_size <= KVM_MAX_XSAVE)
		return 0;
	k->refused = "KVM_CAP_XSAVE2";
	return -E2BIG;
}

static int learn_msrs(struct kvm *k)
{
	struct { /* struct kvm_msr_list */
		uint32_t n, index[KVM_MAX_MSRS];
	} list = { .n = KVM_MAX_MSRS };
	int err = ask(k, k->kvm_fd, KVM_GET_MSR_INDEX_LIST, &list);

	if (err)
		return err;
	k->n_msrs = list.n;
	memcpy(k->msr, list.index, k->n_msrs * sizeof(k->msr[0]));
	return 0;
}

/* Where in a statistics file the number of exits is, or 0. */
static uint64_t find_exits(int fd)
{
	char buf[MAX_STATS];
	struct kvm_stats_header h;
	ssize_t n = pread(fd, buf, sizeof(buf), 0);
	size_t len = n > 0 ? (size_t)n : 0, size;

	if (len < sizeof(h))
		return 0;
	memcpy(&h, buf, sizeof(h));
	size = sizeof(struct kvm_stats_desc) + h.name_size;
	for (size_t at = h.desc_offset; h.num_desc-- && at + size <= len; at += size) {
		struct kvm_stats_desc d;

		memcpy(&d, buf + at, sizeof(d));
		if (!strncmp(buf + at + sizeof(d), "exits", h.name_size))
			return h.data_offset + d.offset;
	}
	return 0;
}

/* Best effort: an older KVM has no such file, and then nothing is counted. */
static void open_stats(struct kvm_cpu *c)
{
	int fd = ioctl(c->fd, KVM_GET_STATS_FD, 0);

	if (fd < 0)
		return;
	c->exits_at = find_exits(fd);
	if (c->exits_at)
		c->stats_fd = fd;
	else
		close(fd);
}
