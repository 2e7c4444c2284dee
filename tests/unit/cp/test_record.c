/* Records: written whole, read with distrust. */
#include "tests/unit/cp/engine_fixture.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct engine engine;
static struct record record; /* too large for a stack */

static int setup(void **state)
{
	(void)state;
	engine_init(&engine);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine_fini(&engine);
	return 0;
}

/* A partition with something in every field. */
static struct partition *sample(void)
{
	struct partition *p = partition_new(&engine.cp, "ALPHA");

	assert_non_null(p);
	p->pid = 4711;
	p->start_ticks = UINT64_C(0x7fffffffffff);
	p->uid = HOST_UID_BASE + 3;
	p->storage = 64 << 20;
	p->n_vcpus = 2;
	p->logon_time = UINT64_C(1795242282568808761);
	p->signal_deadline = 5;
	p->signal_seconds = 7;
	p->todo = TODO_IPL;
	p->loaded = false;
	p->used_slots = UINT32_C(1) << 31 | 1 << 17;
	p->changing = (struct part_dev) { .vdev = 0x610, .type = PART_DEV_NIC };
	strcpy(p->logon_by, "OPERATOR");
	strcpy(p->account, "ACCT-17 \"x\"");
	strcpy(p->classes, "BG");
	strcpy(p->observer, "BETA");
	strcpy(p->secuser, "GAMMA");
	p->ipl = (struct ipl) { .kind = IPL_KERNEL,
		.kernel = "/boot/vm linuz",
		.initrd = "/boot/initrd",
		.absolute = true,
		.vdev = 0x190,
		.name = "GCS",
		.parm = "a=\"b\" \\c" };
	p->dev[0] = (struct part_dev) { .vdev = 9, .slot = 1, .type = PART_DEV_CONSOLE };
	p->dev[1] = (struct part_dev) { .vdev = 0x191,
		.slot = 3,
		.type = PART_DEV_DISK,
		.read_only = true,
		.size = 12345 * 512,
		.file = "/disks/alpha.191",
		.link_owner = "BETA",
		.link_vdev = 0x191 };
	p->dev[2] = (struct part_dev) { .vdev = 0x600,
		.slot = 4,
		.type = PART_DEV_NIC,
		.mac = { 2, 0, 0, 0xab, 0xcd, 0xef },
		.nic.lan_owner = "SYSTEM",
		.nic.lan = "NET" };
	p->n_dev = 3;
	p->cgroup.n = 1;
	strcpy(p->cgroup.dir[0], "/sys/fs/cgroup/bulkhead/x/ALPHA");
	return p;
}

static int parse(const char *text, size_t len, const char **why)
{
	return record_parse(text, len, "ALPHA", &record, why);
}

static void test_round_trip(void **state)
{
	struct partition *p = sample(), *q = &record.p;
	char *text = record_text(p, RECORD_ACTIVE), *again;
	const char *why;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &why), 0);
	assert_int_equal(record.phase, RECORD_ACTIVE);
	assert_int_equal(strlen(record.boot_id), BOOT_ID_LEN);
	assert_int_equal(q->pid, p->pid);
	assert_true(q->start_ticks == p->start_ticks);
	assert_int_equal(q->uid, p->uid);
	assert_int_equal(q->storage, p->storage);
	assert_true(q->logon_time == p->logon_time);
	assert_string_equal(q->account, p->account);
	assert_string_equal(q->ipl.kernel, p->ipl.kernel);
	assert_string_equal(q->ipl.parm, p->ipl.parm);
	assert_true(q->ipl.absolute);
	assert_int_equal(q->ipl.vdev, 0x190);
	assert_string_equal(q->ipl.name, "GCS");
	assert_int_equal(q->todo, TODO_IPL);
	assert_false(q->loaded);
	assert_true(q->used_slots == p->used_slots);
	assert_int_equal(q->changing.type, PART_DEV_NIC);
	assert_int_equal(q->changing.vdev, 0x610);
	assert_int_equal(q->n_dev, 3);
	assert_memory_equal(q->dev, p->dev, sizeof(p->dev));
	assert_string_equal(q->cgroup.dir[0], p->cgroup.dir[0]);
	/* All of it: what was read is written as the same text. */
	again = record_text(q, RECORD_ACTIVE);
	assert_string_equal(again, text);
	free(again);
	free(text);

	text = record_text(p, RECORD_INTENT);
	assert_int_equal(parse(text, strlen(text), &why), 0);
	assert_int_equal(record.phase, RECORD_INTENT);
	free(text);
	partition_free(p);
}

/* A partition of an earlier level can be begun, and nothing of its start is missing. */
static void test_of_an_earlier_level(void **state)
{
	static const char *const later[] = { "todo", "loaded", "used_slots",
		"changing_type", "changing_vdev" };
	static const char *const later_of_ipl[] = { "vdev", "name" };
	struct partition *p = sample();
	char *text = record_text(p, RECORD_ACTIVE);
	json_t *root = json_loads(text, 0, NULL);
	const char *why;

	(void)state;
	free(text);
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		assert_int_equal(json_object_del(root, later[i]), 0);
	for (size_t i = 0; i < sizeof(later_of_ipl) / sizeof(later_of_ipl[0]); i++)
		assert_int_equal(
			json_object_del(json_object_get(root, "ipl"), later_of_ipl[i]),
			0);
	text = json_dumps(root, 0);
	assert_int_equal(parse(text, strlen(text), &why), 0);
	assert_true(record.p.loaded);
	assert_int_equal(record.p.todo, TODO_NOTHING);
	assert_int_equal(record.p.used_slots, 0);
	assert_int_equal(record.p.changing.type, 0);
	free(text);
	json_decref(root);
	partition_free(p);
}

static void test_truncated_at_every_byte(void **state)
{
	struct partition *p = sample();
	char *text = record_text(p, RECORD_ACTIVE);
	const char *why;

	(void)state;
	for (size_t len = 0; len < strlen(text); len++) {
		why = NULL;
		assert_int_equal(parse(text, len, &why), -EINVAL);
		assert_non_null(why);
	}
	free(text);
	partition_free(p);
}

/* The record with one value replaced (NULL: removed) is refused for that field. */
static void refused(const char *key, const char *json, const char *field)
{
	struct partition *p = sample();
	char *text = record_text(p, RECORD_ACTIVE);
	json_t *root = json_loads(text, 0, NULL);
	const char *why = NULL;

	free(text);
	if (json)
		json_object_set_new(root, key, json_loads(json, JSON_DECODE_ANY, NULL));
	else
		json_object_del(root, key);
	text = json_dumps(root, 0);
	assert_int_equal(parse(text, strlen(text), &why), -EINVAL);
	assert_string_equal(why, field);
	free(text);
	json_decref(root);
	partition_free(p);
}

static void test_wrong_values(void **state)
{
	static const char *const numbers[] = { "pid", "start_ticks", "uid", "storage",
		"vcpus", "logon", "signal_deadline", "signal_seconds" };
	static const char *const texts[] = { "userid", "logon_by", "account", "classes",
		"observer", "secuser", "boot_id", "phase", "socket" };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		refused(numbers[i], "\"text\"", numbers[i]);
		refused(numbers[i], "-1", numbers[i]);
		refused(numbers[i], "1.5", numbers[i]);
		refused(numbers[i], NULL, numbers[i]);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		refused(texts[i], "17", texts[i]);
		refused(texts[i], "\"a text that is longer than any of these may be\"",
			texts[i]);
		refused(texts[i], "\"\\u001b[2J\"", texts[i]);
		refused(texts[i], NULL, texts[i]);
	}
	refused("loaded", "1", "loaded");
	refused("todo", "\"ipl\"", "todo");
	refused("todo", "4", "todo");
	refused("used_slots", "4294967296", "used_slots");
	refused("changing_type", "3", "changing_type");
	refused("changing_vdev", "65536", "changing_vdev");
	refused("version", "2", "version");
	refused("pid", "1", "pid");
	refused("pid", "0", "pid");
	refused("pid", "4294967295", "pid");
	refused("pid", "4294967296", "pid");
	refused("userid", "\"BETA\"", "userid");
	refused("socket", "\"BETA.sock\"", "socket");
	refused("storage", "0", "storage");
	refused("storage", "4097", "storage");
	refused("vcpus", "0", "vcpus");
	refused("vcpus", "65", "vcpus");
	refused("devices", "{}", "devices");
	refused("devices", "[1]", "vdev");
	refused("ipl", "[]", "kind");
	refused("cgroup", "[\"a\",\"b\",\"c\",\"d\"]", "cgroup");
	refused("cgroup", "[7]", "cgroup");
}

static void device_refused(const char *key, const char *json, const char *field)
{
	struct partition *p = sample();
	char *text = record_text(p, RECORD_ACTIVE), *device;
	json_t *root = json_loads(text, 0, NULL), *o;

	o = json_array_get(json_object_get(root, "devices"), 1);
	json_object_set_new(o, key, json_loads(json, JSON_DECODE_ANY, NULL));
	device = json_dumps(json_object_get(root, "devices"), 0);
	refused("devices", device, field);
	free(device);
	free(text);
	json_decref(root);
	partition_free(p);
}

static void test_wrong_devices(void **state)
{
	(void)state;
	device_refused("slot", "0", "slot");
	device_refused("slot", "1", "slot");
	device_refused("slot", "32", "slot");
	device_refused("slot", "65536", "slot");
	device_refused("type", "9", "type");
	device_refused("mac", "\"02:00:00:00:00\"", "mac");
	device_refused("mac", "\"02:00:00:00:00:0g\"", "mac");
	device_refused("mac", "\"02:00:00:00:00:00 \"", "mac");
	device_refused("file", "\"relative\"", "file");
	device_refused("read_only", "1", "read_only");
}

static void test_not_json(void **state)
{
	static char big[RECORD_MAX + 1];
	const char *why;

	(void)state;
	memset(big, ' ', sizeof(big));
	assert_int_equal(parse("", 0, &why), -EINVAL);
	assert_int_equal(parse("{\"garbage", 9, &why), -EINVAL);
	assert_int_equal(parse("[]", 2, &why), -EINVAL);
	assert_int_equal(parse("{\"a\":1,\"a\":2}", 13, &why), -EINVAL);
	assert_int_equal(parse(big, sizeof(big), &why), -EINVAL);
}

static void test_files(void **state)
{
	struct partition *p = sample();
	char path[256], temp[264];
	struct stat st;

	(void)state;
	part_path(&engine.cp, "ALPHA", PART_FILE_RECORD, path, sizeof(path));
	snprintf(temp, sizeof(temp), "%s.tmp", path);
	assert_int_equal(record_write(p, RECORD_INTENT), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* What an interrupted write left is in nobody's way. */
	assert_int_equal(symlink("/nonexistent/x", temp), 0);
	assert_int_equal(record_write(p, RECORD_ACTIVE), 0);
	assert_int_equal(lstat(temp, &st), -1);
	record_remove(p);
	assert_int_equal(stat(path, &st), -1);
	record_remove(p);
	partition_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_of_an_earlier_level),
		cmocka_unit_test(test_truncated_at_every_byte),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_wrong_devices),
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
