/* The event loop: who is called, in which order, and who not any more. */
#include "cp/lib/loop.h"
#include "tests/unit/lib/loop_fixture.h"
#include "tests/unit/lib/open_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

/* ---- descriptors ---- */

struct pair {
	struct loop_fd watch;
	int fd[2];
	int called;
	uint32_t events;
	struct pair *victim;
	void (*act)(struct pair *p);
};

static void on_pair(struct loop_fd *watch, uint32_t events)
{
	struct pair *p = watch->ctx;

	p->called++;
	p->events = events;
	if (p->act)
		p->act(p);
}

static void pair_open(struct pair *p, struct loop *loop)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(pipe2(p->fd, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(loop_fd_add(loop, &p->watch, p->fd[0], EPOLLIN, on_pair, p), 0);
}

static void pair_close(struct pair *p)
{
	loop_fd_del(&p->watch);
	close(p->fd[0]);
	if (p->fd[1] >= 0)
		close(p->fd[1]);
}

static void pair_fill(struct pair *p)
{
	assert_int_equal(write(p->fd[1], "x", 1), 1);
}

static void test_readable(void **state)
{
	struct loop *loop = *state;
	struct pair p;

	pair_open(&p, loop);
	assert_int_equal(loop_once(loop, 0), 0);
	pair_fill(&p);
	assert_int_equal(loop_once(loop, -1), 1);
	assert_int_equal(p.called, 1);
	assert_int_equal(p.events, EPOLLIN);
	assert_ptr_equal(p.watch.loop, loop);
	loop_fd_del(&p.watch);
	assert_null(p.watch.loop);
	assert_int_equal(loop_once(loop, 0), 0);
	pair_close(&p);
}

static void test_add_refused(void **state)
{
	struct loop *loop = *state;
	struct loop_fd watch = { 0 };
	struct pair p;
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(file >= 0);
	assert_int_equal(loop_fd_add(loop, &watch, file, EPOLLIN, on_pair, NULL), -EPERM);
	assert_null(watch.loop);
	loop_fd_del(&watch);
	assert_int_equal(loop_fd_add(loop, &watch, -1, EPOLLIN, on_pair, NULL), -EBADF);
	assert_int_equal(loop_fd_add(loop, &watch, 9999, EPOLLIN, on_pair, NULL), -EBADF);
	pair_open(&p, loop);
	assert_int_equal(
		loop_fd_add(loop, &watch, p.fd[0], EPOLLIN, on_pair, NULL), -EEXIST);
	pair_close(&p);
	close(file);
}

static void test_mod(void **state)
{
	struct loop *loop = *state;
	struct pair p;

	pair_open(&p, loop);
	pair_fill(&p);
	close(p.fd[1]);
	p.fd[1] = -1;
	assert_int_equal(loop_fd_mod(&p.watch, 0), 0);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(loop_fd_mod(&p.watch, EPOLLIN), 0);
	assert_int_equal(loop_once(loop, 0), 1);
	assert_int_equal(p.events, EPOLLIN | EPOLLHUP);
	assert_int_equal(loop_fd_mod(&p.watch, EPOLLPRI), 0);
	assert_int_equal(loop_once(loop, 0), 1);
	assert_int_equal(p.events, EPOLLHUP);
	assert_int_equal(loop_fd_mod(&p.watch, 0), 0);
	pair_close(&p);
}

static void test_add_muted(void **state)
{
	struct loop *loop = *state;
	struct pair p;

	pair_open(&p, loop);
	loop_fd_del(&p.watch);
	assert_int_equal(loop_fd_add(loop, &p.watch, p.fd[0], 0, on_pair, &p), 0);
	close(p.fd[1]);
	p.fd[1] = -1;
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(loop_fd_mod(&p.watch, EPOLLIN), 0);
	assert_int_equal(loop_once(loop, 0), 1);
	pair_close(&p);
}

static void del_self(struct pair *p)
{
	loop_fd_del(&p->watch);
}

static void del_victim(struct pair *p)
{
	loop_fd_del(&p->victim->watch);
}

static void mute_victim(struct pair *p)
{
	assert_int_equal(loop_fd_mod(&p->victim->watch, 0), 0);
}

static void replace_victim(struct pair *p)
{
	struct pair *v = p->victim;

	loop_fd_del(&v->watch);
	assert_int_equal(
		loop_fd_add(p->watch.loop, &v->watch, v->fd[0], EPOLLIN, on_pair, v), 0);
	v->act = NULL;
}

static void test_del_self(void **state)
{
	struct pair p;

	pair_open(&p, *state);
	pair_fill(&p);
	p.act = del_self;
	assert_int_equal(loop_once(*state, 0), 1);
	assert_int_equal(loop_once(*state, 0), 0);
	pair_close(&p);
}

/* Two are ready; whichever is first does something to the other, whose event is then
 * stale. */
static void each_at_the_other(struct loop *loop, void (*act)(struct pair *), int later)
{
	struct pair a, b;

	pair_open(&a, loop);
	pair_open(&b, loop);
	pair_fill(&a);
	pair_fill(&b);
	a.victim = &b;
	b.victim = &a;
	a.act = b.act = act;
	assert_int_equal(loop_once(loop, 0), 1);
	assert_int_equal(a.called + b.called, 1);
	a.act = b.act = NULL;
	assert_int_equal(loop_once(loop, 0), later);
	pair_close(&a);
	pair_close(&b);
}

static void test_del_other(void **state)
{
	each_at_the_other(*state, del_victim, 1);
}

static void test_mute_other(void **state)
{
	each_at_the_other(*state, mute_victim, 1);
}

static void test_replace_other(void **state)
{
	each_at_the_other(*state, replace_victim, 2);
}

static void test_many_fds(void **state)
{
	struct pair p[40];

	for (int i = 0; i < 40; i++) {
		pair_open(&p[i], *state);
		pair_fill(&p[i]);
	}
	assert_int_equal(loop_once(*state, 0), 40);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(p[i].called, 1);
		pair_close(&p[i]);
	}
	assert_int_equal(loop_once(*state, 0), 0);
}

/* ---- deferred calls ---- */

struct call {
	struct loop_call call;
	struct loop *loop;
	struct trace *trace;
	char name;
	struct call *next; /* deferred by this one */
};

static void on_call(struct loop_call *call)
{
	struct call *c = call->ctx;

	assert_null(call->loop);
	note(c->trace, c->name);
	if (c->next)
		loop_defer(c->loop, &c->next->call, on_call, c->next);
}

static void calls_init(struct call *c, int n, struct loop *loop, struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	for (int i = 0; i < n; i++)
		c[i] = (struct call) {
			.loop = loop, .trace = trace, .name = (char)('a' + i)
		};
}

static void test_defer(void **state)
{
	struct loop *loop = *state;
	struct trace trace;
	struct call c[4];

	calls_init(c, 4, loop, &trace);
	for (int i = 0; i < 4; i++)
		loop_defer(loop, &c[i].call, on_call, &c[i]);
	loop_defer(loop, &c[0].call, on_call, &c[0]); /* again: moves to the end */
	loop_undefer(&c[1].call);
	loop_undefer(&c[1].call);
	assert_int_equal(loop_once(loop, -1), 3);
	assert_string_equal(trace.text, "cda");
	assert_int_equal(loop_once(loop, 0), 0);
}

/* A call that defers itself is run once a round. */
static void test_defer_again(void **state)
{
	struct loop *loop = *state;
	struct trace trace;
	struct call c;

	calls_init(&c, 1, loop, &trace);
	c.next = &c;
	loop_defer(loop, &c.call, on_call, &c);
	assert_int_equal(loop_once(loop, -1), 1);
	assert_int_equal(loop_once(loop, -1), 1);
	loop_undefer(&c.call);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_string_equal(trace.text, "aa");
}

static void on_deferring_timer(struct loop_timer *timer)
{
	struct call *c = timer->ctx;

	note(c->trace, 'T');
	loop_defer(c->loop, &c->call, on_call, c);
}

/* It runs when the callback has returned, before the next one. */
static void test_defer_from_callback(void **state)
{
	struct loop *loop = *state;
	struct loop_timer t[2] = { 0 };
	struct trace trace;
	struct call c[2];

	calls_init(c, 2, loop, &trace);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			loop_timer_set(loop, &t[i], 0, on_deferring_timer, &c[i]), 0);
	assert_int_equal(loop_once(loop, -1), 4);
	assert_string_equal(trace.text, "TaTb");
}

/* ---- running, stopping, the guard ---- */

static void on_stop(struct loop_call *call)
{
	loop_stop(call->ctx);
}

static void test_run(void **state)
{
	struct loop *loop = *state;
	struct loop_call call = { 0 };

	for (int i = 0; i < 2; i++) {
		loop_defer(loop, &call, on_stop, loop);
		assert_int_equal(loop_run(loop), 0);
	}
	loop_stop(loop);
	assert_int_equal(loop_run(loop), 0);
}

static void test_destroy_forgets(void **state)
{
	struct loop_timer timer = { 0 };
	struct loop_call call = { 0 };
	struct loop *loop;
	struct pair p;
	int before = open_fds();

	(void)state;
	assert_int_equal(loop_create(&loop), 0);
	pair_open(&p, loop);
	assert_int_equal(loop_timer_set(loop, &timer, 0, on_deferring_timer, NULL), 0);
	loop_defer(loop, &call, on_call, NULL);
	loop_destroy(loop);
	loop_destroy(NULL);
	loop_fd_del(&p.watch);
	loop_timer_cancel(&timer);
	loop_undefer(&call);
	pair_close(&p);
	assert_int_equal(open_fds(), before);
}

/* The two lowest descriptors that are free: whoever started this may have left any open.
 */
static void free_fds(int *first, int *second)
{
	*first = open("/dev/null", O_RDONLY | O_CLOEXEC);
	*second = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(*first >= 0 && *second > *first);
	close(*first);
	close(*second);
}

/* A loop needs two descriptors; with fewer to be had it leaves none behind. */
static void test_create_refused(void **state)
{
	struct rlimit old, few;
	struct loop *loop = NULL;
	int before = open_fds(), first, second;

	(void)state;
	free_fds(&first, &second);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (int room = 0; room < 3; room++) {
		const int limits[] = { first, second, second + 1 };
		int err;

		few = (struct rlimit) { (rlim_t)limits[room], old.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		err = loop_create(&loop);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		assert_int_equal(err, room < 2 ? -EMFILE : 0);
		if (room < 2)
			assert_int_equal(open_fds(), before);
	}
	loop_destroy(loop);
	assert_int_equal(open_fds(), before);
}

/* Two threads: the loop's, and one that makes work for it and waits for the result. */
struct shared {
	struct loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool held; /* the loop's callbacks hold the lock */
	struct loop_call call;
	struct loop_timer timer, late;
	struct loop_fd watch;
	int fd[2];
	int ran, wanted;
	bool timed_out;
};

static void guard_lock(void *ctx)
{
	struct shared *s = ctx;

	pthread_mutex_lock(&s->lock);
	s->held = true;
}

static void guard_unlock(void *ctx)
{
	struct shared *s = ctx;

	s->held = false;
	pthread_mutex_unlock(&s->lock);
}

static void ran(struct shared *s)
{
	assert_true(s->held);
	s->ran++;
	pthread_cond_signal(&s->done);
}

static void shared_call(struct loop_call *call)
{
	ran(call->ctx);
}

static void shared_timer(struct loop_timer *timer)
{
	ran(timer->ctx);
}

static void shared_fd(struct loop_fd *watch, uint32_t events)
{
	(void)events;
	loop_fd_del(watch);
	ran(watch->ctx);
}

static void shared_stop(struct loop_call *call)
{
	struct shared *s = call->ctx;

	loop_stop(s->loop);
}

static void shared_late(struct loop_timer *timer)
{
	struct shared *s = timer->ctx;

	s->timed_out = true;
	loop_stop(s->loop);
}

static void make_work(struct shared *s, int i)
{
	if (i % 3 == 0)
		loop_defer(s->loop, &s->call, shared_call, s);
	else if (i % 3 == 1)
		loop_timer_set(
			s->loop, &s->timer, loop_now(s->loop) + 1000, shared_timer, s);
	else
		loop_fd_add(s->loop, &s->watch, s->fd[1], EPOLLOUT, shared_fd, s);
}

static void *other_thread(void *arg)
{
	struct shared *s = arg;

	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < s->wanted && !s->timed_out; i++) {
		make_work(s, i);
		while (s->ran <= i && !s->timed_out)
			pthread_cond_wait(&s->done, &s->lock);
	}
	loop_defer(s->loop, &s->call, shared_stop, s);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void test_guard(void **state)
{
	struct shared s = { .loop = *state, .wanted = 300 };
	pthread_t thread;

	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.done, NULL);
	assert_int_equal(pipe2(s.fd, O_CLOEXEC), 0);
	loop_guard(s.loop, guard_lock, guard_unlock, &s);
	assert_int_equal(loop_timer_set(s.loop, &s.late, loop_now(s.loop) + 20000 * MS,
				 shared_late, &s),
		0);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, &s), 0);
	assert_int_equal(loop_run(s.loop), 0);
	pthread_mutex_lock(&s.lock);
	pthread_cond_signal(&s.done);
	pthread_mutex_unlock(&s.lock);
	pthread_join(thread, NULL);
	assert_false(s.timed_out);
	assert_int_equal(s.ran, s.wanted);
	loop_timer_cancel(&s.late);
	close(s.fd[0]);
	close(s.fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_readable),
		LOOP_TEST(test_add_refused),
		LOOP_TEST(test_mod),
		LOOP_TEST(test_add_muted),
		LOOP_TEST(test_del_self),
		LOOP_TEST(test_del_other),
		LOOP_TEST(test_mute_other),
		LOOP_TEST(test_replace_other),
		LOOP_TEST(test_many_fds),
		LOOP_TEST(test_defer),
		LOOP_TEST(test_defer_again),
		LOOP_TEST(test_defer_from_callback),
		LOOP_TEST(test_run),
		cmocka_unit_test(test_destroy_forgets),
		cmocka_unit_test(test_create_refused),
		LOOP_TEST(test_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
