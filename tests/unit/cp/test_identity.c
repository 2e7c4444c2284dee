/* For whom CP takes a process of the host. */
#include "tests/unit/cp/front.h"

#include "cp/identity.h"

#include <sys/socket.h>

#define GROUP 777

static struct identity of(struct front *f, struct peer peer)
{
	struct identity who;

	identity_of(&f->cp, &peer, GROUP, &who);
	return who;
}

static void test_root(void **state)
{
	struct identity who = of(*state, (struct peer) { .uid = 0 });

	assert_true(who.host_operator);
	assert_string_equal(who.userid, "OPERATOR");
	assert_string_equal(who.classes, "ABCDEFG");
}

static void test_group(void **state)
{
	struct peer peer = { .uid = 1000, .group = { 1000, 5, GROUP }, .n_groups = 3 };

	assert_true(of(*state, peer).host_operator);
	peer.n_groups = 2;
	assert_false(of(*state, peer).host_operator);
}

/* Nobody is in a group that does not exist. */
static void test_no_group(void **state)
{
	struct front *f = *state;
	struct peer peer = { .uid = 1000, .group = { (gid_t)-1 }, .n_groups = 1 };
	struct identity who;

	identity_of(&f->cp, &peer, (gid_t)-1, &who);
	assert_false(who.host_operator);
}

static void test_own_uid(void **state)
{
	struct front *f = *state;
	struct peer peer = { .uid = geteuid() ? geteuid() : 4242 };

	assert_false(of(f, peer).host_operator);
	f->cp.privileged = false;
	peer.uid = geteuid();
	assert_true(of(f, peer).host_operator);
}

static void test_host_uid(void **state)
{
	struct identity who = of(*state, (struct peer) { .uid = 4711 });

	assert_false(who.host_operator);
	assert_string_equal(who.userid, "GAMMA");
	assert_string_equal(who.classes, "G");
}

static void test_nobody(void **state)
{
	struct identity who = of(*state, (struct peer) { .uid = 4712 });

	assert_false(who.host_operator);
	assert_string_equal(who.userid, "");
	assert_string_equal(who.classes, "");
}

static void test_configured_operator(void **state)
{
	struct front *f = *state;
	struct identity who;

	snprintf(f->cp.config->operator_id, sizeof(f->cp.config->operator_id), "MAINT");
	snprintf(f->cp.config->operator_classes, sizeof(f->cp.config->operator_classes),
		"AB");
	who = of(f, (struct peer) { .uid = 0 });
	assert_string_equal(who.userid, "MAINT");
	assert_string_equal(who.classes, "AB");
}

static void test_the_kernel_knows(void **state)
{
	struct peer peer;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	assert_int_equal(peer_read(fd[0], &peer), 0);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.group[0], getegid());
	assert_in_range(peer.n_groups, 1, PEER_MAX_GROUPS);
	close(fd[0]);
	close(fd[1]);
	assert_true(peer_read(-1, &peer) < 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_root),
		TEST(test_group),
		TEST(test_no_group),
		TEST(test_own_uid),
		TEST(test_host_uid),
		TEST(test_nobody),
		TEST(test_configured_operator),
		TEST(test_the_kernel_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
