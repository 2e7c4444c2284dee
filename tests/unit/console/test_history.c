/* What of the typed lines is written down, and where. */
#include "console/history.h"

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

static void passwords_are_not_written(void **state)
{
	static const char *const not_allowed[] = {
		"LOGON ALPHA secret",
		"logon alpha secret",
		"log alpha secret",
		"l alpha secret",
		"  CP LOGON ALPHA secret",
		"#CP logon alpha secret",
		"QUERY TIME#LOGON ALPHA secret",
		"LOGON\tALPHA\tsecret",
		"LOGON ALPHA BY BETA",
	};
	static const char *const allowed[] = { "QUERY NAMES", "LOGON ALPHA",
		"logon alpha#query time", "LOGOFF", "LINK BETA 0191 AS 0291", "", "#",
		"MESSAGE ALPHA logon as me", "LOGON" };

	(void)state;
	for (size_t i = 0; i < sizeof(not_allowed) / sizeof(not_allowed[0]); i++)
		assert_false(history_allows(not_allowed[i]));
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		assert_true(history_allows(allowed[i]));
}

static void place(void **state)
{
	char path[256], longest[32];

	(void)state;
	setenv("HOME", "/home/op", 1);
	setenv("XDG_STATE_HOME", "/state", 1);
	assert_int_equal(history_path(path, sizeof(path)), 0);
	assert_string_equal(path, "/state/bulkhead/history");
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(history_path(path, sizeof(path)), 0);
	assert_string_equal(path, "/home/op/.local/state/bulkhead/history");
	assert_int_equal(history_path(longest, sizeof(longest)), -ENAMETOOLONG);
	unsetenv("HOME");
	assert_int_equal(history_path(path, sizeof(path)), -ENOENT);
}

static void only_its_owner_reads_it(void **state)
{
	char dir[] = "/tmp/test_history.XXXXXX", path[256], sub[256];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/bulkhead/history", dir);
	assert_int_equal(history_create(path), 0);
	assert_int_equal(history_create(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(sub, sizeof(sub), "%s/bulkhead", dir);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(history_create(path), -ELOOP);
	assert_int_equal(history_create("/dev/null/history"), -ENOTDIR);
	unlink(path);
	rmdir(sub);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_are_not_written),
		cmocka_unit_test(place),
		cmocka_unit_test(only_its_owner_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
