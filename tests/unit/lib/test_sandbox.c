/* The filters of the sandbox: reading them, and being held to them.  What the process
 * gives up beside them needs namespaces, and is tested with a whole system. */
#include "cp/lib/sandbox.h"

#include "cp/part_proto.h"

#include "tests/fake/image.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Allows everything but getppid(2). */
static const struct sock_filter no_getppid[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

#define N 4

/* A file of filters: the counts, and what is there of them. */
static int filters_fd(const uint32_t count[PART_ROLES], unsigned n_programs)
{
	uint8_t bytes[sizeof(struct part_seccomp) + PART_ROLES * sizeof(no_getppid)];
	struct part_seccomp head;
	size_t len = sizeof(head);
	int fd;

	memcpy(head.count, count, sizeof(head.count));
	memcpy(bytes, &head, sizeof(head));
	for (unsigned i = 0; i < n_programs; i++, len += sizeof(no_getppid))
		memcpy(bytes + len, no_getppid, sizeof(no_getppid));
	fd = bytes_fd(bytes, len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int load(struct sandbox *s, const uint32_t count[PART_ROLES], unsigned n_programs)
{
	char why[SANDBOX_WHY] = "";
	int fd = filters_fd(count, n_programs);
	int err = sandbox_load(s, fd, PART_ROLES, why);

	close(fd);
	assert_int_equal(why[0] != '\0', err != 0);
	return err;
}

static void test_each_role_has_its_own(void **state)
{
	static const uint32_t count[PART_ROLES] = { N, 0, N };
	struct sandbox s;

	(void)state;
	assert_int_equal(load(&s, count, 2), 0);
	assert_int_equal(s.filter[PART_ROLE_LOOP].len, N);
	assert_int_equal(s.filter[PART_ROLE_VCPU].len, 0);
	assert_memory_equal(
		s.filter[PART_ROLE_DISK].filter, no_getppid, sizeof(no_getppid));
	sandbox_fini(&s);
}

static void test_files_that_are_none(void **state)
{
	static const struct {
		uint32_t count[PART_ROLES];
		unsigned n_programs;
		int err;
	} cases[] = {
		{ { N, N, N }, 2, -ENODATA },
		{ { N + 1, 0, 0 }, 1, -ENODATA },
		{ { BPF_MAXINSNS + 1, 0, 0 }, 1, -E2BIG },
		{ { UINT32_MAX, 0, 0 }, 1, -E2BIG },
	};
	char why[SANDBOX_WHY];
	struct sandbox s;
	int empty = bytes_fd("", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			load(&s, cases[i].count, cases[i].n_programs), cases[i].err);
	assert_int_equal(sandbox_load(&s, empty, PART_ROLES, why), -ENODATA);
	assert_int_equal(sandbox_load(&s, -1, PART_ROLES, why), -EBADF);
	close(empty);
}

/* How a process ends that closes its sandbox as `role` and then asks for its parent. */
static int end_of(const struct sandbox *s, int role)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || sandbox_close(s, (int)role))
			_exit(1);
		syscall(SYS_getppid);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_a_filter_holds(void **state)
{
	static const uint32_t count[PART_ROLES] = { N, 0, 0 };
	struct sandbox s;
	int status;

	(void)state;
	assert_int_equal(load(&s, count, 1), 0);
	status = end_of(&s, PART_ROLE_LOOP);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
	assert_int_equal(end_of(&s, PART_ROLE_VCPU), 0);
	sandbox_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_role_has_its_own),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_a_filter_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
