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

extern const struct ipl_loader ipl_elf;

/* Reads all of [offset, offset + len) of a file.  0, or -errno with job->why. */
int ipl_read(struct ipl_job *job, int fd, uint64_t offset, void *to, uint64_t len);

/* The size of a plain file.  0, or -errno with job->why. */
int ipl_file_size(struct ipl_job *job, int fd, uint64_t *size);

/* Takes a given piece of storage.  0, or -errno with job->why: outside, or taken. */
int ipl_take(struct ipl_job *job, gpa_t base, uint64_t size);

/* Finds, and takes, `size` bytes from a page boundary on, below 4 GiB, that are free: the
 * lowest above page 0, or the highest.  0 and *base, or -errno with job->why. */
int ipl_take_low(struct ipl_job *job, uint64_t size, gpa_t *base);
int ipl_take_high(struct ipl_job *job, uint64_t size, gpa_t *base);

bool ipl_is_taken(const struct ipl_job *job, gpa_t addr);

/* Makes the struct hvm_start_info of the PVH boot ABI, with all it leads to. */
int ipl_pvh_info(struct ipl_job *job, gpa_t *info);

#endif
