/* A wire on a loop, and the other end of its socket pair, written to by hand. */
#ifndef TESTS_UNIT_LIB_WIRE_FIXTURE_H
#define TESTS_UNIT_LIB_WIRE_FIXTURE_H

#include "cp/guest_abi.h"
#include "cp/lib/wire.h"
#include "tests/unit/lib/open_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT 100000

/* What has been received, and what to do about it. */
struct end {
	struct loop *loop;
	struct wire w;
	int peer; /* the other end of the socket pair */
	int fds_before;
	unsigned records, gone, drained;
	int gone_err;
	struct cp_frame last;
	char data[64];
	int taken_fd;
	bool take, close_on_record, close_on_gone, close_on_drained, pause_on_record;
};

static inline void on_record(struct wire *w, struct wire_msg *msg)
{
	struct end *e = w->ctx;

	e->records++;
	e->last = (struct cp_frame) {
		.type = msg->type, .flags = msg->flags, .id = msg->id, .len = msg->len
	};
	assert_int_equal((uintptr_t)msg->data % 8, 0);
	snprintf(
		e->data, sizeof(e->data), "%.*s", (int)msg->len, (const char *)msg->data);
	if (e->take)
		e->taken_fd = wire_take_fd(msg, 0);
	if (e->close_on_record)
		wire_close(w);
	if (e->pause_on_record)
		wire_pause(w, true);
}

static inline void on_gone(struct wire *w, int err)
{
	struct end *e = w->ctx;

	e->gone++;
	e->gone_err = err;
	assert_int_equal(wire_send(w, 1, 0, 0, NULL, 0, NULL, 0), -EPIPE);
	if (e->close_on_gone)
		wire_close(w);
}

static inline void on_drained(struct wire *w)
{
	struct end *e = w->ctx;

	e->drained++;
	if (e->close_on_drained)
		wire_close(w);
}

static const struct wire_ops end_ops = { on_record, on_gone, on_drained };

static inline int setup(void **state)
{
	struct end *e = calloc(1, sizeof(*e));
	int pair[2];

	*state = e;
	if (!e)
		return -1;
	e->fds_before = open_fds();
	e->taken_fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
		loop_create(&e->loop))
		return -1;
	e->peer = pair[1];
	return wire_open(&e->w, e->loop, pair[0], LIMIT, &end_ops, e);
}

/* No test may leave a descriptor open. */
static inline int teardown(void **state)
{
	struct end *e = *state;
	int after;

	wire_close(&e->w);
	loop_destroy(e->loop);
	if (e->peer >= 0)
		close(e->peer);
	after = open_fds();
	if (after != e->fds_before)
		fprintf(stderr, "%d descriptors left open\n", after - e->fds_before);
	after -= e->fds_before;
	free(e);
	return after;
}

static inline void run(struct end *e)
{
	while (loop_once(e->loop, 0) > 0)
		;
}

static inline void peer_close(struct end *e)
{
	close(e->peer);
	e->peer = -1;
}

static inline void peer_write(struct end *e, uint16_t type, const char *text)
{
	assert_int_equal(wire_write(e->peer, type, 7, 3, text, strlen(text), NULL, 0), 0);
}

/* Reads one record at the other end, without waiting: its id, or -1. */
static inline int peer_read(struct end *e, int *fds, int *n_fds)
{
	static _Alignas(8) char buf[WIRE_MAX_DATA + sizeof(struct cp_frame)];
	struct wire_msg msg;

	fcntl(e->peer, F_SETFL, O_NONBLOCK);
	if (wire_read(e->peer, &msg, buf, sizeof(buf), fds) != 1)
		return -1;
	if (n_fds)
		*n_fds = msg.n_fds;
	return (int)msg.id;
}

static inline int send_id(struct end *e, uint32_t id, size_t len)
{
	static const char zeros[WIRE_MAX_DATA + 1];

	return wire_send(&e->w, 9, id, 0, zeros, len, NULL, 0);
}

/* Sends until the queue is used as far as it goes: how many records were taken. */
static inline uint32_t fill(struct end *e, size_t len)
{
	uint32_t n = 0;
	int err;

	while (!(err = send_id(e, n, len)))
		n++;
	assert_int_equal(err, -ENOBUFS);
	return n;
}

#define WIRE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
