/* Accounting: whole lines or none, and none lost. */
#include "tests/unit/cp/engine_fixture.h"

#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct engine e;

	engine_init(&e);
	loop_clock_stop(e.cp.loop);
	*state = &e;
	return 0;
}

static int teardown(void **state)
{
	engine_fini(*state);
	return 0;
}

static const struct account_line sample = {
	.userid = "ALPHA",
	.account = "17\"\n",
	.logon = UINT64_C(1700000000123456789),
	.logoff = UINT64_C(1700000060000000000),
	.reason = "forced",
	.by = "OPERATOR",
	.cpu_known = true,
	.cpu_ns = UINT64_C(60000000000),
	.storage = 16 << 20,
};

/* The lines of the file; each must be JSON. */
static int lines(struct engine *e, json_t **last)
{
	char path[128], line[1024];
	json_t *o = NULL;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/accounting", e->statedir);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		assert_int_equal(line[strlen(line) - 1], '\n');
		json_decref(o);
		o = json_loads(line, 0, NULL);
		assert_non_null(o);
		n++;
	}
	if (f)
		fclose(f);
	if (last)
		*last = o;
	else
		json_decref(o);
	return n;
}

static void test_a_line(void **state)
{
	struct engine *e = *state;
	json_t *o;

	account_write(e->cp.accounting, &sample);
	assert_int_equal(lines(e, &o), 1);
	assert_string_equal(json_string_value(json_object_get(o, "userid")), "ALPHA");
	assert_string_equal(json_string_value(json_object_get(o, "account")), "17\"\n");
	assert_string_equal(json_string_value(json_object_get(o, "reason")), "forced");
	assert_string_equal(json_string_value(json_object_get(o, "by")), "OPERATOR");
	assert_int_equal(json_integer_value(json_object_get(o, "cpu_ns")), 60000000000);
	assert_int_equal(json_integer_value(json_object_get(o, "storage")), 16 << 20);
	assert_non_null(strstr(json_string_value(json_object_get(o, "logon")), "T"));
	assert_non_null(json_object_get(o, "logoff"));
	json_decref(o);
}

static void test_unknown_cpu_time_is_said(void **state)
{
	struct engine *e = *state;
	struct account_line line = sample;
	json_t *o;

	line.cpu_known = false;
	account_write(e->cp.accounting, &line);
	assert_int_equal(lines(e, &o), 1);
	assert_true(json_is_null(json_object_get(o, "cpu_ns")));
	json_decref(o);
}

/* Moves the state directory away, so that nothing can be written, and back. */
static void unplug(struct engine *e, bool away)
{
	char other[128];

	snprintf(other, sizeof(other), "%s/elsewhere", e->dir);
	must(!(away ? rename(e->statedir, other) : rename(other, e->statedir)));
}

static void test_kept_and_tried_again(void **state)
{
	struct engine *e = *state;

	unplug(e, true);
	account_write(e->cp.accounting, &sample);
	account_write(e->cp.accounting, &sample);
	assert_int_equal(account_kept(e->cp.accounting), 2);
	assert_int_equal(front_twin_said(MSG_ACCOUNT_KEPT), 1);
	loop_clock_warp(e->cp.loop, 31 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(account_kept(e->cp.accounting), 2);
	unplug(e, false);
	loop_clock_warp(e->cp.loop, 31 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(account_kept(e->cp.accounting), 0);
	assert_int_equal(front_twin_said(MSG_ACCOUNT_WRITTEN), 1);
	assert_int_equal(lines(e, NULL), 2);
}

static void test_the_next_line_takes_them_along(void **state)
{
	struct engine *e = *state;

	unplug(e, true);
	account_write(e->cp.accounting, &sample);
	unplug(e, false);
	account_write(e->cp.accounting, &sample);
	assert_int_equal(account_kept(e->cp.accounting), 0);
	assert_int_equal(lines(e, NULL), 2);
}

static void test_the_end_writes_them(void **state)
{
	struct engine *e = *state;

	unplug(e, true);
	account_write(e->cp.accounting, &sample);
	unplug(e, false);
	accounting_free(e->cp.accounting);
	e->cp.accounting = NULL;
	assert_int_equal(lines(e, NULL), 1);
}

/* The disk takes half a line: it is cut off again, and comes whole later. */
static void test_no_torn_line(void **state)
{
	struct engine *e = *state;
	struct rlimit old, small;
	char path[128];
	struct stat st;

	account_write(e->cp.accounting, &sample);
	snprintf(path, sizeof(path), "%s/accounting", e->statedir);
	must(!stat(path, &st) && !getrlimit(RLIMIT_FSIZE, &old));
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit) { (rlim_t)st.st_size + 20, old.rlim_max };
	must(!setrlimit(RLIMIT_FSIZE, &small));
	account_write(e->cp.accounting, &sample);
	must(!setrlimit(RLIMIT_FSIZE, &old));
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(account_kept(e->cp.accounting), 1);
	assert_int_equal(lines(e, NULL), 1);
	loop_clock_warp(e->cp.loop, 31 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(lines(e, NULL), 2);
}

static void test_who_is_accounted_already(void **state)
{
	struct engine *e = *state;
	struct account_line line = sample;

	assert_false(account_has(e->cp.accounting, "ALPHA", sample.logon));
	account_write(e->cp.accounting, &sample);
	for (int i = 0; i < 500; i++) {
		line.userid = "BETA";
		account_write(e->cp.accounting, &line);
	}
	assert_false(account_has(e->cp.accounting, "ALPHA", sample.logon)); /* long ago */
	account_write(e->cp.accounting, &sample);
	assert_true(account_has(e->cp.accounting, "ALPHA", sample.logon));
	assert_true(account_has(e->cp.accounting, "BETA", sample.logon));
	assert_false(account_has(e->cp.accounting, "ALPHA", sample.logon + 1000000));
	assert_false(account_has(e->cp.accounting, "ALPH", sample.logon));
}

int main(void)
{
#define WITH_ENGINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_a_line),
		WITH_ENGINE(test_unknown_cpu_time_is_said),
		WITH_ENGINE(test_kept_and_tried_again),
		WITH_ENGINE(test_the_next_line_takes_them_along),
		WITH_ENGINE(test_the_end_writes_them),
		WITH_ENGINE(test_no_torn_line),
		WITH_ENGINE(test_who_is_accounted_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
