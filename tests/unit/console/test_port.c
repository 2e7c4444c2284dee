/* Opening the cp port while another process has it.  A terminal in exclusive mode stands
 * for the port: it refuses a second open with EBUSY, to all but root. */
#include "console/port.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY    65534
#define SECOND_NS UINT64_C(1000000000)

enum { NOT_REACHED = 1, FAILED = 2 };

static int gone_err = 1;

static void on_frame(struct port *p, const struct cp_frame *frame, const void *data)
{
	(void)p;
	(void)frame;
	(void)data;
}

static void on_gone(struct port *p, int err)
{
	gone_err = err;
	port_close(p);
}

static const struct port_ops ops = { on_frame, on_gone };

/* What a child does with a port another has; its exit status is 0 if all was right. */
typedef int child_fn(struct loop *loop, const char *path, int holder);

static int waits_for_it(struct loop *loop, const char *path, int holder)
{
	const struct cp_frame frame = { CP_FRAME_MAGIC, 0, 1, CP_COMMAND, 0 };
	struct port p;

	if (port_open(&p, loop, path, &ops, NULL) || p.fd >= 0 ||
		port_send(&p, &frame, ""))
		return FAILED;
	loop_clock_warp(loop, SECOND_NS);
	while (loop_once(loop, 0) > 0 && p.fd < 0)
		loop_clock_warp(loop, SECOND_NS / 100);
	if (p.fd >= 0 || gone_err != 1)
		return FAILED;

	ioctl(holder, TIOCNXCL);
	loop_clock_warp(loop, SECOND_NS);
	loop_once(loop, 0);
	if (p.fd < 0)
		return FAILED;
	loop_once(loop, 1000);
	if (p.out_len)
		return FAILED;
	port_close(&p);
	return 0;
}

static int gives_up(struct loop *loop, const char *path, int holder)
{
	struct port p;

	(void)holder;
	if (port_open(&p, loop, path, &ops, NULL))
		return FAILED;
	for (int i = 0; i < 40 && gone_err == 1; i++) {
		loop_clock_warp(loop, SECOND_NS);
		loop_once(loop, 0);
	}
	return gone_err == -EBUSY && !port_is_open(&p) ? 0 : FAILED;
}

static void child(child_fn *fn, const char *path, int holder)
{
	struct loop *loop;
	int rc;

	if (!getuid() &&
		(chown(path, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(NOT_REACHED);
	if (loop_create(&loop))
		_exit(NOT_REACHED);
	loop_clock_stop(loop);
	rc = fn(loop, path, holder);
	loop_destroy(loop);
	_exit(rc);
}

static void run(child_fn *fn)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), holder, status;
	const char *path;
	pid_t pid;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	path = ptsname(master);
	holder = open(path, O_RDWR | O_NOCTTY);
	assert_true(holder >= 0);
	assert_int_equal(ioctl(holder, TIOCEXCL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(fn, path, holder);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(holder);
	close(master);
}

static void opens_when_it_is_free(void **state)
{
	(void)state;
	run(waits_for_it);
}

static void does_not_wait_for_ever(void **state)
{
	(void)state;
	run(gives_up);
}

static void there_is_none(void **state)
{
	struct loop *loop;
	struct port p;

	(void)state;
	assert_int_equal(loop_create(&loop), 0);
	assert_int_equal(port_open(&p, loop, "/nonexistent/port", &ops, NULL), -ENOENT);
	assert_false(port_is_open(&p));
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_when_it_is_free),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
