/* Waking a driver, by a descriptor that its side shares with us.
 *
 * A write to an eventfd waits where the other side has made it blocking and filled it.
 * No flag of ours prevents that; a signal ends it.  So there is a timer, set anew now and
 * then while there are calls: the worst is a pause of GUARD_NS, once, and the port is
 * detached. */
#include "vlan/vhost_port.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GUARD_NS UINT64_C(100000000)
#define NS_PER_S UINT64_C(1000000000)

static void on_guard(int sig)
{
	(void)sig;
}

/* The signal goes to this thread, which is the one that calls. */
int vhost_guard_create(struct vhost_shared *s)
{
	struct sigaction action = { .sa_handler = on_guard }; /* without SA_RESTART */
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM };

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGALRM, &action, NULL))
		return -errno;
	return timer_create(CLOCK_MONOTONIC, &event, &s->guard) ? -errno : 0;
}

void vhost_guard_destroy(struct vhost_shared *s)
{
	timer_delete(s->guard);
}

/* The guard is at least half of its time away. */
static void guard(struct vhost_shared *s)
{
	struct itimerspec when = { .it_value.tv_nsec = GUARD_NS };
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	now = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
	if (now + GUARD_NS / 2 < s->guarded_until)
		return;
	s->guarded_until = now + GUARD_NS;
	timer_settime(s->guard, 0, &when, NULL);
}

/* What is full already has been told. */
static bool tell(struct vhost_port *p, int fd)
{
	const uint64_t one = 1;

	if (fd < 0)
		return true;
	guard(p->shared);
	return write(fd, &one, sizeof(one)) >= 0 || errno == EAGAIN;
}

void vhost_call(struct vhost_port *p, struct vhost_queue *q)
{
	p->calls += q->call_fd >= 0;
	if (!tell(p, q->call_fd))
		vhost_fail(p, "its descriptor for calls cannot be written to");
}

void vhost_signal_error(struct vhost_port *p, struct vhost_queue *q)
{
	tell(p, q->err_fd);
}

void vhost_publish(struct vhost_port *p, struct vhost_queue *q)
{
	vring_publish(&q->ring);
	if (vring_should_call(&q->ring))
		vhost_call(p, q);
}
