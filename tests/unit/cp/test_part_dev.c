/* The devices of a partition: slots, addresses, minidisks and who may write to them. */
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct dir_user user; /* too large for a stack */

static int setup(void **state)
{
	static struct engine e;

	engine_init(&e);
	user = (struct dir_user) { .userid = "ALPHA" };
	*state = &e;
	return 0;
}

static int teardown(void **state)
{
	engine_fini(*state);
	return 0;
}

static struct dir_device *add(
	struct dir_user *u, enum dir_device_type type, uint16_t vdev)
{
	struct dir_device *d = &u->device[u->n_devices++];

	*d = (struct dir_device) { .type = type, .vdev = vdev };
	return d;
}

static struct dir_device *add_disk(struct dir_user *u, uint16_t vdev, const char *file,
	uint64_t size, const char *mode)
{
	struct dir_device *d = add(u, DIR_MDISK, vdev);

	snprintf(d->file, sizeof(d->file), "%s", file);
	snprintf(d->mode, sizeof(d->mode), "%s", mode);
	d->size = size;
	return d;
}

/* Makes the devices of `u`; the partition if that succeeds, else *err. */
static struct partition *make(
	struct engine *e, const struct dir_user *u, struct message *err)
{
	struct partition *p = partition_new(&e->cp, u->userid);
	int fd[PART_MAX_DEVICES];
	int rc;

	must(p != NULL);
	rc = part_devices(p, u, fd, err);
	for (int i = 0; i < PART_MAX_DEVICES; i++) {
		if (fd[i] >= 0)
			assert_int_equal(close(fd[i]), 0);
	}
	if (!rc) {
		list_append(&e->cp.partitions, &p->node);
		return p;
	}
	assert_int_equal(rc, err->number);
	partition_free(p);
	return NULL;
}

static const struct part_dev *dev(const struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev == vdev)
			return &p->dev[i];
	}
	return NULL;
}

/* ---- Link modes ------------------------------------------------------------------- */

/* As z/VM's LINK: by what others have when it is asked for. */
static void test_modes(void **state)
{
	static const struct {
		const char *mode;
		enum link_verdict free, readers, writers, both;
	} table[] = {
		{ "R", LINK_RO, LINK_RO, LINK_REFUSED, LINK_REFUSED },
		{ "RR", LINK_RO, LINK_RO, LINK_RO, LINK_RO },
		{ "W", LINK_RW, LINK_REFUSED, LINK_REFUSED, LINK_REFUSED },
		{ "WR", LINK_RW, LINK_FORCED_RO, LINK_FORCED_RO, LINK_FORCED_RO },
		{ "M", LINK_RW, LINK_RW, LINK_REFUSED, LINK_REFUSED },
		{ "MR", LINK_RW, LINK_RW, LINK_FORCED_RO, LINK_FORCED_RO },
		{ "MW", LINK_RW, LINK_RW, LINK_RW, LINK_RW },
		{ "", LINK_RO, LINK_RO, LINK_RO, LINK_RO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *mode = table[i].mode;

		assert_int_equal(link_mode(mode, false, false), table[i].free);
		assert_int_equal(link_mode(mode, true, false), table[i].readers);
		assert_int_equal(link_mode(mode, false, true), table[i].writers);
		assert_int_equal(link_mode(mode, true, true), table[i].both);
	}
}

/* ALPHA has the disk in its own way, BETA links to it: what BETA gets and is told. */
static void linked(struct engine *e, const char *own, const char *mode, bool there,
	bool read_only, int said)
{
	struct dir_user other = { .userid = "BETA" };
	struct dir_device *link = add(&other, DIR_LINK, 0x291);
	struct partition *a, *b;
	struct message err;

	user = (struct dir_user) { .userid = "ALPHA" };
	add_disk(&user, 0x191, "shared.191", 4096, own);
	e->directory.users = &user;
	strcpy(link->owner, "ALPHA");
	link->owner_vdev = 0x191;
	snprintf(link->mode, sizeof(link->mode), "%s", mode);

	front_twin_reset();
	a = make(e, &user, &err);
	b = make(e, &other, &err);
	assert_non_null(a);
	assert_non_null(b);
	if (there) {
		assert_int_equal(dev(b, 0x291)->read_only, read_only);
		assert_string_equal(dev(b, 0x291)->file, dev(a, 0x191)->file);
		assert_string_equal(dev(b, 0x291)->link_owner, "ALPHA");
		assert_int_equal(dev(b, 0x291)->link_vdev, 0x191);
	} else {
		assert_null(dev(b, 0x291));
	}
	assert_int_equal(front_twin.n_said, said ? 1 : 0);
	assert_int_equal(front_twin.said[0].number, said);
	if (said)
		assert_non_null(strstr(front_twin.said[0].text, "ALPHA"));
	partition_free(b);
	partition_free(a);
}

static void test_links(void **state)
{
	struct engine *e = *state;

	linked(e, "MW", "RR", true, true, 0);
	linked(e, "MW", "R", false, true, 104);
	linked(e, "MW", "W", false, true, 104);
	linked(e, "MW", "M", false, true, 104);
	linked(e, "MW", "WR", true, true, 102);
	linked(e, "MW", "MR", true, true, 102);
	linked(e, "MW", "MW", true, false, 0);
	linked(e, "RR", "M", true, false, 0);
	linked(e, "RR", "W", false, true, 103);
	linked(e, "RR", "WR", true, true, 101);
}

/* Two names of one file are one disk: the second does not get to write. */
static void test_one_disk_by_two_names(void **state)
{
	struct engine *e = *state;
	struct dir_user a = { .userid = "ALPHA" }, b = { .userid = "BETA" };
	struct partition *first, *second;
	struct message err;

	add_disk(&a, 0x191, "one.191", 4096, "W");
	add_disk(&b, 0x191, ".//one.191", 4096, "WR");
	first = make(e, &a, &err);
	second = make(e, &b, &err);
	assert_non_null(first);
	assert_non_null(second);
	assert_false(dev(first, 0x191)->read_only);
	assert_true(dev(second, 0x191)->read_only);
	partition_free(second);
	partition_free(first);
}

static void test_link_to_nothing(void **state)
{
	struct engine *e = *state;
	struct dir_device *link = add(&user, DIR_LINK, 0x291);
	struct partition *p;
	struct message err;

	strcpy(link->owner, "NOBODY");
	add_disk(&user, 0x191, "own.191", 4096, "MR");
	p = make(e, &user, &err);
	assert_non_null(p);
	assert_null(dev(p, 0x291));
	assert_int_equal(front_twin_said(MSG_LINK_NO_OWNER_DISK), 1);
	/* The others stay where they were. */
	assert_int_equal(dev(p, 0x191)->slot, 4);
}

/* ---- Files ------------------------------------------------------------------------ */

static off_t file_size(const struct engine *e, const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", e->statedir, name);
	return stat(path, &st) ? -1 : st.st_size;
}

static void test_made_with_its_size(void **state)
{
	struct engine *e = *state;
	struct partition *p;
	struct message err;

	add_disk(&user, 0x191, "new.191", 1 << 20, "MR");
	p = make(e, &user, &err);
	assert_non_null(p);
	assert_int_equal(file_size(e, "new.191"), 1 << 20);
	assert_int_equal(dev(p, 0x191)->size, 1 << 20);
	assert_int_equal(dev(p, 0x191)->type, PART_DEV_DISK);
	assert_false(dev(p, 0x191)->read_only);
	partition_free(p);

	/* It is there now: its own size counts. */
	user.device[0].size = 2 << 20;
	p = make(e, &user, &err);
	assert_int_equal(dev(p, 0x191)->size, 1 << 20);
}

static void refused(struct engine *e, const char *why)
{
	struct message err = { 0 };

	assert_null(make(e, &user, &err));
	assert_int_equal(err.number, MSG_DISK_UNUSABLE);
	assert_non_null(strstr(err.text, why));
	assert_non_null(strstr(err.text, "0191"));
	user.n_devices = 0;
}

static void test_files_that_cannot_be(void **state)
{
	struct engine *e = *state;
	char path[160];

	add_disk(&user, 0x191, "missing.191", 0, "MR");
	refused(e, "No such file");
	engine_file(e, "state/empty.191", "");
	add_disk(&user, 0x191, "empty.191", 4096, "MR");
	refused(e, "No data");
	add_disk(&user, 0x191, ".", 4096, "MR");
	refused(e, "directory");
	add_disk(&user, 0x191, "/dev/null", 0, "MR");
	refused(e, "Block device required");
	add_disk(&user, 0x191, "huge.191", UINT64_C(1) << 61, "MR");
	refused(e, "");
	assert_int_equal(file_size(e, "huge.191"), -1);
	add_disk(&user, 0x191, "../cms", 0, "RR");
	refused(e, "cross-device");
	snprintf(path, sizeof(path), "%s/link.191", e->statedir);
	must(!symlink("../cms", path));
	add_disk(&user, 0x191, "link.191", 0, "RR");
	refused(e, "symbolic links");
}

static void test_absolute_names(void **state)
{
	struct engine *e = *state;
	struct partition *p;
	struct message err;
	char path[160];

	engine_file(e, "image", "0123456789abcdef");
	snprintf(path, sizeof(path), "%s/image", e->dir);
	must(!truncate(path, 1000));
	add_disk(&user, 0x200, path, 0, "RR");
	p = make(e, &user, &err);
	assert_non_null(p);
	assert_string_equal(dev(p, 0x200)->file, path);
	assert_int_equal(dev(p, 0x200)->size, 512);
	assert_true(dev(p, 0x200)->read_only);
}

/* ---- The rest --------------------------------------------------------------------- */

static void test_slots(void **state)
{
	struct engine *e = *state;
	struct partition *p;
	struct message err;

	add_disk(&user, 0x191, "a.191", 4096, "MR");
	add(&user, DIR_CONSOLE, 0x9);
	add(&user, DIR_NIC, 0x600);
	p = make(e, &user, &err);
	assert_non_null(p);
	assert_int_equal(p->n_dev, 4);
	assert_int_equal(dev(p, 0x9)->slot, 1);
	assert_int_equal(dev(p, 0xb)->slot, 2);
	assert_int_equal(dev(p, 0xb)->type, PART_DEV_RNG);
	assert_int_equal(dev(p, 0x191)->slot, 3);
	assert_int_equal(dev(p, 0x600)->slot, 4);
}

static void test_number_of_the_entropy_device(void **state)
{
	struct engine *e = *state;
	struct partition *p;
	struct message err;

	add(&user, DIR_NIC, 0xc);
	add(&user, DIR_CONSOLE, 0xb);
	p = make(e, &user, &err);
	assert_non_null(p);
	assert_int_equal(dev(p, 0xd)->type, PART_DEV_RNG);
}

static void test_addresses(void **state)
{
	struct engine *e = *state;
	struct dir_device *nic = add(&user, DIR_NIC, 0x600);
	struct partition *p, *q;
	struct message err;
	uint8_t chosen[6];

	nic->mac_id = 0x0a0b0c;
	strcpy(nic->lan_owner, "SYSTEM");
	strcpy(nic->lan, "LABNET");
	strcpy(nic->vlans, "10");
	nic->rate_bps = 1000000;
	add(&user, DIR_NIC, 0x700);
	p = make(e, &user, &err);
	assert_memory_equal(dev(p, 0x600)->mac, "\x02\x00\x00\x0a\x0b\x0c", 6);
	/* It is put in a LAN once its process runs. */
	assert_string_equal(dev(p, 0x600)->nic.lan, "");
	assert_string_equal(dev(p, 0x600)->nic.vlans, "10");
	assert_int_equal(dev(p, 0x600)->nic.rate.bps, 1000000);
	assert_memory_equal(dev(p, 0x700)->mac, "\x02\x00\x01", 3);
	memcpy(chosen, dev(p, 0x700)->mac, 6);
	/* While somebody has it, another gets another; then it is as before. */
	q = make(e, &user, &err);
	assert_memory_not_equal(dev(q, 0x700)->mac, chosen, 6);
	partition_free(q);
	partition_free(p);
	p = make(e, &user, &err);
	assert_memory_equal(dev(p, 0x700)->mac, chosen, 6);
}

/* As many as a directory entry can have find their places. */
static void test_a_full_machine(void **state)
{
	struct engine *e = *state;
	struct partition *p;
	struct message err;

	add(&user, DIR_CONSOLE, 0x9);
	for (uint16_t i = 1; i < DIR_MAX_DEVICES; i++)
		add(&user, DIR_NIC, (uint16_t)(0x600 + i));
	p = make(e, &user, &err);
	assert_non_null(p);
	assert_int_equal(p->n_dev, PART_MAX_DEVICES);
	for (int i = 0; i < p->n_dev; i++)
		assert_in_range(p->dev[i].slot, 1, 31);
}

int main(void)
{
#define WITH_ENGINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		WITH_ENGINE(test_links),
		WITH_ENGINE(test_one_disk_by_two_names),
		WITH_ENGINE(test_link_to_nothing),
		WITH_ENGINE(test_made_with_its_size),
		WITH_ENGINE(test_files_that_cannot_be),
		WITH_ENGINE(test_absolute_names),
		WITH_ENGINE(test_slots),
		WITH_ENGINE(test_number_of_the_entropy_device),
		WITH_ENGINE(test_addresses),
		WITH_ENGINE(test_a_full_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
