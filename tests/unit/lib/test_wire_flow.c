/* Connections on a loop: slow readers, ends, back pressure. */
#include "tests/unit/lib/wire_fixture.h"

/* ---- a slow reader ---- */

static void test_slow_reader(void **state)
{
	struct end *e = *state;
	uint32_t n = fill(e, 5000);
	size_t queued = e->w.queued;

	assert_in_range(queued, LIMIT - 5016, LIMIT);
	assert_int_equal(send_id(e, 0, WIRE_MAX_DATA), -ENOBUFS);
	assert_true(e->w.queued == queued);
	run(e);
	assert_int_equal(e->drained, 0);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(peer_read(e, NULL, NULL), i);
		run(e);
	}
	assert_int_equal(e->drained, 1);
	assert_int_equal(e->w.queued, 0);
	assert_int_equal(peer_read(e, NULL, NULL), -1);
	assert_int_equal(send_id(e, 1, 1), 0);
	assert_null(e->w.head);
}

static void test_no_queue(void **state)
{
	struct end *e = *state;

	e->w.limit = 0;
	assert_true(fill(e, 5000) > 0);
	assert_null(e->w.head);
}

static void test_close_when_drained(void **state)
{
	struct end *e = *state;

	e->close_on_drained = true;
	fill(e, 5000);
	while (wire_is_open(&e->w)) {
		assert_true(peer_read(e, NULL, NULL) >= 0);
		run(e);
	}
	assert_int_equal(e->drained, 1);
}

/* ---- the other side goes ---- */

static void test_gone(void **state)
{
	struct end *e = *state;

	peer_write(e, 1, "last words");
	peer_close(e);
	run(e);
	assert_int_equal(e->records, 1);
	assert_int_equal(e->gone, 1);
	assert_int_equal(e->gone_err, 0);
	assert_true(wire_is_open(&e->w));
	assert_int_equal(loop_once(e->loop, 0), 0); /* told once, and no spinning */
	assert_int_equal(send_id(e, 1, 1), -EPIPE);
}

/* What it sent is told, although it went with our records unread and our queue full. */
static void test_gone_with_records_unread(void **state)
{
	struct end *e = *state;

	e->close_on_gone = true;
	fill(e, 5000);
	peer_write(e, 1, "a");
	peer_write(e, 1, "b");
	peer_close(e);
	run(e);
	assert_int_equal(e->records, 2);
	assert_int_equal(e->gone, 1);
	assert_int_equal(e->gone_err, 0);
	assert_int_equal(e->drained, 0);
	assert_false(wire_is_open(&e->w));
}

static void test_send_to_gone(void **state)
{
	struct end *e = *state;

	peer_write(e, 1, "last words");
	peer_close(e);
	assert_int_equal(send_id(e, 1, 1), -EPIPE);
	assert_int_equal(send_id(e, 1, 1), -EPIPE);
	assert_int_equal(e->gone, 0); /* from the loop, never from inside a call */
	run(e);
	assert_int_equal(e->records, 1);
	assert_int_equal(e->gone, 1);
}

static void test_close(void **state)
{
	struct end *e = *state;

	e->close_on_record = true;
	peer_write(e, 1, "a");
	peer_write(e, 1, "b");
	run(e);
	assert_int_equal(e->records, 1);
	assert_int_equal(e->gone, 0);
	assert_false(wire_is_open(&e->w));
	wire_close(&e->w);
	wire_pause(&e->w, true);
	assert_int_equal(send_id(e, 1, 1), -EPIPE);
}

/* ---- the owner ends with its wire ---- */

static void free_on_record(struct wire *w, struct wire_msg *msg)
{
	(void)msg;
	wire_close(w);
	free(w);
}

static void free_on_gone(struct wire *w, int err)
{
	(void)err;
	wire_close(w);
	free(w);
}

static void free_on_drained(struct wire *w)
{
	wire_close(w);
	free(w);
}

/* Another wire on the same loop; its other end becomes the peer. */
static struct wire *short_lived(struct end *e)
{
	static const struct wire_ops ops = { free_on_record, free_on_gone,
		free_on_drained };
	struct wire *w = malloc(sizeof(*w));
	int fd[2];

	assert_non_null(w);
	wire_close(&e->w);
	close(e->peer);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(wire_open(w, e->loop, fd[0], LIMIT, &ops, NULL), 0);
	e->peer = fd[1];
	return w;
}

static void test_owner_ends_on_record(void **state)
{
	struct end *e = *state;

	short_lived(e);
	peer_write(e, 1, "x");
	peer_write(e, 1, "y");
	assert_int_equal(loop_once(e->loop, 0), 1);
	assert_int_equal(loop_once(e->loop, 0), 0);
}

static void test_owner_ends_on_gone(void **state)
{
	struct end *e = *state;

	short_lived(e);
	peer_close(e);
	assert_int_equal(loop_once(e->loop, 0), 1);
	assert_int_equal(loop_once(e->loop, 0), 0);
}

static void test_owner_ends_on_drained(void **state)
{
	struct end *e = *state;
	struct wire *w = short_lived(e);

	while (!w->head)
		assert_int_equal(wire_send(w, 1, 0, 0, w, sizeof(*w), NULL, 0), 0);
	while (peer_read(e, NULL, NULL) >= 0)
		;
	assert_int_equal(loop_once(e->loop, 0), 1);
	assert_int_equal(loop_once(e->loop, 0), 0);
}

/* ---- back pressure ---- */

static void test_pause(void **state)
{
	struct end *e = *state;

	wire_pause(&e->w, true);
	peer_write(e, 1, "a");
	assert_int_equal(loop_once(e->loop, 0), 0);
	peer_close(e);
	assert_int_equal(
		loop_once(e->loop, 0), 0); /* nor is the hangup a reason to spin */
	wire_pause(&e->w, false);
	run(e);
	assert_int_equal(e->records, 1);
	assert_int_equal(e->gone, 1);
}

static void test_pause_from_record(void **state)
{
	struct end *e = *state;

	e->pause_on_record = true;
	for (int i = 0; i < 3; i++)
		peer_write(e, 1, "a");
	run(e);
	assert_int_equal(e->records, 1);
	e->pause_on_record = false;
	wire_pause(&e->w, false);
	run(e);
	assert_int_equal(e->records, 3);
}

/* Paused, it still sends; and when the reader of that goes, there is nothing to watch. */
static void test_pause_and_send(void **state)
{
	struct end *e = *state;
	uint32_t n;

	wire_pause(&e->w, true);
	n = fill(e, 5000);
	for (uint32_t i = 0; i < n / 2; i++) {
		assert_int_equal(peer_read(e, NULL, NULL), i);
		run(e);
	}
	fill(e, 5000);
	peer_close(e);
	run(e);
	assert_null(e->w.head);
	assert_int_equal(loop_once(e->loop, 0), 0);
	assert_int_equal(e->gone, 0);
	wire_pause(&e->w, false);
	run(e);
	assert_int_equal(e->gone, 1);
}

/* When even watching fails, the owner is told from the loop. */
static void test_cannot_watch(void **state)
{
	struct end *e = *state;

	wire_pause(&e->w, true);
	close(e->w.watch.fd);
	wire_pause(&e->w, false);
	assert_int_equal(e->gone, 0);
	run(e);
	assert_int_equal(e->gone, 1);
	assert_int_equal(e->gone_err, -EBADF);
	e->w.watch.fd = dup(e->peer); /* for wire_close() to close */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_slow_reader),
		WIRE_TEST(test_no_queue),
		WIRE_TEST(test_close_when_drained),
		WIRE_TEST(test_gone),
		WIRE_TEST(test_gone_with_records_unread),
		WIRE_TEST(test_send_to_gone),
		WIRE_TEST(test_close),
		WIRE_TEST(test_owner_ends_on_record),
		WIRE_TEST(test_owner_ends_on_gone),
		WIRE_TEST(test_owner_ends_on_drained),
		WIRE_TEST(test_pause),
		WIRE_TEST(test_pause_from_record),
		WIRE_TEST(test_pause_and_send),
		WIRE_TEST(test_cannot_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
