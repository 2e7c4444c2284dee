/* A guest LAN for programs that connect to vhost-user sockets:
 *
 *   lan_serve LAN-PROGRAM CPU SOCKET...
 *
 * Says "ready" once it listens.  Who connects to a SOCKET is a port until it goes; all
 * ends with the end of standard input. */
#include "tests/bench/lan/ends.h"
#include "tests/bench/lan/our_lan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_SOCKETS 8

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 4))
		bench_die(path, errno);
	return fd;
}

static void plug(struct our_lan *l, int listener, uint32_t id)
{
	const struct lan_port p = our_lan_port(id);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		bench_die("who connected has gone", errno);
	our_lan_ask(l, LAN_PORT_ADD, &p, sizeof(p), fd);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct lan_conf conf = { .mtu = 65535, .name = "SYSTEM.BENCH" };
	struct pollfd watch[1 + MAX_SOCKETS] = { { .events = POLLIN } };
	static struct our_lan l;
	int n = argc - 3;

	if (n < 1 || n > MAX_SOCKETS)
		return 2;
	our_lan_start(&l, argv[1], atoi(argv[2]), &conf);
	for (int i = 1; i <= n; i++)
		watch[i] = (struct pollfd) { listen_at(argv[2 + i]), POLLIN, 0 };
	puts("ready");
	fflush(stdout);
	for (uint32_t id = 1; poll(watch, (nfds_t)n + 1, -1) > 0 && !watch[0].revents;)
		for (int i = 1; i <= n; i++)
			if (watch[i].revents)
				plug(&l, watch[i].fd, id++);
	return 0;
}
