/* Minidisks, by both engines: what is written is read, what is not allowed is refused,
 * what fails is reported. */
#include "partitions/dev/disk.h"
#include "partitions/dev/virtio.h"
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT     2
#define VDEV     0x0191
#define SECTORS  64
#define SIZE     (SECTORS * 512)
#define FEATURES (DRIVER_VERSION_1 | DRIVER_INDIRECT | UINT64_C(1) << VIRTIO_BLK_F_FLUSH)

static struct fake_machine *f;
static struct device *blk;
static struct virtio_driver d;
static int image; /* the same file as the device's */
static bool no_uring;

static int make_disk(int fd, bool read_only, uint64_t size)
{
	const struct device_conf conf = {
		.vdev = VDEV,
		.slot = SLOT,
		.read_only = read_only,
		.fd = fd,
		.size = size,
	};
	int err = device_create(&f->m, DEVICE_virtio_blk, &conf, &blk);

	return err ? err : driver_find(&d, f, SLOT) ? 0 : -ENODEV;
}

static int setup(void **state)
{
	(void)state;
	image = memfd_create("image", MFD_CLOEXEC);
	if (image < 0 || ftruncate(image, SIZE) || fake_machine_create(&f))
		return -1;
	return make_disk(dup(image), false, SIZE);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(blk);
	fake_machine_destroy(f);
	close(image);
	return 0;
}

/* Another disk in place of the first. */
static void remake(int fd, bool read_only, uint64_t size)
{
	device_destroy(blk);
	blk = NULL;
	assert_int_equal(make_disk(fd, read_only, size), 0);
}

static void start(void)
{
	assert_true(driver_start(&d, FEATURES, 1, 128));
}

static bool returned(void *ctx)
{
	const uint16_t *used = driver_at(&d, d.queue[0].used);

	return __atomic_load_n(&used[1], __ATOMIC_ACQUIRE) == *(uint16_t *)ctx;
}

/* Waits for `n` chains since the queue was started. */
static void wait_for(uint16_t n)
{
	assert_true(fake_run_until(f, returned, &n));
}

/* A request with its parts in buffers of their own. */
static void add(uint32_t type, uint64_t sector, gpa_t data, uint32_t len, gpa_t status)
{
	const gpa_t at = driver_alloc(&d, sizeof(struct virtio_blk_outhdr));
	struct virtio_blk_outhdr *header = driver_at(&d, at);
	struct driver_buf buf[] = {
		{ at, sizeof(*header), false },
		{ data, len, type != VIRTIO_BLK_T_OUT },
		{ status, 1, true },
	};

	*header = (struct virtio_blk_outhdr) { .type = type, .sector = sector };
	if (!len)
		buf[1] = buf[2];
	driver_add(&d, 0, buf, len ? 3 : 2);
}

/* Does a request; its status.  In *written what the device says it wrote. */
static int request(
	uint32_t type, uint64_t sector, gpa_t data, uint32_t len, uint32_t *written)
{
	gpa_t status = driver_alloc(&d, 1);

	*(uint8_t *)driver_at(&d, status) = 0xee;
	add(type, sector, data, len, status);
	driver_kick(&d, 0);
	wait_for((uint16_t)(d.queue[0].used_idx + 1));
	assert_true(driver_used(&d, 0, written) >= 0);
	return *(uint8_t *)driver_at(&d, status);
}

static gpa_t pattern(uint32_t len, uint8_t seed)
{
	gpa_t at = driver_alloc(&d, len);
	uint8_t *bytes = driver_at(&d, at);

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed + i * 7 + i / 251);
	return at;
}

static struct device_stat stat_now(void)
{
	struct device_stat stat;

	blk->ops->stat(blk, &stat);
	return stat;
}

static void test_configuration(void **state)
{
	(void)state;
	assert_int_equal(fake_read(f, d.config, 8), SECTORS);
	assert_int_equal(fake_read(f, d.config + 12, 4), 126);
	assert_int_equal(fake_read(f, d.config + 20, 4), 512);
	start();
	assert_int_equal(d.features & (1u << VIRTIO_BLK_F_RO), 0);
}

static void test_the_engine_is_the_expected_one(void **state)
{
	(void)state;
	assert_int_equal(f->threads, no_uring);
}

static void test_writes_and_reads(void **state)
{
	gpa_t out, in;
	uint32_t written;
	uint8_t file[4096];

	(void)state;
	start();
	out = pattern(4096, 1);
	in = driver_alloc(&d, 4096);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 3, out, 4096, &written), 0);
	assert_int_equal(written, 1);
	assert_int_equal(pread(image, file, 4096, 3 * 512), 4096);
	assert_memory_equal(file, driver_at(&d, out), 4096);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, in, 4096, &written), 0);
	assert_int_equal(written, 4097);
	assert_memory_equal(driver_at(&d, in), driver_at(&d, out), 4096);
	assert_int_equal(driver_interrupts(&d, 1), 2);
	assert_int_equal(stat_now().in_ops, 1);
	assert_int_equal(stat_now().out_bytes, 4096);
	assert_int_equal(stat_now().errors, 0);
}

/* 2.7.4.3: how a request is cut into buffers means nothing. */
static void test_any_layout(void **state)
{
	gpa_t at, room;
	struct virtio_blk_outhdr *header;
	uint32_t written;

	(void)state;
	start();
	at = driver_alloc(&d, 16 + 512);
	header = driver_at(&d, at);
	*header = (struct virtio_blk_outhdr) { .type = VIRTIO_BLK_T_OUT, .sector = 1 };
	memset(header + 1, 0x5c, 512);
	room = driver_alloc(&d, 513);
	driver_add(&d, 0,
		(struct driver_buf[]) {
			{ at, 10, false }, { at + 10, 518, false }, { room, 1, true } },
		3);
	driver_kick(&d, 0);
	wait_for(1);
	assert_int_equal(*(uint8_t *)driver_at(&d, room), 0);

	header->type = VIRTIO_BLK_T_IN;
	driver_add(&d, 0,
		(struct driver_buf[]) { { at, 16, false }, { room, 100, true },
			{ room + 100, 413, true } },
		3);
	driver_kick(&d, 0);
	wait_for(2);
	driver_used(&d, 0, &written);
	driver_used(&d, 0, &written);
	assert_int_equal(written, 513);
	for (int i = 0; i < 512; i++)
		assert_int_equal(((uint8_t *)driver_at(&d, room))[i], 0x5c);
	assert_int_equal(((uint8_t *)driver_at(&d, room))[512], 0);
}

static void test_bounds(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
		int status;
	} t[] = {
		{ SECTORS - 1, 512, VIRTIO_BLK_S_OK },
		{ SECTORS - 1, 1024, VIRTIO_BLK_S_IOERR },
		{ SECTORS, 512, VIRTIO_BLK_S_IOERR },
		{ SECTORS, 0, VIRTIO_BLK_S_OK },
		{ SECTORS + 1, 0, VIRTIO_BLK_S_IOERR },
		{ UINT64_MAX, 512, VIRTIO_BLK_S_IOERR },
		{ UINT64_MAX / 512, 512, VIRTIO_BLK_S_IOERR },
		{ UINT64_C(1) << 55, 512, VIRTIO_BLK_S_IOERR },
		{ 0, 511, VIRTIO_BLK_S_IOERR },
		{ 0, 1, VIRTIO_BLK_S_IOERR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		gpa_t data;

		start();
		data = driver_alloc(&d, 1024);
		assert_int_equal(
			request(VIRTIO_BLK_T_IN, t[i].sector, data, t[i].len, NULL),
			t[i].status);
		assert_int_equal(
			request(VIRTIO_BLK_T_OUT, t[i].sector, data, t[i].len, NULL),
			t[i].status);
	}
	assert_int_equal(lseek(image, 0, SEEK_END), SIZE);
	assert_int_equal(f->broken, 0);
}

static void test_read_only(void **state)
{
	gpa_t data;
	uint8_t byte;

	(void)state;
	remake(dup(image), true, SIZE);
	assert_true(driver_start(&d, ~UINT64_C(0), 1, 16));
	assert_true(d.features & (1u << VIRTIO_BLK_F_RO));
	data = pattern(512, 9);
	assert_int_equal(
		request(VIRTIO_BLK_T_OUT, 0, data, 512, NULL), VIRTIO_BLK_S_IOERR);
	assert_int_equal(pread(image, &byte, 1, 0), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, data, 512, NULL), VIRTIO_BLK_S_OK);
	assert_int_equal(*(uint8_t *)driver_at(&d, data), 0);
	assert_int_equal(stat_now().errors, 1);
}

static void test_flush_and_identity(void **state)
{
	gpa_t id;
	uint32_t written;

	(void)state;
	start();
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, &written), VIRTIO_BLK_S_OK);
	assert_int_equal(written, 1);
	id = driver_alloc(&d, 20);
	memset(driver_at(&d, id), 'x', 20);
	assert_int_equal(
		request(VIRTIO_BLK_T_GET_ID, 0, id, 20, &written), VIRTIO_BLK_S_OK);
	assert_int_equal(written, 21);
	assert_memory_equal(
		driver_at(&d, id), "0191\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, id, 4, NULL), VIRTIO_BLK_S_OK);
}

static void test_unknown_type(void **state)
{
	(void)state;
	start();
	assert_int_equal(request(77, 0, 0, 0, NULL), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(
		request(VIRTIO_BLK_T_DISCARD, 0, 0, 0, NULL), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(f->broken, 0);
}

/* 5.2.6.2: a driver that cannot flush has its writes on the disk when they are done. */
static void test_without_flush(void **state)
{
	gpa_t data;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 1, 16));
	data = pattern(512, 3);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 0, data, 512, NULL), VIRTIO_BLK_S_OK);
}

static void test_full_disk(void **state)
{
	gpa_t data;

	(void)state;
	remake(open("/dev/full", O_RDWR | O_CLOEXEC), false, SIZE);
	start();
	data = driver_alloc(&d, 512);
	assert_int_equal(
		request(VIRTIO_BLK_T_OUT, 0, data, 512, NULL), VIRTIO_BLK_S_IOERR);
	assert_int_equal(stat_now().errors, 1);
	assert_int_equal(stat_now().out_ops, 0);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, data, 512, NULL), VIRTIO_BLK_S_OK);
}

/* An image that is shorter than the directory says. */
static void test_short_image(void **state)
{
	gpa_t data;

	(void)state;
	remake(dup(image), false, SIZE + 4096);
	start();
	data = driver_alloc(&d, 1024);
	assert_int_equal(request(VIRTIO_BLK_T_IN, SECTORS - 1, data, 1024, NULL),
		VIRTIO_BLK_S_IOERR);
	assert_int_equal(
		request(VIRTIO_BLK_T_IN, SECTORS, data, 512, NULL), VIRTIO_BLK_S_IOERR);
	assert_int_equal(
		request(VIRTIO_BLK_T_OUT, SECTORS, data, 512, NULL), VIRTIO_BLK_S_OK);
}

static void break_with(const struct driver_buf *buf, unsigned n)
{
	start();
	fake_forget(f);
	driver_add(&d, 0, buf, n);
	driver_kick(&d, 0);
	fake_run(f);
	assert_int_equal(f->broken, 1);
	assert_int_equal(f->broken_vdev, VDEV);
	assert_int_equal(driver_used(&d, 0, NULL), -1);
}

static void test_no_request_at_all(void **state)
{
	gpa_t at = SLOT * 0x8000 + 0x6000;

	(void)state;
	break_with((struct driver_buf[]) { { at, 15, false }, { at + 32, 1, true } }, 2);
	break_with((struct driver_buf[]) { { at, 16, false } }, 1);
	break_with((struct driver_buf[]) { { at, 600, true } }, 1);
}

/* The same request, offered as often as the ring has entries. */
static void offer_many(uint16_t head, uint16_t n)
{
	uint16_t *avail = driver_at(&d, d.queue[0].avail);

	for (uint16_t i = 0; i < n; i++)
		avail[2 + d.queue[0].avail_idx++ % 128] = head;
	__atomic_store_n(&avail[1], d.queue[0].avail_idx, __ATOMIC_RELEASE);
}

static void kick_at_once(void)
{
	struct virtio *v = (struct virtio *)blk;

	v->ops->kicked(v, 0);
}

static void begin_many(void)
{
	gpa_t data, status;

	start();
	data = driver_alloc(&d, 512);
	status = driver_alloc(&d, 1);
	add(VIRTIO_BLK_T_IN, 0, data, 512, status);
	offer_many(0, 127);
	kick_at_once();
}

/* More requests than the disk takes: the rest wait for their turn. */
static void test_more_than_the_disk_takes(void **state)
{
	(void)state;
	begin_many();
	offer_many(0, 128);
	kick_at_once();
	assert_true(stat_now().in_ops < 256);
	wait_for(256);
	assert_int_equal(stat_now().in_ops, 256);
	assert_int_equal(f->broken, 0);
}

/* After a reset nothing of the guest's is touched any more. */
static void test_reset_in_flight(void **state)
{
	uint16_t *used;

	(void)state;
	begin_many();
	used = driver_at(&d, d.queue[0].used);
	driver_set_status(&d, 0);
	assert_int_equal(driver_status(&d), 0);
	fake_run(f);
	assert_int_equal(used[1], 0);
	assert_int_equal(driver_interrupts(&d, 1), 0);
	start();
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, NULL), VIRTIO_BLK_S_OK);
}

static void test_quiesce_in_flight(void **state)
{
	uint16_t *used;

	(void)state;
	begin_many();
	used = driver_at(&d, d.queue[0].used);
	blk->ops->quiesce(blk);
	assert_int_equal(used[1], 128);
	offer_many(0, 1);
	driver_kick(&d, 0);
	fake_run(f);
	assert_int_equal(used[1], 128);
	blk->ops->resume(blk);
	wait_for(129);
}

static void test_destroyed_in_flight(void **state)
{
	(void)state;
	begin_many();
	device_destroy(blk);
	blk = NULL;
}

static void test_thread_that_may_not_start(void **state)
{
	struct device *more = NULL;
	const struct device_conf conf = {
		.vdev = 0x192, .slot = SLOT + 1, .fd = dup(image), .size = SIZE
	};

	(void)state;
	f->thread_err = -EPERM;
	assert_int_equal(device_create(&f->m, DEVICE_virtio_blk, &conf, &more), -EPERM);
	assert_int_equal(fcntl(conf.fd, F_GETFD), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_configuration),
	TEST(test_the_engine_is_the_expected_one),
	TEST(test_writes_and_reads),
	TEST(test_any_layout),
	TEST(test_bounds),
	TEST(test_read_only),
	TEST(test_flush_and_identity),
	TEST(test_unknown_type),
	TEST(test_without_flush),
	TEST(test_full_disk),
	TEST(test_short_image),
	TEST(test_no_request_at_all),
	TEST(test_more_than_the_disk_takes),
	TEST(test_reset_in_flight),
	TEST(test_quiesce_in_flight),
	TEST(test_destroyed_in_flight),
};

static const struct CMUnitTest thread_tests[] = {
	TEST(test_thread_that_may_not_start),
};

/* Does this host have io_uring for us?  A call without arguments says so by EFAULT. */
static bool host_has_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno == EFAULT;
}

/* From here on this process is refused io_uring, as many hosts refuse it. */
static int forbid_uring(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = ctx ? 0 : -ENOMEM;

	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SYS_io_uring_setup, 0);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

int main(void)
{
	int failed = 0;

	if (host_has_uring()) {
		failed = cmocka_run_group_tests_name("io_uring", tests, NULL, NULL);
		if (forbid_uring())
			return 1;
	}
	no_uring = true;
	failed += cmocka_run_group_tests_name("thread", tests, NULL, NULL);
	failed += cmocka_run_group_tests(thread_tests, NULL, NULL);
	return failed;
}
