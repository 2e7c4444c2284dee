/* The command line of cpd, and where things are without it. */
#include "cp/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ARGS 16

static struct options o;

/* What was parsed points into the words, as into those of a program: they stay. */
static int parse(const char *line)
{
	static char copy[8192];
	static char *argv[MAX_ARGS + 1];
	char *save = NULL;
	int argc = 1;

	assert_true(strlen(line) < sizeof(copy));
	memset(argv, 0, sizeof(argv));
	argv[0] = (char *)(uintptr_t) "cpd";
	strcpy(copy, line);
	for (char *word = strtok_r(copy, " ", &save); word && argc < MAX_ARGS;
		word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return options_parse(&o, argc, argv);
}

static void test_all(void **state)
{
	(void)state;
	assert_int_equal(parse("-c /a/c -d /a/d -r /a/r -s /a/s -L /a/l -f"), 0);
	assert_int_equal(o.action, ACTION_RUN);
	assert_true(o.foreground);
	assert_string_equal(o.config, "/a/c");
	assert_string_equal(o.direct, "/a/d");
	assert_string_equal(o.rundir, "/a/r");
	assert_string_equal(o.statedir, "/a/s");
	assert_string_equal(o.libdir, "/a/l");
}

/* The daemon leaves the directory it was started in. */
static void test_relative(void **state)
{
	char cwd[PATH_MAX], want[PATH_MAX + 8];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(parse("-c c -d d -r run -s state"), 0);
	snprintf(want, sizeof(want), "%s/run", cwd);
	assert_string_equal(o.rundir, want);
	snprintf(want, sizeof(want), "%s/state", cwd);
	assert_string_equal(o.statedir, want);
	assert_string_equal(o.config, "c");
}

static void test_actions(void **state)
{
	(void)state;
	assert_int_equal(parse("--check -c c -d d"), 0);
	assert_int_equal(o.action, ACTION_CHECK);
	assert_int_equal(parse("--hash"), 0);
	assert_int_equal(o.action, ACTION_HASH);
	assert_int_equal(parse("--document messages"), 0);
	assert_int_equal(o.action, ACTION_DOCUMENT);
	assert_string_equal(o.document, "messages");
	assert_int_equal(parse("--version"), 0);
	assert_int_equal(o.action, ACTION_SHOWN);
	assert_int_equal(parse("--help"), 0);
	assert_int_equal(o.action, ACTION_SHOWN);
}

static void test_refused(void **state)
{
	char line[PATH_MAX + 16] = "-r ";

	(void)state;
	assert_int_equal(parse("--frob"), 4);
	assert_int_equal(parse("-c"), 4);
	assert_int_equal(parse("-f extra"), 4);
	memset(line + 3, 'x', PATH_MAX);
	assert_int_equal(parse(line), 4);
}

static void test_defaults(void **state)
{
	(void)state;
	setenv("XDG_CONFIG_HOME", "/x/config", 1);
	setenv("XDG_STATE_HOME", "/x/state", 1);
	setenv("XDG_RUNTIME_DIR", "/x/run", 1);
	assert_int_equal(parse(""), 0);
	assert_false(o.foreground);
	assert_string_equal(o.config, geteuid() ? "/x/config/bulkhead/system.config"
						: "/etc/bulkhead/system.config");
	assert_string_equal(o.direct, geteuid() ? "/x/config/bulkhead/user.direct"
						: "/etc/bulkhead/user.direct");
	assert_string_equal(o.rundir, geteuid() ? "/x/run/bulkhead" : "/run/bulkhead");
	assert_string_equal(
		o.statedir, geteuid() ? "/x/state/bulkhead" : "/var/lib/bulkhead");
	assert_true(o.libdir[0] == '/');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
