/* What every device model must do, over the list of them: be made with each allocation
 * failing in turn, leave nothing behind, be saved, loaded, and saved again alike. */
#include "tests/fake/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names[] = {
#define DEVICE(name) #name,
#include "partitions/dev/devices.def"
#undef DEVICE
};

/* ---- Allocations that fail.  A sanitizer has its own; there, none does. ---- */

static long countdown = -1; /* this many more succeed; -1: all */

#ifndef BULKHEAD_SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool fails(void)
{
	if (countdown < 0)
		return false;
	if (countdown == 0) {
		errno = ENOMEM;
		return true;
	}
	countdown--;
	return false;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
#endif

static struct fake_machine *f;

static int setup(void **state)
{
	(void)state;
	return fake_machine_create(&f);
}

static int teardown(void **state)
{
	(void)state;
	fake_machine_destroy(f);
	return 0;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static struct device_conf conf_of(enum device_model model)
{
	struct device_conf conf = { .vdev = 0x190, .slot = 1, .size = 65536, .fd = -1 };

	if (model == DEVICE_virtio_blk)
		conf.fd = memfd_create("image", MFD_CLOEXEC);
	if (model == DEVICE_virtio_rng)
		conf.fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	return conf;
}

static int make(enum device_model model, struct device **out)
{
	const struct device_conf conf = conf_of(model);

	return device_create(&f->m, model, &conf, out);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICE_MODELS; i++) {
		struct device *d;

		assert_int_equal(make((enum device_model)i, &d), 0);
		assert_string_equal(d->ops->name, names[i]);
		assert_true((d->ops->quiesce == NULL) == (d->ops->resume == NULL));
		assert_non_null(d->ops->reset);
		assert_non_null(d->ops->snap);
		assert_non_null(d->ops->stat);
		device_destroy(d);
	}
}

/* Makes the device while allocation `n` and all after it fail.  Was it made? */
static bool make_failing(enum device_model model, long n)
{
	struct device *d = NULL;
	int err;

	countdown = n;
	err = make(model, &d);
	countdown = -1;
	if (!err) {
		device_destroy(d);
		return true;
	}
	assert_int_equal(err, -ENOMEM);
	return false;
}

static void test_no_memory(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICE_MODELS; i++) {
		enum device_model model = (enum device_model)i;
		struct device *d;
		long n = 0;
		int fds;

		assert_int_equal(make(model, &d), 0); /* what is made once is made */
		device_destroy(d);
		fds = count_fds();
		while (!make_failing(model, n))
			assert_true(++n < 100);
#ifndef BULKHEAD_SANITIZED
		assert_true(n > 0);
#endif
		assert_int_equal(count_fds(), fds);
		assert_int_equal(f->n_kicks, 0);
		assert_int_equal(make(model, &d), 0); /* its place is free */
		device_destroy(d);
	}
}

static int lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void limit_fds(int n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n < 0 ? limit.rlim_max : (rlim_t)n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Makes the device with `n` descriptors left.  0 or -errno. */
static int make_with_fds(enum device_model model, int n)
{
	const struct device_conf conf = conf_of(model);
	struct device *d;
	int err;

	limit_fds(lowest_free_fd() + n);
	err = device_create(&f->m, model, &conf, &d);
	limit_fds(-1);
	if (!err)
		device_destroy(d);
	return err;
}

static void test_no_descriptors(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICE_MODELS; i++) {
		int fds = count_fds(), n = 0, err;

		while ((err = make_with_fds((enum device_model)i, n))) {
			assert_int_equal(err, -EMFILE);
			assert_true(++n < 32);
			assert_int_equal(count_fds(), fds);
		}
		assert_int_equal(n > 0, strncmp(names[i], "virtio", 6) == 0);
		assert_int_equal(count_fds(), fds);
	}
}

static void save(struct device *d, struct snap *s)
{
	snap_init_save(s);
	assert_int_equal(d->ops->snap(d, s), 0);
	assert_int_equal(pci_bus_snap(f->m.pci, s), 0);
}

static void test_saved_and_loaded(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICE_MODELS; i++) {
		struct snap first, second, in;
		struct device *d;

		assert_int_equal(make((enum device_model)i, &d), 0);
		save(d, &first);
		device_destroy(d);

		assert_int_equal(make((enum device_model)i, &d), 0);
		snap_init_load(&in, first.buf, first.len);
		assert_int_equal(pci_bus_snap(f->m.pci, &in), 0);
		assert_int_equal(d->ops->snap(d, &in), 0);
		snap_fini(&in);
		save(d, &second);
		assert_int_equal(first.len, second.len);
		assert_memory_equal(first.buf, second.buf, first.len);
		device_destroy(d);
		snap_fini(&first);
		snap_fini(&second);
	}
}

/* A saved stream is foreign bytes: whatever is cut off or turned over is refused or
 * taken, and the device can be reset, saved and destroyed either way. */
static void test_damaged_streams(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICE_MODELS; i++) {
		struct snap saved, again, in;
		struct device *d;

		assert_int_equal(make((enum device_model)i, &d), 0);
		save(d, &saved);
		for (size_t at = 0; at < saved.len; at++) {
			size_t len = at % 7 ? saved.len : at;

			saved.buf[at] ^= (uint8_t)(0x11 << at % 4);
			snap_init_load(&in, saved.buf, len);
			d->ops->snap(d, &in);
			snap_fini(&in);
			saved.buf[at] ^= (uint8_t)(0x11 << at % 4);
			d->ops->reset(d);
		}
		save(d, &again);
		snap_fini(&again);
		snap_fini(&saved);
		device_destroy(d);
	}
}

static void test_quiet_and_reset_in_any_order(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICE_MODELS; i++) {
		struct device_stat stat;
		struct device *d;

		assert_int_equal(make((enum device_model)i, &d), 0);
		for (int k = 0; k < 3; k++) {
			if (d->ops->quiesce)
				d->ops->quiesce(d);
			d->ops->reset(d);
			if (d->ops->resume)
				d->ops->resume(d);
			fake_run(f);
		}
		d->ops->stat(d, &stat);
		assert_false(stat.broken);
		assert_int_equal(stat.errors, 0);
		device_destroy(d);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_no_memory),
		TEST(test_no_descriptors),
		TEST(test_saved_and_loaded),
		TEST(test_damaged_streams),
		TEST(test_quiet_and_reset_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
