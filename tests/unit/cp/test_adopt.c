/* Another cpd: partitions outlive the one that started them and are found again, what it
 * left half made is undone, and records that lie lead nowhere. */
#include "tests/unit/cp/process_fixture.h"

/* As a crash: everything is forgotten and nothing told. */
static void forget(struct engine *e)
{
	while (!list_empty(&e->cp.partitions))
		partition_free(
			container_of(e->cp.partitions.next, struct partition, node));
	e->cp.host->reserved = 0;
	memset(e->cp.host->uid_used, 0, sizeof(e->cp.host->uid_used));
	front_twin_reset();
}

static void test_adoption(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct partition *p = logon(e, &told, true);
	uint64_t logon_time = p->logon_time;
	pid_t pid = p->pid;
	struct message err;

	forget(e);
	partitions_adopt(&e->cp);
	p = partition_find(&e->cp, "ALPHA");
	assert_non_null(p);
	assert_int_equal(p->pid, pid);
	assert_true(p->logon_time == logon_time);
	assert_int_equal(p->state, PS_RUNNING);
	assert_int_equal(p->n_dev, 2);
	assert_string_equal(p->account, "ACCT");
	assert_int_equal(e->cp.host->reserved, 4 << 20);
	assert_int_equal(front_twin_said(MSG_ADOPTED), 1);
	engine_settle(e);
	assert_int_equal(p->console.end, 6);
	told.times = 0;
	assert_int_equal(partition_stop(p, PART_ALL_CPUS, told_done, &told, &err), 0);
	run_until(e, &told.times);
	assert_int_equal(p->state, PS_STOPPED);
	forget(e);
	partitions_adopt(&e->cp);
	assert_int_equal(partition_find(&e->cp, "ALPHA")->state, PS_STOPPED);
	force(e);
	nothing_is_left(e);
	accounted(e, 1, "forced");
}

/* ---- NICs that came and went ------------------------------------------------------ */

static void nic_done(struct told *told, struct engine *e, int rc)
{
	assert_int_equal(rc, 0);
	run_until(e, &told->times);
	assert_int_equal(told->number, 0);
	told->times = 0;
}

static struct partition *another_cpd(struct engine *e)
{
	struct partition *p;

	forget(e);
	partitions_adopt(&e->cp);
	p = partition_find(&e->cp, "ALPHA");
	assert_non_null(p);
	engine_settle(e);
	return p;
}

/* It is there, at its place and with its address; a place that was one's stays so. */
static void test_nics_stay(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct partition *p = logon(e, &told, true);
	struct part_dev nic;
	struct message err;

	told.times = 0;
	nic_done(&told, e, partition_define_nic(p, 0x610, told_done, &told, &err));
	nic_done(&told, e, partition_define_nic(p, 0x620, told_done, &told, &err));
	nic_done(&told, e, partition_detach_nic(p, 0x620, told_done, &told, &err));
	nic = *partition_device(p, 0x610);
	assert_int_equal(nic.slot, PART_PLUG_SLOT);

	p = another_cpd(e);
	assert_memory_equal(partition_device(p, 0x610), &nic, sizeof(nic));
	assert_null(partition_device(p, 0x620));
	nic_done(&told, e, partition_define_nic(p, 0x630, told_done, &told, &err));
	assert_int_equal(partition_device(p, 0x630)->slot, PART_PLUG_SLOT + 2);
	nic_done(&told, e, partition_detach_nic(p, 0x610, told_done, &told, &err));
	p = another_cpd(e);
	assert_null(partition_device(p, 0x610));
	assert_int_equal(p->n_dev, 3);
	force(e);
	nothing_is_left(e);
}

/* The process has been asked to take away what was in doubt, and has answered. */
static void settled(struct engine *e, const struct partition *p)
{
	uint64_t end = clock_ns() + WAIT_SECONDS * NS_PER_S;

	while (p->changing.type) {
		assert_true(clock_ns() < end);
		loop_once(e->cp.loop, 20);
	}
}

/* cpd ended after it had asked, and before it was answered. */
static void test_a_nic_in_doubt(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct partition *p = logon(e, &told, true);
	struct message err;

	assert_int_equal(partition_define_nic(p, 0x610, NULL, NULL, &err), 0);
	p = another_cpd(e);
	settled(e, p);
	assert_int_equal(front_twin_said(MSG_NIC_UNDONE), 1);
	assert_null(partition_device(p, 0x610));

	told.times = 0;
	nic_done(&told, e, partition_define_nic(p, 0x610, told_done, &told, &err));
	assert_int_equal(partition_device(p, 0x610)->slot, PART_PLUG_SLOT + 1);
	assert_int_equal(partition_detach_nic(p, 0x610, NULL, NULL, &err), 0);
	p = another_cpd(e);
	settled(e, p);
	assert_int_equal(front_twin_said(MSG_NIC_UNDONE), 1);
	assert_null(partition_device(p, 0x610));
	/* That is told once. */
	p = another_cpd(e);
	assert_int_equal(front_twin_said(MSG_NIC_UNDONE), 0);
	assert_int_equal(p->n_dev, 2);
	force(e);
	nothing_is_left(e);
}

/* ---- Signals ---------------------------------------------------------------------- */

static void test_signal_goes_on_after_adoption(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct partition *p = logon(e, &told, true);
	struct message err;

	loop_clock_stop(e->cp.loop);
	p->signal_enabled = true;
	assert_int_equal(partition_signal(p, 30, NULL, NULL, &err), 0);
	engine_settle(e);
	forget(e);
	partitions_adopt(&e->cp);
	p = partition_find(&e->cp, "ALPHA");
	assert_int_equal(p->state, PS_SIGNALLED);
	loop_clock_warp(e->cp.loop, 31 * NS_PER_S);
	nothing_is_left(e);
	accounted(e, 1, "signal expired");
}

/* The guest shut down while no cpd was there. */
static void test_signal_obeyed_meanwhile(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct partition *p = logon(e, &told, true);
	struct message err;

	p->signal_enabled = true;
	assert_int_equal(partition_signal(p, 30, NULL, NULL, &err), 0);
	engine_settle(e);
	p->state = PS_RUNNING; /* as it stops without being asked */
	told.times = 0;
	assert_int_equal(partition_stop(p, PART_ALL_CPUS, told_done, &told, &err), 0);
	run_until(e, &told.times);
	forget(e);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_LOGGED_OFF), 1);
	accounted(e, 1, "signal");
}

static void test_one_that_died_meanwhile(void **state)
{
	struct engine *e = *state;
	struct told told;
	pid_t pid = logon(e, &told, true)->pid;

	forget(e);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_PARTITION_LOST), 1);
	accounted(e, 1, "lost");
}

/* cpd ended after it had accounted a partition, before it removed the record. */
static void test_accounted_once(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct partition *p = logon(e, &told, true);
	pid_t pid = p->pid;

	account_write(e->cp.accounting, &(struct account_line) { .userid = "ALPHA",
						.account = "ACCT",
						.logon = p->logon_time,
						.reason = "forced",
						.by = "MAINT" });
	forget(e);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	accounted(e, 1, "forced");
}

/* Only the intent is recorded: the process is found by its pid file and ended. */
static void interrupted(struct engine *e, const char *userid)
{
	struct logon_opts opts = { .by = "OPERATOR" };
	struct message err;

	use_user(userid);
	assert_int_equal(partition_logon(&e->cp, &user, &opts, NULL, NULL, &err), 0);
	forget(e);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_START_UNDONE), 1);
	accounted(e, 0, "");
}

static void test_interrupted_starts(void **state)
{
	struct engine *e = *state;

	interrupted(e, "SILENT");
	interrupted(e, "SLOW");
	interrupted(e, "ALPHA");
}

/* ---- Starts interrupted after the activation -------------------------------------- */

/* Activated, and not yet IPLed: its starter does that, maybe after something else. */
static void activate(struct engine *e, const char *by, const struct ipl *later, bool more)
{
	static const struct ipl none = { .kind = IPL_NONE };
	struct logon_opts opts = { .ipl = &none, .by = by, .later = later, .more = more };
	struct told told = { 0 };
	struct message err;

	assert_int_equal(
		partition_logon(&e->cp, &user, &opts, told_done, &told, &err), 0);
	run_until(e, &told.times);
	assert_int_equal(told.number, 0);
	assert_int_equal(partition_find(&e->cp, user.userid)->state, PS_STOPPED);
}

static void test_the_ipl_is_made_up_for(void **state)
{
	const struct ipl cms = { .kind = IPL_CMS, .parm = "query time" };
	struct engine *e = *state;
	struct partition *p;

	activate(e, "OPERATOR", &cms, false);
	forget(e);
	partitions_adopt(&e->cp);
	p = partition_find(&e->cp, "ALPHA");
	assert_non_null(p);
	assert_int_equal(p->state, PS_RUNNING);
	assert_int_equal(p->todo, TODO_NOTHING);
	assert_true(p->loaded);
	assert_string_equal(p->ipl.parm, "query time");
	assert_int_equal(front_twin_said(MSG_START_FINISHED), 1);
	/* Once: the next cpd finds a partition as any other. */
	forget(e);
	partitions_adopt(&e->cp);
	assert_int_equal(front_twin_said(MSG_START_FINISHED), 0);
	assert_int_equal(front_twin_said(MSG_ADOPTED), 1);
	force(e);
	nothing_is_left(e);
}

/* cpd ended after it had asked for the IPL: the process has done it. */
static void test_the_ipl_was_under_way(void **state)
{
	const struct ipl cms = { .kind = IPL_CMS };
	struct engine *e = *state;
	struct partition *p;
	struct message err;

	activate(e, "OPERATOR", &cms, false);
	p = partition_find(&e->cp, "ALPHA");
	assert_int_equal(partition_ipl(p, &cms, false, NULL, NULL, &err), 0);
	assert_int_equal(p->state, PS_LOADING);
	forget(e);
	partitions_adopt(&e->cp);
	p = partition_find(&e->cp, "ALPHA");
	assert_int_equal(p->state, PS_RUNNING);
	assert_int_equal(p->todo, TODO_NOTHING);
	assert_int_equal(front_twin_said(MSG_START_FINISHED), 0);
	force(e);
	nothing_is_left(e);
}

static void test_the_ipl_fails_then(void **state)
{
	const struct ipl missing = {
		.kind = IPL_KERNEL, .kernel = "/nonexistent", .absolute = true
	};
	struct engine *e = *state;

	activate(e, "OPERATOR", &missing, false);
	forget(e);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_FILE_UNREADABLE), 1);
	assert_int_equal(front_twin_said(MSG_LOGGED_OFF), 1);
	accounted(e, 1, "ipl failed");

	/* Who logged on by himself has it as without the interruption. */
	activate(e, "ALPHA", &missing, false);
	forget(e);
	partitions_adopt(&e->cp);
	assert_int_equal(partition_find(&e->cp, "ALPHA")->state, PS_STOPPED);
	assert_int_equal(front_twin_said(MSG_FILE_UNREADABLE), 1);
	forget(e);
	partitions_adopt(&e->cp);
	assert_int_equal(front_twin_said(MSG_ADOPTED), 1);
	force(e);
	nothing_is_left(e);
}

/* How far COMMAND statements have come, no record says; nor does it hold what is no text.
 */
static void test_what_nobody_can_finish(void **state)
{
	const struct ipl cms = { .kind = IPL_CMS };
	const struct ipl no_text = { .kind = IPL_CMS, .parm = "a\tb" };
	struct engine *e = *state;

	activate(e, "OPERATOR", &cms, true);
	forget(e);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_START_UNDONE), 1);

	activate(e, "OPERATOR", &no_text, false);
	forget(e);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_START_UNDONE), 1);
	accounted(e, 0, "");
}

static void test_after_the_commands(void **state)
{
	const struct ipl cms = { .kind = IPL_CMS }, none = { .kind = IPL_NONE };
	struct engine *e = *state;

	activate(e, "OPERATOR", &cms, true);
	partition_commands_done(partition_find(&e->cp, "ALPHA"), &cms);
	forget(e);
	partitions_adopt(&e->cp);
	assert_int_equal(partition_find(&e->cp, "ALPHA")->state, PS_RUNNING);
	force(e);

	activate(e, "OPERATOR", &none, true);
	partition_commands_done(partition_find(&e->cp, "ALPHA"), &none);
	forget(e);
	partitions_adopt(&e->cp);
	assert_int_equal(partition_find(&e->cp, "ALPHA")->state, PS_STOPPED);
	assert_int_equal(front_twin_said(MSG_ADOPTED), 1);
	force(e);
	nothing_is_left(e);
}

static void test_interrupted_before_the_process(void **state)
{
	struct engine *e = *state;
	struct partition *p = partition_new(&e->cp, "ALPHA");

	p->storage = 4 << 20;
	p->n_vcpus = 1;
	p->uid = e->cp.privileged ? HOST_UID_BASE : geteuid();
	must(!record_write(p, RECORD_INTENT));
	partition_free(p);
	partitions_adopt(&e->cp);
	nothing_is_left(e);
	assert_int_equal(front_twin_said(MSG_START_UNDONE), 1);
}

/* ---- Records that lie ------------------------------------------------------------- */

/* Rewrites the record of ALPHA, with one key changed, as that of `userid`. */
static void forge(struct engine *e, const char *userid, const char *key, json_t *value)
{
	char path[256];
	json_t *root;

	root = json_load_file(
		part_path(&e->cp, "ALPHA", PART_FILE_RECORD, path, sizeof(path)), 0,
		NULL);
	assert_non_null(root);
	json_object_set_new(root, key, value);
	part_path(&e->cp, userid, PART_FILE_RECORD, path, sizeof(path));
	assert_int_equal(json_dump_file(root, path, 0), 0);
	chmod(path, 0600);
	json_decref(root);
}

static void remove_bad(struct engine *e, const char *userid)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/partitions/%s.bad", e->rundir, userid);
	assert_int_equal(unlink(path), 0);
}

static void test_a_record_of_another_process(void **state)
{
	struct engine *e = *state;
	struct told told;
	pid_t pid = logon(e, &told, true)->pid;

	forget(e);
	forge(e, "BETA", "userid", json_string("BETA"));
	partitions_adopt(&e->cp);
	/* The true one is adopted, the false one does not touch its process. */
	assert_int_equal(partition_find(&e->cp, "ALPHA")->pid, pid);
	assert_null(partition_find(&e->cp, "BETA"));
	assert_int_equal(front_twin_said(MSG_RECORD_FALSE), 1);
	remove_bad(e, "BETA");
	force(e);
	nothing_is_left(e);
}

/* A process that has nothing to do with partitions. */
static pid_t bystander(void)
{
	pid_t pid = fork();

	if (!pid) {
		for (;;)
			pause();
	}
	must(pid > 0);
	return pid;
}

static void test_a_record_of_a_bystander(void **state)
{
	struct engine *e = *state;
	struct told told;
	pid_t pid = bystander();
	uint64_t ticks;

	logon(e, &told, true);
	forget(e);
	must(!process_start(pid, &ticks));
	forge(e, "ALPHA", "pid", json_integer(pid));
	forge(e, "ALPHA", "start_ticks", json_integer((json_int_t)ticks));
	partitions_adopt(&e->cp);
	/* It lives; the partition's process does not. */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(front_twin_said(MSG_RECORD_FALSE), 1);
	remove_bad(e, "ALPHA");
	nothing_is_left(e);
}

static void test_garbage(void **state)
{
	struct engine *e = *state;
	struct told told;
	char path[256];
	int fd;

	logon(e, &told, true);
	forget(e);
	part_path(&e->cp, "ALPHA", PART_FILE_RECORD, path, sizeof(path));
	must(!truncate(path, 20));
	partitions_adopt(&e->cp);
	assert_int_equal(front_twin_said(MSG_RECORD_FALSE), 1);
	remove_bad(e, "ALPHA");
	nothing_is_left(e);

	/* Others may not write them, and what is no record is none. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && !fchmod(fd, 0666));
	close(fd);
	partitions_adopt(&e->cp);
	assert_int_equal(front_twin_said(MSG_RECORD_FALSE), 2);
	remove_bad(e, "ALPHA");
	nothing_is_left(e);
}

int main(int argc, char **argv)
{
#define WITH_ENGINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_adoption),
		WITH_ENGINE(test_nics_stay),
		WITH_ENGINE(test_a_nic_in_doubt),
		WITH_ENGINE(test_signal_goes_on_after_adoption),
		WITH_ENGINE(test_signal_obeyed_meanwhile),
		WITH_ENGINE(test_one_that_died_meanwhile),
		WITH_ENGINE(test_accounted_once),
		WITH_ENGINE(test_interrupted_starts),
		WITH_ENGINE(test_interrupted_before_the_process),
		WITH_ENGINE(test_the_ipl_is_made_up_for),
		WITH_ENGINE(test_the_ipl_was_under_way),
		WITH_ENGINE(test_the_ipl_fails_then),
		WITH_ENGINE(test_what_nobody_can_finish),
		WITH_ENGINE(test_after_the_commands),
		WITH_ENGINE(test_a_record_of_another_process),
		WITH_ENGINE(test_a_record_of_a_bystander),
		WITH_ENGINE(test_garbage),
	};

	if (is_partition(argc, argv))
		return fake_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
