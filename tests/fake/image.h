/* Small PVH images for tests: one segment of code and the note that names its entry. */
#ifndef TESTS_FAKE_IMAGE_H
#define TESTS_FAKE_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_NOTE 0x200u /* offset of the note */
#define IMAGE_CODE 0x400u /* offset of the code */
#define IMAGE_MAX  0x4000u

struct image {
	size_t len;
	union {
		uint8_t data[IMAGE_MAX];
		struct {
			Elf64_Ehdr head;
			Elf64_Phdr load, note;
		} e64;
		struct {
			Elf32_Ehdr head;
			Elf32_Phdr load, note;
		} e32;
	};
};

/* An image whose code is to be at `addr` and begins there, with `bss` bytes of zeros
 * behind it. */
void image_make(struct image *img, bool is_64, uint32_t addr, const void *code,
	size_t len, uint32_t bss);

/* A file with these bytes; the caller's. */
int image_fd(const struct image *img);
int bytes_fd(const void *bytes, size_t len);

#endif
