/* A Linux kernel of an IPL, as a file that anybody may have made. */
#include "partitions/ipl.h"
#include "tests/fake/image.h"

#include <stdlib.h>
#include <string.h>

#define STORAGE   (2u << 20)
#define ZERO_PAGE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipl_source src = { .kind = PART_IPL_BZIMAGE, .initrd = -1 };
	const struct acpi_machine acpi = { .n_cpus = 1, .max_cpus = 1 };
	uint8_t *storage = malloc(STORAGE);
	struct gmem g = { .n = 0 };
	struct ipl_start start;
	struct fail why;

	src.image = bytes_fd(data, size);
	src.initrd = bytes_fd("disk", 4);
	src.parm = strdup("a command line");
	if (!storage || gmem_add(&g, 0, STORAGE, storage))
		abort();
	if (!ipl_load(&src, &g, &acpi, &start, &why)) {
		/* what was loaded lies within storage, with what tells of it */
		if (!gmem_at(&g, start.entry, 1) || !gmem_at(&g, start.info, ZERO_PAGE))
			abort();
	}
	ipl_source_fini(&src);
	free(storage);
	return 0;
}
