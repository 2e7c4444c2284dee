/* QUERY and INDICATE: the lines people read and the keys programs rely on. */
#include "tests/unit/cp/front.h"

#include "cp/share.h"

#include <jansson.h>

/* The records of an answer; owned by the caller. */
static json_t *records(struct front *f, struct ear *e, const char *command)
{
	char *start, *end;
	json_t *answer, *records;

	e->text[0] = '\0';
	session_command(&e->s, 7, true, command);
	front_second(f);
	assert_int_equal(e->rc, 0);
	start = strchr(e->text, '{');
	assert_non_null(start);
	end = strrchr(start, '}');
	answer = json_loadb(start, (size_t)(end + 1 - start), 0, NULL);
	assert_non_null(answer);
	records = json_incref(json_object_get(answer, "records"));
	json_decref(answer);
	return records;
}

/* Every record has these keys ("a b c"), in whatever order. */
static void has_keys(struct front *f, const char *command, const char *keys)
{
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	json_t *all = records(f, e, command);
	char copy[512], *save = NULL;

	if (!json_array_size(all))
		fail_msg("%s has no record", command);
	for (size_t i = 0; i < json_array_size(all); i++) {
		snprintf(copy, sizeof(copy), "%s", keys);
		for (char *k = strtok_r(copy, " ", &save); k;
			k = strtok_r(NULL, " ", &save)) {
			if (!json_object_get(json_array_get(all, i), k))
				fail_msg("%s: record %zu has no %s", command, i, k);
		}
	}
	json_decref(all);
	ear_free(e);
}

/* The table of the manual that programs rely on. */
static void test_stable_keys(void **state)
{
	struct front *f = *state;

	twin_partition(&f->cp, "ALPHA");
	has_keys(f, "QUERY NAMES", "userid state engine pid vcpus storage console");
	has_keys(f, "QUERY PROCESSORS", "cpu state use userid vcpu");
	has_keys(f, "QUERY STORAGE", "total pool reserved free page_size");
	has_keys(f, "QUERY SHARE ALPHA",
		"userid relative absolute max_share max_type cap pool entitlement enforced_by");
	has_keys(f, "QUERY VIRTUAL ALL USER ALPHA", "vdev type");
	has_keys(f, "INDICATE USER ALPHA",
		"userid cpu_ns vcpus storage resident exits user_exits io");
	has_keys(
		f, "QUERY LIMITS USER ALPHA", "userid name held max_held limit failures");
	has_keys(f, "INDICATE LOAD",
		"cpu_percent partitions running storage_reserved_percent");
	has_keys(f, "QUERY CPLEVEL", "name version start_time host_kvm");
	has_keys(f, "QUERY SANDBOX ALPHA",
		"userid pid uid namespaces capabilities no_new_privs seccomp root");
}

static void test_names(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct watcher w;

	assert_int_equal(ear_type(e, "query names"), 0);
	ear_heard(e, "No partition is logged on");
	for (char c = '0'; c < '5'; c++)
		twin_partition(&f->cp, (char[]) { 'L', 'A', 'B', c, '\0' });
	w.partition = partition_find(&f->cp, "LAB1");
	e->s.watcher = &w;
	assert_int_equal(ear_type(e, "query names"), 0);
	ear_heard(e,
		"out 7: LAB0     - DSC , LAB1     - CONS, LAB2     - DSC , LAB3     - DSC \n"
		"LAB4     - DSC \n");
	e->s.watcher = NULL;
	ear_free(e);
}

static void test_user(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	msg_set(&p->why, MSG_NO_DEVICE, "ALPHA", 0x123);
	assert_int_equal(ear_type(e, "q alpha"), 0);
	ear_heard(e, "ALPHA    - DSC      running\nCP0040E ALPHA has no device 0123");
	assert_int_equal(ear_type(e, "q beta"), 45);
	assert_int_equal(ear_type(e, "q nosuch"), 45);
	assert_int_equal(ear_type(e, "q a/b"), 1);
	assert_int_equal(ear_type(e, "q sandbox"), 1); /* a keyword, if not for G */
	assert_int_equal(ear_type(e, "q"), 26);
	ear_free(e);
}

static void test_virtual(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	assert_int_equal(ear_type(e, "query virtual"), 0);
	assert_string_equal(e->text,
		"out 7: STORAGE = 16M\nCPU 00  (BASE)\nCPU 01\n"
		"CONS 0009 DISCONNECTED\nRNG  00FF\nDASD 0191 R/W 1M\n"
		"done 7: 0\n");
	assert_int_equal(ear_type(e, "query virtual 191"), 0);
	assert_string_equal(e->text, "out 7: DASD 0191 R/W 1M\ndone 7: 0\n");
	assert_int_equal(ear_type(e, "query virtual stor"), 0);
	assert_string_equal(e->text, "out 7: STORAGE = 16M\ndone 7: 0\n");
	assert_int_equal(ear_type(e, "query virtual cpus"), 0);
	assert_string_equal(e->text, "out 7: CPU 00  (BASE)\nCPU 01\ndone 7: 0\n");
	assert_int_equal(ear_type(e, "query virtual 999"), 40);
	p->dev[2].broken = true;
	assert_int_equal(ear_type(e, "query virtual 191"), 0);
	ear_heard(e, "0191 needs reset");
	twin_partition(&f->cp, "BETA");
	assert_int_equal(ear_type(e, "query virtual user beta"), 1);
	assert_int_equal(ear_type(e, "query virtual user alpha"), 0);
	ear_free(e);
}

static void test_links(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin_partition(&f->cp, "BETA")->dev[2].read_only = true;
	assert_int_equal(ear_type(e, "query links 191 user alpha"), 0);
	assert_string_equal(e->text, "out 7: ALPHA    0191 R/W\nBETA     0191 R/O\n"
				     "done 7: 0\n");
	assert_int_equal(ear_type(e, "query links 9 user alpha"), 40);
	assert_int_equal(ear_type(e, "query mdisk user beta"), 0);
	ear_heard(e, "DASD 0191 R/O 1M  FILE /disks/shared.191");
	ear_free(e);
}

static void test_host(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");

	assert_int_equal(ear_type(e, "query processors"), 0);
	assert_string_equal(e->text,
		"out 7: PROCESSOR 00 online host\n"
		"PROCESSOR 01 online dedicated to ALPHA 01\ndone 7: 0\n");
	assert_int_equal(ear_type(e, "query storage"), 0);
	ear_heard(e, "STORAGE = 8G POOL = 4G RESERVED = 1G FREE = 3G");
	assert_int_equal(ear_type(e, "query isolation"), 0);
	ear_heard(e, "not in force");
	assert_int_equal(ear_type(e, "query host#query cpupool#query shutdowntime"), 0);
	ear_free(e);
}

static void test_signals(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	twin_partition(&f->cp, "BETA")->signal_enabled = false;
	p->state = PS_SIGNALLED;
	p->signal_deadline = loop_now(f->cp.loop) + UINT64_C(12000000000);
	assert_int_equal(ear_type(e, "query signals shutdown all"), 0);
	assert_string_equal(e->text, "out 7: ALPHA    SHUTDOWN pending, 12 seconds left\n"
				     "BETA     SHUTDOWN not enabled\ndone 7: 0\n");
	assert_int_equal(ear_type(e, "query signals user beta"), 0);
	ear_did_not_hear(e, "ALPHA");
	ear_free(e);
}

static void test_indicate_user(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	assert_int_equal(ear_type(e, "indicate user"), 45);
	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "ind user"), 0);
	ear_heard(e, "USERID=ALPHA    STATE=running STOR=16M RES=4M CPU=0:00:01.50\n");
	ear_heard(e, "EXITS=150 USER=15\n");
	ear_heard(e, "IO 0191: IN=3 (4096 bytes) OUT=0 (0 bytes) ERRORS=0\n");
	assert_int_equal(ear_type(e, "indicate user beta"), 1);
	ear_free(e);
}

static void test_indicate_queues(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "E");

	assert_int_equal(ear_type(e, "indicate queues"), 0);
	ear_heard(e, "No virtual CPU runs or waits for a processor");
	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "indicate queues"), 0);
	assert_string_equal(e->text, "out 7: ALPHA    CPU 00 running\ndone 7: 0\n");
	ear_free(e);
}

/* Absolute shares come first, relative ones divide what is left. */
static void test_entitlement(void **state)
{
	struct front *f = *state;
	const struct dir_user *alpha = directory_find(f->cp.directory, "ALPHA");
	const struct dir_user *gamma = directory_find(f->cp.directory, "GAMMA");
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");

	assert_float_equal(share_entitlement(&f->cp, alpha), 100, 0.001);
	twin_partition(&f->cp, "GAMMA"); /* 25 % */
	assert_float_equal(share_entitlement(&f->cp, alpha), 75, 0.001);
	assert_float_equal(share_entitlement(&f->cp, gamma), 25, 0.001);
	twin_partition(&f->cp, "BETA"); /* relative 100 beside 200 */
	assert_float_equal(share_entitlement(&f->cp, alpha), 50, 0.001);
	assert_int_equal(ear_type(e, "query share gamma"), 0);
	ear_heard(e, "USER GAMMA    : ABSOLUTE SHARE = 25.00%\n"
		     "MAXIMUM SHARE = ABSOLUTE SHARE = 50.00% LIMITHARD\n");
	assert_int_equal(ear_type(e, "query share nobody"), 53);
	ear_free(e);
}

static void test_time(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	assert_int_equal(ear_type(e, "query time"), 0);
	ear_heard(e, "TIME IS ");
	ear_did_not_hear(e, "CONNECT=");
	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "q t"), 0);
	ear_heard(e, " CPU= 0:00:01.50");
	ear_free(e);
}

static void test_commands(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	assert_int_equal(ear_type(e, "query commands"), 0);
	ear_heard(e, "BEGIN        ");
	ear_did_not_hear(e, "SHUTDOWN");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_stable_keys),
		TEST(test_names),
		TEST(test_user),
		TEST(test_virtual),
		TEST(test_links),
		TEST(test_host),
		TEST(test_signals),
		TEST(test_indicate_user),
		TEST(test_indicate_queues),
		TEST(test_entitlement),
		TEST(test_time),
		TEST(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
