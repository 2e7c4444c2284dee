/* Engines whose partitions are real processes: the test program itself, started by the
 * name of "partition" (tests/unit/cp/fake_process.h). */
#ifndef TESTS_UNIT_CP_PROCESS_FIXTURE_H
#define TESTS_UNIT_CP_PROCESS_FIXTURE_H

#include "cp/seccomp.h"
#include "tests/unit/cp/engine_fixture.h"
#include "tests/unit/cp/fake_process.h"
#include "tests/unit/lib/open_fds.h"

#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define WAIT_SECONDS 30 /* for what takes milliseconds */

static struct dir_user user; /* too large for a stack */
static int fds_before;

static inline void use_user(const char *userid)
{
	user = (struct dir_user) {
		.storage = 4 << 20, .max_storage = 64 << 20, .n_cpus = 2
	};
	snprintf(user.userid, sizeof(user.userid), "%s", userid);
	snprintf(user.account, sizeof(user.account), "ACCT");
	user.ipl.kind = IPL_CMS;
	user.device[0] = (struct dir_device) { .type = DIR_CONSOLE, .vdev = 9 };
	user.n_devices = 1;
}

/* This program is the partition program as well. */
static inline void link_program(struct engine *e)
{
	char self[512], path[128];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	must(n > 0);
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/partition", e->dir);
	must(!symlink(self, path));
	/* Another user has to get there. */
	must(!chmod(e->dir, 0755));
}

static inline int setup(void **state)
{
	static struct engine e;
	char instance[32];

	engine_init(&e);
	use_user("ALPHA");
	link_program(&e);
	e.cp.privileged = !geteuid();
	e.cp.host->kvm_path = "/dev/null";
	e.cp.seccomp_fd = seccomp_programs(SECCOMP_PARTITION);
	must(e.cp.seccomp_fd >= 0);
	cgroups_free(e.cp.cgroups);
	snprintf(instance, sizeof(instance), "test-%d", getpid());
	must(!cgroups_create(
		"/proc/self/mounts", "/proc/self/cgroup", instance, &e.cp.cgroups));
	fds_before = open_fds();
	*state = &e;
	return 0;
}

static inline int teardown(void **state)
{
	struct engine *e = *state;

	close(e->cp.seccomp_fd);
	engine_fini(e);
	return 0;
}

static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Runs the loop until *what is not 0, or the partitions are gone where it is NULL. */
static inline void run_until(struct engine *e, const int *what)
{
	uint64_t end = clock_ns() + WAIT_SECONDS * NS_PER_S;

	while (what ? !*what : !list_empty(&e->cp.partitions)) {
		assert_true(clock_ns() < end);
		loop_once(e->cp.loop, 20);
	}
}

static inline int count_files(const struct engine *e, const char *dir)
{
	char path[128];
	struct dirent *entry;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", e->rundir, dir);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static inline bool file_is_there(const struct engine *e, enum part_file f)
{
	char path[256];

	return !access(part_path(&e->cp, user.userid, f, path, sizeof(path)), F_OK);
}

/* No process, storage, descriptor, file, group or uid. */
static inline void nothing_is_left(struct engine *e)
{
	struct cgroup c;

	run_until(e, NULL);
	engine_settle(e);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(e->cp.host->reserved, 0);
	assert_int_equal(count_files(e, "partitions"), 0);
	assert_int_equal(open_fds(), fds_before);
	cgroup_name(e->cp.cgroups, user.userid, &c);
	for (int i = 0; i < c.n; i++)
		assert_int_equal(access(c.dir[i], F_OK), -1);
	for (size_t i = 0; i < HOST_UID_COUNT / 64; i++)
		assert_true(e->cp.host->uid_used[i] == 0);
}

static inline json_t *account_lines(struct engine *e)
{
	char path[128], line[1024];
	json_t *array = json_array();
	FILE *f;

	snprintf(path, sizeof(path), "%s/accounting", e->statedir);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		json_array_append_new(array, json_loads(line, 0, NULL));
	if (f)
		fclose(f);
	return array;
}

/* There are so many lines, and the last one is of this reason. */
static inline void accounted(struct engine *e, size_t n, const char *reason)
{
	json_t *lines = account_lines(e), *last;

	assert_int_equal(json_array_size(lines), n);
	if (n) {
		last = json_array_get(lines, n - 1);
		assert_string_equal(
			json_string_value(json_object_get(last, "reason")), reason);
		assert_string_equal(
			json_string_value(json_object_get(last, "userid")), user.userid);
		assert_true(json_is_integer(json_object_get(last, "cpu_ns")) ||
			    json_is_null(json_object_get(last, "cpu_ns")));
	}
	json_decref(lines);
}

/* Logs a user on and waits for the answer; its partition, or NULL. */
static inline struct partition *logon(struct engine *e, struct told *told, bool synch)
{
	struct logon_opts opts = { .by = "OPERATOR", .synch = synch };
	struct message err;

	*told = (struct told) { 0 };
	assert_int_equal(partition_logon(&e->cp, &user, &opts, told_done, told, &err), 0);
	run_until(e, &told->times);
	assert_int_equal(told->times, 1);
	return partition_find(&e->cp, user.userid);
}

static inline void force(struct engine *e)
{
	struct partition *p = partition_find(&e->cp, user.userid);
	struct told told = { 0 };
	struct message err;

	assert_non_null(p);
	assert_int_equal(partition_force(p, "MAINT", told_done, &told, &err), 0);
	run_until(e, &told.times);
	assert_int_equal(told.number, 0);
}

/* Was the program started as a partition's? */
static inline bool is_partition(int argc, char **argv)
{
	size_t len = strlen(argv[0]);

	return argc == 4 && len > 10 && !strcmp(argv[0] + len - 10, "/partition");
}

#endif
