/* What the kernel says of processes, ours and those that are no more. */
#include "tests/unit/cp/engine_fixture.h"

#include "cp/sandbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define NOBODY 4194305 /* more than any pid (proc(5), pid_max) */

static void test_stat_text(void **state)
{
	uint64_t ticks;
	pid_t pid;
	const char *text =
		"4711 (a) b) R 1) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
		"987654 20 21";

	(void)state;
	assert_int_equal(stat_parse(text, &pid, &ticks), 0);
	assert_int_equal(pid, 4711);
	assert_int_equal(ticks, 987654);
	assert_int_equal(stat_parse("4711 (a) S 1 2 3", &pid, &ticks), -EPROTO);
	assert_int_equal(stat_parse("4711", &pid, &ticks), -EPROTO);
	assert_int_equal(stat_parse("", &pid, &ticks), -EPROTO);
	assert_int_equal(stat_parse("x (a) S 1 2 3 4 5 6 7 8 9 1 1 1 1 1 1 1 1 1 9 ",
				 &pid, &ticks),
		-EPROTO);
}

static void test_ourselves(void **state)
{
	uint64_t ticks, again, ns;
	uid_t uid;

	(void)state;
	assert_int_equal(process_start(getpid(), &ticks), 0);
	assert_int_equal(process_start(getpid(), &again), 0);
	assert_true(ticks > 0 && ticks == again);
	assert_int_equal(process_uid(getpid(), &uid), 0);
	assert_int_equal(uid, getuid());
	assert_int_equal(process_cpu(getpid(), &ns), 0);
	assert_true(ns > 0);
}

static void test_nobody(void **state)
{
	uint64_t value;
	uid_t uid;

	(void)state;
	assert_int_equal(process_start(NOBODY, &value), -ESRCH);
	assert_int_not_equal(process_uid(NOBODY, &uid), 0);
	assert_int_not_equal(process_cpu(NOBODY, &value), 0);
}

/* What it used is known until somebody waits for it. */
static void test_a_zombie(void **state)
{
	struct timespec now;
	siginfo_t info;
	uint64_t ns = 0;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		while (!now.tv_sec && now.tv_nsec < 20000000);
		_exit(0);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_cpu(pid, &ns), 0);
	assert_true(ns >= 20000000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_not_equal(process_cpu(pid, &ns), 0);
}

/* ---- Threads that call themselves vCPUs ------------------------------------------- */

struct threads {
	pthread_barrier_t named;
	pthread_mutex_t lock; /* held: they sleep */
};

static void *pretend(void *arg)
{
	struct threads *t = arg;

	prctl(PR_SET_NAME, "vcpu1", 0, 0, 0);
	pthread_barrier_wait(&t->named);
	pthread_mutex_lock(&t->lock);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void test_vcpus(void **state)
{
	struct partition p = { .pid = getpid(), .state = PS_RUNNING };
	struct part_usage usage;
	struct threads t;
	pthread_t thread;

	(void)state;
	assert_false(part_idle(&p)); /* it has no vCPU at all */
	pthread_barrier_init(&t.named, NULL, 2);
	pthread_mutex_init(&t.lock, NULL);
	pthread_mutex_lock(&t.lock);
	assert_int_equal(pthread_create(&thread, NULL, pretend, &t), 0);
	pthread_barrier_wait(&t.named);
	while (!part_idle(&p))
		;
	assert_string_equal(partition_shown(&p), "idle");
	assert_int_equal(partition_usage(&p, &usage), 0);
	assert_int_equal(usage.n_vcpus, 2);
	assert_int_equal(usage.vcpu[1].state, 'S');
	assert_true(usage.resident > 4096);
	pthread_mutex_unlock(&t.lock);
	pthread_join(thread, NULL);
	p.state = PS_STOPPED;
	assert_string_equal(partition_shown(&p), "stopped");
}

/* ---- The sandbox, read back ------------------------------------------------------- */

static void test_no_sandbox(void **state)
{
	struct sandbox_view v;

	(void)state;
	sandbox_read_pid(getpid(), &v);
	assert_int_equal(v.uid, getuid());
	for (int ns = 0; ns < SANDBOX_NAMESPACES; ns++)
		assert_int_equal(v.own_ns[ns], FACT_NO);
	assert_int_equal(v.no_new_privs, FACT_NO);
	assert_string_equal(v.seccomp, "none");
	assert_string_not_equal(v.root, "empty");
	assert_non_null(strstr(v.root, " entries"));
}

static void test_no_process(void **state)
{
	struct sandbox_view v;

	(void)state;
	sandbox_read_pid(NOBODY, &v);
	assert_false(v.uid_known);
	assert_int_equal(v.own_ns[SANDBOX_NET], FACT_UNREADABLE);
	assert_int_equal(v.no_new_privs, FACT_UNREADABLE);
	assert_string_equal(v.capabilities, "unreadable: No such file or directory");
	assert_string_equal(v.seccomp, "unreadable: No such file or directory");
	assert_string_equal(v.root, "unreadable: No such file or directory");
}

static void test_no_new_privs(void **state)
{
	struct sandbox_view v;
	int ready[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	sandbox_read_pid(pid, &v);
	assert_int_equal(v.no_new_privs, FACT_YES);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat_text),
		cmocka_unit_test(test_ourselves),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_a_zombie),
		cmocka_unit_test(test_vcpus),
		cmocka_unit_test(test_no_sandbox),
		cmocka_unit_test(test_no_process),
		cmocka_unit_test(test_no_new_privs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
