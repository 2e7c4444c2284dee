/* What a PVH guest is told about its machine.
 * (Xen public/arch-x86/hvm/start_info.h; docs/misc/pvh.pandoc) */
#include "partitions/ipl_job.h"

#include "cp/guest_abi.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define START_MAGIC   0x336ec578u
#define START_VERSION 1
#define MAP_RAM       1u
#define MAP_RESERVED  2u
#define MAP_MAX       (GMEM_MAX_REGIONS + 1)

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
	struct map_entry map[MAP_MAX];
};

static_assert(sizeof(struct start_info) == 56, "as the ABI has it");
static_assert(sizeof(struct module) == 32 && sizeof(struct map_entry) == 24,
	"as the ABI has it");

static int load_initrd(struct ipl_job *job, struct module *m);
static uint32_t make_map(const struct gmem *g, struct map_entry *map);

int ipl_pvh_info(struct ipl_job *job, gpa_t *info)
{
	const char *parm = job->src->parm ? job->src->parm : "";
	size_t parm_size = strlen(parm) + 1;
	struct block b = { .info = { .magic = START_MAGIC, .version = START_VERSION } };
	gpa_t base;
	int err = ipl_take_low(job, sizeof(b) + parm_size, &base);

	if (!err && job->src->initrd >= 0)
		err = load_initrd(job, &b.initrd);
	if (err)
		return err;

	b.info.n_modules = job->src->initrd >= 0;
	b.info.modules = base + offsetof(struct block, initrd);
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

static int load_initrd(struct ipl_job *job, struct module *m)
{
	int fd = job->src->initrd;
	int err = ipl_file_size(job, fd, &m->size);

	if (err)
		return err;
	if (!m->size)
		return fail_set(
			job->why, PART_R_IMAGE, ENODATA, "the initial RAM disk is empty");
	err = ipl_take_high(job, m->size, &m->addr);
	if (err)
		return err;
	return ipl_read(job, fd, 0, gmem_at(job->g, m->addr, m->size), m->size);
}

static uint32_t make_map(const struct gmem *g, struct map_entry *map)
{
	uint32_t n = 0;

	for (int i = 0; i < g->n; i++)
		map[n++] = (struct map_entry) { g->region[i].base, g->region[i].size,
			MAP_RAM, 0 };
	map[n++] = (struct map_entry) { GUEST_ECAM_BASE, GUEST_ECAM_SIZE, MAP_RESERVED,
		0 };
	return n;
}
