/* What every image is told of its machine: where storage is, and the ACPI tables; what it
 * may jump to for a restart; and the initial RAM disk. */
#include "partitions/ipl_job.h"

#include "cp/guest_abi.h"

#include <errno.h>

static unsigned add(
	struct ipl_map_entry *map, unsigned n, gpa_t base, uint64_t size, uint32_t type);

/* mov $0xfe, %al; out %al, $0x64; then what should not be reached: hlt; jmp to it. */
static const uint8_t reset_code[] = { 0xb0, 0xfe, 0xe6, GUEST_I8042_PORT, 0xf4, 0xeb,
	0xfd };

int ipl_acpi(struct ipl_job *job, const struct acpi_machine *acpi)
{
	int err = -EFAULT;

	if (gmem_at(job->g, GUEST_ACPI_BASE, GUEST_ACPI_SIZE))
		err = acpi_write(acpi, job->g);
	if (!err)
		err = gmem_write(
			job->g, GUEST_RESET_VECTOR, reset_code, sizeof(reset_code));
	if (err == -EFAULT)
		return fail_set(job->why, PART_R_IMAGE_SIZE, err,
			"the ACPI tables need storage up to %#x",
			GUEST_ACPI_BASE + GUEST_ACPI_SIZE);
	if (err)
		return fail_set(job->why, PART_R_IO, err, "no memory");
	return ipl_take(job, GUEST_ACPI_BASE, GUEST_ACPI_SIZE);
}

bool ipl_is_acpi(gpa_t addr)
{
	return addr - GUEST_ACPI_BASE < GUEST_ACPI_SIZE;
}

/* The first bank is around the tables: it was long enough for them.  A guest may use
 * their place once it has read them, but not that of what we write or it jumps to later.
 */
unsigned ipl_map(const struct gmem *g, struct ipl_map_entry map[IPL_MAX_MAP])
{
	const gpa_t kept = GUEST_GENERATION_ADDR;
	const gpa_t behind = GUEST_ACPI_BASE + GUEST_ACPI_SIZE;
	unsigned n = add(map, 0, 0, GUEST_ACPI_BASE, IPL_MAP_RAM);

	n = add(map, n, GUEST_ACPI_BASE, kept - GUEST_ACPI_BASE, IPL_MAP_ACPI);
	n = add(map, n, kept, behind - kept, IPL_MAP_NVS);
	n = add(map, n, behind, g->region[0].size - behind, IPL_MAP_RAM);
	for (int i = 1; i < g->n; i++)
		n = add(map, n, g->region[i].base, g->region[i].size, IPL_MAP_RAM);
	return add(map, n, GUEST_ECAM_BASE, GUEST_ECAM_SIZE, IPL_MAP_RESERVED);
}

int ipl_load_initrd(struct ipl_job *job, gpa_t limit, struct ipl_piece *where)
{
	int fd = job->src->initrd;
	int err;

	*where = (struct ipl_piece) { 0, 0 };
	if (fd < 0)
		return 0;
	err = ipl_file_size(job, fd, &where->size);
	if (err)
		return err;
	if (!where->size)
		return fail_set(
			job->why, PART_R_IMAGE, ENODATA, "the initial RAM disk is empty");
	err = ipl_take_high(job, where->size, limit, &where->base);
	if (err)
		return fail_set(job->why, PART_R_IMAGE_SIZE, err,
			"there is no room for the initial RAM disk of %ju KiB",
			(uintmax_t)(where->size / 1024));
	return ipl_read(
		job, fd, 0, gmem_at(job->g, where->base, where->size), where->size);
}

static unsigned add(
	struct ipl_map_entry *map, unsigned n, gpa_t base, uint64_t size, uint32_t type)
{
	if (!size)
		return n;
	map[n] = (struct ipl_map_entry) { base, size, type };
	return n + 1;
}
