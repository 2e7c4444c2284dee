/* NICs that come and go: what the process is asked, what its answers change, and which
 * places and addresses they get. */
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct record record; /* too large for a stack */

static int setup(void **state)
{
	static struct engine e;

	engine_init(&e);
	loop_clock_stop(e.cp.loop);
	engine_partition(&e, PS_RUNNING);
	e.p->pid = 4711;
	e.p->dev[0] =
		(struct part_dev) { .vdev = 0x9, .slot = 1, .type = PART_DEV_CONSOLE };
	e.p->dev[1] = (struct part_dev) { .vdev = 0xb, .slot = 2, .type = PART_DEV_RNG };
	e.p->dev[2] = (struct part_dev) { .vdev = 0x191,
		.slot = 3,
		.type = PART_DEV_DISK,
		.file = "/disks/alpha.191" };
	e.p->dev[3] = (struct part_dev) { .vdev = 0x600,
		.slot = 4,
		.type = PART_DEV_NIC,
		.mac = { 2, 0, 0, 1, 2, 3 },
		.nic.lan_owner = "SYSTEM",
		.nic.lan = "LABNET" };
	e.p->n_dev = 4;
	*state = &e;
	return 0;
}

static int teardown(void **state)
{
	engine_fini(*state);
	return 0;
}

/* What another cpd would find. */
static const struct partition *recorded(const struct engine *e)
{
	static char text[RECORD_MAX];
	char path[256];
	const char *why;
	size_t n;
	FILE *f = fopen(
		part_path(&e->cp, "ALPHA", PART_FILE_RECORD, path, sizeof(path)), "re");

	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_int_equal(record_parse(text, n, "ALPHA", &record, &why), 0);
	return &record.p;
}

static int define(struct engine *e, uint16_t vdev, struct told *told)
{
	struct message err;

	*told = (struct told) { 0 };
	return partition_define_nic(e->p, vdev, told_done, told, &err);
}

static int detach(struct engine *e, uint16_t vdev, struct told *told)
{
	struct message err;

	*told = (struct told) { 0 };
	return partition_detach_nic(e->p, vdev, told_done, told, &err);
}

/* Asks, and the process does it. */
static const struct part_dev *defined(struct engine *e, uint16_t vdev)
{
	struct told told;

	assert_int_equal(define(e, vdev, &told), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_PLUG), NULL, 0);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, 0);
	assert_non_null(partition_device(e->p, vdev));
	return partition_device(e->p, vdev);
}

static void detached(struct engine *e, uint16_t vdev)
{
	struct told told;

	assert_int_equal(detach(e, vdev, &told), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_UNPLUG), NULL, 0);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, 0);
	assert_null(partition_device(e->p, vdev));
}

static void test_define(void **state)
{
	struct engine *e = *state;
	struct part_device asked;
	const struct part_dev *nic;
	size_t len = sizeof(asked);
	struct told told;
	uint32_t id = 0;

	assert_int_equal(define(e, 0x610, &told), 0);
	assert_int_equal(peer_receive(e, &id, &asked, &len), PART_PLUG);
	assert_int_equal(len, sizeof(asked));
	assert_int_equal(asked.type, PART_DEV_NIC);
	assert_int_equal(asked.vdev, 0x610);
	assert_int_equal(asked.slot, PART_PLUG_SLOT);
	assert_int_equal(asked.fd_index, -1);
	assert_int_equal(asked.mac[0] & 3, 2); /* local, of one */
	/* Not before the process says so. */
	assert_int_equal(told.times, 0);
	assert_null(partition_device(e->p, 0x610));
	assert_int_equal(recorded(e)->n_dev, 4);
	assert_int_equal(recorded(e)->changing.vdev, 0x610);

	peer_send(e, PART_OK, id, NULL, 0);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, 0);
	nic = partition_device(e->p, 0x610);
	assert_non_null(nic);
	assert_int_equal(nic->type, PART_DEV_NIC);
	assert_int_equal(nic->slot, asked.slot);
	assert_memory_equal(nic->mac, asked.mac, 6);
	assert_string_equal(nic->nic.lan, "");
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(recorded(e)->n_dev, 5);
	assert_memory_equal(&recorded(e)->dev[4], nic, sizeof(*nic));
	assert_int_equal(recorded(e)->changing.type, 0);
}

static void test_detach(void **state)
{
	struct engine *e = *state;
	struct part_unplug asked;
	size_t len = sizeof(asked);
	struct told told;
	uint32_t id = 0;

	defined(e, 0x610);
	/* Also one of the directory's. */
	assert_int_equal(detach(e, 0x600, &told), 0);
	assert_int_equal(peer_receive(e, &id, &asked, &len), PART_UNPLUG);
	assert_int_equal(len, sizeof(asked));
	assert_int_equal(asked.vdev, 0x600);
	assert_non_null(partition_device(e->p, 0x600));
	assert_int_equal(recorded(e)->n_dev, 5);
	peer_send(e, PART_OK, id, NULL, 0);
	assert_int_equal(told.times, 1);
	assert_null(partition_device(e->p, 0x600));
	assert_int_equal(e->p->n_dev, 4);
	assert_non_null(partition_device(e->p, 0x610));
	assert_non_null(partition_device(e->p, 0x191));
	assert_int_equal(recorded(e)->n_dev, 4);
	assert_int_equal(recorded(e)->changing.type, 0);
}

static void test_what_cannot_be(void **state)
{
	struct engine *e = *state;
	struct message err;
	struct told told;

	assert_int_equal(define(e, 0x191, &told), MSG_DEVICE_EXISTS);
	assert_int_equal(define(e, 0x600, &told), MSG_DEVICE_EXISTS);
	assert_int_equal(detach(e, 0x610, &told), MSG_NO_DEVICE);
	assert_int_equal(
		partition_detach_nic(e->p, 0x191, NULL, NULL, &err), MSG_NOT_A_NIC);
	assert_string_equal(err.text, "ALPHA 0191 is not a NIC but a minidisk");
	assert_int_equal(detach(e, 0x9, &told), MSG_NOT_A_NIC);
	assert_int_equal(detach(e, 0xb, &told), MSG_NOT_A_NIC);
	e->p->version = 2; /* an older process has no such requests */
	assert_int_equal(
		partition_define_nic(e->p, 0x610, NULL, NULL, &err), MSG_PART_OLD);
	assert_non_null(strstr(err.text, "DEFINE NIC"));
	assert_int_equal(detach(e, 0x600, &told), MSG_PART_OLD);
	assert_int_equal(told.times, 0);
	assert_int_equal(peer_receive(e, NULL, NULL, NULL), 0);
}

/* What the process refuses is told, and all is as before: also the place is free. */
static void test_refused_by_the_process(void **state)
{
	struct engine *e = *state;
	struct told told;

	assert_int_equal(define(e, 0x610, &told), 0);
	peer_fail(e, peer_asked(e, PART_PLUG), PART_R_DEVICE, "0610 (NIC): ENOMEM");
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_DEVICE);
	assert_non_null(strstr(told.text, "ENOMEM"));
	assert_null(partition_device(e->p, 0x610));
	assert_int_equal(recorded(e)->changing.type, 0);
	assert_int_equal(defined(e, 0x620)->slot, PART_PLUG_SLOT);

	assert_int_equal(detach(e, 0x620, &told), 0);
	peer_fail(e, peer_asked(e, PART_UNPLUG), PART_R_PROTOCOL, "it is not there");
	assert_int_equal(told.number, MSG_PART_FAILED);
	assert_non_null(strstr(told.text, "DETACH NIC"));
	assert_non_null(partition_device(e->p, 0x620));
	assert_int_equal(recorded(e)->n_dev, 5);
	assert_int_equal(recorded(e)->changing.type, 0);
}

/* The answer counts when it comes; until then nothing else is begun. */
static void test_a_late_answer(void **state)
{
	struct engine *e = *state;
	struct told told, other;
	uint32_t id;

	assert_int_equal(define(e, 0x610, &told), 0);
	id = peer_asked(e, PART_PLUG);
	loop_clock_warp(e->cp.loop, 60 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_SILENT);
	assert_null(partition_device(e->p, 0x610));
	assert_int_equal(define(e, 0x610, &other), MSG_DEVICE_CHANGING);
	assert_int_equal(define(e, 0x620, &other), MSG_DEVICE_CHANGING);
	assert_int_equal(detach(e, 0x600, &other), MSG_DEVICE_CHANGING);

	peer_send(e, PART_OK, id, NULL, 0);
	assert_int_equal(told.times, 1);
	assert_non_null(partition_device(e->p, 0x610));
	assert_int_equal(recorded(e)->n_dev, 5);
	assert_int_equal(define(e, 0x610, &other), MSG_DEVICE_EXISTS);

	assert_int_equal(detach(e, 0x610, &told), 0);
	id = peer_asked(e, PART_UNPLUG);
	loop_clock_warp(e->cp.loop, 60 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.number, MSG_PART_SILENT);
	assert_non_null(partition_device(e->p, 0x610));
	peer_send(e, PART_OK, id, NULL, 0);
	assert_null(partition_device(e->p, 0x610));
	assert_int_equal(recorded(e)->n_dev, 4);
}

/* Where the record cannot say that it is under way, it is not begun. */
static void test_no_record(void **state)
{
	struct engine *e = *state;
	char path[128], away[160];
	struct told told;

	snprintf(path, sizeof(path), "%s/partitions", e->rundir);
	snprintf(away, sizeof(away), "%s.away", path);
	must(!rename(path, away));
	assert_int_equal(define(e, 0x610, &told), MSG_PART_FAILED);
	assert_int_equal(peer_receive(e, NULL, NULL, NULL), 0);
	must(!rename(away, path));
	assert_int_equal(defined(e, 0x610)->slot, PART_PLUG_SLOT);
}

static void test_the_end_answers(void **state)
{
	struct engine *e = *state;
	struct message err;
	struct told told;

	e->p->pid = 0;
	assert_int_equal(define(e, 0x610, &told), 0);
	assert_int_equal(partition_force(e->p, "OPERATOR", NULL, NULL, &err), 0);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_GONE);
	engine_settle(e);
	assert_true(list_empty(&e->cp.partitions));
}

/* ---- Places and addresses --------------------------------------------------------- */

/* No place is given twice, and when there is none left, that is said. */
static void test_places(void **state)
{
	struct engine *e = *state;
	struct told told;

	assert_int_equal(defined(e, 0x610)->slot, 16);
	assert_int_equal(defined(e, 0x611)->slot, 17);
	detached(e, 0x610);
	assert_int_equal(defined(e, 0x610)->slot, 18);
	for (uint16_t slot = 19; slot < 32; slot++) {
		detached(e, 0x610);
		assert_int_equal(defined(e, 0x610)->slot, slot);
	}
	detached(e, 0x610);
	assert_int_equal(define(e, 0x610, &told), MSG_NO_SLOT);
	assert_int_equal(peer_receive(e, NULL, NULL, NULL), 0);
}

/* The directory's devices may be where those that come would be; one of them that goes
 * leaves its place to nobody either. */
static void test_places_of_the_directory(void **state)
{
	struct engine *e = *state;

	e->p->dev[2].slot = 16;
	e->p->dev[3].slot = 18;
	assert_int_equal(defined(e, 0x610)->slot, 17);
	assert_int_equal(defined(e, 0x611)->slot, 19);
	detached(e, 0x600);
	detached(e, 0x610);
	assert_int_equal(defined(e, 0x600)->slot, 20);
	/* All but that of the disk, which is still there. */
	assert_int_equal(recorded(e)->used_slots, 0x1f << 16 & ~(1 << 16));
}

static void test_a_full_machine(void **state)
{
	struct engine *e = *state;
	struct told told;

	while (e->p->n_dev < PART_MAX_DEVICES) {
		e->p->dev[e->p->n_dev] =
			(struct part_dev) { .vdev = (uint16_t)(0x700 + e->p->n_dev),
				.slot = (uint16_t)(e->p->n_dev + 1),
				.type = PART_DEV_NIC };
		e->p->n_dev++;
	}
	assert_int_equal(define(e, 0x610, &told), MSG_TOO_MANY);
	detached(e, 0x600);
	assert_int_equal(defined(e, 0x610)->slot, 31);
	assert_int_equal(define(e, 0x620, &told), MSG_TOO_MANY);
}

/* The same each time; but nobody's who has it, or is about to. */
static void test_addresses(void **state)
{
	struct engine *e = *state;
	uint8_t first[6], other[6];
	struct partition *p;
	struct message err;

	memcpy(first, defined(e, 0x610)->mac, 6);
	memcpy(other, defined(e, 0x611)->mac, 6);
	assert_memory_not_equal(first, other, 6);
	detached(e, 0x610);
	assert_memory_equal(defined(e, 0x610)->mac, first, 6);
	detached(e, 0x610);

	p = partition_new(&e->cp, "BETA");
	assert_non_null(p);
	list_append(&e->cp.partitions, &p->node);
	memcpy(p->changing.mac, first, 6);
	assert_int_equal(partition_define_nic(e->p, 0x610, NULL, NULL, &err), 0);
	assert_memory_not_equal(e->p->changing.mac, first, 6);
}

int main(void)
{
#define WITH_ENGINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_define),
		WITH_ENGINE(test_detach),
		WITH_ENGINE(test_what_cannot_be),
		WITH_ENGINE(test_refused_by_the_process),
		WITH_ENGINE(test_a_late_answer),
		WITH_ENGINE(test_no_record),
		WITH_ENGINE(test_the_end_answers),
		WITH_ENGINE(test_places),
		WITH_ENGINE(test_places_of_the_directory),
		WITH_ENGINE(test_a_full_machine),
		WITH_ENGINE(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
