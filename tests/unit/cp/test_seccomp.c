/* The seccomp programs, as the kernel takes them: each is tried in a process of its own.
 */
#include "cp/part_proto.h"
#include "cp/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct sock_fprog programs[PART_ROLES];

static int setup(void **state)
{
	struct part_seccomp head;
	int fd = seccomp_programs();

	(void)state;
	if (fd < 0 || pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return -1;
	lseek(fd, sizeof(head), SEEK_SET);
	for (int i = 0; i < PART_ROLES; i++) {
		size_t size = head.count[i] * sizeof(struct sock_filter);

		programs[i].len = (unsigned short)head.count[i];
		programs[i].filter = malloc(size);
		if (!programs[i].filter ||
			read(fd, programs[i].filter, size) != (ssize_t)size)
			return -1;
	}
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < PART_ROLES; i++)
		free(programs[i].filter);
	return 0;
}

/* Makes one system call under the program of a role: its errno or 0, or -signal.  What it
 * came to is left in shared memory: to exit may be forbidden too. */
static int try(enum part_role role, long nr, long a, long b, long c)
{
	volatile int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, got;
	pid_t pid;

	assert_true(result != MAP_FAILED);
	*result = -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[role]))
			_exit(200);
		*result = syscall(nr, a, b, c) < 0 ? errno : 0;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	got = *result >= 0 ? *result : -WTERMSIG(status);
	munmap((void *)(uintptr_t)result, sizeof(*result));
	return got;
}

static void test_form(void **state)
{
	int fd = seccomp_programs();
	struct stat st;
	size_t size = sizeof(struct part_seccomp);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < PART_ROLES; i++) {
		assert_true(programs[i].len > 0 && programs[i].len <= BPF_MAXINSNS);
		size += programs[i].len * sizeof(struct sock_filter);
	}
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_true(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void test_listed_calls(void **state)
{
	(void)state;
	assert_int_equal(try(PART_ROLE_LOOP, SYS_read, -1, 0, 0), EBADF);
	assert_int_equal(try(PART_ROLE_LOOP, SYS_recvmsg, -1, 0, 0), EBADF);
	assert_int_equal(try(PART_ROLE_VCPU, SYS_write, -1, 0, 0), EBADF);
	assert_int_equal(try(PART_ROLE_DISK, SYS_preadv, -1, 0, 0), EBADF);
}

static void test_what_is_not_listed_kills(void **state)
{
	static const long calls[] = { SYS_execve, SYS_openat2, SYS_socket, SYS_connect,
		SYS_ptrace, SYS_clone3, SYS_fork, SYS_kill, SYS_mount, SYS_setuid,
		SYS_memfd_create, SYS_process_vm_readv, SYS_seccomp, SYS_getppid };

	(void)state;
	for (int role = 0; role < PART_ROLES; role++) {
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			assert_int_equal(
				try((enum part_role)role, calls[i], 0, 0, 0), -SIGSYS);
	}
}

static void test_roles_differ(void **state)
{
	(void)state;
	assert_int_equal(try(PART_ROLE_LOOP, SYS_accept4, -1, 0, 0), EBADF);
	assert_int_equal(try(PART_ROLE_VCPU, SYS_accept4, -1, 0, 0), -SIGSYS);
	assert_int_equal(try(PART_ROLE_DISK, SYS_recvmsg, -1, 0, 0), -SIGSYS);
	assert_int_equal(try(PART_ROLE_DISK, SYS_io_uring_enter, -1, 0, 0), -SIGSYS);
}

static void test_ioctls_by_request(void **state)
{
	const long garbage = (long)0xabcd000000000000;

	(void)state;
	assert_int_equal(try(PART_ROLE_VCPU, SYS_ioctl, -1, KVM_RUN, 0), EBADF);
	assert_int_equal(try(PART_ROLE_VCPU, SYS_ioctl, -1, garbage | KVM_RUN, 0), EBADF);
	assert_int_equal(try(PART_ROLE_LOOP, SYS_ioctl, -1, KVM_RUN, 0), -SIGSYS);
	assert_int_equal(try(PART_ROLE_VCPU, SYS_ioctl, -1, TIOCSTI, 0), -SIGSYS);
	assert_int_equal(try(PART_ROLE_LOOP, SYS_ioctl, -1, KVM_CREATE_VM, 0), -SIGSYS);
	assert_int_equal(try(PART_ROLE_DISK, SYS_ioctl, -1, KVM_RUN, 0), -SIGSYS);
}

/* The numbers of another ABI mean other calls. */
static void test_x32_is_refused(void **state)
{
	(void)state;
	assert_int_equal(try(PART_ROLE_LOOP, SYS_read | 0x40000000, -1, 0, 0), -SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_listed_calls),
		cmocka_unit_test(test_what_is_not_listed_kills),
		cmocka_unit_test(test_roles_differ),
		cmocka_unit_test(test_ioctls_by_request),
		cmocka_unit_test(test_x32_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
