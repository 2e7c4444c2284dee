/* Timers and the clock: in order, never early, and still while a test holds it. */
#include "cp/lib/loop.h"
#include "tests/unit/lib/loop_fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

struct timer {
	struct loop_timer timer;
	struct loop *loop;
	struct trace *trace;
	char name;
	uint64_t again_ns; /* sets itself anew */
};

static void on_timer(struct loop_timer *timer)
{
	struct timer *t = timer->ctx;

	assert_null(timer->loop);
	note(t->trace, t->name);
	if (t->again_ns)
		assert_int_equal(
			loop_timer_set(t->loop, timer,
				loop_now(t->loop) + t->again_ns - 1, on_timer, t),
			0);
}

static void timer_in(struct timer *t, uint64_t ns)
{
	uint64_t deadline = loop_now(t->loop) + ns;

	assert_int_equal(loop_timer_set(t->loop, &t->timer, deadline, on_timer, t), 0);
}

static void timers_init(struct timer *t, int n, struct loop *loop, struct trace *trace)
{
	loop_clock_stop(loop);
	memset(trace, 0, sizeof(*trace));
	memset(t, 0, (size_t)n * sizeof(*t));
	for (int i = 0; i < n; i++) {
		t[i].loop = loop;
		t[i].trace = trace;
		t[i].name = (char)('a' + i);
	}
}

static void test_timer_order(void **state)
{
	struct loop *loop = *state;
	struct trace trace;
	struct timer t[6];

	timers_init(t, 6, loop, &trace);
	timer_in(&t[0], 30);
	timer_in(&t[1], 10);
	timer_in(&t[2], 20);
	timer_in(&t[3], 10);
	timer_in(&t[4], 40);
	timer_in(&t[5], 5);
	timer_in(&t[1], 35); /* moved back */
	timer_in(&t[4], 10); /* moved forward, behind d */
	loop_timer_cancel(&t[5].timer);
	loop_timer_cancel(&t[5].timer);
	assert_int_equal(loop_once(loop, 0), 0);
	loop_clock_warp(loop, 9);
	assert_int_equal(loop_once(loop, 0), 0);
	loop_clock_warp(loop, 1);
	assert_int_equal(loop_once(loop, -1), 2);
	assert_string_equal(trace.text, "de");
	loop_clock_warp(loop, 1000);
	assert_int_equal(loop_once(loop, -1), 3);
	assert_string_equal(trace.text, "decab");
}

static void test_timer_in_the_past(void **state)
{
	struct loop *loop = *state;
	struct trace trace;
	struct timer t[2];

	timers_init(t, 2, loop, &trace);
	loop_clock_warp(loop, 1000);
	timer_in(&t[0], 0);
	assert_int_equal(loop_timer_set(loop, &t[1].timer, 0, on_timer, &t[1]), 0);
	assert_int_equal(loop_once(loop, -1), 2);
	assert_string_equal(trace.text, "ab");
}

/* One that is due again at once neither keeps the loop nor starves the other. */
static void test_timer_sets_itself(void **state)
{
	struct loop *loop = *state;
	struct trace trace;
	struct timer t[2];

	timers_init(t, 2, loop, &trace);
	t[0].again_ns = 1;
	timer_in(&t[0], 0);
	timer_in(&t[1], 0);
	assert_int_equal(loop_once(loop, 0), 2);
	assert_int_equal(loop_once(loop, 0), 1);
	assert_string_equal(trace.text, "aba");
	loop_timer_cancel(&t[0].timer);
}

struct check {
	struct loop_timer timer;
	uint64_t *last;
	int *ran;
};

static void on_check(struct loop_timer *timer)
{
	struct check *c = timer->ctx;

	assert_true(timer->deadline >= *c->last);
	*c->last = timer->deadline;
	++*c->ran;
}

/* Many timers set, moved and cancelled at random run in order, and only those left. */
static void test_timer_heap(void **state)
{
	static struct check c[500];
	struct loop *loop = *state;
	uint64_t last = 0;
	int ran = 0, left = 0;

	srand(1);
	loop_clock_stop(loop);
	for (int i = 0; i < 5000; i++) {
		struct check *p = &c[rand() % 500];
		uint64_t in = (uint64_t)rand() % 1000;

		p->last = &last;
		p->ran = &ran;
		if (rand() % 4)
			assert_int_equal(loop_timer_set(loop, &p->timer,
						 loop_now(loop) + in, on_check, p),
				0);
		else
			loop_timer_cancel(&p->timer);
	}
	for (int i = 0; i < 500; i++)
		left += c[i].timer.loop != NULL;
	assert_true(left > 100);
	for (int i = 0; i < 20; i++) {
		loop_clock_warp(loop, 50);
		assert_true(loop_once(loop, 0) >= 0);
	}
	assert_int_equal(ran, left);
	assert_int_equal(loop_once(loop, 0), 0);
}

static void test_timer_not_early(void **state)
{
	struct loop *loop = *state;
	struct trace trace = { 0 };
	struct timer t = { .loop = loop, .trace = &trace, .name = 'a' };
	uint64_t start = loop_now(loop);

	timer_in(&t, 3 * MS + 1);
	while (!trace.n)
		assert_true(loop_once(loop, -1) >= 0);
	assert_true(loop_now(loop) - start >= 3 * MS + 1);
}

static void test_timeout(void **state)
{
	uint64_t start = loop_now(*state);

	assert_int_equal(loop_once(*state, 5), 0);
	assert_true(loop_now(*state) - start >= 5 * MS);
}

/* Makes epoll_pwait2 fail in this process, as an older kernel or a sandbox does. */
static void forbid_pwait2(unsigned err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		_exit(2);
}

static int timer_without_pwait2(unsigned err)
{
	struct trace trace = { 0 };
	struct timer t = { .trace = &trace, .name = 'a' };
	uint64_t start;

	forbid_pwait2(err);
	if (loop_create(&t.loop))
		return 3;
	start = loop_now(t.loop);
	if (loop_timer_set(t.loop, &t.timer, start + 2 * MS + 1, on_timer, &t))
		return 4;
	for (int i = 0; i < 100 && !trace.n; i++) {
		if (loop_once(t.loop, -1) < 0)
			return 5;
	}
	return trace.n && loop_now(t.loop) - start > 2 * MS ? 0 : 6;
}

static void test_without_pwait2(void **state)
{
	static const unsigned errors[] = { ENOSYS, EPERM };

	(void)state;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid)
			_exit(timer_without_pwait2(errors[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* ---- the clock ---- */

static void on_clock(struct loop_timer *timer)
{
	const struct loop *loop = timer->ctx;
	uint64_t now = loop_now(loop), end = now + 1;

	assert_true(now >= timer->deadline);
	for (struct timespec ts = { 0 };
		(uint64_t)ts.tv_nsec + (uint64_t)ts.tv_sec * 1000 * MS < end;)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	assert_true(loop_now(loop) == now);
}

static void test_clock(void **state)
{
	struct loop *loop = *state;
	struct loop_timer timer = { 0 };
	uint64_t now = loop_now(loop);

	assert_int_equal(loop_timer_set(loop, &timer, now, on_clock, loop), 0);
	assert_int_equal(loop_once(loop, -1), 1);
	while (loop_now(loop) == now)
		; /* it moves between callbacks */
	loop_clock_stop(loop);
	now = loop_now(loop);
	assert_int_equal(loop_once(loop, 2), 0);
	assert_true(loop_now(loop) == now);
	loop_clock_warp(loop, 17);
	assert_true(loop_now(loop) == now + 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_timer_order),
		LOOP_TEST(test_timer_in_the_past),
		LOOP_TEST(test_timer_sets_itself),
		LOOP_TEST(test_timer_heap),
		LOOP_TEST(test_timer_not_early),
		LOOP_TEST(test_timeout),
		cmocka_unit_test(test_without_pwait2),
		LOOP_TEST(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
