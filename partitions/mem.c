/* Banks: made, sealed, mapped, committed; in this order, so that what cannot be had is
 * known before a guest exists. */
#include "partitions/mem.h"

#include "cp/guest_abi.h"
#include "partitions/dev/pci.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_ECAM MEM_MAX_BANKS
#define KIB       UINT64_C(1024)
#define MIB       (1024 * KIB)
#define GIB       (1024 * MIB)

/* By enum bank_kind: memfd's flags, and what size and address are multiples of. */
static const struct {
	unsigned flags;
	uint64_t size_unit, align;
} kinds[] = {
	[BANK_MEMFD] = { 0, 4 * KIB, 2 * MIB },
	[BANK_HUGE_2M] = { MFD_HUGETLB | MFD_HUGE_2MB, 2 * MIB, 2 * MIB },
	[BANK_HUGE_1G] = { MFD_HUGETLB | MFD_HUGE_1GB, GIB, GIB },
};

static int add_bank(
	struct mem *m, gpa_t base, uint64_t size, enum bank_kind kind, struct fail *why);
static int make_ecam(struct mem *m, struct fail *why);
static int bank_open(struct bank *b);
static int bank_map(struct bank *b);
static int bank_commit(const struct bank *b);
static void bank_close(struct bank *b);

static enum bank_kind kind_of(uint32_t flags)
{
	if (flags & PART_ACT_HUGE_1G)
		return BANK_HUGE_1G;
	return flags & PART_ACT_HUGE_2M ? BANK_HUGE_2M : BANK_MEMFD;
}

int mem_layout(uint64_t size, struct gmem_region bank[MEM_MAX_BANKS])
{
	uint64_t low = size < GUEST_LOW_END ? size : GUEST_LOW_END;

	bank[0] = (struct gmem_region) { .base = 0, .size = low };
	bank[1] = (struct gmem_region) { .base = GUEST_HIGH_BASE, .size = size - low };
	return size > low ? 2 : 1;
}

int mem_create(struct mem *m, uint64_t size, uint32_t flags, struct fail *why)
{
	enum bank_kind kind = kind_of(flags);
	struct gmem_region where[MEM_MAX_BANKS];
	int n = mem_layout(size, where), err = 0;

	*m = (struct mem) { .clear = true };
	if (!size || size % kinds[kind].size_unit)
		return fail_set(why, PART_R_STORAGE, EINVAL,
			"the size is not a multiple of %ju KiB",
			(uintmax_t)(kinds[kind].size_unit / KIB));

	for (int i = 0; i < n && !err; i++)
		err = add_bank(m, where[i].base, where[i].size, kind, why);
	if (!err)
		err = make_ecam(m, why);
	if (err)
		mem_destroy(m);
	return err;
}

void mem_destroy(struct mem *m)
{
	for (int i = 0; i < m->n_banks; i++)
		bank_close(&m->bank[i]);
	if (m->ecam)
		munmap(m->ecam, GUEST_ECAM_SIZE);
	*m = (struct mem) { 0 };
}

int mem_plug(const struct mem *m, struct kvm *kvm)
{
	int err = kvm_slot(
		kvm, SLOT_ECAM, GUEST_ECAM_BASE, GUEST_ECAM_SIZE, m->ecam, true);

	for (int i = 0; i < m->n_banks && !err; i++)
		err = kvm_slot(kvm, (unsigned)i, m->bank[i].base, m->bank[i].size,
			m->bank[i].host, false);
	return err;
}

void mem_clear(struct mem *m)
{
	for (int i = 0; i < m->n_banks && !m->clear; i++)
		memset(m->bank[i].host, 0, m->bank[i].size);
	m->clear = true;
}

uint64_t mem_size(const struct mem *m)
{
	uint64_t sum = 0;

	for (int i = 0; i < m->n_banks; i++)
		sum += m->bank[i].size;
	return sum;
}

static int add_bank(
	struct mem *m, gpa_t base, uint64_t size, enum bank_kind kind, struct fail *why)
{
	struct bank *b = &m->bank[m->n_banks];
	const char *step = "making";
	int err;

	*b = (struct bank) { .fd = -1, .kind = kind, .size = size, .base = base };
	err = bank_open(b);
	if (!err) {
		step = "mapping";
		err = bank_map(b);
	}
	if (!err) {
		step = "committing";
		err = bank_commit(b);
	}
	if (!err)
		err = gmem_add(&m->gmem, base, size, b->host);
	if (err) {
		bank_close(b);
		return fail_set(why, PART_R_STORAGE, err, "%s %ju KiB of it failed", step,
			(uintmax_t)(size / KIB));
	}
	m->share[m->n_banks++] = (struct machine_bank) { b->fd, b->offset, size, base };
	return 0;
}

/* Of every slot the page that says who is there: the same one, all ones, until a device
 * writes to its own.  No huge page: a machine uses a few of these pages. */
static int show_nobody(uint8_t *ecam)
{
	uint8_t page[PCI_PAGE_SIZE];
	int fd = memfd_create("nobody", MFD_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	memset(page, 0xff, sizeof(page));
	if (write(fd, page, sizeof(page)) != sizeof(page))
		err = -EIO;
	madvise(ecam, GUEST_ECAM_SIZE, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < PCI_SLOTS && !err; i++) {
		if (mmap(ecam + i * PCI_SLOT_SIZE, PCI_PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
			err = -errno;
	}
	close(fd);
	return err;
}

static int make_ecam(struct mem *m, struct fail *why)
{
	uint8_t *p = mmap(NULL, GUEST_ECAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err = p == MAP_FAILED ? -errno : 0;

	if (!err) {
		m->ecam = p;
		err = show_nobody(p);
	}
	return err ? fail_set(why, PART_R_STORAGE, err,
			     "no memory for the PCI configuration space")
		   : 0;
}

static int bank_open(struct bank *b)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | kinds[b->kind].flags;

	b->fd = memfd_create("storage", flags);
	if (b->fd < 0)
		return -errno;
	if (ftruncate(b->fd, (off_t)b->size))
		return -errno;
	if (fcntl(b->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return 0;
}

/* Maps the bank at an aligned address: guest-physical and host-virtual huge pages
 * coincide only then.  A larger hole is reserved first, and its ends are given back. */
static int bank_map(struct bank *b)
{
	uint64_t align = kinds[b->kind].align, head;
	uint8_t *hole = mmap(NULL, b->size + align, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *p;

	if (hole == MAP_FAILED)
		return -errno;
	head = (align - (uintptr_t)hole % align) % align;
	p = mmap(hole + head, b->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		b->fd, (off_t)b->offset);
	if (p == MAP_FAILED) {
		int err = -errno;

		munmap(hole, b->size + align);
		return err;
	}
	b->host = p;
	if (head)
		munmap(hole, head);
	if (align - head)
		munmap(hole + head + b->size, align - head);
	return 0;
}

static bool has_huge_page(const struct bank *b)
{
	struct stat st;

	return !fstat(b->fd, &st) && (uint64_t)st.st_blocks * 512 >= 2 * MIB;
}

/* Does touching the bank take a huge page, where allocating it has not?  Kernels give
 * those of shared memory only where they were told to: to all ("within_size"), or to who
 * asks and touches ("advise"). */
static bool touching_helps(const struct bank *b)
{
	if (has_huge_page(b) || madvise(b->host, b->size, MADV_HUGEPAGE) ||
		fallocate(b->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(off_t)b->offset, 4 * KIB))
		return false;
	*(volatile uint8_t *)b->host = 0;
	return has_huge_page(b);
}

/* A signal ends these calls, and undoes the first. */
static int allocate(const struct bank *b, uint64_t len)
{
	while (fallocate(b->fd, 0, (off_t)b->offset, (off_t)len)) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* An older kernel populates nothing. */
static int populate(const struct bank *b)
{
	while (madvise(b->host, b->size, MADV_POPULATE_WRITE) && errno != EINVAL) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Takes every page now.  Allocating is enough, and much faster than touching: a page is
 * cleared when it is used. */
static int bank_commit(const struct bank *b)
{
	int err = 0;

	if (b->kind == BANK_MEMFD && b->size >= 2 * MIB) {
		err = allocate(b, 4 * KIB);
		if (!err && touching_helps(b))
			err = populate(b);
	}
	return err ? err : allocate(b, b->size);
}

static void bank_close(struct bank *b)
{
	if (b->host)
		munmap(b->host, b->size);
	if (b->fd >= 0)
		close(b->fd);
}
