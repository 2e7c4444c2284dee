/* Initial program load: an image read into storage, and where the first vCPU begins.
 *
 * The image is hostile: nothing it says is believed before it was held against the size
 * of the file and the bounds of storage. */
#ifndef PARTITIONS_IPL_H
#define PARTITIONS_IPL_H

#include "cp/lib/gmem.h"
#include "partitions/acpi.h"
#include "partitions/fail.h"

#include <linux/kvm.h>

#define IPL_MAX_PARM 4096 /* bytes of a command line */

/* What is loaded; kept for the next time the guest resets itself. */
struct ipl_source {
	enum part_ipl_kind kind;
	int image, initrd; /* owned; -1: none */
	char *parm;        /* the command line, terminated; owned */
};

void ipl_source_init(struct ipl_source *src); /* nothing */
void ipl_source_fini(struct ipl_source *src);

struct ipl_start {
	enum part_ipl_kind kind;
	gpa_t entry; /* of the first instruction */
	gpa_t info;  /* of what the image is told about its machine */
};

/* Loads, and writes the ACPI tables of the machine `acpi`.  0 and *start; else -errno,
 * *why, and nothing promised about storage. */
int ipl_load(const struct ipl_source *src, const struct gmem *g,
	const struct acpi_machine *acpi, struct ipl_start *start, struct fail *why);

/* Changes the registers of a vCPU after power-on into those an image begins with. */
void ipl_regs(
	const struct ipl_start *start, struct kvm_regs *regs, struct kvm_sregs *sregs);

#endif
