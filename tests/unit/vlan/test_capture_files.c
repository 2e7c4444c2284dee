/* Where a trace goes: rings of files, pipes, what an earlier process left, and what
 * fails.
 */
#include "tests/unit/vlan/capture_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct made one;

static uint64_t size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_size;
}

/* Packets of a file; *last is a byte of the last one. */
static int packets(int fd, uint8_t *last)
{
	struct back b;
	int n = 0;

	back_open(&b, fd);
	while (back_next(&b)) {
		*last = b.p.bytes[50];
		n++;
	}
	back_close(&b);
	return n;
}

static struct lan_stat_trace stat_of_trace(void)
{
	struct lan_stat_trace st;

	assert_int_equal(captures_stat(lan.c, &st, 1), 1);
	return st;
}

/* Sends frames until all of them are written, so that none is lost. */
static void send_one(uint8_t mark)
{
	one.bytes[50] = one.frame.head[50] = mark;
	sent(&alpha, &one, DROP_NONE, 1);
}

static void test_a_ring_of_files(void **state)
{
	const struct lan_trace conf = { .id = 1, .size = 4000 };
	int fd[3], mine[3], total = 0, n;
	uint8_t last;

	(void)state;
	for (int i = 0; i < 3; i++) {
		fd[i] = memfd_create("trace", 0);
		mine[i] = dup(fd[i]);
	}
	make_frame(&one, 1000, 0);
	assert_int_equal(capture_add(lan.c, &conf, NULL, fd, 3), 0);
	got(&beta, &one, false, DROP_NONE, 1);
	for (uint8_t i = 1; i <= 20; i++)
		send_one(i);
	end_trace(1);
	for (int i = 0; i < 3; i++) {
		struct back b;

		assert_true(size_of(mine[i]) <= conf.size);
		n = packets(mine[i], &last);
		assert_in_range(n, 1, 3);
		total += n;
		assert_int_equal(last, i == 0 ? 20 : i == 1 ? 14 : 17);
		back_open(&b, mine[i]); /* complete in itself */
		assert_int_equal(times(&b, "ALPHA.0600"), 1);
		assert_int_equal(times(&b, "BETA.0600"), 1);
		back_close(&b);
	}
	assert_in_range(total, 7, 9);
	for (int i = 0; i < 3; i++)
		close(mine[i]);
}

/* Without another file the trace breaks off, and the file is good. */
static void test_one_file_that_is_full(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1, .size = 4000 });
	uint8_t last;

	(void)state;
	make_frame(&one, 1000, 0);
	for (uint8_t i = 1; i <= 9; i++)
		send_one(i);
	heard(&lan.n_broken, 1);
	assert_string_equal(lan.why, "File too large");
	assert_int_equal(packets(fd, &last), 3);
	assert_int_equal(last, 3);
	assert_true(size_of(fd) <= 4000);
	end_trace(1);
	close(fd);
}

/* As a process does that takes the place of one that was killed in mid-block. */
static void test_goes_on_behind_what_is_there(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 }), more;
	uint64_t size;
	uint8_t last;

	(void)state;
	make_frame(&one, 100, 0);
	send_one(1);
	end_trace(1);
	size = size_of(fd);
	assert_int_equal(pwrite(fd, "\x06\0\0\0\x20\0\0\0torn", 12, (off_t)size), 12);
	more = dup(fd);
	assert_int_equal(
		capture_add(lan.c, &(struct lan_trace) { .id = 1 }, NULL, &more, 1), 0);
	send_one(2);
	end_trace(1);
	assert_int_equal(packets(fd, &last), 2);
	assert_int_equal(last, 2);
	close(fd);
}

/* The file written last is gone on with. */
static void test_goes_on_with_the_last_of_a_ring(void **state)
{
	const struct timespec times_of[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };
	struct lan_trace conf = { .id = 1, .size = 100000 };
	int fd[2], mine[2];
	uint8_t last;

	(void)state;
	for (int i = 0; i < 2; i++) {
		mine[i] = add_trace(&conf);
		make_frame(&one, 100, 0);
		send_one((uint8_t)i);
		end_trace(1);
		fd[i] = dup(mine[i]);
	}
	assert_int_equal(futimens(mine[0], times_of), 0);
	assert_int_equal(capture_add(lan.c, &conf, NULL, fd, 2), 0);
	send_one(9);
	end_trace(1);
	assert_int_equal(packets(mine[0], &last), 1);
	assert_int_equal(packets(mine[1], &last), 2);
	assert_int_equal(last, 9);
	close(mine[0]);
	close(mine[1]);
}

/* A pipe whose reader takes nothing never holds up the switch; what had no room is
 * counted, and what is written is whole. */
static void test_a_slow_reader(void **state)
{
	int p[2], out = memfd_create("read", 0), n;
	static char buf[65536];
	struct lan_stat_trace st;
	ssize_t len = 1;
	uint8_t last;

	(void)state;
	assert_int_equal(pipe(p), 0);
	make_frame(&one, 1500, 0);
	assert_int_equal(
		capture_add(lan.c, &(struct lan_trace) { .id = 1 }, NULL, &p[1], 1), 0);
	for (int i = 0; i < 2000; i++)
		send_one((uint8_t)i);
	st = stat_of_trace();
	assert_int_equal(st.frames + st.dropped, 2000);
	assert_true(st.dropped > 500);
	assert_int_equal(capture_del(lan.c, 1, on_done, NULL), 0);
	while (len > 0) {
		len = read(p[0], buf, sizeof(buf));
		assert_int_equal(write(out, buf, (size_t)len), len);
	}
	heard(&lan.n_done, 1);
	n = packets(out, &last);
	assert_int_equal(n, st.frames);
	close(p[0]);
	close(out);
}

/* Also where nothing is written just then. */
static void test_a_reader_that_goes(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(
		capture_add(lan.c, &(struct lan_trace) { .id = 4 }, NULL, &p[1], 1), 0);
	close(p[0]);
	heard(&lan.n_broken, 1);
	assert_int_equal(lan.broken, 4);
	assert_string_equal(lan.why, "nobody reads it any more");
	assert_int_equal(stat_of_trace().state, LAN_TRACE_BROKEN);
	assert_int_equal(stat_of_trace().err, EPIPE);
	assert_null(lan.tap);
	end_trace(4);
}

static void test_a_full_disk(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(
		capture_add(lan.c, &(struct lan_trace) { .id = 1 }, NULL, &fd, 1), 0);
	heard(&lan.n_broken, 1);
	assert_string_equal(lan.why, "No space left on device");
	end_trace(1);
}

/* What could not be written whole is cut off: the rest is a good file. */
static void test_what_is_cut_off(void **state)
{
	const struct rlimit small = { 3000, RLIM_INFINITY };
	struct rlimit before;
	uint8_t last;
	int fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	signal(SIGXFSZ, SIG_IGN);
	fd = add_trace(&(struct lan_trace) { .id = 1 });
	make_frame(&one, 1000, 0);
	for (uint8_t i = 1; i < 9; i++)
		send_one(i);
	heard(&lan.n_broken, 1);
	assert_string_equal(lan.why, "File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(packets(fd, &last), 2);
	assert_int_equal(last, 2);
	assert_int_equal(stat_of_trace().bytes, size_of(fd));
	end_trace(1);
	close(fd);
}

static void test_what_the_thread_may_not_do(void **state)
{
	(void)state;
	assert_int_equal(capture_add(lan.c, &(struct lan_trace) { .id = 1 }, NULL,
				 (const int[]) { open("/dev/null", O_RDONLY) }, 1),
		0);
	heard(&lan.n_broken, 1);
	assert_string_equal(lan.why, "Bad file descriptor");
	/* and the whole ends without waiting for anything */
}

/* Files are completed at the end of the process, too. */
static void test_the_end_of_all(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 });
	uint8_t last;

	(void)state;
	make_frame(&one, 100, 0);
	send_one(1);
	captures_destroy(lan.c);
	assert_int_equal(packets(fd, &last), 1);
	close(fd);
	assert_int_equal(captures_create(NULL, &lan_ops, NULL, &lan.c), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lan_make, lan_unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_ring_of_files),
		TEST(test_one_file_that_is_full),
		TEST(test_goes_on_behind_what_is_there),
		TEST(test_goes_on_with_the_last_of_a_ring),
		TEST(test_a_slow_reader),
		TEST(test_a_reader_that_goes),
		TEST(test_a_full_disk),
		TEST(test_what_is_cut_off),
		TEST(test_what_the_thread_may_not_do),
		TEST(test_the_end_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
