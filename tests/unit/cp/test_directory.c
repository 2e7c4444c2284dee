/* The directory: what it makes of good files, and the exact complaints of bad ones. */
#include "tests/unit/cp/pairs.h"

#include "cp/directory.h"

static bool read_directory(struct source *src)
{
	struct directory *d = directory_parse(src);

	directory_free(d);
	return d != NULL;
}

static void test_pairs(void **state)
{
	(void)state;
	pairs_run(PAIRS_DATA "*.direct", read_directory);
}

static struct directory *parse(const char *text)
{
	struct source src;
	struct directory *d;

	assert_int_equal(source_from(&src, "test", text, strlen(text)), 0);
	d = directory_parse(&src);
	source_close(&src);
	return d;
}

static struct directory *parse_file(const char *path)
{
	struct source src;
	struct directory *d;

	assert_int_equal(source_open(&src, path), 0);
	d = directory_parse(&src);
	assert_non_null(d);
	source_close(&src);
	return d;
}

static const struct dir_device *device(const struct dir_user *u, uint16_t vdev)
{
	for (int i = 0; i < u->n_devices; i++) {
		if (u->device[i].vdev == vdev)
			return &u->device[i];
	}
	return NULL;
}

static void test_defaults(void **state)
{
	struct directory *d = parse("user alpha nolog 16m");
	const struct dir_user *u = directory_find(d, "Alpha");

	(void)state;
	assert_non_null(u);
	assert_string_equal(u->userid, "ALPHA");
	assert_int_equal(d->n_users, 1);
	assert_int_equal(u->line, 1);
	assert_false(u->identity);
	assert_int_equal(u->pw, DIR_PW_NOLOG);
	assert_int_equal(u->storage, 16 << 20);
	assert_int_equal(u->max_storage, 16 << 20);
	assert_string_equal(u->classes, "G");
	assert_int_equal(u->host_uid, -1);
	assert_int_equal(u->n_cpus, 1);
	assert_int_equal(u->max_cpus, 1);
	assert_int_equal(u->share.kind, SHARE_RELATIVE);
	assert_int_equal(u->share.value, 100);
	assert_int_equal(u->ipl.kind, IPL_NONE);
	assert_int_equal(u->n_devices, 1);
	assert_int_equal(u->device[0].type, DIR_CONSOLE);
	assert_int_equal(u->device[0].vdev, 9);
	assert_string_equal(u->not_in_force, "");
	assert_null(directory_find(d, "BETA"));
	directory_free(d);
}

static void check_alpha(const struct dir_user *u)
{
	const struct dir_device *dev;

	assert_string_equal(u->classes, "G");
	assert_string_equal(u->account, "LAB");
	assert_int_equal(u->ipl.kind, IPL_CMS);
	assert_true(u->cpu[0].defined && u->cpu[0].dedicate);
	assert_int_equal(u->share.value, 200);
	assert_int_equal(u->share.max_kind, SHARE_ABSOLUTE);
	assert_int_equal(u->share.max_value, 2500);
	assert_int_equal(u->share.limit, LIMIT_HARD);
	assert_string_equal(u->not_in_force, "CPU DEDICATE, SHARE");
	assert_string_equal(u->commands->text, "QUERY NAMES");
	assert_null(u->commands->next);

	dev = device(u, 0x600);
	assert_int_equal(dev->type, DIR_NIC);
	assert_string_equal(dev->lan_owner, "SYSTEM");
	assert_string_equal(dev->lan, "LABNET");
	assert_string_equal(dev->vlans, "10");
	assert_int_equal(dev->mac_id, 0x020001);
	assert_int_equal(dev->rate_bps, 100000000);
	dev = device(u, 0x191);
	assert_int_equal(dev->type, DIR_MDISK);
	assert_string_equal(dev->file, "alpha.191");
	assert_int_equal(dev->size, 16 << 20);
	assert_string_equal(dev->mode, "MR");
	dev = device(u, 0x291);
	assert_int_equal(dev->type, DIR_LINK);
	assert_string_equal(dev->owner, "BETA");
	assert_int_equal(dev->owner_vdev, 0x191);
	assert_string_equal(dev->mode, "RR");
	assert_string_equal(device(u, 0x292)->mode, "M");
}

/* BETA replaces the profile's machine and console. */
static void check_beta(const struct dir_user *u)
{
	assert_int_equal(u->pw, DIR_PW_AUTOONLY);
	assert_string_equal(u->classes, "BG");
	assert_int_equal(u->n_cpus, 4);
	assert_null(device(u, 9));
	assert_int_equal(device(u, 0x20)->type, DIR_CONSOLE);
	assert_int_equal(u->n_devices, 2);
	assert_string_equal(device(u, 0x191)->mode, "W");
	assert_int_equal(u->n_autolog_by, 3);
	assert_string_equal(u->autolog_by[0], "ALPHA");
	assert_string_equal(u->autolog_by[2], "GAMMA-1");
	assert_int_equal(u->n_logon_by, 1);
	assert_string_equal(u->commands->text, "QUERY NAMES");
	assert_string_equal(u->commands->next->text, "QUERY \"NA\"\"MES\" # HELP");
}

static void test_entries(void **state)
{
	struct directory *d = parse_file(PAIRS_DATA "good-lab.direct");
	const struct dir_user *u;

	(void)state;
	assert_int_equal(d->n_users, 6);
	assert_null(directory_find(d, "LABHOST"));
	check_alpha(directory_find(d, "ALPHA"));
	check_beta(directory_find(d, "BETA"));

	u = directory_find(d, "GAMMA-1");
	assert_true(u->identity);
	assert_int_equal(u->pw, DIR_PW_LBYONLY);
	assert_string_equal(u->classes, "ABC12");
	assert_int_equal(u->host_uid, 1000);

	u = directory_find(d, "LINUX1");
	assert_int_equal(u->ipl.kind, IPL_KERNEL);
	assert_true(u->ipl.absolute);
	assert_string_equal(u->ipl.kernel, "/boot/vmlinuz");
	assert_string_equal(u->ipl.initrd, "/boot/initrd.img");
	assert_string_equal(u->ipl.parm, "console=ttyS0 console=hvc0");
	assert_int_equal(u->n_cpus, 2);
	assert_string_equal(u->not_in_force, "DEDICATE");

	u = directory_find(d, "NSS");
	assert_int_equal(u->ipl.kind, IPL_NAME);
	assert_string_equal(u->ipl.name, "BOOTSYS");
	assert_string_equal(u->ipl.parm, "root=/dev/vda quiet");

	u = directory_find(d, "BYDISK");
	assert_int_equal(u->ipl.kind, IPL_VDEV);
	assert_int_equal(u->ipl.vdev, 0x190);
	assert_true(u->huge_2m);
	assert_int_equal(u->n_cpus, 2);
	assert_int_equal(u->share.kind, SHARE_ABSOLUTE);
	assert_int_equal(u->share.value, 1250);
	directory_free(d);
}

static void test_continuation(void **state)
{
	struct directory *d = parse_file(PAIRS_DATA "good-continued.direct");
	const struct dir_user *u = directory_find(d, "ALPHA");

	(void)state;
	assert_int_equal(u->max_storage, 64 << 20);
	assert_string_equal(u->ipl.parm, "console=ttyS0 quiet");
	directory_free(d);
}

/* Without CPU statements there are all CPUs of MACHINE, with them those. */
static void test_cpus(void **state)
{
	struct directory *d = parse("PROFILE P\nMACHINE KVM 8\nCPU 0\n"
				    "USER ALPHA NOLOG 16M\nINCLUDE P\nCPU 1 DEDICATE\n"
				    "USER BETA NOLOG 16M\nMACHINE KVM 64\n");

	(void)state;
	assert_int_equal(directory_find(d, "ALPHA")->n_cpus, 2);
	assert_int_equal(directory_find(d, "ALPHA")->max_cpus, 8);
	assert_false(directory_find(d, "ALPHA")->cpu[0].dedicate);
	assert_true(directory_find(d, "ALPHA")->cpu[1].dedicate);
	assert_int_equal(directory_find(d, "BETA")->n_cpus, 64);
	directory_free(d);
}

/* An entry's device replaces the profile's of the same number, and only in this entry. */
static void test_inherited_device(void **state)
{
	struct directory *d = parse(
		"PROFILE P\nMDISK 191 FILE common RR\nNICDEF 600\n"
		"USER ALPHA NOLOG 16M\nINCLUDE P\nMDISK 600 FILE own\n"
		"USER BETA NOLOG 16M\nINCLUDE P\n");
	const struct dir_user *u = directory_find(d, "ALPHA");

	(void)state;
	assert_int_equal(u->n_devices, 3);
	assert_int_equal(device(u, 0x600)->type, DIR_MDISK);
	assert_string_equal(device(u, 0x191)->file, "common");
	u = directory_find(d, "BETA");
	assert_int_equal(device(u, 0x600)->type, DIR_NIC);
	directory_free(d);
}

/* The console nobody mentions takes the first number that is free. */
static void test_default_console(void **state)
{
	struct directory *d = parse(
		"USER ALPHA NOLOG 16M\nMDISK 9 FILE a\nDEDICATE A 00:00.0\n");

	(void)state;
	assert_int_equal(device(directory_find(d, "ALPHA"), 0xb)->type, DIR_CONSOLE);
	directory_free(d);
}

static void test_default_classes(void **state)
{
	struct directory *d = parse(
		"PROFILE P\nCLASS C\nUSER ALPHA NOLOG 16M\n"
		"USER BETA NOLOG 16M 16M E\nUSER GAMMA NOLOG 16M\nCLASS F\n"
		"USER DELTA NOLOG 16M\nINCLUDE P\n");

	(void)state;
	directory_default_classes(d, "GH");
	assert_string_equal(directory_find(d, "ALPHA")->classes, "GH");
	assert_string_equal(directory_find(d, "BETA")->classes, "E");
	assert_string_equal(directory_find(d, "GAMMA")->classes, "F");
	assert_string_equal(directory_find(d, "DELTA")->classes, "C");
	directory_free(d);
}

/* The list is a list of whole names. */
static void test_not_in_force(void **state)
{
	char list[24] = "";

	(void)state;
	not_in_force_add(list, sizeof(list), "SHARES");
	not_in_force_add(list, sizeof(list), "SHARE");
	not_in_force_add(list, sizeof(list), "SHARES");
	not_in_force_add(list, sizeof(list), "SHARE");
	assert_string_equal(list, "SHARES, SHARE");
	not_in_force_add(list, sizeof(list), "TOO LONG TO FIT");
	assert_string_equal(list, "SHARES, SHARE");
}

static void test_reserved(void **state)
{
	static const char *const refused[] = { "SYSTEM", "ALL", "USER", "OWNERID", "TO",
		"HELP", "QUERY", "NAMES", "NAM", "0", "FACE", "beef", "system" };
	static const char *const allowed[] = { "ALPHA", "MAINT", "OPERATOR", "BEEFY",
		"G1", "12345" };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!userid_reserved(refused[i]))
			fail_msg("%s may be a userid", refused[i]);
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (userid_reserved(allowed[i]))
			fail_msg("%s may not be a userid", allowed[i]);
	}
}

/* There is an end to how many users there may be, and to how much is complained of. */
static void test_limits(void **state)
{
	size_t max = (DIR_MAX_USERS + 2) * 32, len = 0;
	char *text = malloc(max);
	struct source src;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i <= DIR_MAX_USERS; i++)
		len += (size_t)snprintf(text + len, max - len, "USER U%d NOLOG 1M\n", i);
	assert_int_equal(source_from(&src, "test", text, len), 0);
	assert_null(directory_parse(&src));
	assert_int_equal(src.n_complaints, 1);
	assert_int_equal(src.complaints->message.number, MSG_TOO_MANY);
	assert_int_equal(src.complaints->line, DIR_MAX_USERS + 1);
	source_close(&src);

	for (size_t i = 0; i < 2 * (SOURCE_MAX_COMPLAINTS + 100); i += 2)
		memcpy(text + i, "X\n", 2);
	assert_int_equal(
		source_from(&src, "test", text, 2 * (SOURCE_MAX_COMPLAINTS + 100)), 0);
	assert_null(directory_parse(&src));
	assert_int_equal(src.n_complaints, SOURCE_MAX_COMPLAINTS + 1);
	source_close(&src);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_continuation),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_inherited_device),
		cmocka_unit_test(test_default_console),
		cmocka_unit_test(test_default_classes),
		cmocka_unit_test(test_not_in_force),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
