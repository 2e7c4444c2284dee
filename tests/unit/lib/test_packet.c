/* Packets: which are records, and that a descriptor of one that is not stays nowhere. */
#include "cp/guest_abi.h"
#include "cp/lib/wire.h"
#include "tests/unit/lib/open_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY (WIRE_MAX_FDS + 1)

struct packet_bytes {
	struct cp_frame frame;
	char data[WIRE_MAX_DATA + 1];
};

static struct packet_bytes *new_packet(uint32_t len)
{
	struct packet_bytes *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->frame = (struct cp_frame) {
		.magic = CP_FRAME_MAGIC, .len = len, .id = 8, .type = 9, .flags = 10
	};
	return p;
}

/* Sends bytes as they are, with `n` descriptors. */
static void send_raw(int fd, const void *bytes, size_t len, int n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MANY * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)bytes, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	int *fds = (int *)CMSG_DATA(&control.align);

	if (n) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		for (int i = 0; i < n; i++)
			fds[i] = fd;
	}
	assert_int_equal(sendmsg(fd, &mh, 0), len);
}

/* ---- decoding ---- */

static void test_decode(void **state)
{
	static const struct {
		uint32_t magic, len;
		size_t size; /* of the packet */
		int err;
	} cases[] = {
		{ CP_FRAME_MAGIC, 0, 16, 0 },
		{ CP_FRAME_MAGIC, 5, 21, 0 },
		{ CP_FRAME_MAGIC, WIRE_MAX_DATA, WIRE_MAX_DATA + 16, 0 },
		{ CP_FRAME_MAGIC, WIRE_MAX_DATA + 1, WIRE_MAX_DATA + 17, -EPROTO },
		{ CP_FRAME_MAGIC, 0, 0, -EPROTO },
		{ CP_FRAME_MAGIC, 0, 15, -EPROTO },
		{ CP_FRAME_MAGIC, 0, 17, -EPROTO },
		{ CP_FRAME_MAGIC, 1, 16, -EPROTO },
		{ CP_FRAME_MAGIC, UINT32_MAX, 15, -EPROTO },
		{ CP_FRAME_MAGIC, UINT32_MAX - 15, 16, -EPROTO },
		{ CP_FRAME_MAGIC + 1, 0, 16, -EPROTO },
		{ 0, 0, 16, -EPROTO },
	};
	struct packet_bytes *p = new_packet(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wire_msg msg;

		p->frame.magic = cases[i].magic;
		p->frame.len = cases[i].len;
		assert_int_equal(wire_decode(&msg, p, cases[i].size), cases[i].err);
		if (cases[i].err)
			continue;
		assert_int_equal(msg.type, 9);
		assert_int_equal(msg.flags, 10);
		assert_int_equal(msg.id, 8);
		assert_int_equal(msg.len, cases[i].len);
		assert_ptr_equal(msg.data, p->data);
		assert_int_equal(msg.n_fds, 0);
		assert_null(msg.fds);
	}
	free(p);
}

/* ---- the blocking forms ---- */

struct pair {
	int fd[2];
	int fds_before;
	_Alignas(8) char buf[WIRE_MAX_DATA + sizeof(struct cp_frame)];
};

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	*state = p;
	if (!p)
		return -1;
	p->fds_before = open_fds();
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->fd);
}

static int teardown(void **state)
{
	struct pair *p = *state;
	int left;

	for (int i = 0; i < 2; i++) {
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	}
	left = open_fds() - p->fds_before;
	free(p);
	return left;
}

static void test_write_and_read(void **state)
{
	struct pair *p = *state;
	int fds[WIRE_MAX_FDS], pipe_fd[2];
	struct wire_msg msg;
	char c = 0;

	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	assert_int_equal(wire_write(p->fd[0], 1, 2, 3, "abc", 3, &pipe_fd[1], 1), 0);
	assert_int_equal(wire_read(p->fd[1], &msg, p->buf, sizeof(p->buf), fds), 1);
	assert_int_equal(msg.type, 1);
	assert_int_equal(msg.id, 2);
	assert_int_equal(msg.flags, 3);
	assert_int_equal(msg.len, 3);
	assert_memory_equal(msg.data, "abc", 3);
	assert_int_equal(msg.n_fds, 1);
	assert_ptr_equal(msg.fds, fds);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[0], "z", 1), 1);
	assert_int_equal(read(pipe_fd[0], &c, 1), 1);
	close(fds[0]);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static void test_fds_not_wanted(void **state)
{
	struct pair *p = *state;
	struct wire_msg msg;
	int before = open_fds();

	assert_int_equal(wire_write(p->fd[0], 1, 2, 3, NULL, 0, p->fd, 2), 0);
	assert_int_equal(wire_read(p->fd[1], &msg, p->buf, sizeof(p->buf), NULL), 1);
	assert_int_equal(msg.n_fds, 0);
	assert_null(msg.fds);
	assert_int_equal(open_fds(), before);
}

static void test_write_refused(void **state)
{
	struct pair *p = *state;
	struct packet_bytes *b = new_packet(0);

	assert_int_equal(
		wire_write(p->fd[0], 1, 2, 3, b->data, WIRE_MAX_DATA + 1, NULL, 0),
		-EMSGSIZE);
	close(p->fd[1]);
	p->fd[1] = -1;
	assert_int_equal(wire_write(p->fd[0], 1, 2, 3, NULL, 0, NULL, 0), -EPIPE);
	assert_int_equal(wire_write(-1, 1, 2, 3, NULL, 0, NULL, 0), -EBADF);
	free(b);
}

static void test_read_end(void **state)
{
	struct pair *p = *state;
	struct wire_msg msg;

	/* The other end goes with a record of ours unread: its own is still read. */
	assert_int_equal(wire_write(p->fd[1], 1, 0, 0, NULL, 0, NULL, 0), 0);
	assert_int_equal(wire_write(p->fd[0], 1, 0, 0, "x", 1, NULL, 0), 0);
	close(p->fd[0]);
	p->fd[0] = -1;
	assert_int_equal(wire_read(p->fd[1], &msg, p->buf, sizeof(p->buf), NULL), 1);
	assert_int_equal(wire_read(p->fd[1], &msg, p->buf, sizeof(p->buf), NULL), 0);
	assert_int_equal(wire_read(-1, &msg, p->buf, sizeof(p->buf), NULL), -EBADF);
}

static void test_read_nothing_there(void **state)
{
	struct pair *p = *state;
	struct wire_msg msg;

	fcntl(p->fd[1], F_SETFL, O_NONBLOCK);
	assert_int_equal(
		wire_read(p->fd[1], &msg, p->buf, sizeof(p->buf), NULL), -EAGAIN);
}

static void test_buffer_too_small(void **state)
{
	struct pair *p = *state;
	struct wire_msg msg;

	assert_int_equal(wire_write(p->fd[0], 1, 2, 3, "abc", 3, p->fd, 2), 0);
	assert_int_equal(wire_read(p->fd[1], &msg, p->buf, 18, NULL), -EPROTO);
}

/* ---- what is no record ---- */

struct garbage {
	const char *what;
	uint32_t len;   /* as the header says */
	uint32_t magic; /* to be added to the right one */
	size_t size;    /* of the packet */
	int n_fds;
	int err; /* that the reader gets */
};

static const struct garbage garbage[] = {
	{ "short", 0, 0, 15, 0, -EPROTO },
	{ "short with descriptors", 0, 0, 3, 7, -EPROTO },
	{ "no magic", 0, 1, 16, 0, -EPROTO },
	{ "no magic, most descriptors", 0, 1, 16, WIRE_MAX_FDS, -EPROTO },
	{ "longer than it says", 4, 0, 21, 1, -EPROTO },
	{ "shorter than it says", 6, 0, 21, 1, -EPROTO },
	{ "too long", WIRE_MAX_DATA + 1, 0, WIRE_MAX_DATA + 17, 1, -EPROTO },
	{ "truncated into shape", WIRE_MAX_DATA, 0, WIRE_MAX_DATA + 17, 1, -EPROTO },
	{ "too many descriptors", 5, 0, 21, WIRE_MAX_FDS + 1, -EPROTO },
	{ "nothing", 0, 0, 0, 0, 0 },
	{ "nothing with descriptors", 0, 0, 0, 7, 0 },
};

#define N_GARBAGE (sizeof(garbage) / sizeof(*garbage))

static void send_garbage(int fd, const struct garbage *g)
{
	struct packet_bytes *b = new_packet(g->len);

	b->frame.magic += g->magic;
	send_raw(fd, b, g->size, g->n_fds);
	free(b);
}

static void test_garbage_read(void **state)
{
	struct pair *p = *state;
	int before = open_fds();

	for (size_t i = 0; i < N_GARBAGE; i++) {
		int fds[WIRE_MAX_FDS];
		struct wire_msg msg;
		int got;

		send_garbage(p->fd[0], &garbage[i]);
		got = wire_read(p->fd[1], &msg, p->buf, sizeof(p->buf), fds);
		if (got != garbage[i].err || open_fds() != before)
			fail_msg("%s: %d", garbage[i].what, got);
	}
}

struct seen {
	int records, gone, err;
};

static void on_record(struct wire *w, struct wire_msg *msg)
{
	struct seen *s = w->ctx;

	(void)msg;
	s->records++;
}

static void on_gone(struct wire *w, int err)
{
	struct seen *s = w->ctx;

	s->gone++;
	s->err = err;
	wire_close(w);
}

/* On a loop, garbage ends the connection; what came before it has been told. */
static void test_garbage_on_loop(void **state)
{
	static const struct wire_ops ops = { on_record, on_gone, NULL };
	struct loop *loop;
	int before = open_fds();

	(void)state;
	assert_int_equal(loop_create(&loop), 0);
	for (size_t i = 0; i < N_GARBAGE; i++) {
		struct seen seen = { 0 };
		struct wire w;
		int fd[2];

		assert_int_equal(
			socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
		assert_int_equal(wire_open(&w, loop, fd[0], 1000, &ops, &seen), 0);
		assert_int_equal(wire_write(fd[1], 1, 0, 0, "x", 1, fd, 1), 0);
		send_garbage(fd[1], &garbage[i]);
		assert_int_equal(wire_write(fd[1], 1, 0, 0, "x", 1, fd, 1), 0);
		assert_int_equal(loop_once(loop, 0), 1);
		assert_int_equal(loop_once(loop, 0), 0);
		assert_int_equal(seen.records, 1);
		assert_int_equal(seen.gone, 1);
		assert_int_equal(seen.err, garbage[i].err);
		close(fd[1]);
	}
	loop_destroy(loop);
	assert_int_equal(open_fds(), before);
}

#define PAIR_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		PAIR_TEST(test_write_and_read),
		PAIR_TEST(test_fds_not_wanted),
		PAIR_TEST(test_write_refused),
		PAIR_TEST(test_read_end),
		PAIR_TEST(test_read_nothing_there),
		PAIR_TEST(test_buffer_too_small),
		PAIR_TEST(test_garbage_read),
		cmocka_unit_test(test_garbage_on_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
