/* Images made by hand, so that a test can break any field of them. */
#include "tests/fake/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOTE_LEN 20 /* header, "Xen", address */

static void put_note(struct image *img, uint32_t entry)
{
	const Elf32_Nhdr head = { .n_namesz = 4, .n_descsz = 4, .n_type = 18 };
	uint8_t *at = img->data + IMAGE_NOTE;

	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), "Xen", 4);
	memcpy(at + sizeof(head) + 4, &entry, sizeof(entry));
}

static void put_headers_64(struct image *img, uint32_t addr, size_t len, uint32_t bss)
{
	img->e64.head = (Elf64_Ehdr) {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	img->e64.load = (Elf64_Phdr) { .p_type = PT_LOAD,
		.p_offset = IMAGE_CODE,
		.p_paddr = addr,
		.p_filesz = len,
		.p_memsz = len + bss };
	img->e64.note = (Elf64_Phdr) { .p_type = PT_NOTE,
		.p_offset = IMAGE_NOTE,
		.p_filesz = NOTE_LEN,
		.p_memsz = NOTE_LEN,
		.p_align = 4 };
}

static void put_headers_32(struct image *img, uint32_t addr, size_t len, uint32_t bss)
{
	img->e32.head = (Elf32_Ehdr) {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf32_Ehdr),
		.e_ehsize = sizeof(Elf32_Ehdr),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 2,
	};
	img->e32.load = (Elf32_Phdr) { .p_type = PT_LOAD,
		.p_offset = IMAGE_CODE,
		.p_paddr = addr,
		.p_filesz = (uint32_t)len,
		.p_memsz = (uint32_t)len + bss };
	img->e32.note = (Elf32_Phdr) { .p_type = PT_NOTE,
		.p_offset = IMAGE_NOTE,
		.p_filesz = NOTE_LEN,
		.p_memsz = NOTE_LEN,
		.p_align = 4 };
}

void image_make(struct image *img, bool is_64, uint32_t addr, const void *code,
	size_t len, uint32_t bss)
{
	if (len > IMAGE_MAX - IMAGE_CODE)
		abort();
	memset(img, 0, sizeof(*img));
	if (is_64)
		put_headers_64(img, addr, len, bss);
	else
		put_headers_32(img, addr, len, bss);
	put_note(img, addr);
	memcpy(img->data + IMAGE_CODE, code, len);
	img->len = IMAGE_CODE + len;
}

int image_fd(const struct image *img)
{
	return bytes_fd(img->data, img->len);
}

int bytes_fd(const void *bytes, size_t len)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	return fd;
}
