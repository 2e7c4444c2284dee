/* Loading Linux kernels: where everything comes to lie, and what is refused. */
#include "partitions/ipl.h"

#include "cp/guest_abi.h"
#include "tests/fake/image.h"

#include <asm/bootparam.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STORAGE   0x2000000u
#define PREFERRED 0x1000000u
#define ALIGNED   0x200000u
#define SETUP     0x1f1u
#define SECTORS   3u
#define CODE_AT   ((SECTORS + 1) * 512)
#define CODE_LEN  0x3000u
#define INIT_SIZE 0x400000u

static const struct acpi_machine acpi = { .n_cpus = 1, .max_cpus = 1 };

struct kernel {
	size_t len;
	uint64_t storage;
	const char *parm;
	uint8_t file[CODE_AT + CODE_LEN];
	struct setup_header h;
};

static struct kernel good(void)
{
	struct kernel k = { .len = sizeof(k.file), .storage = STORAGE, .parm = "a=1 b" };

	memset(k.file, 0xcc, sizeof(k.file));
	k.h = (struct setup_header) {
		.setup_sects = SECTORS,
		.syssize = CODE_LEN / 16,
		.boot_flag = 0xaa55,
		.jump = (uint16_t)(0xeb | (sizeof(k.h) - (0x202 - SETUP)) << 8),
		.header = 0x53726448,
		.version = 0x20f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = ALIGNED,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 100,
		.pref_address = PREFERRED,
		.init_size = INIT_SIZE,
	};
	return k;
}

struct loaded {
	struct gmem g;
	uint8_t *storage;
	struct ipl_start start;
	struct fail why;
	const struct boot_params *params;
};

/* The result of loading; free(l->storage). */
static int load(struct kernel *k, const void *initrd, size_t initrd_len, struct loaded *l)
{
	struct ipl_source src = { PART_IPL_BZIMAGE, -1, -1, strdup(k->parm) };
	int err;

	*l = (struct loaded) { .storage = malloc(k->storage) };
	memset(l->storage, 0xaa, k->storage);
	assert_int_equal(gmem_add(&l->g, 0, k->storage, l->storage), 0);
	memcpy(k->file + SETUP, &k->h, sizeof(k->h));
	src.image = bytes_fd(k->file, k->len);
	if (initrd)
		src.initrd = bytes_fd(initrd, initrd_len);
	err = ipl_load(&src, &l->g, &acpi, &l->start, &l->why);
	ipl_source_fini(&src);
	l->params = (const void *)(l->storage + l->start.info);
	return err;
}

static void test_a_kernel(void **state)
{
	struct kernel k = good();
	struct loaded l;

	(void)state;
	assert_int_equal(load(&k, NULL, 0, &l), 0);
	assert_int_equal(l.start.entry, PREFERRED + 0x200);
	assert_memory_equal(l.storage + PREFERRED, k.file + CODE_AT, CODE_LEN);
	assert_int_equal(l.storage[PREFERRED + CODE_LEN], 0xaa);

	assert_int_equal(l.params->hdr.type_of_loader, 0xff);
	assert_int_equal(l.params->hdr.header, 0x53726448);
	assert_int_equal(l.params->hdr.ramdisk_size, 0);
	assert_int_equal(l.params->acpi_rsdp_addr, GUEST_ACPI_BASE);
	assert_string_equal(l.storage + l.params->hdr.cmd_line_ptr, "a=1 b");
	assert_int_equal(l.params->e820_entries, 5);
	assert_int_equal(l.params->e820_table[1].type, 3);
	assert_int_equal(
		l.params->e820_table[3].addr + l.params->e820_table[3].size, STORAGE);
	assert_int_equal(l.params->e820_table[4].addr, GUEST_ECAM_BASE);
	free(l.storage);
}

/* What an older header has not is not taken from the code that follows. */
static void test_a_shorter_header(void **state)
{
	struct kernel k = good();
	struct loaded l;

	(void)state;
	k.h.jump = (uint16_t)(0xeb | (offsetof(struct setup_header, handover_offset) -
					     (0x202 - SETUP))
					     << 8);
	k.h.handover_offset = 0x12345678;
	assert_int_equal(load(&k, NULL, 0, &l), 0);
	assert_int_equal(l.params->hdr.handover_offset, 0);
	free(l.storage);
}

static void test_an_initrd(void **state)
{
	struct kernel k = good();
	uint8_t disk[5000];
	struct loaded l;
	uint32_t at;

	(void)state;
	memset(disk, 0x5a, sizeof(disk));
	k.h.initrd_addr_max = 0x1800000 - 1;
	assert_int_equal(load(&k, disk, sizeof(disk), &l), 0);
	at = l.params->hdr.ramdisk_image;
	assert_int_equal(l.params->hdr.ramdisk_size, sizeof(disk));
	assert_int_equal(at, 0x1800000 - 0x2000);
	assert_memory_equal(l.storage + at, disk, sizeof(disk));
	free(l.storage);
}

/* Not where it likes to be, but above, where there is room: a kernel that is loaded below
 * moves itself up, and nobody knows how far it then reaches. */
static void test_another_place(void **state)
{
	struct kernel k = good();
	struct loaded l;

	(void)state;
	k.h.pref_address = GUEST_ACPI_BASE;
	assert_int_equal(load(&k, NULL, 0, &l), 0);
	assert_int_equal(l.start.entry, ALIGNED + 0x200);
	assert_memory_equal(l.storage + ALIGNED, k.file + CODE_AT, CODE_LEN);
	free(l.storage);
}

static void test_random_numbers(void **state)
{
	struct kernel k = good();
	const struct setup_data *seed;
	struct loaded l;

	(void)state;
	assert_int_equal(load(&k, NULL, 0, &l), 0);
	seed = (const void *)(l.storage + l.params->hdr.setup_data);
	assert_int_equal(seed->type, SETUP_RNG_SEED);
	assert_int_equal(seed->len, 32);
	assert_int_equal(seed->next, 0);
	free(l.storage);
}

static uint64_t entry_at(const struct loaded *l, uint64_t table, uint64_t index)
{
	uint64_t e;

	memcpy(&e, l->storage + (table & ~0xfffull) + index * 8, sizeof(e));
	return e;
}

/* The registers lead to tables that map what is below 4 GiB to itself. */
static void test_the_registers(void **state)
{
	struct kvm_sregs s = { .apic_base = 0xfee00900 };
	struct kvm_regs r = { .rax = 77 };
	struct kernel k = good();
	struct loaded l;

	(void)state;
	assert_int_equal(load(&k, NULL, 0, &l), 0);
	ipl_regs(&l.start, &r, &s);
	assert_int_equal(r.rip, PREFERRED + 0x200);
	assert_int_equal(r.rsi, l.start.info);
	assert_int_equal(r.rflags, 2);
	assert_int_equal(s.efer, 0x500);
	assert_true(s.cr0 & 0x80000000 && s.cr4 & 0x20);
	assert_true(s.cs.l && !s.cs.db);
	assert_int_equal(s.apic_base, 0xfee00900);
	for (uint64_t gpa = 0; gpa < 1ull << 32; gpa += 1ull << 21) {
		uint64_t e = entry_at(&l, s.cr3, gpa >> 39);

		e = entry_at(&l, e, gpa >> 30 & 511);
		e = entry_at(&l, e, gpa >> 21 & 511);
		assert_int_equal(e, gpa | 0x83);
	}
	assert_int_equal(entry_at(&l, s.gdt.base, 0), 0);
	memcpy(&r.rax, l.storage + s.gdt.base + s.cs.selector, 8);
	assert_int_equal(r.rax, 0x00af9b000000ffff);
	free(l.storage);
}

/* ---- What is refused: each is a good kernel with one thing changed. ---- */

static void no_magic(struct kernel *k)
{
	k->h.header++;
}
static void no_boot_flag(struct kernel *k)
{
	k->h.boot_flag = 0;
}
static void old_protocol(struct kernel *k)
{
	k->h.version = 0x20b;
}
static void for_32_bits(struct kernel *k)
{
	k->h.xloadflags = 0;
}
static void loaded_low(struct kernel *k)
{
	k->h.loadflags = 0;
}
static void cut_off(struct kernel *k)
{
	k->len -= 512;
}
static void only_setup(struct kernel *k)
{
	k->len = CODE_AT;
}
static void too_short(struct kernel *k)
{
	k->len = SETUP + 4;
}
static void more_than_it_needs(struct kernel *k)
{
	k->h.init_size = CODE_LEN - 1;
}
static void no_size(struct kernel *k)
{
	k->h.init_size = 0;
}
static void odd_alignment(struct kernel *k)
{
	k->h.kernel_alignment = 3;
}
static void no_alignment(struct kernel *k)
{
	k->h.kernel_alignment = 0;
}
static void too_large(struct kernel *k)
{
	k->h.init_size = 0xfffff000;
}
static void little_storage(struct kernel *k)
{
	k->storage = INIT_SIZE;
}
static void long_parm(struct kernel *k)
{
	k->h.cmdline_size = 4;
}
static void placed_nowhere(struct kernel *k)
{
	k->h.relocatable_kernel = 0;
	k->h.pref_address = UINT64_MAX - 4096;
}
static void placed_high(struct kernel *k)
{
	k->h.pref_address = GUEST_HIGH_BASE;
}

static void placed_on_the_tables(struct kernel *k)
{
	k->h.relocatable_kernel = 0;
	k->h.pref_address = GUEST_ACPI_BASE;
}

static void test_refused(void **state)
{
	static const struct {
		void (*spoil)(struct kernel *);
		enum part_reason reason;
		const char *why;
	} cases[] = {
		{ no_magic, PART_R_IMAGE, "it is not a Linux kernel" },
		{ no_boot_flag, PART_R_IMAGE, "it is not a Linux kernel" },
		{ old_protocol, PART_R_IMAGE,
			"its boot protocol 2.11 is older than 2.12 (Linux 3.8)" },
		{ for_32_bits, PART_R_IMAGE,
			"it has no 64-bit entry: is it a 32-bit kernel?" },
		{ loaded_low, PART_R_IMAGE, "it is to be loaded below 1 MiB" },
		{ cut_off, PART_R_IMAGE,
			"it is truncated: 11776 of 12288 bytes of the kernel are there" },
		{ only_setup, PART_R_IMAGE, "it ends within its setup code" },
		{ too_short, PART_R_IMAGE, "it is too short to be a Linux kernel" },
		{ more_than_it_needs, PART_R_IMAGE,
			"it needs less storage than its file has bytes" },
		{ no_size, PART_R_IMAGE,
			"it needs less storage than its file has bytes" },
		{ odd_alignment, PART_R_IMAGE, "its alignment is not a power of two" },
		{ no_alignment, PART_R_IMAGE, "its alignment is not a power of two" },
		{ too_large, PART_R_IMAGE,
			"it wants to be loaded beyond what is mapped, at 0x1000000" },
		{ little_storage, PART_R_IMAGE_SIZE,
			"it needs 4096 KiB of storage from 0x1000000 on" },
		{ long_parm, PART_R_IMAGE, "its command line has 5 bytes, it takes 4" },
		{ placed_nowhere, PART_R_IMAGE,
			"it wants to be loaded beyond what is mapped, at 0xffffffffffffefff" },
		{ placed_on_the_tables, PART_R_IMAGE_SIZE,
			"it needs 4096 KiB of storage from 0xe0000 on" },
		{ placed_high, PART_R_IMAGE,
			"it wants to be loaded beyond what is mapped, at 0x100000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kernel k = good();
		struct loaded l;

		cases[i].spoil(&k);
		assert_int_not_equal(load(&k, NULL, 0, &l), 0);
		assert_string_equal(l.why.text, cases[i].why);
		assert_int_equal(l.why.reason, cases[i].reason);
		free(l.storage);
	}
}

static void test_an_initrd_without_room(void **state)
{
	struct kernel k = good();
	uint8_t *disk = calloc(1, STORAGE - PREFERRED);
	struct loaded l;

	(void)state;
	assert_int_not_equal(load(&k, disk, STORAGE - PREFERRED, &l), 0);
	assert_int_equal(l.why.reason, PART_R_IMAGE_SIZE);
	assert_string_equal(
		l.why.text, "there is no room for the initial RAM disk of 16384 KiB");
	free(l.storage);
	free(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kernel),
		cmocka_unit_test(test_a_shorter_header),
		cmocka_unit_test(test_an_initrd),
		cmocka_unit_test(test_another_place),
		cmocka_unit_test(test_random_numbers),
		cmocka_unit_test(test_the_registers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_an_initrd_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
