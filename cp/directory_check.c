/* What can only be checked at the end of a directory entry, and of the directory. */
#include "cp/directory_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONSOLE 0x0009
#define PAGE_2M         (UINT64_C(2) << 20)
#define PAGE_1G         (UINT64_C(1) << 30)
#define MAX_HOPS        1000 /* of a chain of links; longer ones lead into a loop */

void not_in_force_add(char *list, size_t size, const char *what)
{
	size_t len = strlen(list), add = strlen(what);

	for (const char *p = strstr(list, what); p; p = strstr(p + 1, what)) {
		if ((p == list || p[-1] == ' ') && (!p[add] || p[add] == ','))
			return;
	}
	if (len + add + 3 <= size)
		snprintf(list + len, size - len, "%s%s", len ? ", " : "", what);
}

void reader_not_in_force(struct dir_reader *r, const char *what)
{
	if (r->user)
		not_in_force_add(
			r->user->not_in_force, sizeof(r->user->not_in_force), what);
}

struct dir_ref *reader_refer(struct dir_reader *r, int i, const char *userid)
{
	struct dir_ref *ref = calloc(1, sizeof(*ref));

	if (!ref)
		return NULL;
	snprintf(ref->userid, sizeof(ref->userid), "%s", userid);
	ref->userid_place = reader_place(r, i);
	ref->next = r->refs;
	r->refs = ref;
	return ref;
}

/* The CPUs it begins with: those of the CPU statements, else all of MACHINE. */
static void check_cpus(struct dir_reader *r)
{
	struct dir_user *u = r->user;
	unsigned last = DIR_MAX_CPUS;

	for (unsigned i = 0; i < DIR_MAX_CPUS; i++) {
		const struct place *p = &r->cpu_place[i];

		if (!u->cpu[i].defined)
			continue;
		if (i >= u->max_cpus)
			source_complain_at(r->src, p->line, p->column,
				MSG_CPU_BEYOND_MACHINE, (int)i, (int)u->max_cpus);
		else if (i && !u->cpu[i - 1].defined)
			source_complain_at(
				r->src, p->line, p->column, MSG_CPU_GAP, (int)i - 1);
		last = i;
	}
	u->n_cpus = last < DIR_MAX_CPUS ? last + 1 : u->max_cpus;
}

static void check_storage(struct dir_reader *r)
{
	const struct dir_user *u = r->user;
	uint64_t page = u->huge_1g ? PAGE_1G : u->huge_2m ? PAGE_2M : 1;
	char text[24];

	if (u->storage % page)
		source_complain_at(r->src, r->storage_place.line, r->storage_place.column,
			MSG_STORAGE_UNIT, size_text(u->storage, text, sizeof(text)),
			u->huge_1g ? "1G" : "2M");
}

static bool has_vdev(const struct dir_reader *r, uint16_t vdev)
{
	for (int i = 0; i < r->n_vdevs; i++) {
		if (r->vdev[i].vdev == vdev)
			return true;
	}
	return false;
}

/* Every partition has a console. */
static void add_console(struct dir_reader *r)
{
	struct dir_user *u = r->user;
	struct dir_device *dev = &u->device[u->n_devices];
	uint16_t vdev = DEFAULT_CONSOLE;

	for (int i = 0; i < u->n_devices; i++) {
		if (u->device[i].type == DIR_CONSOLE)
			return;
	}
	if (u->n_devices == DIR_MAX_DEVICES) {
		source_complain_at(r->src, u->line, 0, MSG_TOO_MANY, DIR_MAX_DEVICES - 1,
			"devices beside the console");
		return;
	}
	while (has_vdev(r, vdev))
		vdev++;
	*dev = (struct dir_device) { .type = DIR_CONSOLE, .vdev = vdev, .line = u->line };
	u->n_devices++;
}

void reader_check_entry(struct dir_reader *r)
{
	if (r->profile)
		return;
	check_cpus(r);
	check_storage(r);
	add_console(r);
	r->user->default_classes = !r->user->classes[0];
	if (r->user->default_classes)
		snprintf(r->user->classes, sizeof(r->user->classes), "G");
}

static const struct dir_device *find_disk(
	const struct directory *d, const char *userid, uint16_t vdev)
{
	const struct dir_user *u = directory_find(d, userid);

	for (int i = 0; u && i < u->n_devices; i++) {
		const struct dir_device *dev = &u->device[i];

		if (dev->vdev == vdev &&
			(dev->type == DIR_MDISK || dev->type == DIR_LINK))
			return dev;
	}
	return NULL;
}

static void check_ref(struct dir_reader *r, const struct dir_ref *ref)
{
	if (!directory_find(r->dir, ref->userid))
		source_complain_at(r->src, ref->userid_place.line,
			ref->userid_place.column, MSG_NOT_IN_DIRECTORY, ref->userid);
	else if (ref->disk && !find_disk(r->dir, ref->userid, ref->vdev))
		source_complain_at(r->src, ref->vdev_place.line, ref->vdev_place.column,
			MSG_LINK_NO_DISK, ref->userid, ref->vdev);
}

/* Complains if following the links from `start` leads back to it.  (Where it leads into a
 * loop of others, those are complained of.) */
static void check_link(struct dir_reader *r, const struct dir_device *start)
{
	const struct dir_device *dev = start;

	for (int hops = 0; dev && dev->type == DIR_LINK && hops < MAX_HOPS; hops++) {
		dev = find_disk(r->dir, dev->owner, dev->owner_vdev);
		if (dev == start) {
			source_complain_at(r->src, start->line, start->column,
				MSG_LINK_LOOP, start->owner, start->owner_vdev);
			return;
		}
	}
}

static void check_links(struct dir_reader *r)
{
	for (const struct dir_user *u = r->dir->users; u; u = u->next) {
		for (int i = 0; i < u->n_devices; i++) {
			if (u->device[i].type == DIR_LINK)
				check_link(r, &u->device[i]);
		}
	}
}

/* A minidisk that may be written, and whose it is. */
struct written {
	const struct dir_user *user;
	const struct dir_device *dev;
};

static int by_file(const void *a, const void *b)
{
	const struct written *x = a, *y = b;
	int order = strcmp(x->dev->file, y->dev->file);

	if (order)
		return order;
	return (x->dev->line > y->dev->line) - (x->dev->line < y->dev->line);
}

static size_t collect_written(const struct directory *d, struct written *list)
{
	size_t n = 0;

	for (const struct dir_user *u = d->users; u; u = u->next) {
		for (int i = 0; i < u->n_devices; i++) {
			const struct dir_device *dev = &u->device[i];

			if (dev->type != DIR_MDISK || dev->mode[0] == 'R')
				continue;
			if (list)
				list[n] = (struct written) { u, dev };
			n++;
		}
	}
	return n;
}

static void check_written(struct dir_reader *r)
{
	size_t n = collect_written(r->dir, NULL);
	struct written *list = calloc(n + 1, sizeof(*list));

	if (!list) {
		source_complain_at(r->src, 0, 0, MSG_NO_MEMORY, r->src->name);
		return;
	}
	collect_written(r->dir, list);
	qsort(list, n, sizeof(*list), by_file);
	for (size_t i = 1; i < n; i++) {
		const struct written *one = &list[i - 1], *two = &list[i];

		if (!strcmp(one->dev->file, two->dev->file))
			source_complain_at(r->src, two->dev->line, two->dev->column,
				MSG_DISK_SHARED_WRITE, two->dev->file, one->user->userid,
				one->dev->vdev, one->dev->line);
	}
	free(list);
}

void reader_check_directory(struct dir_reader *r)
{
	for (const struct dir_ref *ref = r->refs; ref; ref = ref->next)
		check_ref(r, ref);
	check_links(r);
	check_written(r);
	if (!r->dir->users && !r->src->errors)
		source_complain_at(r->src, 0, 0, MSG_NO_USERS);
}
