/* A real process of an uplink at a real vhost-user port of a switch; the test is the
 * other port. */
#ifndef TESTS_UNIT_VLAN_UPLINK_FIXTURE_H
#define TESTS_UNIT_VLAN_UPLINK_FIXTURE_H

#include "cp/seccomp.h"
#include "cp/uplink_proto.h"
#include "tests/unit/vlan/port_fixture.h"
#include "vlan/port_vhost.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY "65534"

struct uplink_process {
	pid_t pid;
	char said[400]; /* on UPLINK_FD_READY */
	ssize_t said_len;
};

/* bin/uplink of the build that this test is of. */
static void uplink_program(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *end;

	assert_true(n > 0);
	path[n] = 0;
	end = strstr(path, "/tests/unit/");
	assert_non_null(end);
	snprintf(end, size - (size_t)(end - path), "/bin/uplink");
}

/* The filters as cpd has them. */
static int uplink_filters(void)
{
	int fd = seccomp_programs(SECCOMP_UPLINK);

	assert_true(fd >= 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* First all out of the way of all. */
static void exec_uplink(const char *kind, int sock, int conf, int ready)
{
	const int from[] = { sock, conf, ready, uplink_filters() };
	int high[4];
	char path[4096];

	uplink_program(path, sizeof(path));
	for (int i = 0; i < 4; i++)
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 20);
	for (int i = 0; i < 4; i++)
		dup2(high[i], UPLINK_FD_SOCK + i);
	if (geteuid())
		execl(path, path, kind, "0", "0", NULL);
	execl(path, path, kind, NOBODY, NOBODY, NULL);
	_exit(127);
}

static void start_process(struct uplink_process *u, const char *kind, const char *conf,
	int sock, int *ready)
{
	int text[2], said[2];

	assert_int_equal(pipe2(text, O_CLOEXEC), 0);
	assert_int_equal(pipe2(said, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(write(text[1], conf, strlen(conf)), strlen(conf));
	close(text[1]);
	u->pid = fork();
	assert_true(u->pid >= 0);
	if (!u->pid)
		exec_uplink(kind, sock, text[0], said[1]);
	close(text[0]);
	close(said[1]);
	close(sock);
	*ready = said[0];
}

/* One turn of the LAN's process. */
static void turn(struct fixture *x)
{
	bool busy = poller_round(x->host.poller, lan_now());

	assert_true(loop_once(x->host.loop, busy ? 0 : 10) >= 0);
}

/* Up to 10 s: until it has said what there is to say. */
static void hear(struct fixture *x, struct uplink_process *u, int ready)
{
	uint64_t end = lan_now() + UINT64_C(10000000000);

	for (u->said_len = 0; lan_now() < end; turn(x)) {
		ssize_t n = read(ready, u->said + u->said_len,
			sizeof(u->said) - 1 - (size_t)u->said_len);

		if (!n)
			break;
		if (n > 0)
			u->said_len += n;
	}
	u->said[u->said_len] = 0;
	close(ready);
}

/* Both, and waits until it is ready (or has said why not). */
static void uplink_begin(
	struct fixture *x, struct uplink_process *u, const char *kind, const char *text)
{
	const struct lan_port conf = {
		.id = 7, .kind = LAN_PORT_VHOST, .flags = LAN_PORT_UPLINK, .native = 1
	};
	int socks[2], ready;

	fixture_begin(x);
	x->host.poller = poller_create();
	assert_non_null(x->host.poller);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	start_process(u, kind, text, socks[1], &ready);
	assert_int_equal(port_vhost_create(&x->host, &conf, socks[0], &x->plug), 0);
	hear(x, u, ready);
}

static bool uplink_is_ready(const struct uplink_process *u)
{
	return u->said_len >= 1 && !u->said[0];
}

/* The LAN closes its socket: it ends of itself.  Its status. */
static int uplink_end(struct fixture *x, struct uplink_process *u)
{
	struct poller *poller = x->host.poller;
	int status;

	fixture_end(x);
	poller_destroy(poller);
	assert_int_equal(waitpid(u->pid, &status, 0), u->pid);
	return status;
}

/* The next frame the test's port has for which `is` holds, waits up to 10 s; NULL: none.
 */
static const struct got *await_frame(
	struct fixture *x, bool (*is)(const struct got *g, void *ctx), void *ctx)
{
	uint64_t end = lan_now() + UINT64_C(10000000000);

	for (; lan_now() < end; turn(x)) {
		for (int i = 0; i < x->n_got; i++) {
			if (is(&x->got[i], ctx))
				return &x->got[i];
		}
	}
	return NULL;
}

#endif
