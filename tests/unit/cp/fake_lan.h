/* A LAN program without a switch: enough of cp/lan_proto.h for the engine to start it,
 * speak to it and find it again.  The test program is this one too, when it is started by
 * the name of "lan"; the LAN's name says how it behaves. */
#ifndef TESTS_UNIT_CP_FAKE_LAN_H
#define TESTS_UNIT_CP_FAKE_LAN_H

#include "cp/lan_proto.h"
#include "cp/lib/wire.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_lan {
	const char *name; /* after the owner's */
	uint32_t port[8]; /* ids */
	int n_ports;
};

static inline void fake_lan_say(
	int fd, uint16_t type, uint32_t id, const void *data, size_t len)
{
	(void)wire_write(fd, type, id, 0, data, len, NULL, 0);
}

static inline void fake_lan_stat(struct fake_lan *f, int fd, const struct wire_msg *msg)
{
	struct {
		struct lan_stat all;
		struct lan_stat_port port[8];
	} a = { 0 };
	uint32_t after, n = 0;

	memcpy(&after, msg->data, sizeof(after));
	for (int i = 0; i < f->n_ports; i++) {
		if (f->port[i] > after)
			a.port[n++].id = f->port[i];
	}
	fake_lan_say(fd, LAN_OK, msg->id, &a, sizeof(a.all) + n * sizeof(a.port[0]));
}

/* Ids rise, so the list stays in order. */
static inline void fake_lan_port(struct fake_lan *f, const struct wire_msg *msg)
{
	uint32_t id;

	memcpy(&id, msg->data, sizeof(id));
	if (msg->type == LAN_PORT_ADD && f->n_ports < 8)
		f->port[f->n_ports++] = id;
	for (int i = 0; msg->type == LAN_PORT_DEL && i < f->n_ports; i++) {
		if (f->port[i] == id)
			memmove(&f->port[i], &f->port[i + 1],
				(size_t)(--f->n_ports - i) * sizeof(f->port[0]));
	}
}

static inline void fake_lan_request(
	struct fake_lan *f, int fd, const struct wire_msg *msg)
{
	const struct lan_hello_answer hello = { .version = LAN_VERSION };

	if (msg->type == LAN_HELLO) {
		if (!strcmp(f->name, "LIAR"))
			fake_lan_say(fd, LAN_OK, 12345, NULL, 0);
		fake_lan_say(fd, LAN_HELLO_ANSWER, msg->id, &hello, sizeof(hello));
		return;
	}
	fake_lan_port(f, msg);
	if (msg->type == LAN_STAT)
		fake_lan_stat(f, fd, msg);
	else
		fake_lan_say(fd, LAN_OK, msg->id, NULL, 0);
	if (msg->type == LAN_MIRROR)
		_exit(3); /* the order to die */
}

static inline void fake_lan_serve(struct fake_lan *f, int fd)
{
	static uint8_t buf[WIRE_MAX_DATA + 64];
	struct wire_msg msg;
	int fds[WIRE_MAX_FDS];

	/* The descriptors are kept: their other ends must not see an end. */
	while (wire_read(fd, &msg, buf, sizeof(buf), fds) == 1)
		fake_lan_request(f, fd, &msg);
	close(fd);
}

static inline int fake_lan_main(char **argv)
{
	struct fake_lan f = { .name = strchr(argv[1], '.') + 1 };
	struct pollfd p = { .fd = LAN_FD_LISTEN, .events = POLLIN };
	uid_t uid = (uid_t)strtoul(argv[2], NULL, 10);
	int fd;

	if (!strcmp(f.name, "DIES"))
		_exit(9);
	if (!strcmp(f.name, "SAYSNO")) {
		if (write(LAN_FD_READY, "no: because", 11) < 0)
			return 4;
		return 1;
	}
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
		listen(LAN_FD_LISTEN, 4) || write(LAN_FD_READY, "", 1) < 0)
		return 2;
	close(LAN_FD_READY);
	for (;;) {
		poll(&p, 1, -1);
		fd = accept(LAN_FD_LISTEN, NULL, NULL);
		if (fd >= 0)
			fake_lan_serve(&f, fd);
	}
}

#endif
