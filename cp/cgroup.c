/* A partition's control group. */
#include "cp/cgroup.h"

#include "cp/cgroup_find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARENT_TRIES 8

static int make_parent(const struct cgroups *g, const struct cgroup_base *base);
static int make_dir(const char *dir);
static int set_limits(
	const char *controller, const char *dir, const struct cgroup_limits *limits);

int cgroups_create(
	const char *mounts, const char *self, const char *instance, struct cgroups **out)
{
	struct cgroups *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	snprintf(g->instance, sizeof(g->instance), "%s", instance);
	cgroups_find(g, mounts, self);
	*out = g;
	return 0;
}

/* The parents go if no partition is left in them. */
void cgroups_free(struct cgroups *g)
{
	if (!g)
		return;
	for (int i = 0; i < g->n; i++)
		rmdir(g->base[i].dir);
	free(g);
}

enum cgroup_kind cgroups_kind(const struct cgroups *g)
{
	return g->kind;
}

const char *cgroups_text(const struct cgroups *g)
{
	return g->text;
}

void cgroup_name(const struct cgroups *g, const char *userid, struct cgroup *out)
{
	*out = (struct cgroup) { .kind = g->kind, .n = g->n };
	for (int i = 0; i < g->n; i++)
		snprintf(out->dir[i], sizeof(out->dir[i]), "%s/%s/%s", g->base[i].dir,
			g->instance, userid);
}

int cgroup_make(const struct cgroups *g, const char *userid,
	const struct cgroup_limits *limits, struct cgroup *out)
{
	int err = 0;

	cgroup_name(g, userid, out);
	out->n = 0;
	for (int i = 0; i < g->n && !err; i++) {
		err = make_parent(g, &g->base[i]);
		if (!err)
			err = make_dir(out->dir[i]);
		if (err)
			break;
		out->n = i + 1;
		err = set_limits(g->base[i].controller, out->dir[i], limits);
	}
	if (err) {
		cgroup_remove(out);
		*out = (struct cgroup) { .kind = CGROUP_NONE };
	}
	return err;
}

int cgroup_open_entry(const struct cgroup *c, struct cgroup_entry *out)
{
	char path[600];
	int fd;

	*out = (struct cgroup_entry) { -1, { -1, -1, -1 } };
	for (int i = 0; i < c->n; i++) {
		if (c->kind == CGROUP_V2) {
			fd = open(c->dir[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
			out->into = fd;
		} else {
			snprintf(path, sizeof(path), "%s/cgroup.procs", c->dir[i]);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			out->join[i] = fd;
		}
		if (fd < 0) {
			fd = -errno;
			cgroup_close_entry(out);
			return fd;
		}
	}
	return 0;
}

void cgroup_close_entry(struct cgroup_entry *e)
{
	if (e->into >= 0)
		close(e->into);
	for (int i = 0; i < CGROUP_MAX_DIRS; i++) {
		if (e->join[i] >= 0)
			close(e->join[i]);
	}
	*e = (struct cgroup_entry) { -1, { -1, -1, -1 } };
}

/* The number after `key` (NULL: at the start) in a file. */
static int read_number(const char *dir, const char *file, const char *key, uint64_t *out)
{
	char path[600], text[4096];
	const char *at = text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	if (key) {
		at = strstr(text, key);
		at = at ? at + strlen(key) : "";
	}
	return sscanf(at, "%lu", out) == 1 ? 0 : -EPROTO;
}

int cgroup_usage(const struct cgroup *c, uint64_t *cpu_ns)
{
	uint64_t value;

	for (int i = 0; i < c->n; i++) {
		if (!read_number(c->dir[i], "cpuacct.usage", NULL, &value)) {
			*cpu_ns = value;
			return 0;
		}
		if (!read_number(c->dir[i], "cpu.stat", "usage_usec ", &value)) {
			*cpu_ns = value * 1000;
			return 0;
		}
	}
	return -ENOENT;
}

int cgroup_each(const struct cgroup *c, void (*fn)(pid_t pid, void *ctx), void *ctx)
{
	char path[600];
	FILE *f;
	int pid;

	for (int i = 0; i < c->n; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", c->dir[i]);
		f = fopen(path, "re");
		if (!f && errno == ENOENT)
			continue;
		if (!f)
			return -errno;
		while (fscanf(f, "%d", &pid) == 1) {
			if (pid > 0)
				fn(pid, ctx);
		}
		fclose(f);
	}
	return 0;
}

int cgroup_remove(const struct cgroup *c)
{
	char parent[512];
	int err = 0;

	for (int i = 0; i < c->n; i++) {
		if (rmdir(c->dir[i]) && errno != ENOENT)
			err = errno == ENOTEMPTY ? -EBUSY : -errno;
		snprintf(parent, sizeof(parent), "%s", c->dir[i]);
		parent[strrchr(parent, '/') - parent] = '\0';
		rmdir(parent); /* refused while others are in it */
	}
	return err;
}

static bool below(const struct cgroups *g, const char *dir)
{
	for (int i = 0; i < g->n_mounts; i++) {
		size_t len = strlen(g->mount[i]);

		if (!strncmp(dir, g->mount[i], len) && dir[len] == '/')
			return true;
	}
	return false;
}

int cgroup_adopt(const struct cgroups *g, const char *userid, struct cgroup *c)
{
	char tail[96];
	size_t len = (size_t)snprintf(
		tail, sizeof(tail), "/bulkhead/%s/%s", g->instance, userid);

	if (c->n < 0 || c->n > CGROUP_MAX_DIRS)
		return -EINVAL;
	for (int i = 0; i < c->n; i++) {
		size_t dir_len = strnlen(c->dir[i], sizeof(c->dir[i]));

		if (dir_len == sizeof(c->dir[i]) || dir_len < len ||
			strcmp(c->dir[i] + dir_len - len, tail) ||
			strstr(c->dir[i], "/..") || !below(g, c->dir[i]))
			return -EINVAL;
	}
	c->kind = c->n ? g->kind : CGROUP_NONE;
	return 0;
}

/* A directory for partitions below.  0 or -errno. */
static int make_level(const struct cgroups *g, const char *dir)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	if (g->kind != CGROUP_V2)
		return 0;
	return cgroup_write(dir, "cgroup.subtree_control", CGROUP_ENABLE);
}

/* The directory of this system; it goes with the last partition in it.  Another system
 * that ended may have taken the one above with it, as it was empty. */
static int make_parent(const struct cgroups *g, const struct cgroup_base *base)
{
	char dir[512];
	int err;

	snprintf(dir, sizeof(dir), "%s/%s", base->dir, g->instance);
	err = make_level(g, dir);
	for (int tries = 0; err == -ENOENT && tries < PARENT_TRIES; tries++) {
		err = make_level(g, base->dir);
		if (!err)
			err = make_level(g, dir);
	}
	return err;
}

/* One that is left over is made anew: its counts are another partition's. */
static int make_dir(const char *dir)
{
	if (!mkdir(dir, 0755))
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (rmdir(dir))
		return errno == ENOTEMPTY ? -EBUSY : -errno;
	return mkdir(dir, 0755) ? -errno : 0;
}

static int set_limits(
	const char *controller, const char *dir, const struct cgroup_limits *limits)
{
	char memory[32], tasks[32];
	int err = 0;

	snprintf(memory, sizeof(memory), "%lu", limits->memory);
	snprintf(tasks, sizeof(tasks), "%u", limits->tasks);
	if (!strcmp(controller, "memory"))
		return cgroup_write(dir, "memory.limit_in_bytes", memory);
	if (!strcmp(controller, "pids"))
		return cgroup_write(dir, "pids.max", tasks);
	if (!*controller)
		err = cgroup_write(dir, "memory.max", memory);
	if (!*controller && !err)
		err = cgroup_write(dir, "pids.max", tasks);
	return err;
}
