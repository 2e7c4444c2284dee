/* ELF images with a PVH entry point: CMS, and Linux's vmlinux.
 *
 * Segments go to their physical addresses; the entry is that of the note by which Xen
 * guests name it.  (System V ABI, 4 and 5; Xen docs/misc/pvh.pandoc, elfnote.h) */
#include "partitions/ipl_job.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SEGMENTS      64
#define MAX_NOTES         65536u /* bytes of one segment of notes */
#define NOTE_PHYS32_ENTRY 18     /* XEN_ELFNOTE_PHYS32_ENTRY */
#define NOTE_OWNER        "Xen"

/* What we use of the headers, of either class. */
struct elf {
	bool is_64;
	unsigned n;
	uint64_t table; /* offset of the program headers */
};

struct segment {
	uint32_t type;
	uint64_t offset, size_in_file, addr, size, align;
};

static int read_header(struct ipl_job *job, struct elf *elf);
static int read_segment(
	struct ipl_job *job, const struct elf *elf, unsigned i, struct segment *s);
static int load_segment(struct ipl_job *job, const struct segment *s);
static int read_notes(struct ipl_job *job, const struct segment *s, gpa_t *entry);
static int load(struct ipl_job *job, struct ipl_start *start);
static void regs(const struct ipl_start *start, struct kvm_regs *r, struct kvm_sregs *s);

const struct ipl_loader ipl_elf = { load, regs };

static int bad(struct ipl_job *job, const char *what)
{
	return fail_set(job->why, PART_R_IMAGE, ENOEXEC, "%s", what);
}

static int load(struct ipl_job *job, struct ipl_start *start)
{
	struct elf elf = { 0 };
	struct segment s;
	gpa_t entry = 0;
	int err = read_header(job, &elf);

	for (unsigned i = 0; i < elf.n && !err; i++) {
		err = read_segment(job, &elf, i, &s);
		if (!err && s.type == PT_LOAD && s.size)
			err = load_segment(job, &s);
		if (!err && s.type == PT_NOTE)
			err = read_notes(job, &s, &entry);
	}
	if (err)
		return err;
	if (!entry)
		return bad(job, "it has no PVH entry point");
	if (!ipl_is_taken(job, entry) || ipl_is_acpi(entry))
		return bad(job, "its PVH entry point is not in it");
	start->entry = entry;
	return ipl_pvh_info(job, &start->info);
}

/* 32-bit protected mode, flat segments, no paging: "x86/HVM direct boot ABI". */
static void regs(const struct ipl_start *start, struct kvm_regs *r, struct kvm_sregs *s)
{
	const struct kvm_segment code = { .limit = 0xffffffff,
		.selector = 0x08,
		.type = 0xb,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1 };
	struct kvm_segment data = code;

	data.type = 0x3;
	data.selector = 0x10;
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment) { .limit = 0x67, .type = 0xb, .present = 1 };
	s->gdt.limit = s->idt.limit = 0;
	s->cr0 = 0x11; /* PE, ET */
	s->cr4 = 0;
	s->efer = 0;
	*r = (struct kvm_regs) {
		.rip = start->entry,
		.rbx = start->info,
		.rflags = 0x2,
	};
}

static int take_header(struct ipl_job *job, struct elf *elf, unsigned machine,
	uint64_t table, unsigned entry_size, unsigned n)
{
	unsigned want = elf->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (machine != EM_X86_64 && machine != EM_386)
		return bad(job, "it is for another processor");
	if (entry_size != want)
		return bad(job, "its program headers have an unknown size");
	if (!n || n > MAX_SEGMENTS)
		return bad(job, "it has no program headers, or too many");
	if (table > job->image_size || n * want > job->image_size - table)
		return bad(job, "its program headers are beyond its end");
	elf->table = table;
	elf->n = n;
	return 0;
}

static int read_header(struct ipl_job *job, struct elf *elf)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} h;
	int err;

	if (job->image_size < sizeof(h))
		return bad(job, "it is too short");
	err = ipl_read(job, job->src->image, 0, &h, sizeof(h));
	if (err)
		return err;
	if (memcmp(h.ident, ELFMAG, SELFMAG) != 0 || h.ident[EI_DATA] != ELFDATA2LSB)
		return bad(job, "it is not an ELF file");

	elf->is_64 = h.ident[EI_CLASS] == ELFCLASS64;
	if (elf->is_64)
		return take_header(job, elf, h.h64.e_machine, h.h64.e_phoff,
			h.h64.e_phentsize, h.h64.e_phnum);
	return take_header(job, elf, h.h32.e_machine, h.h32.e_phoff, h.h32.e_phentsize,
		h.h32.e_phnum);
}

static int read_segment(
	struct ipl_job *job, const struct elf *elf, unsigned i, struct segment *s)
{
	union {
		Elf32_Phdr p32;
		Elf64_Phdr p64;
	} p;
	size_t len = elf->is_64 ? sizeof(p.p64) : sizeof(p.p32);
	int err = ipl_read(job, job->src->image, elf->table + i * len, &p, len);

	if (err)
		return err;
	if (elf->is_64)
		*s = (struct segment) { p.p64.p_type, p.p64.p_offset, p.p64.p_filesz,
			p.p64.p_paddr, p.p64.p_memsz, p.p64.p_align };
	else
		*s = (struct segment) { p.p32.p_type, p.p32.p_offset, p.p32.p_filesz,
			p.p32.p_paddr, p.p32.p_memsz, p.p32.p_align };

	if (s->type != PT_LOAD && s->type != PT_NOTE)
		return 0;
	if (s->offset > job->image_size || s->size_in_file > job->image_size - s->offset)
		return bad(job, "one of its segments is beyond its end");
	if (s->type == PT_LOAD && s->size < s->size_in_file)
		return bad(job, "one of its segments does not fit itself");
	return 0;
}

static int load_segment(struct ipl_job *job, const struct segment *s)
{
	uint8_t *to;
	int err = ipl_take(job, s->addr, s->size);

	if (err)
		return err;
	to = gmem_at(job->g, s->addr, s->size);
	err = ipl_read(job, job->src->image, s->offset, to, s->size_in_file);
	if (!err)
		memset(to + s->size_in_file, 0, s->size - s->size_in_file);
	return err;
}

/* Name and description are each padded to `align`; sizes are checked before rounding, so
 * that nothing wraps. */
static const uint8_t *next_note(const uint8_t **at, const uint8_t *end, size_t align,
	Elf32_Nhdr *h, const uint8_t **desc)
{
	const uint8_t *name;
	size_t left = (size_t)(end - *at), name_len, desc_len;

	if (left < sizeof(*h))
		return NULL;
	memcpy(h, *at, sizeof(*h));
	left -= sizeof(*h);
	name = *at + sizeof(*h);
	if (h->n_namesz > left || h->n_descsz > left)
		return NULL;
	name_len = (h->n_namesz + align - 1) & ~(align - 1);
	desc_len = (h->n_descsz + align - 1) & ~(align - 1);
	if (name_len > left || h->n_descsz > left - name_len)
		return NULL;
	*desc = name + name_len;
	*at = desc_len > left - name_len ? end : *desc + desc_len;
	return name;
}

static void find_entry(const uint8_t *at, const uint8_t *end, size_t align, gpa_t *entry)
{
	const uint8_t *name, *desc;
	Elf32_Nhdr h;

	while ((name = next_note(&at, end, align, &h, &desc))) {
		uint32_t addr;

		if (h.n_type != NOTE_PHYS32_ENTRY || h.n_namesz != sizeof(NOTE_OWNER) ||
			memcmp(name, NOTE_OWNER, sizeof(NOTE_OWNER)) != 0)
			continue;
		if (h.n_descsz < sizeof(addr))
			continue;
		memcpy(&addr, desc, sizeof(addr));
		*entry = addr;
	}
}

static int read_notes(struct ipl_job *job, const struct segment *s, gpa_t *entry)
{
	uint8_t *notes;
	int err;

	if (s->size_in_file > MAX_NOTES)
		return bad(job, "its notes are too long");
	if (!s->size_in_file)
		return 0;
	notes = malloc(s->size_in_file);
	if (!notes)
		return fail_set(job->why, PART_R_IO, ENOMEM, "no memory");
	err = ipl_read(job, job->src->image, s->offset, notes, s->size_in_file);
	if (!err)
		find_entry(notes, notes + s->size_in_file, s->align == 8 ? 8 : 4, entry);
	free(notes);
	return err;
}
