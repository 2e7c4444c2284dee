/* An interface of the host as an uplink: one end of a pair, in a network namespace of
 * this test's own; a packet socket is the station at the other. */
#include "tests/unit/vlan/uplink_fixture.h"
#include "tests/unit/vlan/uplink_packets.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>

#define EXPERIMENT 0x88b5

static void run_ip(const char *words)
{
	char command[200];

	snprintf(command, sizeof(command), "ip %s", words);
	assert_int_equal(system(command), 0);
}

static int packet_socket(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(EXPERIMENT),
		.sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

struct if_test {
	struct fixture x;
	struct uplink_process u;
	int other;
};

static int begin(void **state)
{
	struct if_test *t = calloc(1, sizeof(*t));

	run_ip("link add uplink0 type veth peer name other0");
	run_ip("link set uplink0 up");
	run_ip("link set other0 up");
	t->other = packet_socket("other0");
	uplink_begin(&t->x, &t->u, "if", "interface=uplink0\nmtu=1500\n");
	*state = t;
	if (!uplink_is_ready(&t->u))
		fail_msg("the uplink says: %s", t->u.said);
	return 0;
}

/* Of a pair both go. */
static int end(void **state)
{
	struct if_test *t = *state;

	uplink_end(&t->x, &t->u);
	close(t->other);
	if (if_nametoindex("uplink0"))
		run_ip("link del uplink0");
	free(t);
	return 0;
}

static const uint8_t *frame_of(size_t len)
{
	static uint8_t b[2000];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 5 + len);
	memcpy(b, to_all, 6);
	memcpy(b + 6, guest_mac, 6);
	store16(b + 12, EXPERIMENT);
	return b;
}

static bool is_experiment(const struct got *g, void *ctx)
{
	return load16(g->bytes + 12) == EXPERIMENT && g->len == *(size_t *)ctx;
}

static void frames_come_and_go(void **state)
{
	struct if_test *t = *state;

	for (size_t len = 60; len < 1514; len += 97) {
		uint64_t give_up = lan_now() + UINT64_C(10000000000);
		const struct got *g;
		uint8_t b[2000];
		ssize_t n = -1;

		assert_int_equal(send(t->other, frame_of(len), len, 0), len);
		g = await_frame(&t->x, is_experiment, &len);
		assert_non_null(g);
		assert_memory_equal(g->bytes, frame_of(len), len);
		t->x.n_got = 0;
		peer_sends(&t->x, frame_of(len), len, NULL);
		for (; n < 0 && lan_now() < give_up; turn(&t->x))
			n = recv(t->other, b, sizeof(b), 0);
		assert_int_equal(n, len);
		assert_memory_equal(b, frame_of(len), len);
	}
}

/* What we put out does not come back as if another had sent it. */
static void nothing_comes_back(void **state)
{
	struct if_test *t = *state;
	size_t mark = 77;

	for (int i = 0; i < 20; i++)
		peer_sends(&t->x, frame_of(100), 100, NULL);
	for (ssize_t n = 0; n < 20;) {
		uint8_t b[200];

		n += recv(t->other, b, sizeof(b), 0) > 0;
		turn(&t->x);
	}
	assert_int_equal(send(t->other, frame_of(mark), mark, 0), mark);
	assert_non_null(await_frame(&t->x, is_experiment, &mark));
	for (int i = 0; i < t->x.n_got; i++)
		assert_false(is_experiment(&t->x.got[i], &(size_t) { 100 }));
}

static void an_interface_that_is_down_comes_back(void **state)
{
	struct if_test *t = *state;
	size_t len = 88;

	run_ip("link set uplink0 down");
	turn(&t->x);
	run_ip("link set uplink0 up");
	run_ip("link set other0 up");
	close(t->other);
	t->other = packet_socket("other0");
	assert_int_equal(send(t->other, frame_of(len), len, 0), len);
	assert_non_null(await_frame(&t->x, is_experiment, &len));
	assert_int_equal(t->x.n_gone, 0);
}

static void an_interface_that_is_removed_is_its_end(void **state)
{
	struct if_test *t = *state;
	uint64_t give_up = lan_now() + UINT64_C(10000000000);

	run_ip("link del uplink0");
	while (!t->x.n_gone && lan_now() < give_up)
		turn(&t->x);
	assert_int_equal(t->x.n_gone, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(frames_come_and_go),
		TEST(nothing_comes_back),
		TEST(an_interface_that_is_down_comes_back),
		TEST(an_interface_that_is_removed_is_its_end),
	};

	if (geteuid() || unshare(CLONE_NEWNET)) {
		printf("ok 1 # SKIP a network namespace needs root: %s\n",
			strerror(errno));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
