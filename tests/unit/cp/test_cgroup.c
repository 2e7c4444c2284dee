/* Control groups, against directories that behave as the kernel's do. */
#include "cp/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- The kernel's part ------------------------------------------------------------ */

static char root[64];
static char mounts[96], self[96];
static int refuse_mkdir; /* errno of the next mkdir, 0: none */
static int busy;         /* rmdir is refused that often */

static void put(const char *dir, const char *name, const char *text)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void get(const char *dir, const char *name, char *text, size_t size)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	assert_non_null(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* The control files that a new group has. */
static void populate(const char *dir)
{
	put(dir, "cgroup.procs", "");
	if (strstr(dir, "/memory"))
		put(dir, "memory.limit_in_bytes", "");
	if (strstr(dir, "/pids"))
		put(dir, "pids.max", "");
	if (strstr(dir, "/cpuacct"))
		put(dir, "cpuacct.usage", "0\n");
	if (strstr(dir, "/unified")) {
		put(dir, "memory.max", "");
		put(dir, "pids.max", "");
		put(dir, "cgroup.subtree_control", "");
		put(dir, "cgroup.controllers", "cpu memory pids\n");
		put(dir, "cpu.stat", "usage_usec 0\nuser_usec 0\n");
	}
}

/* The program's mkdir(2) and rmdir(2), in place of libc's. */
int mkdir(const char *path, mode_t mode)
{
	if (refuse_mkdir && strstr(path, "ALPHA")) {
		errno = refuse_mkdir;
		return -1;
	}
	if (syscall(SYS_mkdir, path, mode))
		return -1;
	populate(path);
	return 0;
}

static bool has_children(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)))
		found = e->d_type == DT_DIR && e->d_name[0] != '.';
	if (d)
		closedir(d);
	return found;
}

int rmdir(const char *path)
{
	char command[700], procs[16];

	if (access(path, F_OK))
		return -1;
	get(path, "cgroup.procs", procs, sizeof(procs));
	if (procs[0] || has_children(path) || (busy && strstr(path, "ALPHA"))) {
		busy -= busy > 0 && strstr(path, "ALPHA") != NULL;
		errno = EBUSY;
		return -1;
	}
	snprintf(command, sizeof(command), "rm -f %s/*", path);
	assert_int_equal(system(command), 0);
	return (int)syscall(SYS_rmdir, path);
}

/* A hierarchy mounted below the root, with this group of ours in it. */
static void hierarchy(const char *name, const char *ours)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	syscall(SYS_mkdir, path, 0755);
	populate(path);
	if (!strcmp(ours, "/"))
		return;
	snprintf(path, sizeof(path), "%s/%s%s", root, name, ours);
	syscall(SYS_mkdir, path, 0755);
	populate(path);
}

static int setup(void **state)
{
	(void)state;
	refuse_mkdir = busy = 0;
	snprintf(root, sizeof(root), "/tmp/cgroup-test.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(mounts, sizeof(mounts), "%s/mounts", root);
	snprintf(self, sizeof(self), "%s/self", root);
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void with_v1(void)
{
	char text[1024];

	hierarchy("memory", "/ours");
	hierarchy("pids", "/");
	hierarchy("cpuacct", "/");
	snprintf(text, sizeof(text),
		"proc /proc proc rw 0 0\n"
		"cgroup %s/memory cgroup rw,memory 0 0\n"
		"cgroup %s/pids cgroup rw,nosuid,pids 0 0\n"
		"cgroup %s/cpuacct cgroup rw,cpu,cpuacct 0 0\n",
		root, root, root);
	put(root, "mounts", text);
	put(root, "self",
		"4:memory:/ours\n3:pids:/\n2:cpu,cpuacct:/\n1:name=systemd:/x\n");
}

static void with_v2(const char *controllers)
{
	char text[512];

	hierarchy("unified", "/ours");
	snprintf(text, sizeof(text), "%s/unified/ours", root);
	put(text, "cgroup.controllers", controllers);
	snprintf(text, sizeof(text), "%s/unified", root);
	put(text, "cgroup.controllers", controllers);
	snprintf(text, sizeof(text), "cgroup2 %s/unified cgroup2 rw 0 0\n", root);
	put(root, "mounts", text);
	put(root, "self", "0::/ours\n");
}

static struct cgroups *find(void)
{
	struct cgroups *g = NULL;

	assert_int_equal(cgroups_create(mounts, self, "sys", &g), 0);
	return g;
}

static const struct cgroup_limits limits = { .memory = 80 << 20, .tasks = 66 };

static void is_dir(const struct cgroup *c, int i, const char *path)
{
	char expected[256];

	snprintf(expected, sizeof(expected), "%s%s", root, path);
	assert_string_equal(c->dir[i], expected);
}

/* ---- Tests ------------------------------------------------------------------------ */

static void test_none(void **state)
{
	struct cgroup_entry entry;
	struct cgroups *g;
	struct cgroup c;
	uint64_t ns;

	(void)state;
	put(root, "mounts", "proc /proc proc rw 0 0\n");
	put(root, "self", "");
	g = find();
	assert_int_equal(cgroups_kind(g), CGROUP_NONE);
	assert_string_equal(cgroups_text(g), "none: no hierarchy is mounted");
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(cgroup_open_entry(&c, &entry), 0);
	assert_int_equal(entry.into, -1);
	assert_int_equal(cgroup_usage(&c, &ns), -ENOENT);
	assert_int_equal(cgroup_remove(&c), 0);
	cgroups_free(g);
}

static void test_v1(void **state)
{
	struct cgroups *g;
	struct cgroup c;
	char text[32];
	uint64_t ns;

	(void)state;
	with_v1();
	g = find();
	assert_int_equal(cgroups_kind(g), CGROUP_V1);
	assert_string_equal(cgroups_text(g), "cgroup v1: memory, pids, cpuacct");
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	assert_int_equal(c.n, 3);
	is_dir(&c, 0, "/memory/ours/bulkhead/sys/ALPHA");
	is_dir(&c, 1, "/pids/bulkhead/sys/ALPHA");
	get(c.dir[0], "memory.limit_in_bytes", text, sizeof(text));
	assert_string_equal(text, "83886080");
	get(c.dir[1], "pids.max", text, sizeof(text));
	assert_string_equal(text, "66");
	put(c.dir[2], "cpuacct.usage", "123456789\n");
	assert_int_equal(cgroup_usage(&c, &ns), 0);
	assert_int_equal(ns, 123456789);
	assert_int_equal(cgroup_remove(&c), 0);
	for (int i = 0; i < c.n; i++)
		assert_int_equal(access(c.dir[i], F_OK), -1);
	assert_int_equal(cgroup_remove(&c), 0);
	cgroups_free(g);
	/* The parents too, now that nobody is in them. */
	*strstr(c.dir[0], "/sys/ALPHA") = '\0';
	assert_int_equal(access(c.dir[0], F_OK), -1);
}

static void test_v1_partly(void **state)
{
	struct cgroups *g;
	char text[256];

	(void)state;
	with_v1();
	snprintf(text, sizeof(text), "cgroup %s/pids cgroup rw,pids 0 0\n", root);
	put(root, "mounts", text);
	g = find();
	assert_string_equal(cgroups_text(g), "cgroup v1: pids");
	cgroups_free(g);
}

/* What cannot be written is not in force, and the reason is said. */
static void test_v1_not_writable(void **state)
{
	struct cgroups *g;
	char text[256];

	(void)state;
	with_v1();
	snprintf(text, sizeof(text), "cgroup %s/nothing cgroup rw,memory 0 0\n", root);
	put(root, "mounts", text);
	g = find();
	assert_string_equal(cgroups_text(g),
		"none: memory cannot be written: No such file or directory");
	cgroups_free(g);
}

static void test_v2(void **state)
{
	struct cgroup_entry entry;
	struct cgroups *g;
	struct cgroup c;
	char text[64];
	uint64_t ns;

	(void)state;
	with_v2("cpuset cpu io memory pids\n");
	g = find();
	assert_int_equal(cgroups_kind(g), CGROUP_V2);
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	assert_int_equal(c.n, 1);
	is_dir(&c, 0, "/unified/bulkhead/sys/ALPHA");
	get(c.dir[0], "memory.max", text, sizeof(text));
	assert_string_equal(text, "83886080");
	get(c.dir[0], "pids.max", text, sizeof(text));
	assert_string_equal(text, "66");
	put(c.dir[0], "cpu.stat", "usage_usec 1500\nuser_usec 7\n");
	assert_int_equal(cgroup_usage(&c, &ns), 0);
	assert_int_equal(ns, 1500000);
	assert_int_equal(cgroup_open_entry(&c, &entry), 0);
	assert_true(entry.into >= 0 && entry.join[0] == -1);
	cgroup_close_entry(&entry);
	assert_int_equal(cgroup_remove(&c), 0);
	cgroups_free(g);
}

/* A group that was delegated to us, of a root that is not ours. */
static void test_v2_below_our_own(void **state)
{
	struct cgroups *g;
	struct cgroup c;
	char path[256];

	(void)state;
	with_v2("memory pids\n");
	snprintf(path, sizeof(path), "%s/unified", root);
	put(path, "cgroup.controllers", "\n");
	g = find();
	assert_int_equal(cgroups_kind(g), CGROUP_V2);
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	is_dir(&c, 0, "/unified/ours/bulkhead/sys/ALPHA");
	assert_int_equal(cgroup_remove(&c), 0);
	cgroups_free(g);
}

static void test_v2_without_its_controllers(void **state)
{
	struct cgroups *g;

	(void)state;
	with_v2("hugetlb\n");
	g = find();
	assert_string_equal(
		cgroups_text(g), "none: cgroup v2 is here without memory and pids");
	cgroups_free(g);
}

static void test_entry_of_v1(void **state)
{
	struct cgroup_entry entry;
	struct cgroups *g;
	struct cgroup c;
	char text[8];

	(void)state;
	with_v1();
	g = find();
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	assert_int_equal(cgroup_open_entry(&c, &entry), 0);
	assert_int_equal(entry.into, -1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(entry.join[i], "0", 1), 1);
		get(c.dir[i], "cgroup.procs", text, sizeof(text));
		assert_string_equal(text, "0");
		put(c.dir[i], "cgroup.procs", "");
	}
	cgroup_close_entry(&entry);
	assert_int_equal(entry.join[0], -1);
	cgroup_remove(&c);
	cgroups_free(g);
}

static void count(pid_t pid, void *ctx)
{
	*(int *)ctx += pid;
}

static void test_processes(void **state)
{
	struct cgroups *g;
	struct cgroup c;
	int sum = 0;

	(void)state;
	with_v1();
	g = find();
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	put(c.dir[1], "cgroup.procs", "100\n7\n0\n-3\n");
	assert_int_equal(cgroup_each(&c, count, &sum), 0);
	assert_int_equal(sum, 107);
	assert_int_equal(cgroup_remove(&c), -EBUSY);
	put(c.dir[1], "cgroup.procs", "");
	assert_int_equal(cgroup_remove(&c), 0);
	assert_int_equal(cgroup_each(&c, count, &sum), 0);
	cgroups_free(g);
}

/* Counts that are left over are another partition's. */
static void test_made_anew(void **state)
{
	struct cgroups *g;
	struct cgroup c;
	uint64_t ns;

	(void)state;
	with_v1();
	g = find();
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	put(c.dir[2], "cpuacct.usage", "99\n");
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	assert_int_equal(cgroup_usage(&c, &ns), 0);
	assert_int_equal(ns, 0);
	put(c.dir[1], "cgroup.procs", "100\n");
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), -EBUSY);
	assert_int_equal(c.n, 0);
	cgroups_free(g);
}

/* Another system ended, and took what it found empty. */
static void test_parent_gone(void **state)
{
	struct cgroups *g;
	struct cgroup c;

	(void)state;
	with_v1();
	g = find();
	cgroup_name(g, "ALPHA", &c);
	for (int i = 0; i < c.n; i++) {
		*strstr(c.dir[i], "/sys/ALPHA") = '\0';
		assert_int_equal(rmdir(c.dir[i]), 0);
	}
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	assert_int_equal(c.n, 3);
	assert_int_equal(cgroup_remove(&c), 0);
	cgroups_free(g);
}

static void test_nothing_half_made(void **state)
{
	struct cgroups *g;
	struct cgroup c, named;

	(void)state;
	with_v1();
	g = find();
	cgroup_name(g, "ALPHA", &named);
	refuse_mkdir = ENOSPC;
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), -ENOSPC);
	assert_int_equal(c.n, 0);
	for (int i = 0; i < named.n; i++)
		assert_int_equal(access(named.dir[i], F_OK), -1);
	cgroups_free(g);
}

static void test_busy_for_a_moment(void **state)
{
	struct cgroups *g;
	struct cgroup c;

	(void)state;
	with_v2("memory pids\n");
	g = find();
	assert_int_equal(cgroup_make(g, "ALPHA", &limits, &c), 0);
	busy = 2;
	assert_int_equal(cgroup_remove(&c), -EBUSY);
	assert_int_equal(cgroup_remove(&c), -EBUSY);
	assert_int_equal(cgroup_remove(&c), 0);
	cgroups_free(g);
}

static void test_from_a_record(void **state)
{
	struct cgroups *g;
	struct cgroup c, bad;

	(void)state;
	with_v1();
	g = find();
	cgroup_name(g, "ALPHA", &c);
	c.kind = CGROUP_NONE;
	assert_int_equal(cgroup_adopt(g, "ALPHA", &c), 0);
	assert_int_equal(c.kind, CGROUP_V1);
	assert_int_equal(cgroup_adopt(g, "BETA", &c), -EINVAL);
	bad = c;
	snprintf(bad.dir[1], sizeof(bad.dir[1]), "%s/pids/../bulkhead/sys/ALPHA", root);
	assert_int_equal(cgroup_adopt(g, "ALPHA", &bad), -EINVAL);
	snprintf(bad.dir[1], sizeof(bad.dir[1]), "/etc/bulkhead/sys/ALPHA");
	assert_int_equal(cgroup_adopt(g, "ALPHA", &bad), -EINVAL);
	snprintf(bad.dir[1], sizeof(bad.dir[1]), "%s/pids/bulkhead/other/ALPHA", root);
	assert_int_equal(cgroup_adopt(g, "ALPHA", &bad), -EINVAL);
	bad = (struct cgroup) { .n = 4 };
	assert_int_equal(cgroup_adopt(g, "ALPHA", &bad), -EINVAL);
	bad.n = 0;
	assert_int_equal(cgroup_adopt(g, "ALPHA", &bad), 0);
	assert_int_equal(bad.kind, CGROUP_NONE);
	cgroups_free(g);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_v1),
		TEST(test_v1_partly),
		TEST(test_v1_not_writable),
		TEST(test_v2),
		TEST(test_v2_below_our_own),
		TEST(test_v2_without_its_controllers),
		TEST(test_entry_of_v1),
		TEST(test_processes),
		TEST(test_made_anew),
		TEST(test_parent_gone),
		TEST(test_nothing_half_made),
		TEST(test_busy_for_a_moment),
		TEST(test_from_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
