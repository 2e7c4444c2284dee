/* Starting and ending with real processes: a partition comes into being or fails to, ends
 * in every way it can, and whatever happens, nothing is left of it. */
#include "tests/unit/cp/process_fixture.h"

/* ---- Starting --------------------------------------------------------------------- */

static void test_logon_and_force(void **state)
{
	struct engine *e = *state;
	struct part_usage usage;
	struct told told;
	struct partition *p = logon(e, &told, true);

	assert_int_equal(told.number, 0);
	assert_int_equal(p->state, PS_RUNNING);
	assert_true(p->pid > 0);
	assert_int_equal(kill(p->pid, 0), 0);
	assert_int_equal(e->cp.host->reserved, 4 << 20);
	assert_true(file_is_there(e, PART_FILE_RECORD));
	assert_true(file_is_there(e, PART_FILE_SOCK));
	assert_false(file_is_there(e, PART_FILE_PID));
	assert_int_equal(partition_usage(p, &usage), 0);
	assert_true(usage.cpu_ns > 0);
	assert_true(usage.resident > 0);
	assert_int_equal(usage.n_vcpus, 0); /* it has none */
	if (e->cp.privileged)
		assert_true(p->uid >= HOST_UID_BASE);
	force(e);
	nothing_is_left(e);
	accounted(e, 1, "forced");
}

static void test_logon_without_ipl(void **state)
{
	struct engine *e = *state;
	struct told told;

	user.ipl.kind = IPL_NONE;
	assert_int_equal(logon(e, &told, true)->state, PS_STOPPED);
	assert_int_equal(told.number, 0);
	force(e);
	nothing_is_left(e);
}

/* The partition is there, stopped, and the caller knows why nothing runs in it. */
static void test_ipl_of_what_is_missing(void **state)
{
	struct engine *e = *state;
	struct told told;

	user.ipl = (struct ipl) {
		.kind = IPL_KERNEL, .kernel = "/nonexistent", .absolute = true
	};
	assert_int_equal(logon(e, &told, true)->state, PS_STOPPED);
	assert_int_equal(told.number, MSG_FILE_UNREADABLE);
	force(e);
	assert_non_null(logon(e, &told, false));
	assert_int_equal(told.number, 0);
	assert_int_equal(front_twin_said(MSG_FILE_UNREADABLE), 1);
	force(e);
	nothing_is_left(e);
}

static void test_refusals(void **state)
{
	struct engine *e = *state;
	struct logon_opts opts = { .by = "OPERATOR" };
	struct told told = { 0 };
	struct message err;

#define REFUSED(number)                                                                 \
	assert_int_equal(                                                               \
		partition_logon(&e->cp, &user, &opts, told_done, &told, &err), number); \
	assert_int_equal(told.times, 0);                                                \
	nothing_is_left(e)

	opts.storage = 65 << 20;
	REFUSED(MSG_STORAGE_OVER_MAX);
	opts.storage = 12345;
	REFUSED(MSG_STORAGE_UNIT);
	opts.storage = 0;
	e->cp.host->pool = 1 << 20;
	REFUSED(MSG_POOL_SHORT);
	e->cp.host->pool = 1 << 30;
	e->cp.host->kvm_ok = false;
	REFUSED(MSG_KVM_UNUSABLE);
	e->cp.host->kvm_ok = true;
	e->cp.stopping = true;
	REFUSED(MSG_SHUTTING_DOWN);
	e->cp.stopping = false;
	e->cp.host->kvm_path = "/nonexistent/kvm";
	REFUSED(MSG_START_FAILED);
	e->cp.host->kvm_path = "/dev/null";
	user.device[1] = (struct dir_device) {
		.type = DIR_MDISK, .vdev = 0x191, .file = "missing.191", .mode = "MR"
	};
	user.n_devices = 2;
	REFUSED(MSG_DISK_UNUSABLE);
	accounted(e, 0, "");
}

static void test_already_logged_on(void **state)
{
	struct engine *e = *state;
	struct logon_opts opts = { .by = "OPERATOR" };
	struct told told;
	struct message err;

	logon(e, &told, false);
	assert_int_equal(partition_logon(&e->cp, &user, &opts, NULL, NULL, &err),
		MSG_ALREADY_LOGGED_ON);
	assert_int_equal(partition_force(partition_find(&e->cp, user.userid), "MAINT",
				 NULL, NULL, &err),
		0);
	assert_int_equal(partition_logon(&e->cp, &user, &opts, NULL, NULL, &err),
		MSG_LOGOFF_PENDING);
	nothing_is_left(e);
}

/* The process fails; the caller is told why, once nothing is left. */
static void fails(struct engine *e, const char *userid, int number, const char *why)
{
	struct told told;

	use_user(userid);
	assert_null(logon(e, &told, true));
	assert_int_equal(told.number, number);
	assert_non_null(strstr(told.text, why));
	nothing_is_left(e);
	accounted(e, 0, "");
}

static void test_processes_that_fail(void **state)
{
	struct engine *e = *state;
	char path[128];

	fails(e, "SAYSNO", MSG_START_FAILED, "no: because");
	fails(e, "DIES", MSG_START_FAILED, "its process ended with status 9");
	fails(e, "NOROOM", MSG_PART_STORAGE, "Cannot allocate memory");
	fails(e, "LIAR", MSG_PARTITION_LOST, "not asked");
	snprintf(path, sizeof(path), "%s/partition", e->dir);
	must(!unlink(path));
	fails(e, "ALPHA", MSG_START_FAILED, "No such file");
}

/* Waits until the pid file tells that the child has come so far. */
static void run_until_started(struct engine *e)
{
	for (int i = 0; i < 10; i++)
		loop_once(e->cp.loop, 20);
}

static void test_processes_that_say_nothing(void **state)
{
	struct engine *e = *state;
	static const char *const userids[] = { "SILENT", "SLOW" };

	for (size_t i = 0; i < 2; i++) {
		struct logon_opts opts = { .by = "OPERATOR" };
		struct told told = { 0 };
		struct message err;

		use_user(userids[i]);
		loop_clock_stop(e->cp.loop);
		assert_int_equal(
			partition_logon(&e->cp, &user, &opts, told_done, &told, &err), 0);
		run_until_started(e);
		assert_int_equal(told.times, 0);
		loop_clock_warp(e->cp.loop, (START_SECONDS + 1) * NS_PER_S);
		run_until(e, &told.times);
		assert_int_equal(told.number, MSG_START_FAILED);
		nothing_is_left(e);
	}
}

static void test_force_while_starting(void **state)
{
	struct engine *e = *state;
	struct logon_opts opts = { .by = "OPERATOR" };
	struct told told = { 0 };
	struct message err;

	use_user("SILENT");
	assert_int_equal(
		partition_logon(&e->cp, &user, &opts, told_done, &told, &err), 0);
	force(e);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_START_FAILED);
	assert_non_null(strstr(told.text, "forced by MAINT"));
	nothing_is_left(e);
}

/* ---- Ending ----------------------------------------------------------------------- */

static void test_a_process_that_dies(void **state)
{
	struct engine *e = *state;
	struct told told;

	kill(logon(e, &told, true)->pid, SIGKILL);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_PARTITION_LOST), 1);
	assert_non_null(
		strstr(front_twin.said[front_twin.n_said - 1].text, "signal 9 (Killed)"));
	accounted(e, 1, "lost");
}

/* It closes the connection and goes on: after a second it is ended. */
static void test_a_process_that_hangs_up(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct partition *p = logon(e, &told, true);
	struct message err;

	told.times = 0;
	loop_clock_stop(e->cp.loop);
	assert_int_equal(
		partition_reset(p, PART_RESET_SYSTEM, told_done, &told, &err), 0);
	run_until(e, &told.times);
	assert_int_equal(told.number, MSG_PART_GONE);
	loop_once(e->cp.loop, 100);
	assert_int_equal(p->state, PS_ENDING);
	loop_clock_warp(e->cp.loop, NS_PER_S);
	nothing_is_left(e);
	accounted(e, 1, "lost");
}

int main(int argc, char **argv)
{
#define WITH_ENGINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_logon_and_force),
		WITH_ENGINE(test_logon_without_ipl),
		WITH_ENGINE(test_ipl_of_what_is_missing),
		WITH_ENGINE(test_refusals),
		WITH_ENGINE(test_already_logged_on),
		WITH_ENGINE(test_processes_that_fail),
		WITH_ENGINE(test_processes_that_say_nothing),
		WITH_ENGINE(test_force_while_starting),
		WITH_ENGINE(test_a_process_that_dies),
		WITH_ENGINE(test_a_process_that_hangs_up),
	};

	if (is_partition(argc, argv))
		return fake_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
