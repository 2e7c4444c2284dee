/* Which loader, and what they have in common: reading, and finding room in storage. */
#include "partitions/ipl_job.h"

#include "cp/guest_abi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct ipl_loader *loader_of(enum part_ipl_kind kind);
static const struct ipl_piece *collides(
	const struct ipl_job *job, gpa_t base, uint64_t size);

void ipl_source_init(struct ipl_source *src)
{
	*src = (struct ipl_source) { .image = -1, .initrd = -1 };
}

void ipl_source_fini(struct ipl_source *src)
{
	if (src->image >= 0)
		close(src->image);
	if (src->initrd >= 0)
		close(src->initrd);
	free(src->parm);
	ipl_source_init(src);
}

int ipl_load(const struct ipl_source *src, const struct gmem *g,
	const struct acpi_machine *acpi, struct ipl_start *start, struct fail *why)
{
	const struct ipl_loader *loader = loader_of(src->kind);
	struct ipl_job job = { .src = src, .g = g, .why = why };
	int err;

	if (!loader)
		return fail_set(
			why, PART_R_IMAGE, ENOEXEC, "images of its kind are unknown");
	err = ipl_file_size(&job, src->image, &job.image_size);
	if (!err)
		err = ipl_acpi(&job, acpi);
	if (err)
		return err;

	start->kind = src->kind;
	return loader->load(&job, start);
}

void ipl_regs(
	const struct ipl_start *start, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	loader_of(start->kind)->regs(start, regs, sregs);
}

static const struct ipl_loader *loader_of(enum part_ipl_kind kind)
{
	switch (kind) {
	case PART_IPL_ELF: return &ipl_elf;
	case PART_IPL_BZIMAGE: return &ipl_bzimage;
	default: return NULL;
	}
}

int ipl_read(struct ipl_job *job, int fd, uint64_t offset, void *to, uint64_t len)
{
	uint8_t *p = to;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_set(job->why, PART_R_IO, errno, "reading failed: %s",
				strerrorname_np(errno));
		if (!n)
			return fail_set(job->why, PART_R_IO, ENODATA,
				"it became shorter while it was read");
		p += n;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

int ipl_file_size(struct ipl_job *job, int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail_set(job->why, PART_R_IO, errno, "no such file");
	if (!S_ISREG(st.st_mode))
		return fail_set(
			job->why, PART_R_IMAGE, ENOEXEC, "it is not a plain file");
	*size = (uint64_t)st.st_size;
	return 0;
}

int ipl_take(struct ipl_job *job, gpa_t base, uint64_t size)
{
	if (!gmem_at(job->g, base, size))
		return fail_set(job->why, PART_R_IMAGE_SIZE, ENOSPC,
			"%#jx bytes at %#jx are not within storage", (uintmax_t)size,
			(uintmax_t)base);
	if (collides(job, base, size))
		return fail_set(job->why, PART_R_IMAGE, ENOEXEC,
			"%#jx bytes at %#jx overlap another part", (uintmax_t)size,
			(uintmax_t)base);
	if (job->n_pieces == IPL_MAX_PIECES)
		return fail_set(job->why, PART_R_IMAGE, ENOEXEC, "it has too many parts");
	job->piece[job->n_pieces++] = (struct ipl_piece) { base, size };
	return 0;
}

static gpa_t round_up(gpa_t at, uint64_t align)
{
	return (at + align - 1) & ~(align - 1);
}

/* Each step passes one piece, so it ends. */
int ipl_take_low(
	struct ipl_job *job, gpa_t from, uint64_t align, uint64_t size, gpa_t *base)
{
	const struct ipl_piece *p;

	*base = round_up(from, align);
	while ((p = collides(job, *base, size)))
		*base = round_up(p->base + p->size, align);
	return ipl_take(job, *base, size);
}

int ipl_take_high(struct ipl_job *job, uint64_t size, gpa_t limit, gpa_t *base)
{
	gpa_t end = job->g->region[0].base + job->g->region[0].size;
	const struct ipl_piece *p = NULL;

	if (end > limit)
		end = limit;
	do {
		if (p)
			end = p->base;
		if (end < size)
			return fail_set(job->why, PART_R_IMAGE_SIZE, ENOSPC,
				"there is no room for %#jx bytes", (uintmax_t)size);
		*base = (end - size) & ~(gpa_t)(IPL_PAGE - 1);
	} while ((p = collides(job, *base, size)));
	return ipl_take(job, *base, size);
}

bool ipl_is_free(const struct ipl_job *job, gpa_t base, uint64_t size)
{
	return gmem_at(job->g, base, size) && !collides(job, base, size);
}

bool ipl_is_taken(const struct ipl_job *job, gpa_t addr)
{
	return collides(job, addr, 1) != NULL;
}

static const struct ipl_piece *collides(
	const struct ipl_job *job, gpa_t base, uint64_t size)
{
	for (int i = 0; i < job->n_pieces; i++) {
		const struct ipl_piece *p = &job->piece[i];

		if (base < p->base + p->size && p->base < base + size)
			return p;
	}
	return NULL;
}
