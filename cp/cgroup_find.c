/* Finding the hierarchies.
 *
 * Version 2 is taken where it has the memory and pids controllers and a group below ours
 * can be given them; else the version 1 hierarchies of memory, pids and cpuacct, as many
 * of them as can be written. */
#include "cp/cgroup_find.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void find_v2(
	struct cgroups *g, const char *mount, const char *self, char why[100]);
static void find_v1(
	struct cgroups *g, const char *mounts, const char *self, char why[100]);
static int use_v2(struct cgroups *g, const char *dir);
static void note_mounts(struct cgroups *g, const char *mounts, char v2[256]);

void cgroups_find(struct cgroups *g, const char *mounts, const char *self)
{
	char why[100] = "no hierarchy is mounted", v2[256] = "";

	note_mounts(g, mounts, v2);
	if (v2[0])
		find_v2(g, v2, self, why);
	if (g->kind == CGROUP_NONE)
		find_v1(g, mounts, self, why);
	if (g->kind == CGROUP_NONE)
		snprintf(g->text, sizeof(g->text), "none: %s", why);
}

int cgroup_write(const char *dir, const char *file, const char *value)
{
	char path[600];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void note_mounts(struct cgroups *g, const char *mounts, char v2[256])
{
	FILE *f = setmntent(mounts, "re");
	struct mntent *m;

	if (!f)
		return;
	while ((m = getmntent(f)) && g->n_mounts < CGROUP_MAX_MOUNTS) {
		bool two = !strcmp(m->mnt_type, "cgroup2");

		if ((!two && strcmp(m->mnt_type, "cgroup")) || strlen(m->mnt_dir) > 255)
			continue;
		snprintf(g->mount[g->n_mounts++], 256, "%s", m->mnt_dir);
		if (two && !v2[0])
			snprintf(v2, 256, "%s", m->mnt_dir);
	}
	endmntent(f);
}

/* Is `word` one of a list whose items end at one of `ends`? */
static bool lists(const char *list, const char *word, const char *ends)
{
	size_t len = strlen(word);

	while (*list) {
		size_t item = strcspn(list, ends);

		if (item == len && !memcmp(list, word, len))
			return true;
		list += item;
		list += strspn(list, ends);
	}
	return false;
}

/* The mount point of a version 1 controller. */
static bool find_mount(const char *mounts, const char *controller, char out[256])
{
	FILE *f = setmntent(mounts, "re");
	struct mntent *m;
	bool found = false;

	if (!f)
		return false;
	while (!found && (m = getmntent(f))) {
		found = !strcmp(m->mnt_type, "cgroup") &&
			lists(m->mnt_opts, controller, ",") && strlen(m->mnt_dir) < 256;
		if (found)
			snprintf(out, 256, "%s", m->mnt_dir);
	}
	endmntent(f);
	return found;
}

/* Our own group in the hierarchy of `controller` ("": version 2); the mount point itself
 * where that is outside of what is mounted here. */
static bool own_group(const char *self, const char *controller, const char *mount,
	char out[CGROUP_PATH])
{
	FILE *f = fopen(self, "re");
	char line[1024], *list, *path;
	bool found = false;
	int len = 0;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		list = strchr(line, ':');
		path = list ? strchr(++list, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		found = *controller ? lists(list, controller, ",") : !*list;
		len = snprintf(
			out, CGROUP_PATH, "%s%s", mount, strcmp(path, "/") ? path : "");
	}
	fclose(f);
	if (found && (len >= CGROUP_PATH - 20 || access(out, F_OK)))
		snprintf(out, CGROUP_PATH, "%s", mount);
	return found;
}

/* "DIR/bulkhead", made if it is not there.  0 or -errno. */
static int make_base(struct cgroup_base *base, const char *controller, const char *dir)
{
	int len = snprintf(base->dir, sizeof(base->dir), "%s/bulkhead", dir);

	if (len < 0 || len >= (int)sizeof(base->dir))
		return -ENAMETOOLONG;
	base->controller = controller;
	if (mkdir(base->dir, 0755) && errno != EEXIST)
		return -errno;
	return access(base->dir, W_OK) ? -errno : 0;
}

static void find_v1(
	struct cgroups *g, const char *mounts, const char *self, char why[100])
{
	static const char *const wanted[CGROUP_MAX_DIRS] = { "memory", "pids",
		"cpuacct" };
	char mount[256], own[CGROUP_PATH];
	int err;

	snprintf(g->text, sizeof(g->text), "cgroup v1:");
	for (int i = 0; i < CGROUP_MAX_DIRS; i++) {
		if (!find_mount(mounts, wanted[i], mount) ||
			!own_group(self, wanted[i], mount, own))
			continue;
		err = make_base(&g->base[g->n], wanted[i], own);
		if (err) {
			snprintf(why, 100, "%s cannot be written: %s", wanted[i],
				strerror(-err));
			continue;
		}
		snprintf(g->text + strlen(g->text), sizeof(g->text) - strlen(g->text),
			"%s %s", g->n ? "," : "", wanted[i]);
		g->n++;
	}
	if (g->n)
		g->kind = CGROUP_V1;
}

static bool has_controllers(const char *dir)
{
	char path[600], text[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", dir);
	f = fopen(path, "re");
	if (!f)
		return false;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return lists(text, "memory", " \n") && lists(text, "pids", " \n");
}

/* At the top where we may, so that partitions are not in the group of cpd's own service:
 * a service manager could not start cpd again in a group that has others below it. */
static void find_v2(struct cgroups *g, const char *mount, const char *self, char why[100])
{
	char own[CGROUP_PATH];
	int err = -ENOENT;

	if (!own_group(self, "", mount, own))
		return;
	if (!has_controllers(own) && !has_controllers(mount)) {
		snprintf(why, 100, "cgroup v2 is here without memory and pids");
		return;
	}
	if (has_controllers(mount))
		err = use_v2(g, mount);
	if (err && strcmp(own, mount) && has_controllers(own))
		err = use_v2(g, own);
	if (err) {
		snprintf(why, 100, "cgroup v2 cannot be written: %s", strerror(-err));
		return;
	}
	g->kind = CGROUP_V2;
	g->n = 1;
	snprintf(g->text, sizeof(g->text), "cgroup v2: memory, pids");
}

/* A group that gives controllers to its children may have no process of its own but in
 * the root (cgroups(7), "no internal processes"): we go into a child as well. */
static int enable(const char *dir)
{
	char leaf[CGROUP_PATH + 8];
	int err = cgroup_write(dir, "cgroup.subtree_control", CGROUP_ENABLE);

	if (err != -EBUSY)
		return err;
	snprintf(leaf, sizeof(leaf), "%s/cpd", dir);
	if (mkdir(leaf, 0755) && errno != EEXIST)
		return -errno;
	err = cgroup_write(leaf, "cgroup.procs", "0");
	if (!err)
		err = cgroup_write(dir, "cgroup.subtree_control", CGROUP_ENABLE);
	if (err) {
		cgroup_write(dir, "cgroup.procs", "0");
		rmdir(leaf);
	}
	return err;
}

static int use_v2(struct cgroups *g, const char *dir)
{
	int err = make_base(&g->base[0], "", dir);

	if (err)
		return err;
	err = enable(dir);
	if (!err)
		err = cgroup_write(
			g->base[0].dir, "cgroup.subtree_control", CGROUP_ENABLE);
	if (err)
		rmdir(g->base[0].dir);
	return err;
}
