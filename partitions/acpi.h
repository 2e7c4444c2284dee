/* The ACPI tables of a machine: hardware-reduced, so that a guest looks for nothing that
 * is not there.  (ACPI 6.5, 4.1, 5.2) */
#ifndef PARTITIONS_ACPI_H
#define PARTITIONS_ACPI_H

#include "cp/lib/gmem.h"

#include <stdint.h>

#define ACPI_GENERATION_LEN 16

/* What of a machine the tables tell. */
struct acpi_machine {
	unsigned n_cpus;
	unsigned max_cpus; /* with those that may come while the guest runs */
	uint8_t generation[ACPI_GENERATION_LEN]; /* id of this run of the guest */
};

/* Writes the tables to GUEST_ACPI_BASE, where the RSDP comes first, and the generation
 * id. 0; -EFAULT: storage ends before. */
int acpi_write(const struct acpi_machine *m, const struct gmem *g);

/* Writes only the generation id, anew. */
int acpi_write_generation(const struct acpi_machine *m, const struct gmem *g);

#endif
