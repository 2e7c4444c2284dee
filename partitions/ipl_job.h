/* What the loaders share: one load in progress. */
#ifndef PARTITIONS_IPL_JOB_H
#define PARTITIONS_IPL_JOB_H

#include "partitions/ipl.h"

#define IPL_MAX_PIECES 72 /* of an image, with what we add to it */
#define IPL_PAGE       4096u

struct ipl_piece {
	gpa_t base;
	uint64_t size;
};

/* The memory map, as PVH and Linux both number its types. */
enum { IPL_MAP_RAM = 1, IPL_MAP_RESERVED = 2, IPL_MAP_ACPI = 3, IPL_MAP_NVS = 4 };
#define IPL_MAX_MAP (GMEM_MAX_REGIONS + 4)

struct ipl_map_entry {
	gpa_t addr;
	uint64_t size;
	uint32_t type;
};

struct ipl_job {
	const struct ipl_source *src;
	const struct gmem *g;
	struct fail *why;
	uint64_t image_size;
	int n_pieces;
	struct ipl_piece piece[IPL_MAX_PIECES]; /* storage that is taken */
};

/* A kind of image.  `regs` is given what power-on leaves. */
struct ipl_loader {
	int (*load)(struct ipl_job *job, struct ipl_start *start);
	void (*regs)(const struct ipl_start *start, struct kvm_regs *regs,
		struct kvm_sregs *sregs);
};

extern const struct ipl_loader ipl_elf, ipl_bzimage;

/* Reads all of [offset, offset + len) of a file.  0, or -errno with job->why. */
int ipl_read(struct ipl_job *job, int fd, uint64_t offset, void *to, uint64_t len);

/* The size of a plain file.  0, or -errno with job->why. */
int ipl_file_size(struct ipl_job *job, int fd, uint64_t *size);

/* Takes a given piece of storage.  0, or -errno with job->why: outside, or taken. */
int ipl_take(struct ipl_job *job, gpa_t base, uint64_t size);

/* Is this piece within storage, and free? */
bool ipl_is_free(const struct ipl_job *job, gpa_t base, uint64_t size);
bool ipl_is_taken(const struct ipl_job *job, gpa_t addr);

/* Finds, and takes, `size` bytes that are free, below 4 GiB: the lowest from `from` on,
 * at a multiple of `align` (a power of two); the highest below `limit`, at a page
 * boundary. 0 and *base, or -errno with job->why. */
int ipl_take_low(
	struct ipl_job *job, gpa_t from, uint64_t align, uint64_t size, gpa_t *base);
int ipl_take_high(struct ipl_job *job, uint64_t size, gpa_t limit, gpa_t *base);

/* Takes the place of the ACPI tables and of the reset vector, and writes them.  0, or
 * -errno with job->why. */
int ipl_acpi(struct ipl_job *job, const struct acpi_machine *acpi);

bool ipl_is_acpi(gpa_t addr); /* is it there? */

/* Fills in the memory map and returns the number of its entries. */
unsigned ipl_map(const struct gmem *g, struct ipl_map_entry map[IPL_MAX_MAP]);

/* Loads the initial RAM disk as high as it goes below `limit`.  0 and where it is, size
 * 0: there is none; or -errno with job->why. */
int ipl_load_initrd(struct ipl_job *job, gpa_t limit, struct ipl_piece *where);

/* Makes the struct hvm_start_info of the PVH boot ABI, with all it leads to. */
int ipl_pvh_info(struct ipl_job *job, gpa_t *info);

#endif
