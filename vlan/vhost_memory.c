/* Mapping a frontend's memory, and living with what it does to it. */
#include "vlan/vhost_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A signal handler has nothing else to go by.  Only the switch's thread adds, removes and
 * touches memory, so the handler never finds it half changed. */
static struct list mapped = LIST_INIT(mapped);

static void install_handler(void);
static struct vhost_region *find_same(
	struct vhost_map *map, const struct vhost_user_region *region);
static int map_region(struct vhost_region *r, int fd);
static int replace(struct vhost_map *map, struct vhost_region *old,
	const struct vhost_user_region *conf, int fd);
static void map_clear(struct vhost_map *map);
static int map_add(struct vhost_map *map, const struct vhost_user_region *conf, int fd);

void vhost_memory_init(struct vhost_memory *m)
{
	*m = (struct vhost_memory) { .cut = 0 };
	install_handler();
	list_append(&mapped, &m->node);
}

void vhost_memory_fini(struct vhost_memory *m)
{
	map_clear(&m->map);
	list_remove(&m->node);
}

int vhost_memory_set(struct vhost_memory *m, const struct vhost_user_region *region,
	int n, const int *fds, int n_fds)
{
	struct vhost_map new = { .n = 0 };
	int err = n == n_fds ? 0 : -EINVAL;

	for (int i = 0; i < n && !err; i++)
		err = map_add(&new, &region[i], fds[i]);
	if (err) {
		map_clear(&new);
		return err;
	}
	map_clear(&m->map);
	m->map = new;
	return 0;
}

/* QEMU adds and removes each region once for every pair of queues. */
int vhost_memory_add(
	struct vhost_memory *m, const struct vhost_user_region *region, int fd)
{
	struct vhost_region *same = find_same(&m->map, region);

	return same ? replace(&m->map, same, region, fd) : map_add(&m->map, region, fd);
}

void vhost_memory_remove(struct vhost_memory *m, const struct vhost_user_region *region)
{
	struct vhost_map *map = &m->map;
	struct vhost_region *r = find_same(map, region);

	if (!r)
		return;
	gmem_remove(&map->gmem, r->conf.gpa);
	munmap(r->map, r->map_size);
	map->bytes -= r->conf.size;
	*r = map->region[--map->n];
}

bool vhost_memory_find(const struct vhost_memory *m, uint64_t user, gpa_t *gpa)
{
	for (int i = 0; i < m->map.n; i++) {
		const struct vhost_user_region *r = &m->map.region[i].conf;

		if (user - r->user_addr >= r->size)
			continue;
		*gpa = r->gpa + (user - r->user_addr);
		return true;
	}
	return false;
}

static struct vhost_region *find_same(
	struct vhost_map *map, const struct vhost_user_region *region)
{
	for (int i = 0; i < map->n; i++) {
		const struct vhost_user_region *r = &map->region[i].conf;

		if (r->gpa == region->gpa && r->size == region->size &&
			r->user_addr == region->user_addr)
			return &map->region[i];
	}
	return NULL;
}

/* Only system calls, and nothing that the interrupted code holds half changed. */
static bool replace_region(const char *at)
{
	struct list *node;

	list_for_each (node, &mapped) {
		struct vhost_memory *m = container_of(node, struct vhost_memory, node);

		for (int i = 0; i < m->map.n; i++) {
			const struct vhost_region *r = &m->map.region[i];

			if ((size_t)(at - (const char *)r->map) >= r->map_size)
				continue;
			m->cut = 1;
			return mmap(r->map, r->map_size, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
					       MAP_NORESERVE,
				       -1, 0) != MAP_FAILED;
		}
	}
	return false;
}

/* What is no frontend's memory is a bug of ours: the process ends of it. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (!replace_region(info->si_addr))
		signal(sig, SIG_DFL);
	errno = saved;
}

static void install_handler(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

/* Seals are a matter of memfd, tmpfs and hugetlbfs; of no file whose system could make
 * us wait for a page. */
static bool is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

/* Huge pages are mapped in whole ones, wherever the region begins. */
static int map_region(struct vhost_region *r, int fd)
{
	const struct vhost_user_region *conf = &r->conf;
	uint64_t unit, from, end;
	struct stat st;
	void *map;

	if (!is_memory(fd) || fstat(fd, &st) || !conf->size)
		return -EINVAL;
	if (conf->mmap_offset > (uint64_t)st.st_size ||
		conf->size > (uint64_t)st.st_size - conf->mmap_offset)
		return -EINVAL;
	unit = (uint64_t)st.st_blksize;
	from = conf->mmap_offset / unit * unit;
	end = (conf->mmap_offset + conf->size + unit - 1) / unit * unit;
	map = mmap(NULL, end - from, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		fd, (off_t)from);
	if (map == MAP_FAILED)
		return -errno;
	madvise(map, end - from, MADV_DONTDUMP);
	r->map = map;
	r->map_size = end - from;
	r->skip = conf->mmap_offset - from;
	return 0;
}

static void map_clear(struct vhost_map *map)
{
	for (int i = 0; i < map->n; i++)
		munmap(map->region[i].map, map->region[i].map_size);
	*map = (struct vhost_map) { .n = 0 };
}

static void *host_of(const struct vhost_region *r)
{
	return (char *)r->map + r->skip;
}

/* The same addresses, with other memory behind them. */
static int replace(struct vhost_map *map, struct vhost_region *old,
	const struct vhost_user_region *conf, int fd)
{
	struct vhost_region new = { .conf = *conf };
	int err = map_region(&new, fd);

	if (err)
		return err;
	gmem_remove(&map->gmem, conf->gpa);
	munmap(old->map, old->map_size);
	*old = new;
	return gmem_add(&map->gmem, conf->gpa, conf->size, host_of(old));
}

static int map_add(struct vhost_map *map, const struct vhost_user_region *conf, int fd)
{
	struct vhost_region *r = &map->region[map->n];
	int err;

	if (map->n == VHOST_MAX_REGIONS || conf->size > VHOST_MAX_BYTES - map->bytes)
		return -ENOSPC;
	r->conf = *conf;
	err = map_region(r, fd);
	if (err)
		return err;
	err = gmem_add(&map->gmem, conf->gpa, conf->size, host_of(r));
	if (err) {
		munmap(r->map, r->map_size);
		return err;
	}
	map->bytes += conf->size;
	map->n++;
	return 0;
}
