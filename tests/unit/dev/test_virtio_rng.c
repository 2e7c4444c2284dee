/* Random bytes: from the descriptor to the guest's buffer, no more than that has room
 * for. */
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT 4

static struct fake_machine *f;
static struct device *rng;
static struct virtio_driver d;
static int source[2]; /* what the device reads comes out of this pipe */

static int setup(void **state)
{
	struct device_conf conf = { .vdev = 0x10, .slot = SLOT };

	(void)state;
	if (pipe2(source, O_CLOEXEC | O_NONBLOCK) || fake_machine_create(&f))
		return -1;
	conf.fd = source[0];
	if (device_create(&f->m, DEVICE_virtio_rng, &conf, &rng))
		return -1;
	return !driver_find(&d, f, SLOT) || !driver_start(&d, DRIVER_VERSION_1, 1, 8);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(rng);
	fake_machine_destroy(f);
	close(source[1]);
	return 0;
}

static gpa_t ask(uint32_t len, uint32_t *written)
{
	gpa_t at = driver_alloc(&d, len);

	driver_add(&d, 0, &(struct driver_buf) { at, len, true }, 1);
	driver_kick(&d, 0);
	fake_run(f);
	assert_true(driver_used(&d, 0, written) >= 0);
	return at;
}

static void test_bytes_arrive(void **state)
{
	uint32_t written;
	gpa_t at;

	(void)state;
	assert_int_equal(write(source[1], "0123456789", 10), 10);
	at = ask(4, &written);
	assert_int_equal(written, 4);
	assert_memory_equal(driver_at(&d, at), "0123", 4);
	at = ask(20, &written);
	assert_int_equal(written, 6);
	assert_memory_equal(driver_at(&d, at), "456789", 6);
}

static void test_several_buffers(void **state)
{
	struct driver_buf buf[2] = { { driver_alloc(&d, 3), 3, true },
		{ driver_alloc(&d, 5), 5, true } };
	uint32_t written;

	(void)state;
	assert_int_equal(write(source[1], "abcdefgh", 8), 8);
	driver_add(&d, 0, buf, 2);
	driver_kick(&d, 0);
	fake_run(f);
	assert_int_equal(driver_used(&d, 0, &written), 0);
	assert_int_equal(written, 8);
	assert_memory_equal(driver_at(&d, buf[0].gpa), "abc", 3);
	assert_memory_equal(driver_at(&d, buf[1].gpa), "defgh", 5);
}

/* A guest may ask for much, but does not get it all at once. */
static void test_a_request_is_bounded(void **state)
{
	static char much[10000];
	uint32_t written;

	(void)state;
	assert_int_equal(write(source[1], much, sizeof(much)), sizeof(much));
	ask(sizeof(much), &written);
	assert_int_equal(written, 4096);
}

static void test_nothing_to_be_had(void **state)
{
	struct device_stat stat;
	uint32_t written;

	(void)state;
	ask(8, &written);
	assert_int_equal(written, 0);
	rng->ops->stat(rng, &stat);
	assert_int_equal(stat.errors, 1);
	assert_int_equal(f->broken, 0);
}

static void test_a_buffer_to_read_from(void **state)
{
	(void)state;
	driver_add(&d, 0, &(struct driver_buf) { driver_alloc(&d, 8), 8, false }, 1);
	driver_kick(&d, 0);
	fake_run(f);
	assert_int_equal(f->broken, 1);
}

static void test_no_descriptor(void **state)
{
	const struct device_conf conf = { .vdev = 0x11, .slot = SLOT + 1, .fd = -1 };
	struct device *more;

	(void)state;
	assert_int_equal(device_create(&f->m, DEVICE_virtio_rng, &conf, &more), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_arrive),
		TEST(test_several_buffers),
		TEST(test_a_request_is_bounded),
		TEST(test_nothing_to_be_had),
		TEST(test_a_buffer_to_read_from),
		TEST(test_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
