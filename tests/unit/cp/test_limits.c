/* What the kernel says of limits, of load, and of who has the run-time directory. */
#include "cp/limits.h"
#include "cp/load.h"
#include "cp/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/limits.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void put(const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_v2(void **state)
{
	struct cgroup c = { .kind = CGROUP_V2, .n = 1 };
	struct limit l[LIMITS_MAX];

	(void)state;
	snprintf(c.dir[0], sizeof(c.dir[0]), "%s", dir);
	put("memory.current", "1000\n");
	put("memory.peak", "2000\n");
	put("memory.max", "max\n");
	put("memory.events", "low 0\nhigh 0\nmaximum 9\nmax 7\noom 1\n");
	put("pids.current", "3\n");
	put("pids.max", "64\n");
	assert_int_equal(limits_read(&c, l), 2);
	assert_string_equal(l[0].name, "memory");
	assert_int_equal(l[0].held, 1000);
	assert_int_equal(l[0].max_held, 2000);
	assert_true(l[0].limit == UINT64_MAX);
	assert_int_equal(l[0].failures, 7);
	assert_string_equal(l[1].name, "tasks");
	assert_int_equal(l[1].held, 3);
	assert_int_equal(l[1].max_held, 3); /* this kernel keeps no peak */
	assert_int_equal(l[1].limit, 64);
	assert_int_equal(l[1].failures, 0);
}

static void test_v1(void **state)
{
	struct cgroup c = { .kind = CGROUP_V1, .n = 2 };
	struct limit l[LIMITS_MAX];

	(void)state;
	snprintf(c.dir[0], sizeof(c.dir[0]), "/nowhere");
	snprintf(c.dir[1], sizeof(c.dir[1]), "%s", dir);
	put("memory.usage_in_bytes", "10\n");
	put("memory.max_usage_in_bytes", "20\n");
	put("memory.limit_in_bytes", "30\n");
	put("memory.failcnt", "4\n");
	assert_int_equal(limits_read(&c, l), 1);
	assert_int_equal(l[0].held, 10);
	assert_int_equal(l[0].max_held, 20);
	assert_int_equal(l[0].limit, 30);
	assert_int_equal(l[0].failures, 4);
}

static void test_none(void **state)
{
	const struct cgroup c = { .kind = CGROUP_NONE };
	struct limit l[LIMITS_MAX];

	(void)state;
	assert_int_equal(limits_read(&c, l), 0);
}

static void test_rubbish(void **state)
{
	struct cgroup c = { .kind = CGROUP_V2, .n = 1 };
	struct limit l[LIMITS_MAX];

	(void)state;
	snprintf(c.dir[0], sizeof(c.dir[0]), "%s", dir);
	put("memory.current", "many\n");
	put("memory.max", "");
	assert_int_equal(limits_read(&c, l), 0);
}

static void test_load(void **state)
{
	struct cpu_times before, after;

	(void)state;
	load_parse("cpu  100 0 50 800 50 0 0 0 0 0\n", &before);
	load_parse("cpu  150 0 75 860 65 0 0 0 0 0\n", &after);
	assert_int_equal(before.busy, 150);
	assert_int_equal(before.idle, 850);
	assert_float_equal(load_percent(&before, &after), 50, 0.001);
	assert_float_equal(load_percent(&after, &before), 0, 0.001);
	assert_float_equal(load_percent(&before, &before), 0, 0.001);
	load_parse("nothing", &after);
	assert_int_equal(after.busy + after.idle, 0);
	load_read(&before);
	assert_true(before.idle > 0);
}

static void test_lock(void **state)
{
	pid_t holder = 0;
	int fd = lock_take(dir, &holder);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(lock_take(dir, &holder), -EWOULDBLOCK);
	assert_int_equal(holder, getpid());
	close(fd);
	fd = lock_take(dir, &holder);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(lock_take("/nowhere", &holder), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_v2, setup, teardown),
		cmocka_unit_test_setup_teardown(test_v1, setup, teardown),
		cmocka_unit_test(test_none),
		cmocka_unit_test_setup_teardown(test_rubbish, setup, teardown),
		cmocka_unit_test(test_load),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
