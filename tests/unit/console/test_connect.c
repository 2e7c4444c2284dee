/* Which CP is spoken to, and what is said when there is none. */
#include "console/connect.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void named_by_the_user(void **state)
{
	char path[256];

	(void)state;
	setenv("BULKHEAD_RUN", "/tmp/run", 1);
	assert_true(connect_path(NULL, path, sizeof(path)));
	assert_string_equal(path, "/tmp/run/cp.sock");
	assert_true(connect_path("/tmp/other", path, sizeof(path)));
	assert_string_equal(path, "/tmp/other/cp.sock");
	unsetenv("BULKHEAD_RUN");
}

/* Root's CP is the system's; another user's own comes first where it is. */
static void not_named(void **state)
{
	char dir[] = "/tmp/test_connect.XXXXXX", sub[64], sock[128], path[256];

	(void)state;
	setenv("BULKHEAD_RUN", "", 1);
	unsetenv("XDG_RUNTIME_DIR");
	assert_false(connect_path(NULL, path, sizeof(path)));
	assert_string_equal(path, "/run/bulkhead/cp.sock");

	assert_non_null(mkdtemp(dir));
	setenv("XDG_RUNTIME_DIR", dir, 1);
	assert_false(connect_path(NULL, path, sizeof(path)));
	assert_string_equal(path, "/run/bulkhead/cp.sock");

	snprintf(sub, sizeof(sub), "%s/bulkhead", dir);
	snprintf(sock, sizeof(sock), "%s/cp.sock", sub);
	assert_int_equal(mkdir(sub, 0700), 0);
	fclose(fopen(sock, "w"));
	assert_false(connect_path(NULL, path, sizeof(path)));
	assert_string_equal(path, geteuid() ? sock : "/run/bulkhead/cp.sock");
	unlink(sock);
	rmdir(sub);
	rmdir(dir);
}

static void says_what_is_wrong(void **state)
{
	char dir[] = "/tmp/test_connect.XXXXXX", path[64], why[CONNECT_WHY];
	static const struct caller_ops ops;
	struct caller caller = { 0 };
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_create(&loop), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/cp.sock", dir);
	assert_int_equal(connect_cp(&caller, loop, dir, false, &ops, NULL, why), -ENOENT);
	assert_non_null(strstr(why, path));
	assert_false(caller_is_open(&caller));
	fclose(fopen(path, "w"));
	assert_int_equal(
		connect_cp(&caller, loop, dir, false, &ops, NULL, why), -ECONNREFUSED);
	assert_false(caller_is_open(&caller));
	unlink(path);
	rmdir(dir);
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_by_the_user),
		cmocka_unit_test(not_named),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
