/* The process of a guest LAN is started as cpd does it: with its descriptors in their
 * places and a mount namespace of its own, but without filters of system calls. */
#include "tests/bench/lan/our_lan.h"

#include "tests/bench/lan/ends.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NOBODY "65534"

/* A LAN's process outlives a cpd, and so it would us. */
static pid_t running;

static void kill_it(void)
{
	if (running > 0)
		kill(running, SIGKILL);
}

static void on_signal(int signal)
{
	kill_it();
	_exit(128 + signal);
}

static void end_with_us(pid_t pid)
{
	running = pid;
	atexit(kill_it);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGHUP, on_signal);
}

/* A listening socket without a file that would be left. */
static int listener(struct sockaddr_un *at, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_un) { .sun_family = AF_UNIX };
	snprintf(at->sun_path + 1, sizeof(at->sun_path) - 1, "bulkhead-bench.%d",
		getpid());
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(at->sun_path + 1));
	if (fd < 0 || bind(fd, (struct sockaddr *)at, *len))
		bench_die("a socket for the LAN", errno);
	return fd;
}

static int no_filters(void)
{
	const struct lan_seccomp none = { 0 };
	int fd = memfd_create("filters", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, &none, sizeof(none), 0) != sizeof(none))
		bench_die("a memory file", errno);
	return fd;
}

static void become_lan(const char *program, const int fd[3], int cpu)
{
	int high[3];

	bench_pin(cpu);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		bench_die("a mount namespace", errno);
	for (int i = 0; i < 3; i++)
		high[i] = dup2(fd[i], 100 + i);
	for (int i = 0; i < 3; i++)
		dup2(high[i], LAN_FD_LISTEN + i);
	execl(program, program, "SYSTEM.BENCH", NOBODY, NOBODY, NULL);
	_exit(127);
}

static void connect_to(struct our_lan *l, const struct sockaddr_un *at, socklen_t len)
{
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)at, len))
		bench_die("the LAN's process", errno);
}

void our_lan_start(
	struct our_lan *l, const char *program, int cpu, const struct lan_conf *conf)
{
	const struct lan_hello hello = { .version = LAN_VERSION };
	struct sockaddr_un at;
	socklen_t len;
	int ready[2], fd[3];
	char said = 'x';

	if (pipe(ready))
		bench_die("a pipe", errno);
	fd[0] = listener(&at, &len);
	fd[1] = no_filters();
	fd[2] = ready[1];
	l->pid = fork();
	if (!l->pid)
		become_lan(program, fd, cpu);
	end_with_us(l->pid);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	if (read(ready[0], &said, 1) != 1 || said)
		bench_die("the LAN's process does not begin", EPIPE);
	close(ready[0]);
	connect_to(l, &at, len);
	our_lan_ask(l, LAN_HELLO, &hello, sizeof(hello), -1);
	our_lan_ask(l, LAN_SET, conf, sizeof(*conf), -1);
}

void our_lan_ask(struct our_lan *l, uint16_t type, const void *head, size_t len, int fd)
{
	struct lan_fail f;

	if (wire_write(l->fd, type, ++l->id, 0, head, len, &fd, fd >= 0))
		bench_die("the LAN's process has gone", EPIPE);
	do {
		if (wire_read(l->fd, &l->msg, l->buf, sizeof(l->buf), NULL) != 1)
			bench_die("the LAN's process has gone", EPIPE);
	} while (l->msg.id != l->id);
	if (l->msg.type != LAN_FAIL)
		return;
	wire_head(&l->msg, &f, sizeof(f));
	bench_die("the LAN's process refuses", f.err);
}

int our_lan_plug(struct our_lan *l, const struct lan_port *p)
{
	int cable[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cable))
		bench_die("a pair of sockets", errno);
	our_lan_ask(l, LAN_PORT_ADD, p, sizeof(*p), cable[0]);
	close(cable[0]);
	return cable[1];
}

struct lan_port our_lan_port(uint32_t id)
{
	struct lan_port p = { .id = id, .kind = LAN_PORT_VHOST, .native = 1 };

	snprintf(p.name, sizeof(p.name), "END%u.0600", id);
	return p;
}
