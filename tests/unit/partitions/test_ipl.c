/* Loading: good images, hostile ones, and where everything comes to lie. */
#include "partitions/ipl.h"

#include "cp/guest_abi.h"
#include "tests/fake/image.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STORAGE 0x400000u /* bytes, from 0 */
#define HIGH    0x10000u  /* bytes, from 4 GiB */
#define LOAD_AT 0x100000u

static const uint8_t code[] = "this is not code, but nobody runs it";

static const struct acpi_machine acpi = { .n_cpus = 1, .max_cpus = 1 };

struct machine_storage {
	struct gmem g;
	uint8_t *low, *high;
};

static int make(void **state)
{
	struct machine_storage *s = calloc(1, sizeof(*s));

	s->low = malloc(STORAGE);
	s->high = malloc(HIGH);
	memset(s->low, 0xaa, STORAGE);
	memset(s->high, 0xaa, HIGH);
	*state = s;
	return gmem_add(&s->g, 0, STORAGE, s->low) ||
	       gmem_add(&s->g, GUEST_HIGH_BASE, HIGH, s->high);
}

static int unmake(void **state)
{
	struct machine_storage *s = *state;

	free(s->low);
	free(s->high);
	free(s);
	return 0;
}

static int load_fd(struct machine_storage *s, int image, int initrd, const char *parm,
	struct ipl_start *start, struct fail *why)
{
	struct ipl_source src = { PART_IPL_ELF, image, initrd,
		parm ? strdup(parm) : NULL };
	int err = ipl_load(&src, &s->g, &acpi, start, why);

	ipl_source_fini(&src);
	assert_int_equal(src.image, -1);
	return err;
}

/* Loads an image and says what was wrong with it. */
static enum part_reason load(struct machine_storage *s, const struct image *img)
{
	struct fail why = { .reason = PART_R_NONE };
	struct ipl_start start;

	return load_fd(s, image_fd(img), -1, NULL, &start, &why) ? why.reason
								 : PART_R_NONE;
}

static uint64_t u64_at(const struct machine_storage *s, gpa_t at)
{
	uint64_t v;

	assert_int_equal(gmem_read(&s->g, at, &v, sizeof(v)), 0);
	return v;
}

static uint32_t u32_at(const struct machine_storage *s, gpa_t at)
{
	return (uint32_t)u64_at(s, at);
}

static void check_start(struct machine_storage *s, bool is_64)
{
	struct fail why = { .text = "" };
	struct ipl_start start;
	struct image img;

	image_make(&img, is_64, LOAD_AT, code, sizeof(code), 0x1000);
	assert_int_equal(load_fd(s, image_fd(&img), -1, "a=1 b", &start, &why), 0);
	assert_int_equal(start.entry, LOAD_AT);
	assert_memory_equal(s->low + LOAD_AT, code, sizeof(code));
	for (size_t i = 0; i < 0x1000; i++)
		assert_int_equal(s->low[LOAD_AT + sizeof(code) + i], 0);
	assert_int_equal(s->low[LOAD_AT + sizeof(code) + 0x1000], 0xaa);

	assert_int_equal(u32_at(s, start.info), 0x336ec578);
	assert_int_equal(u32_at(s, start.info + 4), 1);
	assert_int_equal(u32_at(s, start.info + 12), 0);
	assert_string_equal(s->low + u64_at(s, start.info + 24), "a=1 b");
}

static void test_elf64(void **state)
{
	check_start(*state, true);
}

static void test_elf32(void **state)
{
	check_start(*state, false);
}

static void check_map(
	struct machine_storage *s, gpa_t at, gpa_t base, uint64_t size, uint32_t type)
{
	assert_int_equal(u64_at(s, at), base);
	assert_int_equal(u64_at(s, at + 8), size);
	assert_int_equal(u32_at(s, at + 16), type);
}

static void test_the_memory_map(void **state)
{
	struct machine_storage *s = *state;
	struct fail why;
	struct ipl_start start;
	struct image img;
	gpa_t map;

	image_make(&img, true, LOAD_AT, code, sizeof(code), 0);
	assert_int_equal(load_fd(s, image_fd(&img), -1, NULL, &start, &why), 0);
	map = u64_at(s, start.info + 40);
	assert_int_equal(u32_at(s, start.info + 48), 6);
	assert_int_equal(u64_at(s, start.info + 32), GUEST_ACPI_BASE);
	check_map(s, map, 0, GUEST_ACPI_BASE, 1);
	check_map(
		s, map + 24, GUEST_ACPI_BASE, GUEST_GENERATION_ADDR - GUEST_ACPI_BASE, 3);
	check_map(s, map + 48, GUEST_GENERATION_ADDR,
		GUEST_ACPI_BASE + GUEST_ACPI_SIZE - GUEST_GENERATION_ADDR, 4);
	check_map(s, map + 72, GUEST_ACPI_BASE + GUEST_ACPI_SIZE,
		STORAGE - GUEST_ACPI_BASE - GUEST_ACPI_SIZE, 1);
	check_map(s, map + 96, GUEST_HIGH_BASE, HIGH, 1);
	check_map(s, map + 120, GUEST_ECAM_BASE, GUEST_ECAM_SIZE, 2);
}

/* What a guest finds that jumps to where a processor begins after a reset. */
static void test_the_reset_vector(void **state)
{
	struct machine_storage *s = *state;
	struct fail why;
	struct ipl_start start;
	struct image img;
	const uint8_t *at = (const uint8_t *)s->low + GUEST_RESET_VECTOR;

	image_make(&img, true, LOAD_AT, code, sizeof(code), 0);
	assert_int_equal(load_fd(s, image_fd(&img), -1, NULL, &start, &why), 0);
	assert_int_equal(at[0], 0xb0); /* mov to AL */
	assert_int_equal(at[1], 0xfe);
	assert_int_equal(at[2], 0xe6); /* out of AL */
	assert_int_equal(at[3], GUEST_I8042_PORT);
}

static void test_an_initrd(void **state)
{
	struct machine_storage *s = *state;
	struct fail why;
	struct ipl_start start;
	struct image img;
	uint8_t disk[5000];
	gpa_t module, at;

	memset(disk, 0x5a, sizeof(disk));
	image_make(&img, true, LOAD_AT, code, sizeof(code), 0);
	assert_int_equal(load_fd(s, image_fd(&img), bytes_fd(disk, sizeof(disk)), "",
				 &start, &why),
		0);
	assert_int_equal(u32_at(s, start.info + 12), 1);
	module = u64_at(s, start.info + 16);
	at = u64_at(s, module);
	assert_int_equal(u64_at(s, module + 8), sizeof(disk));
	assert_int_equal(at % 4096, 0);
	assert_true(at + sizeof(disk) <= STORAGE);
	assert_memory_equal(s->low + at, disk, sizeof(disk));
}

/* An image that fills storage but for two holes: everything finds its place in them. */
static void test_nothing_collides(void **state)
{
	struct machine_storage *s = *state;
	const uint32_t hole = STORAGE - 0x10000;
	uint8_t disk[0x2000] = { 1 };
	struct fail why;
	struct ipl_start start;
	struct image img;
	gpa_t module, at;

	image_make(
		&img, true, LOAD_AT, code, sizeof(code), hole - LOAD_AT - sizeof(code));
	assert_int_equal(load_fd(s, image_fd(&img), bytes_fd(disk, sizeof(disk)), "parm",
				 &start, &why),
		0);
	assert_int_equal(start.info, 0x1000);
	module = u64_at(s, start.info + 16);
	at = u64_at(s, module);
	assert_int_equal(at, STORAGE - 0x2000);
	assert_memory_equal(s->low + LOAD_AT, code, sizeof(code));
	assert_string_equal(s->low + u64_at(s, start.info + 24), "parm");
}

static void test_no_room(void **state)
{
	struct machine_storage *s = *state;
	struct fail why = { .reason = PART_R_NONE };
	struct ipl_start start;
	struct image img;
	uint8_t *disk = calloc(1, STORAGE);

	image_make(&img, true, LOAD_AT, code, sizeof(code),
		STORAGE - LOAD_AT - sizeof(code) + 1);
	assert_int_equal(load(s, &img), PART_R_IMAGE_SIZE);

	image_make(&img, true, LOAD_AT, code, sizeof(code), 0);
	assert_int_not_equal(
		load_fd(s, image_fd(&img), bytes_fd(disk, STORAGE), "", &start, &why), 0);
	assert_int_equal(why.reason, PART_R_IMAGE_SIZE);
	free(disk);
}

/* ---- Hostile images: each is a good one with one thing changed. ---- */

static void no_magic(struct image *img)
{
	img->data[0] = 0;
}

static void big_endian(struct image *img)
{
	img->data[EI_DATA] = ELFDATA2MSB;
}

static void other_machine(struct image *img)
{
	img->e64.head.e_machine = EM_AARCH64;
}

static void odd_header_size(struct image *img)
{
	img->e64.head.e_phentsize = 55;
}

static void no_headers(struct image *img)
{
	img->e64.head.e_phnum = 0;
}

static void many_headers(struct image *img)
{
	img->e64.head.e_phnum = 0xffff;
}

static void headers_at_the_end(struct image *img)
{
	img->e64.head.e_phoff = img->len - 8;
}

static void headers_beyond(struct image *img)
{
	img->e64.head.e_phoff = UINT64_MAX - 8;
}

static void segment_beyond_the_file(struct image *img)
{
	img->e64.load.p_offset = img->len + 1;
}

static void segment_wraps(struct image *img)
{
	img->e64.load.p_offset = 8;
	img->e64.load.p_filesz = UINT64_MAX - 4;
	img->e64.load.p_memsz = UINT64_MAX - 4;
}

static void more_in_file_than_in_storage(struct image *img)
{
	img->e64.load.p_memsz = img->e64.load.p_filesz - 1;
}

static void note_beyond_the_file(struct image *img)
{
	img->e64.note.p_filesz = 0x10000;
}

static void no_note(struct image *img)
{
	img->e64.note.p_type = PT_NULL;
}

static void note_of_another(struct image *img)
{
	memcpy(img->data + IMAGE_NOTE + 12, "GNU", 4);
}

static void note_too_long(struct image *img)
{
	const uint32_t len = 0xfffffffe;

	memcpy(img->data + IMAGE_NOTE, &len, sizeof(len));
}

static void note_without_address(struct image *img)
{
	const uint32_t len = 2;

	memcpy(img->data + IMAGE_NOTE + 4, &len, sizeof(len));
}

static void entry_in_the_tables(struct image *img)
{
	const uint32_t entry = GUEST_ACPI_BASE + GUEST_ACPI_SIZE - 1;

	memcpy(img->data + IMAGE_NOTE + 16, &entry, sizeof(entry));
}

static void entry_elsewhere(struct image *img)
{
	const uint32_t entry = GUEST_ACPI_BASE - 1;

	memcpy(img->data + IMAGE_NOTE + 16, &entry, sizeof(entry));
}

static void overlaps_itself(struct image *img)
{
	img->e64.note = img->e64.load;
	img->e64.note.p_paddr += 4;
}

static void too_short(struct image *img)
{
	img->len = sizeof(Elf64_Ehdr) - 1;
}

static void cut_off(struct image *img)
{
	img->len -= 1;
}

static void outside_storage(struct image *img)
{
	img->e64.load.p_paddr = STORAGE;
}

static void across_the_end(struct image *img)
{
	img->e64.load.p_paddr = STORAGE - 4;
}

static void wraps_around(struct image *img)
{
	img->e64.load.p_paddr = UINT64_MAX - 4;
}

static void on_the_devices(struct image *img)
{
	img->e64.load.p_paddr = GUEST_ECAM_BASE;
}

static void on_the_tables(struct image *img)
{
	img->e64.load.p_paddr = GUEST_ACPI_BASE + GUEST_ACPI_SIZE - 4;
}

static void larger_than_the_world(struct image *img)
{
	img->e64.load.p_memsz = UINT64_MAX;
}

static void test_hostile_images(void **state)
{
	static const struct {
		void (*spoil)(struct image *);
		enum part_reason reason;
	} cases[] = {
		{ no_magic, PART_R_IMAGE },
		{ big_endian, PART_R_IMAGE },
		{ other_machine, PART_R_IMAGE },
		{ odd_header_size, PART_R_IMAGE },
		{ no_headers, PART_R_IMAGE },
		{ many_headers, PART_R_IMAGE },
		{ headers_at_the_end, PART_R_IMAGE },
		{ headers_beyond, PART_R_IMAGE },
		{ segment_beyond_the_file, PART_R_IMAGE },
		{ segment_wraps, PART_R_IMAGE },
		{ more_in_file_than_in_storage, PART_R_IMAGE },
		{ note_beyond_the_file, PART_R_IMAGE },
		{ no_note, PART_R_IMAGE },
		{ note_of_another, PART_R_IMAGE },
		{ note_too_long, PART_R_IMAGE },
		{ note_without_address, PART_R_IMAGE },
		{ entry_elsewhere, PART_R_IMAGE },
		{ entry_in_the_tables, PART_R_IMAGE },
		{ overlaps_itself, PART_R_IMAGE },
		{ too_short, PART_R_IMAGE },
		{ cut_off, PART_R_IMAGE },
		{ outside_storage, PART_R_IMAGE_SIZE },
		{ across_the_end, PART_R_IMAGE_SIZE },
		{ wraps_around, PART_R_IMAGE_SIZE },
		{ on_the_devices, PART_R_IMAGE_SIZE },
		{ larger_than_the_world, PART_R_IMAGE_SIZE },
		{ on_the_tables, PART_R_IMAGE },
	};
	struct image img;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		image_make(&img, true, LOAD_AT, code, sizeof(code), 0);
		assert_int_equal(load(*state, &img), PART_R_NONE);
		cases[i].spoil(&img);
		if (load(*state, &img) != cases[i].reason)
			fail_msg("case %zu: another reason", i);
	}
}

static void test_files_that_are_none(void **state)
{
	struct fail why = { .reason = PART_R_NONE };
	struct machine_storage *s = *state;
	struct ipl_start start;
	struct image img;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_not_equal(load_fd(s, ends[0], -1, "", &start, &why), 0);
	assert_int_equal(why.reason, PART_R_IMAGE);
	close(ends[1]);

	image_make(&img, true, LOAD_AT, code, sizeof(code), 0);
	assert_int_not_equal(
		load_fd(s, image_fd(&img), bytes_fd("", 0), "", &start, &why), 0);
	assert_int_equal(why.reason, PART_R_IMAGE);
}

static void test_an_unknown_kind(void **state)
{
	struct machine_storage *s = *state;
	struct ipl_source src;
	struct fail why = { .reason = PART_R_NONE };
	struct ipl_start start;

	ipl_source_init(&src);
	src.kind = 77;
	src.image = bytes_fd("x", 1);
	assert_int_equal(ipl_load(&src, &s->g, &acpi, &start, &why), -ENOEXEC);
	assert_int_equal(why.reason, PART_R_IMAGE);
	ipl_source_fini(&src);
}

/* Storage that ends before the ACPI tables do. */
static void test_little_storage(void **state)
{
	struct machine_storage *s = *state;
	struct fail why = { .reason = PART_R_NONE };
	struct machine_storage little = { .g = { .n = 0 } };
	struct ipl_start start;
	struct image img;

	image_make(&img, true, 0x1000, code, sizeof(code), 0);
	assert_int_equal(
		gmem_add(&little.g, 0, GUEST_ACPI_BASE + GUEST_ACPI_SIZE - 4096, s->low),
		0);
	assert_int_not_equal(load_fd(&little, image_fd(&img), -1, "", &start, &why), 0);
	assert_int_equal(why.reason, PART_R_IMAGE_SIZE);
	assert_string_equal(why.text, "the ACPI tables need storage up to 0x100000");
}

static void test_the_registers(void **state)
{
	const struct ipl_start start = { PART_IPL_ELF, 0x100123, 0x1000 };
	struct kvm_sregs sregs = { .apic_base = 0xfee00900, .cr4 = 0xff, .efer = 0x500 };
	struct kvm_regs regs = { .rax = 77, .rflags = 0x202 };

	(void)state;
	ipl_regs(&start, &regs, &sregs);
	assert_int_equal(regs.rip, 0x100123);
	assert_int_equal(regs.rbx, 0x1000);
	assert_int_equal(regs.rflags, 2);
	assert_int_equal(sregs.cr0 & 0x80000001, 1);
	assert_int_equal(sregs.cr4, 0);
	assert_int_equal(sregs.efer, 0);
	assert_int_equal(sregs.cs.base, 0);
	assert_int_equal(sregs.cs.limit, 0xffffffff);
	assert_int_equal(sregs.cs.db, 1);
	assert_int_equal(sregs.ds.limit, 0xffffffff);
	assert_int_equal(sregs.tr.limit, 0x67);
	assert_int_equal(sregs.apic_base, 0xfee00900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_elf64, make, unmake),
		cmocka_unit_test_setup_teardown(test_elf32, make, unmake),
		cmocka_unit_test_setup_teardown(test_the_memory_map, make, unmake),
		cmocka_unit_test_setup_teardown(test_the_reset_vector, make, unmake),
		cmocka_unit_test_setup_teardown(test_an_initrd, make, unmake),
		cmocka_unit_test_setup_teardown(test_nothing_collides, make, unmake),
		cmocka_unit_test_setup_teardown(test_no_room, make, unmake),
		cmocka_unit_test_setup_teardown(test_hostile_images, make, unmake),
		cmocka_unit_test_setup_teardown(test_files_that_are_none, make, unmake),
		cmocka_unit_test_setup_teardown(test_an_unknown_kind, make, unmake),
		cmocka_unit_test_setup_teardown(test_little_storage, make, unmake),
		cmocka_unit_test(test_the_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
