/* The CP socket. */
#include "cp/server.h"

#include "cp/client.h"
#include "cp/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BATCH 32

static void on_connection(struct loop_fd *watch, uint32_t events);
static bool accept_one(struct server *sv);
static void set_full(struct server *sv, bool full);
static bool is_crowded(const struct server *sv, const struct peer *peer);
static gid_t find_group(void);

int server_create(struct cp *cp, struct server **out)
{
	struct server *sv = calloc(1, sizeof(*sv));

	if (!sv)
		return -ENOMEM;
	sv->cp = cp;
	sv->watch.fd = -1;
	sv->limit = (struct log_limit)LOG_LIMIT(10, 10000);
	sv->operator_group = find_group();
	list_init(&sv->clients);
	*out = sv;
	return 0;
}

static void socket_path(const struct server *sv, char *buf, size_t len)
{
	snprintf(buf, len, "%s/" SERVER_SOCKET, sv->cp->rundir);
}

int server_listen(struct server *sv)
{
	char path[4096];
	int fd, err;

	socket_path(sv, path, sizeof(path));
	fd = wire_bind(path, 0666);
	if (fd < 0)
		return fd;
	err = fcntl(fd, F_SETFL, O_NONBLOCK) || listen(fd, SOMAXCONN) ? -errno : 0;
	if (!err)
		err = loop_fd_add(
			sv->cp->loop, &sv->watch, fd, EPOLLIN, on_connection, sv);
	if (err) {
		close(fd);
		sv->watch.fd = -1;
	}
	return err;
}

void server_destroy(struct server *sv)
{
	char path[4096];

	if (!sv)
		return;
	while (!list_empty(&sv->clients))
		client_destroy(container_of(sv->clients.next, struct client, node));
	if (sv->watch.fd >= 0) {
		loop_fd_del(&sv->watch);
		close(sv->watch.fd);
		socket_path(sv, path, sizeof(path));
		unlink(path);
	}
	free(sv);
}

int server_add(struct server *sv, int fd)
{
	struct identity who;
	struct client *c;
	struct peer peer;
	int err = peer_read(fd, &peer);

	if (err) {
		close(fd);
		return err;
	}
	identity_of(sv->cp, &peer, sv->operator_group, &who);
	if (!who.host_operator && is_crowded(sv, &peer)) {
		log_limited(&sv->limit, LOG_LVL_WARN, "server",
			"host user %u has too many clients", (unsigned)peer.uid);
		close(fd);
		return -EUSERS;
	}
	err = client_create(sv, fd, peer.uid, &who, &c);
	if (err)
		return err;
	list_append(&sv->clients, &c->node);
	sv->n_clients++;
	return 0;
}

void server_end_all(struct server *sv, const char *why)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &sv->clients)
		client_end(container_of(pos, struct client, node), why);
}

bool server_is_drained(const struct server *sv)
{
	const struct list *pos;

	list_for_each (pos, &sv->clients) {
		if (container_of(pos, struct client, node)->wire.head)
			return false;
	}
	return true;
}

void server_removed(struct server *sv)
{
	sv->n_clients--;
	if (sv->full)
		set_full(sv, false);
}

static void on_connection(struct loop_fd *watch, uint32_t events)
{
	struct server *sv = watch->ctx;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH && accept_one(sv); i++)
		;
}

/* False when there is nothing more to accept, or nothing to accept it with. */
static bool accept_one(struct server *sv)
{
	int fd;

	if (sv->n_clients >= SERVER_MAX) {
		set_full(sv, true);
		return false;
	}
	fd = accept4(sv->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM)
			set_full(sv, true);
		return errno == ECONNABORTED || errno == EINTR;
	}
	server_add(sv, fd);
	return true;
}

/* Who cannot be accepted waits in the kernel's queue; looking at it would only spin. */
static void set_full(struct server *sv, bool full)
{
	if (full && !sv->n_clients)
		return; /* nobody's end would open it again */
	if (full)
		log_limited(&sv->limit, LOG_LVL_WARN, "server",
			"%d clients: no more are accepted for now", sv->n_clients);
	sv->full = full;
	if (sv->watch.fd >= 0)
		loop_fd_mod(&sv->watch, full ? 0 : EPOLLIN);
}

static bool is_crowded(const struct server *sv, const struct peer *peer)
{
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &sv->clients)
		n += container_of(pos, struct client, node)->session.uid == peer->uid;
	return n >= SERVER_STRANGERS;
}

static gid_t find_group(void)
{
	const struct group *g = getgrnam(OPERATOR_GROUP);

	return g ? g->gr_gid : (gid_t)-1;
}
