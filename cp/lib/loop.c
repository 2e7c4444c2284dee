/* The event loop: epoll, timers, a list of deferred calls.
 *
 * An event names its watch by descriptor and generation, never by address: one that was
 * harvested for a watch removed since finds nobody.  So a watch may be removed at any
 * time, from any callback and, under the guard, from any thread. */
#include "cp/lib/loop.h"
#include "cp/lib/timers.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH     64 /* events of one round */
#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define FOREVER   UINT64_MAX
#define WAKE_DATA UINT64_MAX /* the epoll data of wake_fd: no watch has it */

/* What is watched on a descriptor, by its number. */
struct place {
	struct loop_fd *watch;
	uint32_t generation;
};

struct loop {
	int epoll_fd;
	int wake_fd; /* always readable; arming it in epoll ends a wait */
	bool stop, busy, clock_stopped, ms_only;
	uint64_t now;        /* while busy, or the clock is stopped */
	uint64_t wait_until; /* of the present or latest wait */

	struct place *place;
	int n_places;

	struct timers timers;
	uint64_t next_seq;

	struct loop_call *calls, **calls_end;
	unsigned n_calls;

	void (*lock)(void *), (*unlock)(void *);
	void *guard_ctx;
};

static int open_fds(struct loop *loop);
static void forget_all(struct loop *loop);
static void guard_enter(struct loop *loop);
static void guard_leave(struct loop *loop);
static uint64_t clock_ns(void);
static uint64_t time_to_wait(struct loop *loop, int timeout_ms);
static int wait_events(struct loop *loop, struct epoll_event *batch, uint64_t ns);
static int run_round(struct loop *loop, const struct epoll_event *batch, int n);
static int make_place(struct loop *loop, int fd);
static int tell_kernel(struct loop *loop, const struct loop_fd *watch, int op);
static void wake_before(struct loop *loop, uint64_t deadline);

int loop_create(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return -ENOMEM;

	loop->calls_end = &loop->calls;
	loop->wait_until = FOREVER;
	err = open_fds(loop);
	if (err) {
		loop_destroy(loop);
		return err;
	}
	*out = loop;
	return 0;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;

	forget_all(loop);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop->place);
	timers_fini(&loop->timers);
	free(loop);
}

int loop_run(struct loop *loop)
{
	int n = 0;

	while (!loop->stop && n >= 0)
		n = loop_once(loop, -1);
	loop->stop = false;
	return n < 0 ? n : 0;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

int loop_once(struct loop *loop, int timeout_ms)
{
	struct epoll_event batch[BATCH];
	uint64_t ns;
	int n;

	assert(!loop->busy);
	guard_enter(loop);
	ns = time_to_wait(loop, timeout_ms);
	guard_leave(loop);

	n = wait_events(loop, batch, ns);
	if (n < 0)
		return n;

	guard_enter(loop);
	n = run_round(loop, batch, n);
	guard_leave(loop);
	return n;
}

void loop_guard(
	struct loop *loop, void (*lock)(void *), void (*unlock)(void *), void *ctx)
{
	assert(!loop->busy);
	loop->lock = lock;
	loop->unlock = unlock;
	loop->guard_ctx = ctx;
}

bool loop_in_callback(const struct loop *loop)
{
	return loop->busy;
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->busy || loop->clock_stopped ? loop->now : clock_ns();
}

void loop_clock_stop(struct loop *loop)
{
	loop->now = loop_now(loop);
	loop->clock_stopped = true;
}

void loop_clock_warp(struct loop *loop, uint64_t add_ns)
{
	assert(loop->clock_stopped);
	loop->now += add_ns;
}

int loop_fd_add(struct loop *loop, struct loop_fd *watch, int fd, uint32_t events,
	void (*fn)(struct loop_fd *, uint32_t), void *ctx)
{
	int err = make_place(loop, fd);

	if (err)
		return err;

	*watch = (struct loop_fd) { NULL, fd, events, fn, ctx };
	loop->place[fd].generation++;
	err = tell_kernel(loop, watch, EPOLL_CTL_ADD);
	if (err)
		return err;
	if (!events)
		tell_kernel(loop, watch, EPOLL_CTL_DEL);

	watch->loop = loop;
	loop->place[fd].watch = watch;
	return 0;
}

int loop_fd_mod(struct loop_fd *watch, uint32_t events)
{
	uint32_t old = watch->events;
	int op, err;

	if (events == old)
		return 0;

	op = !events ? EPOLL_CTL_DEL : old ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	watch->events = events;
	err = tell_kernel(watch->loop, watch, op);
	if (err)
		watch->events = old;
	return err;
}

void loop_fd_del(struct loop_fd *watch)
{
	struct loop *loop = watch->loop;

	if (!loop)
		return;

	if (watch->events)
		tell_kernel(loop, watch, EPOLL_CTL_DEL);
	loop->place[watch->fd].watch = NULL;
	watch->loop = NULL;
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t deadline,
	void (*fn)(struct loop_timer *), void *ctx)
{
	uint64_t now = loop_now(loop);

	timer->deadline = deadline > now ? deadline : now;
	timer->seq = loop->next_seq++;
	timer->fn = fn;
	timer->ctx = ctx;
	if (timer->loop) {
		timers_moved(&loop->timers, timer);
	} else {
		int err = timers_add(&loop->timers, timer);

		if (err)
			return err;
		timer->loop = loop;
	}
	wake_before(loop, timer->deadline);
	return 0;
}

void loop_timer_cancel(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;

	if (!loop)
		return;
	timers_remove(&loop->timers, timer);
	timer->loop = NULL;
}

void loop_defer(struct loop *loop, struct loop_call *call, void (*fn)(struct loop_call *),
	void *ctx)
{
	loop_undefer(call);
	*call = (struct loop_call) { loop, NULL, loop->calls_end, fn, ctx };
	*loop->calls_end = call;
	loop->calls_end = &call->next;
	loop->n_calls++;
	wake_before(loop, 0);
}

void loop_undefer(struct loop_call *call)
{
	struct loop *loop = call->loop;

	if (!loop)
		return;

	*call->prev = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		loop->calls_end = call->prev;
	loop->n_calls--;
	call->loop = NULL;
}

static int open_fds(struct loop *loop)
{
	struct epoll_event none = { .events = EPOLLONESHOT, .data.u64 = WAKE_DATA };

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		loop->wake_fd = -1;
		return -errno;
	}
	loop->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		return -errno;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &none))
		return -errno;
	return 0;
}

static void forget_all(struct loop *loop)
{
	for (int fd = 0; fd < loop->n_places; fd++) {
		if (loop->place[fd].watch)
			loop->place[fd].watch->loop = NULL;
	}
	while (timers_first(&loop->timers))
		loop_timer_cancel(timers_first(&loop->timers));
	while (loop->calls)
		loop_undefer(loop->calls);
}

static void guard_enter(struct loop *loop)
{
	if (loop->lock)
		loop->lock(loop->guard_ctx);
}

static void guard_leave(struct loop *loop)
{
	if (loop->unlock)
		loop->unlock(loop->guard_ctx);
}

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* A stopped clock brings no timer nearer: it is due already, or not waited for. */
static uint64_t time_to_timer(const struct loop *loop, uint64_t now)
{
	const struct loop_timer *first = timers_first(&loop->timers);

	if (!first)
		return FOREVER;
	if (first->deadline <= now)
		return 0;
	return loop->clock_stopped ? FOREVER : first->deadline - now;
}

static uint64_t time_to_wait(struct loop *loop, int timeout_ms)
{
	uint64_t now = loop_now(loop);
	uint64_t ns = timeout_ms < 0 ? FOREVER : (uint64_t)timeout_ms * NS_PER_MS;
	uint64_t timer_ns = time_to_timer(loop, now);

	if (timer_ns < ns)
		ns = timer_ns;
	if (loop->calls)
		ns = 0;
	loop->wait_until = ns > FOREVER - now ? FOREVER : now + ns;
	return ns;
}

/* For kernels, and sandboxes, without epoll_pwait2: never early, at most 1 ms late. */
static int wait_ms(struct loop *loop, struct epoll_event *batch, uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);
	int timeout = ns == FOREVER ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;

	return epoll_pwait(loop->epoll_fd, batch, BATCH, timeout, NULL);
}

static int wait_ns(struct loop *loop, struct epoll_event *batch, uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	return epoll_pwait2(
		loop->epoll_fd, batch, BATCH, ns == FOREVER ? NULL : &ts, NULL);
}

static int wait_events(struct loop *loop, struct epoll_event *batch, uint64_t ns)
{
	int n = -1;

	if (!loop->ms_only) {
		n = wait_ns(loop, batch, ns);
		loop->ms_only = n < 0 && (errno == ENOSYS || errno == EPERM);
	}
	if (loop->ms_only)
		n = wait_ms(loop, batch, ns);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n;
}

/* Those that are pending now; what they defer in their turn is for the next time. */
static int run_calls(struct loop *loop)
{
	unsigned n = loop->n_calls;
	int done = 0;

	for (; n && loop->calls; n--, done++) {
		struct loop_call *call = loop->calls;

		loop_undefer(call);
		call->fn(call);
	}
	return done;
}

/* What was harvested may be stale: the watch is gone, or has lost interest. */
static int run_watch(struct loop *loop, const struct epoll_event *event)
{
	uint64_t data = event->data.u64;
	const struct place *place;
	uint32_t events;

	if (data == WAKE_DATA)
		return 0;
	place = &loop->place[(uint32_t)data];
	if (!place->watch || !place->watch->events || place->generation != data >> 32)
		return 0;
	events = event->events & (place->watch->events | EPOLLERR | EPOLLHUP);
	if (!events)
		return 0;
	place->watch->fn(place->watch, events);
	return 1 + run_calls(loop);
}

/* Those that were set before this round began: a timer that sets itself again at once
 * does not keep the loop here. */
static int run_timers(struct loop *loop)
{
	uint64_t seq_end = loop->next_seq;
	struct loop_timer *timer;
	int done = 0;

	while ((timer = timers_first(&loop->timers))) {
		if (timer->deadline > loop->now || timer->seq >= seq_end)
			break;
		loop_timer_cancel(timer);
		timer->fn(timer);
		done += 1 + run_calls(loop);
	}
	return done;
}

static int run_round(struct loop *loop, const struct epoll_event *batch, int n)
{
	int done;

	loop->now = loop_now(loop);
	loop->busy = true;
	done = run_calls(loop);
	for (int i = 0; i < n; i++)
		done += run_watch(loop, &batch[i]);
	done += run_timers(loop);
	loop->busy = false;
	return done;
}

/* Makes the table of places reach to `fd`, whose place must be free. */
static int make_place(struct loop *loop, int fd)
{
	int n = loop->n_places ? loop->n_places : 16;
	struct place *place;

	if (fd < 0)
		return -EBADF;
	if (fd < loop->n_places)
		return loop->place[fd].watch ? -EEXIST : 0;

	while (n <= fd)
		n = n > INT_MAX / 2 ? INT_MAX : n * 2;
	place = reallocarray(loop->place, (size_t)n, sizeof(*place));
	if (!place)
		return -ENOMEM;
	for (int i = loop->n_places; i < n; i++)
		place[i] = (struct place) { NULL, 0 };
	loop->place = place;
	loop->n_places = n;
	return 0;
}

static int tell_kernel(struct loop *loop, const struct loop_fd *watch, int op)
{
	uint64_t generation = loop->place[watch->fd].generation;
	struct epoll_event event = {
		.events = watch->events,
		.data.u64 = generation << 32 | (uint32_t)watch->fd,
	};

	return epoll_ctl(loop->epoll_fd, op, watch->fd, &event) ? -errno : 0;
}

/* Another thread, which holds the guard, made something due while the loop waits: armed,
 * the ever readable descriptor is reported once. */
static void wake_before(struct loop *loop, uint64_t deadline)
{
	struct epoll_event once = {
		.events = EPOLLIN | EPOLLONESHOT,
		.data.u64 = WAKE_DATA,
	};

	if (loop->lock && !loop->busy && deadline < loop->wait_until)
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, loop->wake_fd, &once);
}
