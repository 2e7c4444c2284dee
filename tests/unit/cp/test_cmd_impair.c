/* SET NIC: impairments and rates, whose they are, and what is in force then. */
#include "tests/unit/cp/front.h"

#include "cp/lan.h"

static struct ear *user(struct front *f)
{
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	ear_type(e, "define nic 600");
	twin.log[0] = '\0';
	return e;
}

static const struct part_nic_conf *conf(struct front *f)
{
	return &twin_nic(partition_find(&f->cp, "ALPHA"), 0x600)->nic;
}

static void test_impair(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);
	const struct lan_impair *in = &conf(f)->in, *out = &conf(f)->out;

	assert_int_equal(ear_type(e, "set nic 600 impair delay 10ms jitter 250us norm "
				     "loss 1.5% burst 3 dup 0.0001% re 2% corrupt 100% "
				     "rate 64k seed 7 out"),
		0);
	ear_heard(e, "NIC 0600 IN  not impaired\n");
	ear_heard(e, "NIC 0600 OUT DELAY 10ms JITTER 250us NORMAL LOSS 1.5% BURST 3 "
		     "DUPLICATE 0.0001% REORDER 2% CORRUPT 100% RATE 64k SEED 7\n");
	assert_int_equal(out->delay_ns, 10000000);
	assert_int_equal(out->jitter_ns, 250000);
	assert_int_equal(out->jitter, LAN_JITTER_NORMAL);
	assert_int_equal(out->loss, 15000);
	assert_int_equal(out->loss_burst, 3);
	assert_int_equal(out->duplicate, 1);
	assert_int_equal(out->reorder, 20000);
	assert_int_equal(out->corrupt, LAN_PPM);
	assert_int_equal(out->bps, 64000);
	assert_int_equal(out->seed, 7);
	assert_int_equal(in->delay_ns, 0);
	assert_string_equal(twin.log, "nic changed ALPHA 0600\nrecord ALPHA\n");
	ear_free(e);
}

/* What was in force for a direction is replaced, the other one is left. */
static void test_replaced(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "set nic 600 impair delay 1s loss 1%"), 0);
	assert_int_equal(conf(f)->in.delay_ns, 1000000000);
	assert_int_equal(conf(f)->out.loss, 10000);
	assert_true(conf(f)->in.seed == conf(f)->out.seed);
	assert_int_equal(ear_type(e, "set nic 600 impair loss 2% in seed 1"), 0);
	ear_heard(e, "NIC 0600 IN  LOSS 2% SEED 1\n");
	assert_int_equal(conf(f)->in.delay_ns, 0);
	assert_int_equal(conf(f)->out.delay_ns, 1000000000);
	assert_int_equal(ear_type(e, "set nic 600 impair off out"), 0);
	ear_heard(e, "NIC 0600 OUT not impaired\n");
	assert_int_equal(conf(f)->in.loss, 20000);
	assert_int_equal(ear_type(e, "set nic 600 impair off"), 0);
	ear_heard(e, "NIC 0600 IN  not impaired\n");
	ear_free(e);
}

/* The link is of no direction, and stays as it is where nothing is said of it. */
static void test_link(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "set nic 600 impair loss 1%"), 0);
	ear_did_not_hear(e, "LINK");
	assert_int_equal(ear_type(e, "set nic 600 impair link down"), 0);
	ear_heard(e, "NIC 0600 LINK DOWN\n");
	assert_int_equal(conf(f)->in.loss, 10000);
	assert_int_equal(ear_type(e, "set nic 600 impair loss 2%"), 0);
	ear_heard(e, "NIC 0600 LINK DOWN\n");
	assert_int_equal(ear_type(e, "set nic 600 impair off in"), 0);
	assert_true(conf(f)->link_down);
	assert_int_equal(ear_type(e, "set nic 600 impair link up"), 0);
	assert_false(conf(f)->link_down);
	assert_int_equal(ear_type(e, "set nic 600 impair link down"), 0);
	assert_int_equal(ear_type(e, "set nic 600 impair off"), 0);
	assert_false(conf(f)->link_down);
	ear_free(e);
}

static void test_rate(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "set nic 600 rate 100M"), 0);
	ear_heard(e, "NIC 0600 RATE 100M\n");
	assert_int_equal(conf(f)->rate.bps, 100000000);
	assert_int_equal(conf(f)->rate.burst, 0);
	assert_int_equal(ear_type(e, "set nic 600 rate 1500 burst 64K"), 0);
	ear_heard(e, "NIC 0600 RATE 1500 BURST 64K\n");
	assert_int_equal(conf(f)->rate.burst, 65536);
	assert_int_equal(ear_type(e, "set nic 600 rate off"), 0);
	ear_heard(e, "NIC 0600 has no limit of its rate\n");
	assert_int_equal(conf(f)->rate.bps, 0);
	ear_free(e);
}

static void test_operands(void **state)
{
	static const struct {
		const char *what;
		int rc;
	} cases[] = {
		{ "", 26 },
		{ " frob", 3 },
		{ " impair", 26 },
		{ " impair in", 26 },
		{ " impair frob", 3 },
		{ " impair delay", 26 },
		{ " impair delay fast", 2 },
		{ " impair delay 61s", 2 },
		{ " impair jitter 1ms", 26 },
		{ " impair delay 1ms jitter 1ms bell", 3 },
		{ " impair loss 1", 2 },
		{ " impair loss 101%", 2 },
		{ " impair loss 0.00001%", 2 },
		{ " impair loss 1% burst 0", 2 },
		{ " impair loss 1% loss 2%", 13 },
		{ " impair loss 1% in out", 13 },
		{ " impair rate 0", 2 },
		{ " impair link", 26 },
		{ " impair link sideways", 3 },
		{ " impair link down in", 13 },
		{ " impair seed -1", 2 },
		{ " impair off loss 1%", 3 },
		{ " rate", 26 },
		{ " rate fast", 2 },
		{ " rate 0", 2 },
		{ " rate 1M burst 0K", 2 },
		{ " rate 1M burst 2G", 2 },
		{ " rate 1M in", 3 },
		{ " rate off burst 1K", 3 },
		{ " user nobody rate 1M", 1 },
	};
	struct front *f = *state;
	struct ear *e = user(f);
	char line[80];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "set nic 600%s", cases[i].what);
		if (ear_type(e, line) != cases[i].rc)
			fail_msg("%s gives:\n%s", line, e->text);
	}
	assert_int_equal(ear_type(e, "set nic"), 22);
	assert_int_equal(ear_type(e, "set nic 610 impair loss 1%"), 40);
	assert_int_equal(ear_type(e, "set nic 191 rate 1M"), 40);
	assert_string_equal(twin.log, "");
	ear_free(e);
}

/* Others' NICs are class B's. */
static void test_whose(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f), *b = ear_create(f, "MAINT", "B"),
		   *g = ear_create(f, "BETA", "G"), *c = ear_create(f, "GAMMA", "CG");

	assert_int_equal(ear_type(g, "set nic 600 user alpha rate 1M"), 1);
	assert_int_equal(ear_type(c, "set nic 600 user alpha rate 1M"), 1);
	assert_int_equal(ear_type(b, "set nic 600 user alpha rate 1M"), 0);
	assert_int_equal(ear_type(b, "set nic 600 user alpha impair loss 1%"), 0);
	assert_int_equal(ear_type(b, "set nic 600 user beta rate 1M"), 45);
	assert_int_equal(ear_type(b, "set nic 600 rate 1M"), 45);
	assert_int_equal(ear_type(e, "set nic 600 user alpha rate 2M"), 0);
	ear_free(e);
	ear_free(b);
	ear_free(g);
	ear_free(c);
}

static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	session_command(&e->s, 7, true,
		"set nic 600 impair delay 10ms loss 0.5% rate 1M seed 3 in");
	ear_heard(e, "\"command\":\"SET NIC\",\"rc\":0");
	ear_heard(e, "\"impair\":{\"link_down\":false,\"in\":{\"delay_ns\":10000000,"
		     "\"jitter_ns\":0,\"jitter_shape\":\"uniform\",\"loss_percent\":0.5,"
		     "\"loss_burst\":1,\"duplicate_percent\":0.0,\"reorder_percent\":0.0,"
		     "\"corrupt_percent\":0.0,\"rate_bps\":1000000,\"seed\":3},"
		     "\"out\":{\"delay_ns\":0,");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_impair),
		TEST(test_replaced),
		TEST(test_link),
		TEST(test_rate),
		TEST(test_operands),
		TEST(test_whose),
		TEST(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
