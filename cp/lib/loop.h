/* The event loop: descriptors, timers and deferred calls, on one thread.
 *
 * It owns the clock: loop_now() stands still while a callback runs, and a test can stop
 * and warp it.  Watches and timers are embedded in their owners; the loop allocates
 * nothing per event. */
#ifndef CP_LIB_LOOP_H
#define CP_LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;

/* A watched descriptor.  The owner closes it, after loop_fd_del(). */
struct loop_fd {
	struct loop *loop; /* NULL while not watched */
	int fd;
	uint32_t events;
	void (*fn)(struct loop_fd *watch, uint32_t events);
	void *ctx;
};

/* A one-shot timer; zero it before first use. */
struct loop_timer {
	struct loop *loop; /* NULL while not set */
	uint64_t deadline; /* ns, CLOCK_MONOTONIC */
	uint64_t seq;      /* of two with one deadline, the first set is the first run */
	uint32_t slot;     /* its place in the heap */
	void (*fn)(struct loop_timer *timer);
	void *ctx;
};

/* A call made from the loop once the present callback has returned; zero before use. */
struct loop_call {
	struct loop *loop; /* NULL while not pending */
	struct loop_call *next, **prev;
	void (*fn)(struct loop_call *call);
	void *ctx;
};

int loop_create(struct loop **out); /* 0 or -errno */

/* Accepts NULL.  What is still watched, set or pending is forgotten. */
void loop_destroy(struct loop *loop);

/* Is this called from a callback of the loop?  Where others share its lock: by who holds
 * that. */
bool loop_in_callback(const struct loop *loop);

/* Runs until loop_stop().  0, or -errno if waiting itself failed. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One round: waits at most `timeout_ms` (-1: until something happens) and runs what is
 * due.  The number of callbacks run, or -errno. */
int loop_once(struct loop *loop, int timeout_ms);

/* `lock` is called before the callbacks of a round, `unlock` after them (and around the
 * look for the next deadline), never while waiting: for a process whose other threads
 * share what the callbacks touch.  Such a thread, while it holds the lock, may call
 * loop_now(), loop_fd_...(), loop_timer_...(), loop_defer() and loop_undefer(): the loop
 * wakes up where it must. */
void loop_guard(
	struct loop *loop, void (*lock)(void *), void (*unlock)(void *), void *ctx);

uint64_t loop_now(const struct loop *loop); /* ns, CLOCK_MONOTONIC */
void loop_clock_stop(struct loop *loop);    /* tests: time moves only by... */
void loop_clock_warp(struct loop *loop, uint64_t add_ns); /* ...this */

/* Watches fd for EPOLLIN, EPOLLOUT...; for `events` 0 nothing is reported, not even a
 * hangup.  0 or -errno; -EPERM: a plain file; -EEXIST: watched already. */
int loop_fd_add(struct loop *loop, struct loop_fd *watch, int fd, uint32_t events,
	void (*fn)(struct loop_fd *, uint32_t), void *ctx);
int loop_fd_mod(struct loop_fd *watch, uint32_t events);
void loop_fd_del(struct loop_fd *watch); /* also from its own or another's callback */

/* Sets or moves a timer; a deadline that has passed counts as now, and is due in the next
 * round.  0 or -ENOMEM (never when it is set already). */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t deadline,
	void (*fn)(struct loop_timer *), void *ctx);
void loop_timer_cancel(struct loop_timer *timer);

void loop_defer(struct loop *loop, struct loop_call *call, void (*fn)(struct loop_call *),
	void *ctx);
void loop_undefer(struct loop_call *call);

#endif
