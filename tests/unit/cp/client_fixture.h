/* The other end of a client's socket, in tests of what CP says to it. */
#ifndef TESTS_UNIT_CP_CLIENT_FIXTURE_H
#define TESTS_UNIT_CP_CLIENT_FIXTURE_H

#include "tests/unit/cp/front.h"

#include "cp/client.h"
#include "cp/cp_socket.h"
#include "cp/guest_abi.h"

#include <errno.h>
#include <sys/socket.h>

#define ROUNDS 2000 /* of the loop until something must have happened */

/* The other end. */
struct peer_end {
	int fd;
	struct wire_msg msg;
	char data[WIRE_MAX_DATA + 64];
};

static inline void send_record(struct peer_end *c, uint16_t type, uint32_t id,
	uint16_t flags, const void *data, size_t len)
{
	assert_int_equal(wire_write(c->fd, type, id, flags, data, len, NULL, 0), 0);
}

static inline void hello(struct peer_end *c, uint16_t flags)
{
	const struct cps_hello h = { .version = CPS_VERSION };

	send_record(c, CPS_HELLO, 0, flags, &h, sizeof(h));
}

static inline struct peer_end *connect_raw(struct front *f)
{
	struct peer_end *c = calloc(1, sizeof(*c));
	int fd[2];

	assert_non_null(c);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	assert_int_equal(server_add(f->cp.server, fd[0]), 0);
	c->fd = fd[1];
	return c;
}

static inline void leave(struct front *f, struct peer_end *c)
{
	close(c->fd);
	free(c);
	front_second(f);
}

/* The next record, if there is one after some rounds; false: none, or the end. */
static inline bool receive(struct front *f, struct peer_end *c)
{
	for (int i = 0; i < ROUNDS; i++) {
		char packet[WIRE_MAX_DATA + 64];
		ssize_t n = recv(c->fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (n > 0) {
			assert_int_equal(wire_decode(&c->msg, packet, (size_t)n), 0);
			memcpy(c->data, c->msg.data, c->msg.len);
			c->data[c->msg.len] = '\0';
			return true;
		}
		if (n == 0 || errno == ECONNRESET)
			return false;
		if (loop_once(f->cp.loop, 0) <= 0)
			break;
	}
	return false;
}

/* Skips to the next record of this type. */
static inline void expect(struct front *f, struct peer_end *c, uint16_t type)
{
	while (receive(f, c)) {
		if (c->msg.type == type)
			return;
	}
	fail_msg("no record of type %u", type);
}

static inline void expect_text(
	struct front *f, struct peer_end *c, uint16_t type, const char *text)
{
	expect(f, c, type);
	if (!strstr(c->data, text))
		fail_msg("not in record of type %u: <%s>: %s", type, text, c->data);
}

static inline uint32_t expect_done(struct front *f, struct peer_end *c, uint32_t id)
{
	uint32_t rc;

	do
		expect(f, c, CP_DONE);
	while (c->msg.id != id);
	memcpy(&rc, c->data, sizeof(rc));
	return rc;
}

static inline bool is_closed(struct front *f, struct peer_end *c)
{
	ssize_t n;

	while (receive(f, c))
		;
	n = recv(c->fd, c->data, sizeof(c->data), MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

static inline struct peer_end *connect_client(struct front *f, uint16_t flags)
{
	struct peer_end *c = connect_raw(f);

	hello(c, flags);
	expect(f, c, CPS_WELCOME);
	return c;
}

static inline void command(struct peer_end *c, uint32_t id, const char *text)
{
	send_record(c, CP_COMMAND, id, 0, text, strlen(text));
}

#endif
