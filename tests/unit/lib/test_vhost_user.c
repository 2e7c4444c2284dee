/* vhost-user messages: what is sent arrives, what is no message is refused whole. */
#include "cp/lib/vhost_user.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int sv[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
}

static int teardown(void **state)
{
	(void)state;
	close(sv[0]);
	close(sv[1]);
	return 0;
}

static int lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void test_every_request_crosses(void **state)
{
	(void)state;
	for (uint32_t request = 0; request < 64; request++) {
		struct vhost_user_msg out = { .request = request }, in;

		if (vhost_user_size(request, false, 0) < 0) {
			assert_int_equal(vhost_user_send(sv[0], &out), -EINVAL);
			continue;
		}
		out.addr.index = request == VHU_SET_MEM_TABLE ? 2 : request;
		out.addr.desc = 0x1122334455667788;
		assert_int_equal(vhost_user_send(sv[0], &out), 0);
		assert_int_equal(vhost_user_recv(sv[1], &in, 1000), 0);
		assert_int_equal(in.request, request);
		assert_int_equal(in.size, out.size);
		assert_memory_equal(&in.number, &out.number, out.size);
	}
}

static void test_descriptors_cross(void **state)
{
	struct vhost_user_msg out = { .request = VHU_SET_VRING_KICK, .n_fds = 1 }, in;
	uint64_t one = 1, got = 0;

	(void)state;
	out.fds[0] = eventfd(0, 0);
	assert_int_equal(vhost_user_send(sv[0], &out), 0);
	assert_int_equal(vhost_user_recv(sv[1], &in, 1000), 0);
	assert_int_equal(in.n_fds, 1);
	assert_int_equal(write(out.fds[0], &one, 8), 8);
	assert_int_equal(read(in.fds[0], &got, 8), 8);
	assert_int_equal(got, 1);
	vhost_user_close_fds(&in);
	close(out.fds[0]);
}

static void test_reply_is_waited_for(void **state)
{
	struct vhost_user_msg reply = { .request = VHU_GET_FEATURES, .flags = VHU_REPLY };
	struct vhost_user_msg ask = { .request = VHU_GET_FEATURES };

	(void)state;
	reply.number = 0x140000000;
	assert_int_equal(vhost_user_send(sv[1], &reply), 0);
	assert_int_equal(vhost_user_ask(sv[0], &ask, 1000), 0);
	assert_int_equal(ask.number, 0x140000000);

	ask = (struct vhost_user_msg) { .request = VHU_GET_FEATURES };
	assert_int_equal(vhost_user_ask(sv[0], &ask, 10), -ETIMEDOUT);
	ask = (struct vhost_user_msg) { .request = VHU_GET_FEATURES };
	reply.request = VHU_GET_PROTOCOL_FEATURES;
	assert_int_equal(vhost_user_send(sv[1], &reply), 0);
	assert_int_equal(vhost_user_ask(sv[0], &ask, 1000), -EPROTO);
}

static void test_the_other_side_goes(void **state)
{
	struct vhost_user_msg in;
	const uint32_t half[] = { VHU_SET_FEATURES, VHU_VERSION, 8, 1 };

	(void)state;
	assert_int_equal(write(sv[0], half, sizeof(half)), sizeof(half));
	shutdown(sv[0], SHUT_WR);
	assert_int_equal(vhost_user_recv(sv[1], &in, 1000), -EPIPE);
	assert_int_equal(vhost_user_recv(sv[1], &in, 1000), -EPIPE);
}

/* Whoever does not read is not waited for, also on a socket that blocks. */
static void test_the_other_side_does_not_read(void **state)
{
	struct vhost_user_msg out = { .request = VHU_SET_FEATURES };
	int err = 0;

	(void)state;
	for (int i = 0; i < 1000000 && !err; i++)
		err = vhost_user_send(sv[0], &out);
	assert_int_equal(err, -EAGAIN);
}

/* A message of 264 bytes, one of them every 20 ms. */
static void *trickle(void *arg)
{
	const uint32_t head[] = { VHU_SET_MEM_TABLE, VHU_VERSION, 264 };
	struct timespec pause = { 0, 20 * 1000000 };
	int fd = *(int *)arg;

	if (send(fd, head, sizeof(head), MSG_NOSIGNAL) < 0)
		return NULL;
	while (send(fd, "", 1, MSG_NOSIGNAL) == 1)
		nanosleep(&pause, NULL);
	return NULL;
}

/* The time is for the whole message, not for each piece of it. */
static void test_a_message_that_trickles(void **state)
{
	struct vhost_user_msg in;
	struct timespec from, to;
	pthread_t thread;
	int err;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, trickle, &sv[0]), 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	err = vhost_user_recv(sv[1], &in, 200);
	clock_gettime(CLOCK_MONOTONIC, &to);
	shutdown(sv[1], SHUT_RDWR);
	pthread_join(thread, NULL);
	assert_int_equal(err, -ETIMEDOUT);
	assert_true(to.tv_sec - from.tv_sec <= 2);
}

static void test_bad_headers(void **state)
{
	static const uint32_t bad[][5] = {
		{ 0, VHU_VERSION, 0 },                  /* no such request */
		{ VHU_SET_OWNER, 0, 0 },                /* no version */
		{ VHU_SET_OWNER, VHU_VERSION, 8 },      /* too long */
		{ VHU_SET_FEATURES, VHU_VERSION, 4 },   /* too short */
		{ VHU_SET_FEATURES, VHU_VERSION, ~0u }, /* absurd */
		{ VHU_SET_MEM_TABLE, VHU_VERSION, 8, 9, 0 },
		{ VHU_SET_MEM_TABLE, VHU_VERSION, 8, ~0u, 0 },
		{ VHU_SET_MEM_TABLE, VHU_VERSION, 4, 1 },
	};
	struct vhost_user_msg in;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(write(sv[0], bad[i], sizeof(bad[i])), sizeof(bad[i]));
		assert_int_equal(vhost_user_recv(sv[1], &in, 1000), -EPROTO);
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void test_no_descriptor_leaks(void **state)
{
	struct vhost_user_msg out = { .request = VHU_SET_VRING_CALL, .n_fds = 1 }, in;
	int before = lowest_free_fd();

	(void)state;
	out.fds[0] = 0;
	out.flags = 0;
	assert_int_equal(vhost_user_send(sv[0], &out), 0);
	assert_int_equal(vhost_user_recv(sv[1], &in, 1000), 0);
	vhost_user_close_fds(&in);
	assert_int_equal(lowest_free_fd(), before);
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* A vCPU's thread is sent signals for other reasons. */
static void test_signals_do_not_end_the_wait(void **state)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = on_signal }, old;
	struct vhost_user_msg in;
	int err;

	(void)state;
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	err = vhost_user_recv(sv[1], &in, 100);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(err, -ETIMEDOUT);
	assert_true(signals > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_every_request_crosses, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_signals_do_not_end_the_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors_cross, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_reply_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_other_side_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_other_side_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_message_that_trickles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_no_descriptor_leaks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
