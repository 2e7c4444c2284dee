/* Files that CP asks for: what is opened, and how; and the names of a ring. */
#include "console/files.h"

#include "cp/lib/ring_name.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/filesXXXXXX";

static const char *in_dir(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void test_ring_names(void **state)
{
	static const struct {
		const char *name;
		unsigned number;
		const char *expected;
	} cases[] = {
		{ "lab.pcapng", 0, "lab.pcapng" },
		{ "lab.pcapng", 2, "lab-2.pcapng" },
		{ "/a.b/lab", 12, "/a.b/lab-12" },
		{ ".lab", 1, ".lab-1" },
		{ "a/.lab.x", 1, "a/.lab-1.x" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(
			ring_name(buf, sizeof(buf), cases[i].name, cases[i].number), 0);
		assert_string_equal(buf, cases[i].expected);
	}
	assert_int_equal(ring_name(buf, 12, "lab.pcapng", 2), -ENAMETOOLONG);
}

static void test_files(void **state)
{
	int fd = files_open(in_dir("a.x"), 3, true, -1);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(access(in_dir("a-3.x"), F_OK), 0);
	close(fd);
	assert_int_equal(files_open(in_dir("none"), 0, false, -1), -ENOENT);
	assert_int_equal(files_open("-", 0, false, 1), -EINVAL);
	assert_int_equal(files_open("-", 0, true, -1), -EBADF);
	unlink(in_dir("a-3.x"));
}

/* Nobody waits for its other end, and it is known when that goes. */
static void test_a_fifo(void **state)
{
	int reader, fd;

	(void)state;
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	assert_int_equal(files_open(in_dir("fifo"), 0, true, -1), -ENXIO);
	reader = open(in_dir("fifo"), O_RDONLY | O_NONBLOCK);
	fd = files_open(in_dir("fifo"), 0, true, -1);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	close(fd);
	close(reader);
	unlink(in_dir("fifo"));
}

static int make(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int unmake(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_names),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_a_fifo),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
