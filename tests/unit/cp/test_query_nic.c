/* QUERY NIC: what is shown of NICs, and to whom. */
#include "tests/unit/cp/front.h"

#include "cp/lan.h"

/* ALPHA with two NICs, of which 0600 is connected to LABNET. */
static struct ear *user(struct front *f)
{
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	twin_system_lan(&f->cp, "LABNET");
	ear_type(e, "define nic 600");
	ear_type(e, "define nic 610");
	ear_type(e, "couple 600 to system labnet");
	return e;
}

static void test_all(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "query nic"), 0);
	ear_heard(e, "out 7: NIC 0600 MAC 02:00:01:00:06:00  LAN SYSTEM LABNET  LINK UP  "
		     "SHARED\n"
		     "NIC 0610 MAC 02:00:01:00:06:10  LAN * NONE  LINK DOWN\n");
	assert_int_equal(ear_type(e, "set nic 600 rate 100M"), 0);
	assert_int_equal(ear_type(e, "set nic 600 impair link down"), 0);
	lan_find(&f->cp, "SYSTEM", "LABNET")->def.bounce = true;
	assert_int_equal(ear_type(e, "query nic all"), 0);
	ear_heard(e, "LAN SYSTEM LABNET  LINK DOWN  BOUNCE  RATE 100M\n");
	assert_int_equal(ear_type(e, "query nic 610"), 0);
	ear_did_not_hear(e, "0600");
	ear_free(e);
}

static void test_details(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "set nic 600 impair loss 1% seed 4 in"), 0);
	assert_int_equal(ear_type(e, "query nic details"), 0);
	ear_heard(e,
		"NIC 0600 IN  LOSS 1% SEED 4\n"
		"NIC 0600 OUT not impaired\n"
		"  RX Packets: 100                  Discarded: 3\n"
		"    RX Discarded: 1                    not from the NIC's own address\n"
		"    RX Discarded: 2                    over the NIC's rate\n"
		"  TX Packets: 10                   Discarded: 0\n");
	ear_heard(e, "NIC 0610 OUT not impaired\n");
	assert_int_equal(heard(e, "RX Packets"), 1);
	ear_free(e);
}

static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	session_command(&e->s, 7, true, "query nic 600");
	ear_heard(e, "\"records\":[{\"userid\":\"ALPHA\",\"vdev\":\"0600\","
		     "\"lan\":\"LABNET\",\"lan_owner\":\"SYSTEM\","
		     "\"mac\":\"02:00:01:00:06:00\",\"connected\":true,\"link\":\"up\","
		     "\"plug\":\"shared\",\"vlans\":\"\",\"rate_bps\":0,\"rate_burst\":0,"
		     "\"impair\":{\"link_down\":false,\"in\":{");
	ear_did_not_hear(e, "rx_frames");
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "query nic 610 details");
	ear_heard(e, "\"lan\":\"\",\"lan_owner\":\"\",\"mac\":\"02:00:01:00:06:10\","
		     "\"connected\":false,\"link\":\"down\",\"plug\":null");
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "query nic 600 details");
	ear_heard(e, "\"state\":\"up\",\"rx_frames\":100,\"tx_frames\":10,");
	ear_heard(e, "\"spoofed\":1,\"vlan\":0,\"link_down\":0,\"rate\":2,\"loss\":0,");
	ear_heard(e, "\"tx_drops\":{\"runt\":0,");
	ear_free(e);
}

static void test_none(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "BETA", "G");

	assert_int_equal(ear_type(e, "query nic"), 45);
	twin_partition(&f->cp, "BETA");
	assert_int_equal(ear_type(e, "query nic"), 0);
	ear_heard(e, "BETA has no NIC\n");
	assert_int_equal(ear_type(e, "query nic 600"), 40);
	assert_int_equal(ear_type(e, "query nic 191"), 40);
	assert_int_equal(ear_type(e, "query nic 12345"), 22);
	assert_int_equal(ear_type(e, "query nic all 600"), 3);
	ear_free(e);
}

static void test_whose(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f), *b = ear_create(f, "MAINT", "B"),
		   *g = ear_create(f, "BETA", "G");

	assert_int_equal(ear_type(g, "query nic user alpha"), 1);
	assert_int_equal(ear_type(b, "query nic user alpha"), 0);
	ear_heard(b, "NIC 0600");
	assert_int_equal(ear_type(b, "query nic 610 user alpha details"), 0);
	assert_int_equal(ear_type(b, "query nic user beta"), 45);
	assert_int_equal(ear_type(e, "query nic user alpha"), 0);
	ear_free(e);
	ear_free(b);
	ear_free(g);
}

/* A NIC whose LAN has gone, and one whose LAN does not answer. */
static void test_lan_gone(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	lan_twin.refuse_bytes = MSG_LAN_NOT_HERE;
	assert_int_equal(ear_type(e, "query nic 600 details"), 0);
	ear_heard(e, "NIC 0600 OUT not impaired\n");
	ear_did_not_hear(e, "RX Packets");
	lan_twin.fail_bytes = MSG_LAN_NOT_HERE;
	assert_int_equal(ear_type(e, "query nic 600 details"), 0);
	ear_heard(e, "NIC 0600 OUT not impaired\n");
	twin_free_lans(&f->cp);
	assert_int_equal(ear_type(e, "query nic 600"), 0);
	ear_heard(e, "LAN SYSTEM LABNET is not there  LINK DOWN\n");
	ear_free(e);
}

static void test_answered_later(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f), *other = ear_create(f, "ALPHA", "G");

	lan_twin.late = true;
	assert_int_equal(ear_type(e, "query nic details"), -1);
	twin_lans_go_on(&f->cp);
	assert_int_equal(e->done, 4);
	ear_heard(e, "RX Packets: 100");
	ear_heard(e, "NIC 0610");
	/* Its partition ends while the LAN is asked. */
	assert_int_equal(ear_type(e, "query nic details"), -1);
	twin_end_all(&f->cp);
	twin_lans_go_on(&f->cp);
	assert_int_equal(e->done, 5);
	ear_did_not_hear(e, "NIC 0600");
	/* Who asked has gone. */
	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(other, "query nic details"), 0);
	ear_free(other);
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_details),
		TEST(test_json),
		TEST(test_none),
		TEST(test_whose),
		TEST(test_lan_gone),
		TEST(test_answered_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
