/* The seccomp programs, as the kernel takes them: each is tried in a process of its own.
 */
#include "cp/lan_proto.h"
#include "cp/part_proto.h"
#include "cp/seccomp.h"
#include "cp/uplink_proto.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_ROLES 4

static const int n_roles[SECCOMP_LISTS] = { PART_ROLES, LAN_ROLES, UPLINK_ROLES };

static struct sock_fprog program[SECCOMP_LISTS][MAX_ROLES];

static int load(enum seccomp_list list)
{
	uint32_t count[MAX_ROLES];
	ssize_t head = n_roles[list] * (ssize_t)sizeof(count[0]);
	int fd = seccomp_programs(list);

	if (fd < 0 || pread(fd, count, (size_t)head, 0) != head)
		return -1;
	lseek(fd, head, SEEK_SET);
	for (int i = 0; i < n_roles[list]; i++) {
		struct sock_fprog *f = &program[list][i];
		size_t size = count[i] * sizeof(struct sock_filter);

		f->len = (unsigned short)count[i];
		f->filter = malloc(size);
		if (!f->filter || read(fd, f->filter, size) != (ssize_t)size)
			return -1;
	}
	close(fd);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	for (enum seccomp_list list = 0; list < SECCOMP_LISTS; list++) {
		if (load(list))
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int list = 0; list < SECCOMP_LISTS; list++) {
		for (int i = 0; i < MAX_ROLES; i++)
			free(program[list][i].filter);
	}
	return 0;
}

/* Makes one system call under the program of a role: its errno or 0, or -signal.  What it
 * came to is left in shared memory: to exit may be forbidden too. */
static int try_of(enum seccomp_list list, int role, long nr, long a, long b, long c)
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
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
			    &program[list][role]))
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

static int try(enum part_role role, long nr, long a, long b, long c)
{
	return try_of(SECCOMP_PARTITION, (int)role, nr, a, b, c);
}

static int try_lan(enum lan_role role, long nr, long a, long b, long c)
{
	return try_of(SECCOMP_LAN, (int)role, nr, a, b, c);
}

static void form_of(enum seccomp_list list)
{
	int fd = seccomp_programs(list);
	struct stat st;
	size_t size = (size_t)n_roles[list] * sizeof(uint32_t);

	assert_true(fd >= 0);
	for (int i = 0; i < n_roles[list]; i++) {
		const struct sock_fprog *f = &program[list][i];

		assert_true(f->len > 0 && f->len <= BPF_MAXINSNS);
		size += f->len * sizeof(struct sock_filter);
	}
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_true(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void test_form(void **state)
{
	(void)state;
	form_of(SECCOMP_PARTITION);
	form_of(SECCOMP_LAN);
	form_of(SECCOMP_UPLINK);
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
		SYS_userfaultfd, SYS_process_vm_readv, SYS_seccomp, SYS_getppid };

	(void)state;
	for (int role = 0; role < PART_ROLES; role++) {
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			assert_int_equal(
				try((enum part_role)role, calls[i], 0, 0, 0), -SIGSYS);
	}
}

static void test_a_lan(void **state)
{
	static const long calls[] = { SYS_execve, SYS_openat2, SYS_socket, SYS_connect,
		SYS_ptrace, SYS_fork, SYS_kill, SYS_mount, SYS_setuid, SYS_unshare,
		SYS_process_vm_readv, SYS_getppid };

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(try_lan(LAN_ROLE_LOOP, calls[i], 0, 0, 0), -SIGSYS);
		assert_int_equal(try_lan(LAN_ROLE_WRITER, calls[i], 0, 0, 0), -SIGSYS);
	}
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_readv, -1, 0, 0), EBADF);
	assert_int_equal(try_lan(LAN_ROLE_WRITER, SYS_write, -1, 0, 0), EBADF);
	assert_int_equal(try_lan(LAN_ROLE_WRITER, SYS_recvmsg, -1, 0, 0), -SIGSYS);
	assert_int_equal(try_lan(LAN_ROLE_WRITER, SYS_clone3, 0, 0, 0), -SIGSYS);
}

static int try_uplink(enum uplink_role role, long nr, long a, long b, long c)
{
	return try_of(SECCOMP_UPLINK, (int)role, nr, a, b, c);
}

static void test_uplinks(void **state)
{
	static const long calls[] = { SYS_execve, SYS_openat2, SYS_ptrace, SYS_fork,
		SYS_clone3, SYS_clone, SYS_kill, SYS_mount, SYS_setuid, SYS_unshare,
		SYS_process_vm_readv, SYS_getppid, SYS_seccomp };

	(void)state;
	for (enum uplink_role role = 0; role < UPLINK_ROLES; role++) {
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			assert_int_equal(try_uplink(role, calls[i], 0, 0, 0), -SIGSYS);
		assert_int_equal(try_uplink(role, SYS_read, -1, 0, 0), EBADF);
		assert_int_equal(
			try_uplink(role, SYS_socket, AF_PACKET, SOCK_RAW, 0), -SIGSYS);
	}
	assert_int_equal(
		try_uplink(UPLINK_ROLE_NAT, SYS_socket, AF_INET, SOCK_DGRAM, 0), 0);
	assert_int_equal(
		try_uplink(UPLINK_ROLE_NAT, SYS_socket, AF_UNIX, SOCK_DGRAM, 0), -SIGSYS);
	assert_int_equal(
		try_uplink(UPLINK_ROLE_IF, SYS_socket, AF_UNIX, SOCK_DGRAM, 0), 0);
	assert_int_equal(
		try_uplink(UPLINK_ROLE_IF, SYS_socket, AF_INET, SOCK_DGRAM, 0), -SIGSYS);
	assert_int_equal(try_uplink(UPLINK_ROLE_IF, SYS_sendto, -1, 0, 0), EBADF);
	assert_int_equal(try_uplink(UPLINK_ROLE_VDE, SYS_connect, -1, 0, 0), -SIGSYS);
	assert_int_equal(
		try_uplink(UPLINK_ROLE_NAMES, SYS_socket, AF_INET, SOCK_DGRAM, 0),
		-SIGSYS);
	assert_int_equal(try_uplink(UPLINK_ROLE_NAMES, SYS_sendto, -1, 0, 0), -SIGSYS);
}

/* The kernel itself refuses flags that do not go together, after the filter. */
static void test_threads_only(void **state)
{
	(void)state;
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_clone3, 0, 0, 0), ENOSYS);
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_clone, CLONE_THREAD, 0, 0), EINVAL);
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_clone, SIGCHLD, 0, 0), -SIGSYS);
	assert_int_equal(
		try_lan(LAN_ROLE_LOOP, SYS_clone, CLONE_THREAD | CLONE_NEWUSER, 0, 0),
		-SIGSYS);
	assert_int_equal(
		try_lan(LAN_ROLE_WRITER, SYS_clone, CLONE_THREAD, 0, 0), -SIGSYS);
}

/* Its filter is one more, not another. */
static void test_a_writer_may_no_more_than_the_loop(void **state)
{
#define SYSCALL(role, name)     { LAN_ROLE_##role, SYS_##name },
#define IOCTL(role, request)    { LAN_ROLE_##role, -(int)(request) },
#define FCNTL(role, command)    { LAN_ROLE_##role, SYS_fcntl },
#define THREAD(role)            { LAN_ROLE_##role, SYS_clone },
#define REFUSE(role, name, err) /* nobody may */
	static const struct {
		enum lan_role role;
		int call;
	} rows[] = {
#include "cp/lan_syscalls.def"
	};
#undef SYSCALL
#undef IOCTL
#undef FCNTL
#undef THREAD
#undef REFUSE
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool found = rows[i].role != LAN_ROLE_WRITER;

		for (size_t j = 0; j < n && !found; j++)
			found = rows[j].role == LAN_ROLE_LOOP &&
				rows[j].call == rows[i].call;
		assert_true(found);
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

/* Flags are of an open file, which may be another process's, too: nobody makes one wait.
 */
static void test_nothing_is_made_blocking(void **state)
{
	const long garbage = (long)0xabcd000000000000;

	(void)state;
	assert_int_equal(
		try_lan(LAN_ROLE_LOOP, SYS_fcntl, -1, F_SETFL, O_NONBLOCK | O_RDWR),
		EBADF);
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_fcntl, -1, F_SETFL, O_RDWR), -SIGSYS);
	assert_int_equal(
		try_lan(LAN_ROLE_LOOP, SYS_fcntl, -1, garbage | F_SETFL, 0), -SIGSYS);
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_fcntl, -1, F_SETOWN, 1), -SIGSYS);
	assert_int_equal(try_lan(LAN_ROLE_LOOP, SYS_fcntl, -1, F_GET_SEALS, 0), EBADF);
	assert_int_equal(try_lan(LAN_ROLE_WRITER, SYS_fcntl, -1, F_SETFL, 0), -SIGSYS);
	for (int role = 0; role < PART_ROLES; role++) {
		assert_int_equal(
			try((enum part_role)role, SYS_fcntl, -1, F_SETFL, 0), -SIGSYS);
		assert_int_equal(try((enum part_role)role, SYS_fcntl, -1,
					 garbage | F_SETFL, O_RDWR),
			-SIGSYS);
	}
	assert_int_equal(try(PART_ROLE_VCPU, SYS_fcntl, -1, F_DUPFD_CLOEXEC, 0), EBADF);
	assert_int_equal(try(PART_ROLE_LOOP, SYS_fcntl, -1, F_ADD_SEALS, 0), EBADF);
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
		cmocka_unit_test(test_nothing_is_made_blocking),
		cmocka_unit_test(test_x32_is_refused),
		cmocka_unit_test(test_a_lan),
		cmocka_unit_test(test_uplinks),
		cmocka_unit_test(test_threads_only),
		cmocka_unit_test(test_a_writer_may_no_more_than_the_loop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
