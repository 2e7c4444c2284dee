/* A program that was started without its standard descriptors. */
#include "cp/lib/std_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Without those of this mask: is each of the three there afterwards, and none written? */
static int child(unsigned closed)
{
	char byte;

	for (int fd = 0; fd < 3; fd++) {
		if (closed >> fd & 1)
			close(fd);
	}
	if (std_fds_fill())
		return 1;
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return 2;
		if ((closed >> fd & 1) && (write(fd, "x", 1) != -1 || errno != EBADF))
			return 3;
		if ((closed >> fd & 1) && read(fd, &byte, 1) != 0)
			return 4;
	}
	return 0;
}

static void test_each_of_them(void **state)
{
	(void)state;
	for (unsigned closed = 0; closed < 8; closed++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			_exit(child(closed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

/* Nothing is left open beside them. */
static void test_nothing_else(void **state)
{
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	(void)state;
	close(before);
	assert_int_equal(std_fds_fill(), 0);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_of_them),
		cmocka_unit_test(test_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
