/* A virtqueue whose driver runs at the same time: no wakeup is lost, and nothing that is
 * changed under the device's eyes leads it out of storage. */
#include "tests/unit/lib/ring_driver.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS       20000
#define TIMEOUT_MS   20000
#define LIAR_SECONDS 60

struct pair {
	struct driver d;
	bool event_idx, suppress; /* the device disables kicks while it works */
	int kick, call;           /* eventfds */
	unsigned taken;
	bool timed_out;
};

static bool wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	eventfd_t n;

	return poll(&p, 1, TIMEOUT_MS) == 1 && !eventfd_read(fd, &n);
}

static void device_work(struct pair *p)
{
	struct vring *r = &p->d.ring;

	do {
		if (p->suppress)
			vring_disable_kicks(r);
		while (vring_pop(r, &p->d.chain) == 1) {
			vring_push(r, p->d.chain.head, 0);
			p->taken++;
			if (vring_should_call(r))
				eventfd_write(p->call, 1);
		}
	} while (p->suppress && vring_enable_kicks(r));
}

static void *device_thread(void *arg)
{
	struct pair *p = arg;

	while (p->taken < ROUNDS && !p->timed_out) {
		if (wait_for(p->kick))
			device_work(p);
		else
			__atomic_store_n(&p->timed_out, true, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* As 2.7.13 says: write, full barrier, look whether the device wants to know. */
static void driver_kick(struct pair *p, uint16_t old)
{
	bool kick;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (p->event_idx) {
		uint16_t event = __atomic_load_n(&AVAIL_EVENT(&p->d), __ATOMIC_RELAXED);

		kick = (uint16_t)(p->d.avail_idx - event - 1) <
		       (uint16_t)(p->d.avail_idx - old);
	} else {
		kick = !(__atomic_load_n(&USED_FLAGS(&p->d), __ATOMIC_RELAXED) & 1);
	}
	if (kick)
		eventfd_write(p->kick, 1);
}

static bool all_returned(struct pair *p)
{
	return __atomic_load_n(&USED_IDX(&p->d), __ATOMIC_ACQUIRE) == p->d.avail_idx;
}

static void want_call(struct pair *p, bool wanted)
{
	uint16_t at = (uint16_t)(p->d.avail_idx - (wanted ? 1 : 1000));

	__atomic_store_n(&USED_EVENT(&p->d), at, __ATOMIC_RELAXED);
	__atomic_store_n(&AVAIL_FLAGS(&p->d), wanted ? 0 : 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Sleeps only after saying from which index on it wants to be called. */
static bool driver_sleep(struct pair *p)
{
	while (!all_returned(p)) {
		want_call(p, true);
		if (all_returned(p))
			break;
		if (!wait_for(p->call))
			return false;
	}
	return true;
}

/* Looks all the time, so that it goes on while the device is about to sleep. */
static bool driver_watch(struct pair *p)
{
	want_call(p, false);
	while (!all_returned(p)) {
		if (__atomic_load_n(&p->timed_out, __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

static void run_pair(bool event_idx, bool suppress, bool (*wait)(struct pair *))
{
	struct pair *p = malloc(sizeof(*p));
	pthread_t thread;

	assert_non_null(p);
	assert_int_equal(driver_init(&p->d, 4), 0);
	p->event_idx = p->d.ring.event_idx = event_idx;
	p->suppress = suppress;
	p->taken = 0;
	p->timed_out = false;
	p->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned i = 0; i < 4; i++)
		put_main(&p->d, i, BUF_GPA, 16, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, device_thread, p), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		offer(&p->d, i % 4);
		driver_kick(p, (uint16_t)(p->d.avail_idx - 1));
		/* Now one at a time, now a few. */
		if (i % 3 || i == ROUNDS - 1)
			assert_true(wait(p));
	}
	pthread_join(thread, NULL);
	assert_false(p->timed_out);
	assert_int_equal(p->taken, ROUNDS);
	close(p->kick);
	close(p->call);
	free(p);
}

static void test_flags(void **state)
{
	(void)state;
	run_pair(false, false, driver_sleep);
	run_pair(false, true, driver_sleep);
	run_pair(false, true, driver_watch);
}

static void test_event_idx(void **state)
{
	(void)state;
	run_pair(true, false, driver_sleep);
	run_pair(true, true, driver_sleep);
	run_pair(true, false, driver_watch);
	run_pair(true, true, driver_watch);
}

/* ---- a driver that changes what it has made available ---- */

struct liar {
	struct driver d;
	bool end;
};

static void *liar_thread(void *arg)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
		unsigned flags, next;
	} lies[] = {
		{ BUF_GPA, 16, 0, 0 },
		{ UINT64_MAX - 7, UINT32_MAX, WRITE, 0 },
		{ TABLE_GPA, 16, INDIRECT, 0 },
		{ SECOND_BASE + SECOND_SIZE - 1, 1, NEXT, 0xffff },
		{ SECOND_BASE - 1, 2, WRITE, 0 },
	};
	struct liar *l = arg;

	for (unsigned i = 0; !__atomic_load_n(&l->end, __ATOMIC_RELAXED); i++)
		put_main(&l->d, 0, lies[i % 5].addr, lies[i % 5].len, lies[i % 5].flags,
			lies[i % 5].next);
	return NULL;
}

static bool inside(const struct driver *d, const struct iovec *iov)
{
	const uint8_t *from = iov->iov_base, *to = from + iov->iov_len;

	return (from >= d->storage && to <= d->storage + STORAGE_SIZE) ||
	       (from >= d->second && to <= d->second + SECOND_SIZE);
}

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void test_changing_descriptor(void **state)
{
	struct liar *l = calloc(1, sizeof(*l));
	uint64_t end = clock_ns() + LIAR_SECONDS * UINT64_C(1000000000);
	int taken = 0, refused = 0;
	pthread_t thread;

	(void)state;
	assert_non_null(l);
	assert_int_equal(driver_init(&l->d, 8), 0);
	put_desc(&l->d, TABLE_GPA, 0, BUF_GPA, 16, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, liar_thread, l), 0);
	/* The liar may have to wait for a processor, with its last lie in place. */
	for (int i = 0; i < 200000 || ((!taken || !refused) && clock_ns() < end); i++) {
		l->d.ring.next_avail = 0;
		AVAIL_IDX(&l->d) = 1;
		if (vring_pop(&l->d.ring, &l->d.chain) == 1) {
			for (int j = 0; j < l->d.chain.n_out + l->d.chain.n_in; j++)
				assert_true(inside(&l->d, &l->d.chain.seg[j]));
			taken++;
		} else {
			l->d.ring.broken = false;
			refused++;
		}
	}
	__atomic_store_n(&l->end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(taken > 0);
	assert_true(refused > 0);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_event_idx),
		cmocka_unit_test(test_changing_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
