/* Linux kernels as distributions ship them, by the 64-bit boot protocol.
 *
 * We do what the protocol asks of a boot loader: the kernel where it likes to be, the
 * "zero page" that tells it of its machine, page tables and segments to start with.
 * (Linux Documentation/x86/boot.rst, zero-page.rst) */
#include "partitions/ipl_job.h"

#include "cp/guest_abi.h"

#include <asm/bootparam.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SETUP_AT         0x1f1u
#define SETUP_LENGTH     0x201u /* a byte: the header ends so many behind itself */
#define SECTOR           512u
#define MIN_VERSION      0x020c /* of the protocol: Linux 3.8; the first with xloadflags */
#define BOOT_FLAG        0xaa55
#define ENTRY_64         0x200u /* from the start of the kernel */
#define LOADER_UNDEFINED 0xff
#define LOWEST           0x100000u
#define MIN_INIT_SIZE    (SECTOR * 2)

#define PRESENT_WRITE 0x3u
#define LARGE_PAGE    0x80u
#define TABLE_ENTRIES 512u
#define MAPPED_GIB    4u /* to themselves: all that is below 4 GiB */
#define SEED_LEN      32 /* bytes: all that the kernel's generator takes */
#define CS            0x10
#define DS            0x18
#define TSS           0x20 /* early kernels load it again */

/* What we add to storage; the command line follows.  The kernel is done with the tables
 * and segments before it uses this as storage. */
struct block {
	struct boot_params params;
	uint64_t top[TABLE_ENTRIES];
	uint64_t second[TABLE_ENTRIES];
	uint64_t third[MAPPED_GIB * TABLE_ENTRIES];
	uint64_t segment[6];
	struct { /* struct setup_data, with its data */
		uint64_t next;
		uint32_t type, len;
		uint8_t data[SEED_LEN];
	} seed;
};

static_assert(sizeof(struct boot_params) == IPL_PAGE &&
		      offsetof(struct boot_params, hdr) == SETUP_AT,
	"as the protocol has it");

struct kernel {
	struct setup_header h;
	uint64_t offset, size; /* in the file, behind the setup code */
};

static int read_setup(struct ipl_job *job, struct kernel *k);
static int check_setup(struct ipl_job *job, const struct kernel *k);
static int take_place(struct ipl_job *job, const struct kernel *k, gpa_t *base);
static int write_block(
	struct ipl_job *job, const struct kernel *k, gpa_t kernel, gpa_t *info);
static int load(struct ipl_job *job, struct ipl_start *start);
static void regs(const struct ipl_start *start, struct kvm_regs *r, struct kvm_sregs *s);

const struct ipl_loader ipl_bzimage = { load, regs };

static int bad(struct ipl_job *job, const char *what)
{
	return fail_set(job->why, PART_R_IMAGE, ENOEXEC, "%s", what);
}

static int load(struct ipl_job *job, struct ipl_start *start)
{
	struct kernel k = { .offset = 0 };
	gpa_t base = 0;
	int err = read_setup(job, &k);

	if (!err)
		err = check_setup(job, &k);
	if (!err)
		err = take_place(job, &k, &base);
	if (!err)
		err = ipl_read(job, job->src->image, k.offset,
			gmem_at(job->g, base, k.size), k.size);
	if (!err)
		err = write_block(job, &k, base, &start->info);
	start->entry = base + ENTRY_64;
	return err;
}

/* 64-bit mode, what is below 4 GiB mapped to itself, interrupts off ("64-bit boot
 * protocol"). */
static void regs(const struct ipl_start *start, struct kvm_regs *r, struct kvm_sregs *s)
{
	const struct kvm_segment code = { .limit = 0xffffffff,
		.selector = CS,
		.type = 0xb,
		.present = 1,
		.l = 1,
		.s = 1,
		.g = 1 };
	struct kvm_segment data = code;

	data.type = 0x3;
	data.selector = DS;
	data.l = 0;
	data.db = 1;
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment) { .limit = 0x67, .type = 0xb, .present = 1 };
	s->gdt.base = start->info + offsetof(struct block, segment);
	s->gdt.limit = sizeof(((struct block *)0)->segment) - 1;
	s->idt.limit = 0;
	s->cr0 = 0x80000011; /* PG, ET, PE */
	s->cr3 = start->info + offsetof(struct block, top);
	s->cr4 = 0x20;   /* PAE */
	s->efer = 0x500; /* LMA, LME */
	*r = (struct kvm_regs) {
		.rip = start->entry,
		.rsi = start->info,
		.rflags = 0x2,
	};
}

static int read_setup(struct ipl_job *job, struct kernel *k)
{
	struct setup_header *h = &k->h;
	size_t used;
	int err;

	if (job->image_size < SETUP_AT + sizeof(*h))
		return bad(job, "it is too short to be a Linux kernel");
	err = ipl_read(job, job->src->image, SETUP_AT, h, sizeof(*h));
	if (err)
		return err;
	/* what an older header has not is code: it counts as zeros */
	used = SETUP_LENGTH + 1 + (h->jump >> 8) - SETUP_AT;
	if (used < sizeof(*h))
		memset((uint8_t *)h + used, 0, sizeof(*h) - used);

	k->offset = ((h->setup_sects ? h->setup_sects : 4u) + 1u) * SECTOR;
	if (job->image_size <= k->offset)
		return bad(job, "it ends within its setup code");
	k->size = job->image_size - k->offset;
	return 0;
}

static int check_setup(struct ipl_job *job, const struct kernel *k)
{
	const struct setup_header *h = &k->h;
	uint64_t want = (uint64_t)h->syssize * 16;
	size_t parm_len = job->src->parm ? strlen(job->src->parm) : 0;

	if (h->boot_flag != BOOT_FLAG || memcmp(&h->header, "HdrS", 4) != 0)
		return bad(job, "it is not a Linux kernel");
	if (h->version < MIN_VERSION)
		return fail_set(job->why, PART_R_IMAGE, ENOEXEC,
			"its boot protocol %u.%02u is older than 2.12 (Linux 3.8)",
			h->version >> 8, h->version & 0xff);
	if (!(h->xloadflags & XLF_KERNEL_64))
		return bad(job, "it has no 64-bit entry: is it a 32-bit kernel?");
	if (!(h->loadflags & LOADED_HIGH))
		return bad(job, "it is to be loaded below 1 MiB");
	if (k->size + 15 < want)
		return fail_set(job->why, PART_R_IMAGE, ENODATA,
			"it is truncated: %ju of %ju bytes of the kernel are there",
			(uintmax_t)k->size, (uintmax_t)want);
	if (h->init_size < MIN_INIT_SIZE || h->init_size < k->size)
		return bad(job, "it needs less storage than its file has bytes");
	if (parm_len > (h->cmdline_size ? h->cmdline_size : 255))
		return fail_set(job->why, PART_R_IMAGE, E2BIG,
			"its command line has %zu bytes, it takes %u", parm_len,
			h->cmdline_size ? h->cmdline_size : 255);
	return 0;
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* Where it likes to be, so that it need not move itself; else, if it can be elsewhere, as
 * low as it goes above: one that is loaded below moves itself up.  init_size: what it
 * needs until it knows its storage. */
static int take_place(struct ipl_job *job, const struct kernel *k, gpa_t *base)
{
	const struct setup_header *h = &k->h;
	int err;

	*base = h->pref_address;
	if (*base >= GUEST_LOW_END || h->init_size > GUEST_LOW_END - *base)
		return fail_set(job->why, PART_R_IMAGE, ENOEXEC,
			"it wants to be loaded beyond what is mapped, at %#jx",
			(uintmax_t)*base);
	if (h->relocatable_kernel && !is_power_of_two(h->kernel_alignment))
		return bad(job, "its alignment is not a power of two");
	if (ipl_is_free(job, *base, h->init_size) || !h->relocatable_kernel)
		err = ipl_take(job, *base, h->init_size);
	else
		err = ipl_take_low(job, *base > LOWEST ? *base : LOWEST,
			h->kernel_alignment, h->init_size, base);
	if (err)
		return fail_set(job->why, PART_R_IMAGE_SIZE, err,
			"it needs %u KiB of storage from %#jx on", h->init_size / 1024,
			(uintmax_t)h->pref_address);
	return 0;
}

static void make_tables(struct block *b, gpa_t at)
{
	const gpa_t second = at + offsetof(struct block, second);
	const gpa_t third = at + offsetof(struct block, third);

	b->top[0] = second | PRESENT_WRITE;
	for (uint64_t i = 0; i < MAPPED_GIB; i++)
		b->second[i] = (third + i * IPL_PAGE) | PRESENT_WRITE;
	for (uint64_t i = 0; i < MAPPED_GIB * TABLE_ENTRIES; i++)
		b->third[i] = i << 21 | LARGE_PAGE | PRESENT_WRITE;
	b->segment[CS / 8] = UINT64_C(0x00af9b000000ffff);
	b->segment[DS / 8] = UINT64_C(0x00cf93000000ffff);
	b->segment[TSS / 8] = UINT64_C(0x0080890000000067);
}

/* Random numbers from the first instruction on.  A host that has none to give is no
 * reason not to start: the kernel then gathers its own. */
static gpa_t make_seed(struct block *b, gpa_t at)
{
	if (getrandom(b->seed.data, sizeof(b->seed.data), GRND_NONBLOCK) !=
		sizeof(b->seed.data))
		return 0;
	b->seed.type = SETUP_RNG_SEED;
	b->seed.len = sizeof(b->seed.data);
	return at + offsetof(struct block, seed);
}

static void make_map(struct boot_params *p, const struct gmem *g)
{
	struct ipl_map_entry entry[IPL_MAX_MAP];
	unsigned n = ipl_map(g, entry);

	static_assert(IPL_MAX_MAP <= E820_MAX_ENTRIES_ZEROPAGE, "room for all");
	for (unsigned i = 0; i < n; i++)
		p->e820_table[i] = (struct boot_e820_entry) { entry[i].addr,
			entry[i].size, entry[i].type };
	p->e820_entries = (uint8_t)n;
}

/* `code32_start` is for loaders that come by 32-bit code; it says where we put it. */
static void make_params(struct boot_params *p, const struct ipl_job *job,
	const struct kernel *k, gpa_t kernel, gpa_t parm, const struct ipl_piece *initrd)
{
	p->hdr = k->h;
	p->hdr.type_of_loader = LOADER_UNDEFINED;
	p->hdr.vid_mode = 0xffff; /* as it is: there is none */
	p->hdr.code32_start = (uint32_t)kernel;
	p->hdr.cmd_line_ptr = (uint32_t)parm;
	p->hdr.ramdisk_image = (uint32_t)initrd->base;
	p->hdr.ramdisk_size = (uint32_t)initrd->size;
	p->acpi_rsdp_addr = GUEST_ACPI_BASE;
	make_map(p, job->g);
}

static int write_block(
	struct ipl_job *job, const struct kernel *k, gpa_t kernel, gpa_t *info)
{
	const char *parm = job->src->parm ? job->src->parm : "";
	size_t parm_size = strlen(parm) + 1;
	struct ipl_piece initrd;
	struct block *b;
	int err = ipl_take_low(job, IPL_PAGE, IPL_PAGE, sizeof(*b) + parm_size, info);

	if (!err)
		err = ipl_load_initrd(job, (gpa_t)k->h.initrd_addr_max + 1, &initrd);
	if (err)
		return err;
	b = gmem_at(job->g, *info, sizeof(*b));
	memset(b, 0, sizeof(*b));
	make_tables(b, *info);
	make_params(&b->params, job, k, kernel, *info + sizeof(*b), &initrd);
	b->params.hdr.setup_data = make_seed(b, *info);
	return gmem_write(job->g, *info + sizeof(*b), parm, parm_size);
}
