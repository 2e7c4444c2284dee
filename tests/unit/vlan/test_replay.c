/* Replay: which frames, when, and from what files. */
#include "vlan/replay.h"

#include "cp/lib/pcapng.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define BEGIN  UINT64_C(5000000) /* on the switch's clock */

/* What the switch got. */
static struct {
	int n, refused;
	enum lan_drop why;
	uint64_t at[64];
	uint32_t len[64];
	uint8_t first[64], last[64]; /* bytes of the frame */
	struct lan_conf conf;
} got;

static struct port port;

const struct lan_conf *switch_conf(const struct lan_switch *sw)
{
	(void)sw;
	return &got.conf;
}

void switch_input(
	struct lan_switch *sw, struct port *from, struct frame *f, int n, uint64_t now)
{
	const struct egress e = { .frame = f };

	(void)sw;
	assert_ptr_equal(from, &port);
	assert_int_equal(n, 1);
	assert_true(got.n < 64);
	got.at[got.n] = now;
	got.len[got.n] = f->len;
	egress_copy(&e, 0, &got.first[got.n], 1);
	egress_copy(&e, f->len - 1, &got.last[got.n], 1);
	got.n++;
}

void switch_refuse(
	struct lan_switch *sw, struct port *from, enum lan_drop why, uint64_t now)
{
	(void)sw;
	(void)from;
	(void)now;
	got.refused++;
	got.why = why;
}

/* A file that Bulkhead wrote, or another. */
struct file {
	uint8_t bytes[65536];
	struct pcapng p;
};

static void file_begin(struct file *f, const char *application)
{
	f->p = (struct pcapng) { .buf = f->bytes, .max = sizeof(f->bytes) };
	assert_true(pcapng_section(&f->p, application, NULL));
	assert_true(pcapng_interface(&f->p, "ALPHA.0600", 0));
}

static void file_add(
	struct file *f, uint64_t time, uint32_t caplen, uint32_t len, uint32_t flags)
{
	const struct pcapng_packet p = {
		.time = time, .caplen = caplen, .len = len, .flags = flags
	};

	memset(pcapng_packet(&f->p, &p), 0xee, caplen);
}

static int file_fd(const struct file *f, size_t len)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_int_equal(write(fd, f->bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Waits until something was read. */
static void look(struct replay *r)
{
	struct pollfd p = { .fd = replay_fd(r), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 60000), 1);
	replay_look(r);
}

/* Until there is a frame, or there will be none. */
static void await(struct replay *r)
{
	while (replay_next(r) == UINT64_MAX && !replay_over(r))
		look(r);
}

/* What is found out about the beginning of a file, which is owned. */
static int open_fd(int fd, uint32_t speed, struct replay **out, const char **why)
{
	int err = replay_open(fd, speed, BEGIN, NULL, NULL, out, why);

	memset(&got, 0, sizeof(got));
	while (!err && !replay_begun(*out, &err, why))
		look(*out);
	return err;
}

static struct replay *open_ok(const struct file *f, uint32_t speed)
{
	struct replay *r = NULL;
	const char *why;

	assert_int_equal(open_fd(file_fd(f, f->p.len), speed, &r, &why), 0);
	assert_string_equal(why, "");
	return r;
}

/* Waits until the readers have read all they may, or have gone. */
static void await_threads(int n)
{
	struct stat st;

	do {
		sched_yield();
		assert_int_equal(stat("/proc/self/task", &st), 0);
	} while ((int)st.st_nlink - 2 > n);
}

/* Runs it to its end, at each moment that it asks for and at no other. */
static void run_all(struct replay *r)
{
	for (await(r); !replay_over(r); await(r)) {
		uint64_t due = replay_next(r);

		if (due > BEGIN)
			assert_int_equal(replay_run(r, NULL, &port, due - 1), 0);
		replay_run(r, NULL, &port, due);
	}
}

static void test_as_recorded(void **state)
{
	struct file f;
	struct replay *r;

	(void)state;
	file_begin(&f, "dumpcap");
	file_add(&f, 100 * SECOND, 60, 60, 0);
	file_add(&f, 100 * SECOND + 1, 61, 61, PCAPNG_INBOUND);
	file_add(&f, 103 * SECOND, 62, 62, 0);
	r = open_ok(&f, 100);
	await(r);
	assert_int_equal(replay_next(r), BEGIN);
	run_all(r);
	assert_int_equal(got.n, 3);
	assert_int_equal(replay_count(r), 3);
	assert_string_equal(replay_why(r), "");
	assert_int_equal(got.at[0], BEGIN);
	assert_int_equal(got.at[1], BEGIN + 1);
	assert_int_equal(got.at[2], BEGIN + 3 * SECOND);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(got.len[i], 60 + i);
	replay_close(r);
}

static void test_faster_slower_and_at_once(void **state)
{
	static const struct {
		uint32_t speed;
		uint64_t after;
	} cases[] = { { 200, SECOND / 2 }, { 1, 100 * SECOND }, { 300, 333333333 },
		{ 0, 0 } };
	struct file f;

	(void)state;
	file_begin(&f, "dumpcap");
	file_add(&f, SECOND, 60, 60, 0);
	file_add(&f, 2 * SECOND, 60, 60, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct replay *r = open_ok(&f, cases[i].speed);

		run_all(r);
		assert_int_equal(got.n, 2);
		assert_int_equal(got.at[1], BEGIN + cases[i].after);
		replay_close(r);
	}
}

/* Times that go back, and ones no clock will reach. */
static void test_impossible_times(void **state)
{
	struct file f;
	struct replay *r;

	(void)state;
	file_begin(&f, "dumpcap");
	file_add(&f, 10 * SECOND, 60, 60, 0);
	file_add(&f, 11 * SECOND, 60, 60, 0);
	file_add(&f, 3, 60, 60, 0);
	file_add(&f, UINT64_MAX, 60, 60, 0);
	r = open_ok(&f, 1);
	while (got.n < 3) { /* the third is due with the second */
		await(r);
		replay_run(r, NULL, &port, replay_next(r));
	}
	assert_int_equal(got.at[2], BEGIN + 100 * SECOND);
	await(r);
	assert_int_equal(replay_next(r), UINT64_MAX - 1);
	replay_close(r);
}

/* Each frame of our own files once, however many ports it was seen on. */
static void test_own_files(void **state)
{
	struct file f;
	struct replay *r;

	(void)state;
	file_begin(&f, PCAPNG_WRITER " 9");
	for (int i = 0; i < 500; i++)
		file_add(&f, SECOND, 60, 60, i % 250 ? PCAPNG_INBOUND : PCAPNG_OUTBOUND);
	r = open_ok(&f, 100);
	run_all(r);
	assert_int_equal(got.n, 2);
	assert_int_equal(replay_count(r), 2);
	replay_close(r);
}

/* What is cut off in the file is zeros; what is no frame is counted as such. */
static void test_cut_and_odd_frames(void **state)
{
	struct file f;
	struct replay *r;

	(void)state;
	file_begin(&f, "dumpcap");
	file_add(&f, 0, 20, 1514, 0);
	file_add(&f, 0, 13, 13, 0);
	r = open_ok(&f, 100);
	run_all(r);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.len[0], 1514);
	assert_int_equal(got.first[0], 0xee);
	assert_int_equal(got.last[0], 0);
	assert_int_equal(got.refused, 1);
	assert_int_equal(got.why, DROP_RUNT);
	replay_close(r);

	file_begin(&f, "dumpcap");
	file_add(&f, 0, 60, UINT32_MAX, 0);
	r = open_ok(&f, 100);
	run_all(r);
	assert_int_equal(got.refused, 1);
	assert_int_equal(got.why, DROP_OVERSIZE);
	replay_close(r);
}

static void test_a_burst_and_no_more(void **state)
{
	struct file f;
	struct replay *r;

	(void)state;
	file_begin(&f, "dumpcap");
	for (int i = 0; i < FRAME_BURST + 3; i++)
		file_add(&f, 0, 60, 60, 0);
	r = open_ok(&f, 100);
	await(r);
	await_threads(1);
	assert_int_equal(replay_run(r, NULL, &port, BEGIN - 1), 0);
	assert_int_equal(replay_run(r, NULL, &port, BEGIN), FRAME_BURST);
	assert_int_equal(replay_run(r, NULL, &port, BEGIN), 3);
	assert_int_equal(replay_next(r), UINT64_MAX);
	assert_true(replay_over(r));
	replay_close(r);
}

/* What is whole is sent, and then it is said why not the rest. */
static void test_a_file_that_breaks_off(void **state)
{
	struct replay *r = NULL;
	const char *why;
	struct file f;

	(void)state;
	file_begin(&f, "dumpcap");
	file_add(&f, 0, 60, 60, 0);
	file_add(&f, 0, 60, 60, 0);
	assert_int_equal(open_fd(file_fd(&f, f.p.len - 1), 100, &r, &why), 0);
	run_all(r);
	assert_int_equal(got.n, 1);
	assert_string_equal(replay_why(r), "the file breaks off");
	replay_close(r);
}

static void test_no_capture_at_all(void **state)
{
	struct file f = { .bytes = "hello, world" };
	struct replay *r;
	const char *why;
	int p[2];

	(void)state;
	assert_int_equal(open_fd(file_fd(&f, 12), 100, &r, &why), -EPROTO);
	assert_string_equal(why, "file header: neither pcap nor pcapng");
	replay_close(r);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(open_fd(p[0], 100, &r, &why), -EPROTO);
	assert_string_equal(why, "it is no file");
	close(p[1]);
	file_begin(&f, "dumpcap");
	r = open_ok(&f, 100);
	await(r);
	assert_true(replay_over(r));
	assert_string_equal(replay_why(r), "");
	replay_close(r);
}

/* More than is kept ready: the reader waits, and nothing is lost. */
static void test_more_than_is_read_ahead(void **state)
{
	enum { MANY = 64, LEN = 60000 };
	struct pcapng all = { .max = MANY * (LEN + 100) };
	const struct pcapng_packet p = { .caplen = LEN, .len = LEN };
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct replay *r = NULL;
	const char *why;

	(void)state;
	all.buf = calloc(1, all.max);
	pcapng_section(&all, "dumpcap", NULL);
	pcapng_interface(&all, "x", 0);
	for (int i = 0; i < MANY; i++)
		memset(pcapng_packet(&all, &p), i, LEN);
	assert_int_equal(write(fd, all.buf, all.len), all.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(open_fd(fd, 0, &r, &why), 0);
	run_all(r);
	assert_int_equal(got.n, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(got.last[i], i);
	replay_close(r);
	free(all.buf);
}

/* A quarter of a terabyte that is no packet: nobody waits for it, also not its end. */
static void test_what_is_passed_over(void **state)
{
	const uint64_t each = UINT64_C(0xfffffff0);
	const uint32_t block[2] = { 0x0bad, (uint32_t)each };
	struct replay *r = NULL;
	const char *why;
	struct file f;
	int fd;

	(void)state;
	file_begin(&f, "dumpcap");
	fd = file_fd(&f, f.p.len);
	for (uint64_t i = 0; i < 64; i++)
		assert_int_equal(
			pwrite(fd, block, sizeof(block), (off_t)(f.p.len + i * each)),
			sizeof(block));
	assert_int_equal(open_fd(fd, 100, &r, &why), 0);
	assert_int_equal(replay_run(r, NULL, &port, UINT64_MAX), 0);
	assert_int_equal(replay_next(r), UINT64_MAX);
	assert_false(replay_over(r));
	replay_close(r);
	await_threads(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_recorded),
		cmocka_unit_test(test_faster_slower_and_at_once),
		cmocka_unit_test(test_impossible_times),
		cmocka_unit_test(test_own_files),
		cmocka_unit_test(test_cut_and_odd_frames),
		cmocka_unit_test(test_a_burst_and_no_more),
		cmocka_unit_test(test_a_file_that_breaks_off),
		cmocka_unit_test(test_no_capture_at_all),
		cmocka_unit_test(test_more_than_is_read_ahead),
		cmocka_unit_test(test_what_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
