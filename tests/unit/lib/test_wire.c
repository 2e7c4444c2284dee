/* Connections on a loop: records and descriptors, in and out. */
#include "tests/unit/lib/wire_fixture.h"

/* ---- records ---- */

static void test_receive(void **state)
{
	struct end *e = *state;

	peer_write(e, 5, "hello");
	run(e);
	assert_int_equal(e->records, 1);
	assert_int_equal(e->last.type, 5);
	assert_int_equal(e->last.id, 7);
	assert_int_equal(e->last.flags, 3);
	assert_int_equal(e->last.len, 5);
	assert_string_equal(e->data, "hello");
	peer_write(e, 6, "");
	run(e);
	assert_int_equal(e->records, 2);
	assert_int_equal(e->last.len, 0);
}

static void test_send(void **state)
{
	struct end *e = *state;
	char buf[64];
	struct wire_msg msg;

	assert_int_equal(wire_send(&e->w, 1, 2, 3, "data", 4, NULL, 0), 0);
	assert_int_equal(wire_read(e->peer, &msg, buf, sizeof(buf), NULL), 1);
	assert_int_equal(msg.type, 1);
	assert_int_equal(msg.id, 2);
	assert_int_equal(msg.flags, 3);
	assert_int_equal(msg.len, 4);
	assert_int_equal(msg.n_fds, 0);
	assert_memory_equal(msg.data, "data", 4);
	assert_null(e->w.head);
}

static void test_send_size(void **state)
{
	struct end *e = *state;
	int fds[WIRE_MAX_FDS + 1] = { 0 };

	assert_int_equal(send_id(e, 1, WIRE_MAX_DATA), 0);
	assert_int_equal(peer_read(e, NULL, NULL), 1);
	assert_int_equal(send_id(e, 1, WIRE_MAX_DATA + 1), -EMSGSIZE);
	assert_int_equal(
		wire_send(&e->w, 1, 1, 0, "", 0, fds, WIRE_MAX_FDS + 1), -EMSGSIZE);
	assert_int_equal(wire_send(&e->w, 1, 1, 0, "", 0, fds, -1), -EMSGSIZE);
	fds[0] = 9999;
	assert_int_equal(wire_send(&e->w, 1, 1, 0, "", 0, fds, 1), -EBADF);
	assert_int_equal(peer_read(e, NULL, NULL), -1);
	assert_int_equal(send_id(e, 2, 0), 0);
	assert_int_equal(peer_read(e, NULL, NULL), 2);
}

/* One who talks all the time does not keep the loop. */
static void test_batch(void **state)
{
	struct end *e = *state;

	for (int i = 0; i < 40; i++)
		peer_write(e, 1, "x");
	assert_int_equal(loop_once(e->loop, 0), 1);
	assert_int_equal(e->records, 16);
	run(e);
	assert_int_equal(e->records, 40);
}

static void test_peer(void **state)
{
	struct end *e = *state;
	struct wire closed = { 0 };
	pid_t pid = 0;
	uid_t uid = 12345;
	gid_t gid = 12345;

	assert_int_equal(wire_peer(&e->w, &pid, &uid, &gid), 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(uid, geteuid());
	assert_int_equal(gid, getegid());
	assert_int_equal(wire_peer(&closed, &pid, &uid, &gid), -ENOTCONN);
}

/* A failed open closes what it was given. */
static void test_open_refused(void **state)
{
	struct end *e = *state;
	int before = open_fds();
	struct wire w;

	assert_int_equal(
		wire_open(&w, e->loop, open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
			LIMIT, &end_ops, e),
		-EPERM);
	assert_false(wire_is_open(&w));
	assert_int_equal(open_fds(), before);
	wire_close(&w);
}

/* ---- descriptors ---- */

static void write_fds(struct end *e, int n)
{
	int fds[WIRE_MAX_FDS];

	for (int i = 0; i < n; i++)
		fds[i] = e->peer;
	assert_int_equal(wire_write(e->peer, 1, 0, 0, "x", 1, fds, n), 0);
}

static void test_fds_not_taken(void **state)
{
	struct end *e = *state;
	int before = open_fds();

	write_fds(e, 1);
	write_fds(e, WIRE_MAX_FDS);
	run(e);
	assert_int_equal(e->records, 2);
	assert_int_equal(open_fds(), before);
}

static void test_fd_taken(void **state)
{
	struct end *e = *state;
	int before = open_fds();

	e->take = true;
	write_fds(e, 3);
	run(e);
	assert_true(e->taken_fd >= 0);
	assert_true(fcntl(e->taken_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(open_fds(), before + 1);
	close(e->taken_fd);
	peer_write(e, 1, "none");
	run(e);
	assert_int_equal(e->taken_fd, -1);
}

static void test_take_fd(void **state)
{
	int fds[] = { 30, 31 };
	struct wire_msg msg = { .n_fds = 2, .fds = fds };

	(void)state;
	assert_int_equal(wire_take_fd(&msg, 2), -1);
	assert_int_equal(wire_take_fd(&msg, -1), -1);
	assert_int_equal(wire_take_fd(&msg, 1), 31);
	assert_int_equal(wire_take_fd(&msg, 1), -1);
	assert_int_equal(wire_take_fd(&msg, 0), 30);
}

static void test_closed_with_fds(void **state)
{
	struct end *e = *state;
	int before = open_fds();

	e->close_on_record = true;
	write_fds(e, 5);
	write_fds(e, 5);
	run(e);
	assert_int_equal(e->records, 1);
	assert_int_equal(open_fds(), before - 1);
}

/* Queued descriptors are duplicates: the sender may close its own at once. */
static void test_queued_fds(void **state)
{
	struct end *e = *state;
	int fds[WIRE_MAX_FDS], n_fds = 0, pipe_fd[2];
	uint32_t n;
	char c = 0;

	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	for (n = 0; !e->w.head; n++)
		assert_int_equal(send_id(e, n, 1000), 0);
	assert_int_equal(wire_send(&e->w, 1, n++, 0, "x", 1, &pipe_fd[1], 1), 0);
	close(pipe_fd[1]);
	for (uint32_t i = 0; i < n; i++) {
		run(e);
		assert_int_equal(peer_read(e, fds, &n_fds), i);
	}
	assert_int_equal(n_fds, 1);
	assert_int_equal(write(fds[0], "z", 1), 1);
	assert_int_equal(read(pipe_fd[0], &c, 1), 1);
	assert_int_equal(c, 'z');
	close(fds[0]);
	close(pipe_fd[0]);
}

static void test_queue_dropped_with_fds(void **state)
{
	struct end *e = *state;
	int before = open_fds();
	int fds[3] = { e->peer, e->peer, e->peer };
	int bad[2] = { e->peer, 9999 };

	fill(e, 5000);
	for (int i = 0; i < 10; i++)
		assert_int_equal(wire_send(&e->w, 1, 0, 0, "x", 1, fds, 3), 0);
	assert_int_equal(open_fds(), before + 30);
	assert_int_equal(wire_send(&e->w, 1, 0, 0, "x", 1, bad, 2), -EBADF);
	assert_int_equal(open_fds(), before + 30);
	wire_close(&e->w);
	assert_int_equal(open_fds(), before - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_receive),
		WIRE_TEST(test_send),
		WIRE_TEST(test_send_size),
		WIRE_TEST(test_batch),
		WIRE_TEST(test_peer),
		WIRE_TEST(test_open_refused),
		WIRE_TEST(test_fds_not_taken),
		WIRE_TEST(test_fd_taken),
		cmocka_unit_test(test_take_fd),
		WIRE_TEST(test_closed_with_fds),
		WIRE_TEST(test_queued_fds),
		WIRE_TEST(test_queue_dropped_with_fds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
