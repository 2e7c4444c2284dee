/* What the process of a LAN says, true or not, and what becomes of its members then. */
#include "tests/unit/cp/lan_fixture.h"

static void say_event(struct lab *l, uint32_t kind, uint32_t id, const char *text)
{
	uint8_t buf[256];
	const struct lan_event ev = { .kind = kind, .id = id };

	memcpy(buf, &ev, sizeof(ev));
	memcpy(buf + sizeof(ev), text, strlen(text));
	lab_say(l, l->peer, LAN_EVENT, 0, buf, sizeof(ev) + strlen(text));
}

static uint32_t member_id(struct lab *l)
{
	const struct lan_member *m = lan_member_find(l->lan, "ALPHA", 0x600);

	return m ? m->id : 0;
}

/* The old port goes, and there is another by another number. */
static void replugged(struct lab *l, uint32_t old)
{
	struct lan_port port;
	struct lan_id id;

	lab_lan_does(l, LAN_PORT_DEL, &id, sizeof(id));
	assert_int_equal(id.id, old);
	lab_lan_does(l, LAN_PORT_ADD, &port, sizeof(port));
	assert_int_not_equal(port.id, old);
	assert_true(lab_part_does(l, 1).flags & PART_NIC_COUPLE);
}

static void test_a_port_is_detached(void **state)
{
	struct lab *l = *state;
	uint32_t id;

	lab_couple(l);
	id = member_id(l);
	say_event(l, LAN_EV_PORT_GONE, id, "its ring is wrong");
	assert_int_equal(front_twin_said(MSG_NIC_DETACHED), 1);
	replugged(l, id);
	say_event(l, LAN_EV_PORT_GONE, id, "of the one before"); /* nobody's */
	nothing_is_asked(l);
}

static void test_too_often(void **state)
{
	struct lab *l = *state;

	loop_clock_stop(l->e.cp.loop);
	lab_couple(l);
	for (int i = 0; i < 5; i++) {
		uint32_t id = member_id(l);

		say_event(l, LAN_EV_PORT_GONE, id, "");
		replugged(l, id);
	}
	say_event(l, LAN_EV_PORT_GONE, member_id(l), "");
	assert_int_equal(lab_part_does(l, 0).flags, 0);
	assert_int_equal(front_twin_said(MSG_NIC_GIVEN_UP), 1);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	assert_string_equal(lab_lan_of(l), "");
}

static void test_the_partition_lost_it(void **state)
{
	struct lab *l = *state;
	const struct part_event ev = { .kind = PART_EV_NIC_LOST, .vdev = 0x600 };
	const struct part_event other = { .kind = PART_EV_NIC_LOST, .vdev = 0x999 };
	uint32_t id;

	lab_say(l, l->e.peer, PART_EVENT, 0, &ev, sizeof(ev)); /* coupled to nothing */
	lab_couple(l);
	id = member_id(l);
	lab_say(l, l->e.peer, PART_EVENT, 0, &other, sizeof(other));
	nothing_is_asked(l);
	lab_say(l, l->e.peer, PART_EVENT, 0, &ev, sizeof(ev));
	lab_say(l, l->e.peer, PART_EVENT, 0, &ev, sizeof(ev)); /* said already */
	replugged(l, id);
	nothing_is_asked(l);
}

/* Its members wait for the next process, and are not told. */
static void broken(struct lab *l)
{
	assert_false(wire_is_open(&l->lan->link->link.wire));
	assert_int_equal(l->lan->state, LS_STARTING);
	assert_string_equal(lab_lan_of(l), "LABNET");
}

static void test_hostile(void **state)
{
	struct lab *l = *state;
	const struct lan_event unknown = { .kind = 99 };
	static const struct {
		uint16_t type;
		uint32_t id;
	} cases[] = { { LAN_OK, 77 }, { LAN_FAIL, 77 }, { LAN_HELLO_ANSWER, 1 }, { 3, 0 },
		{ 200, 0 } };

	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		lab_teardown(state);
		lab_setup(state);
		l = *state;
		/* Who is killed is nobody. */
		close(l->lan->link->service.id.pidfd);
		l->lan->link->service.id.pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		lab_couple(l);
		if (i < sizeof(cases) / sizeof(cases[0]))
			lab_say(l, l->peer, cases[i].type, cases[i].id, NULL, 0);
		else
			lab_say(l, l->peer, LAN_EVENT, 0, &unknown, sizeof(unknown));
		broken(l);
	}
}

static void gathered(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	told_bytes(ctx, m, bytes, len);
}

struct stat_record {
	struct lan_stat all;
	struct lan_stat_port port[2];
};

static void test_counters_in_parts(void **state)
{
	struct lab *l = *state;
	struct stat_record s = { .port = { { .id = 1 }, { .id = 5 } } };
	struct told told = { 0 };
	struct message err;
	struct asked a;
	uint32_t from;

	assert_int_equal(lan_stat_all(l->lan, gathered, &told, &err), 0);
	a = lab_asked(l->peer);
	assert_int_equal(a.type, LAN_STAT);
	lab_say(l, l->peer, LAN_OK, a.id, &s, sizeof(s));
	a = lab_asked(l->peer);
	memcpy(&from, a.data, sizeof(from));
	assert_int_equal(from, 5);
	s.port[0].id = 6;
	lab_say(l, l->peer, LAN_OK, a.id, &s, sizeof(s.all) + sizeof(s.port[0]));
	a = lab_asked(l->peer);
	assert_int_equal(told.times, 0);
	lab_say(l, l->peer, LAN_OK, a.id, &s, sizeof(s.all));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, 0);
	assert_int_equal(told.len, sizeof(s.all) + 3 * sizeof(s.port[0]));
}

static void test_counters_without_end(void **state)
{
	struct lab *l = *state;
	struct stat_record s = { .port = { { .id = 1 }, { .id = 5 } } };
	struct told told = { 0 };
	struct message err;

	close(l->lan->link->service.id.pidfd);
	l->lan->link->service.id.pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lan_stat_all(l->lan, gathered, &told, &err), 0);
	lab_say(l, l->peer, LAN_OK, lab_asked(l->peer).id, &s, sizeof(s));
	lab_say(l, l->peer, LAN_OK, lab_asked(l->peer).id, &s, sizeof(s));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_LAN_REFUSED);
	assert_false(wire_is_open(&l->lan->link->link.wire));
}

/* The tables of who may be in which VLANs. */
static void test_vlans(void **state)
{
	struct lab *l = *state;
	static const struct {
		bool restricted, trunk;
		const char *granted, *nic; /* granted NULL: there is no grant */
		int number;                /* of the refusal, or 0 */
		bool is_trunk;
		uint16_t native;
		uint16_t in, out; /* VLANs that are in the set of a trunk, and not */
	} cases[] = {
		{ false, false, NULL, "", 0, false, 1, 0, 0 },
		{ false, false, NULL, "20", 0, false, 20, 0, 0 },
		{ false, false, NULL, "1,20-22", 0, true, 1, 21, 30 },
		{ false, true, "5-9", "", 0, true, 0, 9, 1 },
		{ false, false, "5", "", 0, false, 5, 0, 0 },
		{ true, false, NULL, "", MSG_LAN_NOT_AUTHORIZED, false, 0, 0, 0 },
		{ true, false, "", "", 0, false, 1, 0, 0 },
		{ true, false, "", "20", MSG_NIC_VLANS, false, 0, 0, 0 },
		{ true, false, "5-9", "", MSG_NIC_VLANS, false, 0, 0, 0 },
		{ true, false, "5-9", "6", 0, false, 6, 0, 0 },
		{ true, true, "5-9", "6,7,300", 0, true, 0, 7, 300 },
		{ true, true, "1,5-9", "300", MSG_NIC_VLANS, false, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lan_def *def = &l->lan->def;
		struct part_dev *nic = lan_nic(l->e.p, 0x600);
		struct lan_port port;
		struct message err;

		def->aware = true;
		def->restricted = cases[i].restricted;
		def->n_grants = cases[i].granted != NULL;
		def->grant[0] = (struct lan_grant) { .userid = "ALPHA",
			.trunk = cases[i].trunk };
		if (cases[i].granted)
			strcpy(def->grant[0].vlans, cases[i].granted);
		strcpy(nic->nic.vlans, cases[i].nic);
		assert_int_equal(
			lan_port_of(l->lan, "ALPHA", nic, &port, &err), cases[i].number);
		if (cases[i].number)
			continue;
		assert_int_equal((port.flags & LAN_PORT_TRUNK) != 0, cases[i].is_trunk);
		assert_int_equal(port.native, cases[i].native);
		if (!cases[i].is_trunk)
			continue;
		assert_true(port.vlans[cases[i].in / 8] >> cases[i].in % 8 & 1);
		assert_false(port.vlans[cases[i].out / 8] >> cases[i].out % 8 & 1);
	}
}

static void test_unaware(void **state)
{
	struct lab *l = *state;
	struct part_dev *nic = lan_nic(l->e.p, 0x600);
	struct lan_port port;
	struct message err;

	assert_int_equal(lan_port_of(l->lan, "ALPHA", nic, &port, &err), 0);
	assert_int_equal(port.native, 0);
	strcpy(nic->nic.vlans, "5");
	assert_int_equal(lan_port_of(l->lan, "ALPHA", nic, &port, &err), MSG_LAN_UNAWARE);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_a_port_is_detached),
		LAB(test_too_often),
		LAB(test_the_partition_lost_it),
		LAB(test_hostile),
		LAB(test_counters_in_parts),
		LAB(test_counters_without_end),
		LAB(test_vlans),
		LAB(test_unaware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
