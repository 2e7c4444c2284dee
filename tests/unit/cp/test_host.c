/* What the machine has, as the kernel's files say, and the ledger. */
#include "cp/host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static char paths[5][96];
static struct host_files files;

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	static const char *const names[] = { "meminfo", "cpuinfo", "uid_map", "", "kvm" };

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/host-test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	for (int i = 0; i < 5; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, names[i]);
	files = (struct host_files) { paths[0], paths[1], paths[2], paths[3], paths[4] };
	put("meminfo", "MemTotal:       16384000 kB\nMemFree: 1 kB\n");
	put("cpuinfo", "processor : 0\nflags\t\t: fpu vmx sse\n\nprocessor : 1\n");
	put("uid_map", "         0          0 4294967295\n");
	put("present", "0-3,8\n");
	put("online", "0-2\n");
	put("kvm", "");
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct host *make(const struct sysconfig *cfg)
{
	struct host *h = NULL;

	assert_int_equal(host_create_from(cfg, &files, &h), 0);
	return h;
}

static void test_facts(void **state)
{
	struct sysconfig cfg = { .host_cpus = { 0x2 } };
	struct host *h = make(&cfg);

	(void)state;
	assert_int_equal(h->total, UINT64_C(16384000) << 10);
	assert_int_equal(h->n_cpus, 9);
	assert_true(h->cpu[3].present && !h->cpu[3].online);
	assert_true(h->cpu[2].online && h->cpu[8].present && !h->cpu[8].online);
	assert_false(h->cpu[5].present);
	assert_int_equal(h->cpu[1].use, CPU_HOST);
	assert_int_equal(h->cpu[0].use, CPU_SHARED);
	assert_false(h->kvm_software);
	assert_true(h->uids_ok);
	host_free(h);
}

static void lacks(uint64_t low, uint64_t high, const char *expected)
{
	struct sysconfig cfg = { .host_cpus = { low, [15] = high } };
	struct host *h = make(&cfg);
	char list[64];

	assert_int_equal(host_lacks_cpus(h, &cfg, list, sizeof(list)), *expected != 0);
	if (*expected)
		assert_string_equal(list, expected);
	host_free(h);
}

/* The machine has 0 to 3, and 8. */
static void test_cpus_it_lacks(void **state)
{
	(void)state;
	lacks(0, 0, "");
	lacks(0x10f, 0, "");
	lacks(0x10, 0, "4");
	lacks(0x3f1, 0, "4-7,9");
	lacks(0x1, UINT64_C(1) << 63, "1023");
	lacks(0, ~UINT64_C(0), "960-1023");
	/* More than anybody wants to read is cut. */
	lacks(UINT64_C(0x5555555555555000), 0,
		"12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,");
}

static void test_pool(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h = make(&cfg);

	(void)state;
	assert_int_equal(h->pool, (UINT64_C(16384000) << 10) / 4 * 3);
	host_free(h);
	cfg.pool_percent = 1250;
	h = make(&cfg);
	assert_int_equal(h->pool, (UINT64_C(16384000) << 10) / 8);
	host_free(h);
	cfg.pool_bytes = 1 << 30;
	h = make(&cfg);
	assert_int_equal(h->pool, 1 << 30);
	host_free(h);
	cfg.pool_bytes = UINT64_C(1) << 40; /* more than there is */
	h = make(&cfg);
	assert_int_equal(h->pool, UINT64_C(16384000) << 10);
	host_free(h);
}

static void test_ledger(void **state)
{
	struct sysconfig cfg = { .pool_bytes = 100 << 20 };
	struct host *h = make(&cfg);
	struct message err = { 0 };

	(void)state;
	assert_int_equal(host_reserve(h, "ALPHA", 60 << 20, &err), 0);
	assert_int_equal(host_reserve(h, "BETA", 60 << 20, &err), MSG_POOL_SHORT);
	assert_non_null(strstr(err.text, "BETA"));
	assert_non_null(strstr(err.text, "60M"));
	assert_non_null(strstr(err.text, "40M"));
	assert_int_equal(host_reserve(h, "BETA", 40 << 20, &err), 0);
	/* The pool may have become smaller than what adopted partitions have. */
	host_claim(h, 10 << 20);
	assert_int_equal(h->reserved, 110 << 20);
	assert_int_equal(host_reserve(h, "BETA", 4096, &err), MSG_POOL_SHORT);
	host_release(h, 60 << 20);
	assert_int_equal(host_reserve(h, "BETA", UINT64_MAX, &err), MSG_POOL_SHORT);
	assert_int_equal(h->reserved, 50 << 20);
	host_free(h);
}

static void test_uids(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h = make(&cfg);
	uid_t first = host_take_uid(h), second = host_take_uid(h);

	(void)state;
	assert_true(first >= HOST_UID_BASE);
	assert_int_not_equal(first, second);
	assert_int_equal(host_claim_uid(h, first), -EBUSY);
	assert_int_equal(host_claim_uid(h, 0), -EBUSY);
	assert_int_equal(host_claim_uid(h, HOST_UID_BASE + HOST_UID_COUNT), -EBUSY);
	host_release_uid(h, first);
	assert_int_equal(host_claim_uid(h, first), 0);
	host_release_uid(h, 0);
	for (unsigned i = 2; i < HOST_UID_COUNT; i++)
		assert_int_not_equal(host_take_uid(h), 0);
	assert_int_equal(host_take_uid(h), 0);
	host_release_uid(h, HOST_UID_BASE + HOST_UID_COUNT - 1);
	assert_int_equal(host_take_uid(h), HOST_UID_BASE + HOST_UID_COUNT - 1);
	host_free(h);
}

static void test_another_system_starts_elsewhere(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h = make(&cfg);

	(void)state;
	h->uid_first = HOST_UID_COUNT - 64;
	assert_int_equal(host_take_uid(h), HOST_UID_BASE + HOST_UID_COUNT - 64);
	for (int i = 0; i < 63; i++)
		host_take_uid(h);
	assert_int_equal(host_take_uid(h), HOST_UID_BASE);
	host_free(h);
}

static void test_not_kvm(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h = make(&cfg);

	(void)state;
	assert_false(h->kvm_ok);
	assert_non_null(strstr(h->kvm, "is not KVM"));
	host_free(h);
	files.kvm = "/nonexistent/kvm";
	h = make(&cfg);
	assert_false(h->kvm_ok);
	assert_string_equal(h->kvm, "none: /nonexistent/kvm: No such file or directory");
	host_free(h);
}

static void test_software(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h;

	(void)state;
	put("cpuinfo", "vmx flags\t: svm\nflags\t\t: fpu vmxnet svml\n");
	h = make(&cfg);
	assert_true(h->kvm_software);
	host_free(h);
	put("cpuinfo", "flags\t\t: svm\n");
	h = make(&cfg);
	assert_false(h->kvm_software);
	host_free(h);
}

static void test_no_uids_in_a_container(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h;

	(void)state;
	put("uid_map", "0 100000 65536\n");
	h = make(&cfg);
	assert_false(h->uids_ok);
	host_free(h);
}

static void test_missing_files(void **state)
{
	struct sysconfig cfg = { 0 };
	struct host *h = NULL;

	(void)state;
	put("meminfo", "nothing\n");
	assert_int_equal(host_create_from(&cfg, &files, &h), -ENODATA);
	files.meminfo = "/nonexistent";
	assert_int_equal(host_create_from(&cfg, &files, &h), -ENOENT);
	assert_null(h);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_facts),
		TEST(test_cpus_it_lacks),
		TEST(test_pool),
		TEST(test_ledger),
		TEST(test_uids),
		TEST(test_another_system_starts_elsewhere),
		TEST(test_not_kvm),
		TEST(test_software),
		TEST(test_no_uids_in_a_container),
		TEST(test_missing_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
