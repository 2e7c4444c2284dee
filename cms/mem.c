/* Storage, from the memory map of the loader (Xen's public start_info.h, version 1). */
#include "cms/mem.h"

#include "cms/layout.h"
#include "cms/string.h"

#define START_MAGIC 0x336ec578u
#define TYPE_RAM    1u
#define TYPE_ACPI   3u /* storage with tables in it... */
#define TYPE_NVS    4u /* ...and what goes with them */

struct start_info {
	uint32_t magic, version, flags, n_modules;
	uint64_t modules, parm, rsdp;
	uint64_t map; /* from version 1 on */
	uint32_t n_map, zero;
};

struct map_entry {
	uint64_t addr, size;
	uint32_t type, zero;
};

extern char image_end[]; /* cms.lds */

static void add_bank(struct mem *m, const struct map_entry *bank);

void mem_start(struct mem *m, uint64_t start_info)
{
	const struct start_info *info = (const void *)start_info;
	const struct map_entry *map;

	m->parm = "";
	if (info->magic != START_MAGIC)
		return;
	if (info->parm)
		m->parm = (const char *)info->parm;
	if (info->version < 1)
		return;
	map = (const void *)info->map;
	for (uint32_t i = 0; i < info->n_map; i++) {
		if (map[i].type == TYPE_RAM)
			add_bank(m, &map[i]);
		if (map[i].type == TYPE_ACPI || map[i].type == TYPE_NVS)
			m->total += map[i].size;
	}
}

void *mem_alloc(struct mem *m, size_t size, size_t align)
{
	uint64_t at = (m->next + align - 1) & ~(uint64_t)(align - 1);

	if (at > m->end || size > m->end - at)
		return NULL;
	m->next = at + size;
	return memset((void *)at, 0, size);
}

static void add_bank(struct mem *m, const struct map_entry *bank)
{
	uint64_t image = (uint64_t)image_end;

	m->total += bank->size;
	if (bank->addr <= image && bank->addr + bank->size > image) {
		m->next = image;
		m->end = bank->addr + bank->size;
	}
}
