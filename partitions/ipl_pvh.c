/* What a PVH guest is told about its machine.
 * (Xen public/arch-x86/hvm/start_info.h; docs/misc/pvh.pandoc) */
#include "partitions/ipl_job.h"

#include "cp/guest_abi.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define START_MAGIC   0x336ec578u
#define START_VERSION 1

struct start_info {
	uint32_t magic, version, flags, n_modules;
	uint64_t modules, cmdline, rsdp, map;
	uint32_t n_map, reserved;
};

struct module {
	uint64_t addr, size, cmdline, reserved;
};

struct map_entry {
	uint64_t addr, size;
	uint32_t type, reserved;
};

/* All of it, as it lies in storage; the command line follows. */
struct block {
	struct start_info info;
	struct module initrd;
	struct map_entry map[IPL_MAX_MAP];
};

static_assert(sizeof(struct start_info) == 56, "as the ABI has it");
static_assert(sizeof(struct module) == 32 && sizeof(struct map_entry) == 24,
	"as the ABI has it");

static uint32_t make_map(const struct gmem *g, struct map_entry *map);

int ipl_pvh_info(struct ipl_job *job, gpa_t *info)
{
	const char *parm = job->src->parm ? job->src->parm : "";
	size_t parm_size = strlen(parm) + 1;
	struct block b = { .info = { .magic = START_MAGIC, .version = START_VERSION } };
	gpa_t base;
	struct ipl_piece initrd;
	int err = ipl_take_low(job, IPL_PAGE, IPL_PAGE, sizeof(b) + parm_size, &base);

	if (!err)
		err = ipl_load_initrd(job, GUEST_LOW_END, &initrd);
	if (err)
		return err;

	b.initrd = (struct module) { .addr = initrd.base, .size = initrd.size };
	b.info.n_modules = initrd.size != 0;
	b.info.modules = base + offsetof(struct block, initrd);
	b.info.rsdp = GUEST_ACPI_BASE;
	b.info.n_map = make_map(job->g, b.map);
	b.info.map = base + offsetof(struct block, map);
	b.info.cmdline = base + sizeof(b);
	err = gmem_write(job->g, base, &b, sizeof(b));
	if (!err)
		err = gmem_write(job->g, base + sizeof(b), parm, parm_size);
	if (err)
		return fail_set(job->why, PART_R_IMAGE_SIZE, err, "no room to say so");
	*info = base;
	return 0;
}

static uint32_t make_map(const struct gmem *g, struct map_entry *map)
{
	struct ipl_map_entry entry[IPL_MAX_MAP];
	unsigned n = ipl_map(g, entry);

	for (unsigned i = 0; i < n; i++)
		map[i] = (struct map_entry) { entry[i].addr, entry[i].size, entry[i].type,
			0 };
	return n;
}
