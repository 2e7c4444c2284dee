/* Our NIC, by both plugs, on a backend of others' making: DPDK's vhost library, behind
 * which testpmd sends each frame back to where it came from. */
#include "partitions/dev/nic.h"
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT   7
#define VDEV   0x0600
#define HEADER sizeof(struct virtio_net_hdr_v1)
#define RING   64
#define BUFFER 2048
#define BIT(n) (UINT64_C(1) << (n))
#define AGREED                                                                           \
	(DRIVER_VERSION_1 | DRIVER_EVENT_IDX | DRIVER_INDIRECT | BIT(VIRTIO_NET_F_MAC) | \
		BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MRG_RXBUF))

enum { RX, TX, QUEUES };

extern char **environ;

static struct fake_machine *f;
static struct device *net;
static struct virtio_driver d;
static gpa_t buffer_of[RING]; /* by the head of its chain */
static char frame[BUFFER];    /* the last that came back... */
static uint32_t length;       /* ...with its header */
static char dir[] = "/tmp/dpdk_vhost.XXXXXX";
static struct sockaddr_un at = { .sun_family = AF_UNIX };
static pid_t pmd;
static int to_pmd = -1;
static FILE *from_pmd;

/* Cannot go on: a test without its surroundings tells nothing. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

static void start_pmd(void)
{
	char vdev[200];
	char *const argv[] = { (char *)"dpdk-testpmd", (char *)"-l", (char *)"0,1",
		(char *)"--no-huge", (char *)"--no-shconf", (char *)"-m", (char *)"256",
		(char *)"--no-pci", (char *)"--no-telemetry", (char *)"--vdev", vdev,
		(char *)"--", (char *)"--forward-mode=io", (char *)"--auto-start",
		(char *)"--total-num-mbufs=4096", (char *)"--no-mlockall", (char *)"-i",
		NULL };
	posix_spawn_file_actions_t files;
	int in[2], out[2];

	snprintf(vdev, sizeof(vdev), "net_vhost0,iface=%s,queues=1", at.sun_path);
	must(!pipe(in) && !pipe(out));
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in[0], 0);
	posix_spawn_file_actions_adddup2(&files, out[1], 1);
	posix_spawn_file_actions_adddup2(&files, out[1], 2);
	posix_spawn_file_actions_addclose(&files, in[1]);
	must(!posix_spawnp(&pmd, argv[0], &files, NULL, argv, environ));
	posix_spawn_file_actions_destroy(&files);
	close(in[0]);
	close(out[1]);
	to_pmd = in[1];
	from_pmd = fdopen(out[0], "r");
	must(from_pmd);
}

/* Until it prompts: the socket is there then. */
static void wait_for_prompt(void)
{
	static const char prompt[] = "testpmd> ";
	size_t seen = 0;

	while (prompt[seen]) {
		int c = getc(from_pmd);

		must(c != EOF);
		seen = c == prompt[seen] ? seen + 1 : c == prompt[0];
	}
}

static int group_setup(void **state)
{
	(void)state;
	must(mkdtemp(dir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	start_pmd();
	wait_for_prompt();
	return 0;
}

static void end_pmd(void)
{
	if (!pmd)
		return;
	kill(pmd, SIGKILL);
	waitpid(pmd, NULL, 0);
	pmd = 0;
	close(to_pmd);
	fclose(from_pmd);
}

static int group_teardown(void **state)
{
	(void)state;
	end_pmd();
	unlink(at.sun_path);
	rmdir(dir);
	return 0;
}

static int setup(void **state)
{
	const struct device_conf conf = {
		.vdev = VDEV, .slot = SLOT, .fd = -1, .mac = { 2, 0, 0, 0, 0, 1 }
	};

	(void)state;
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_net, &conf, &net))
		return -1;
	return !driver_find(&d, f, SLOT);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(net);
	fake_machine_destroy(f);
	return 0;
}

static int couple(bool bounce, char why[NIC_WHY])
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(!connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return nic_couple(net, fd, bounce, why);
}

static void give(gpa_t gpa)
{
	struct driver_buf buf = { gpa, BUFFER, true };

	buffer_of[driver_add(&d, RX, &buf, 1)] = gpa;
	driver_kick(&d, RX);
}

static void start(void)
{
	assert_true(driver_start(&d, AGREED, QUEUES, RING));
	for (unsigned i = 0; i < RING; i++)
		give(driver_alloc(&d, BUFFER));
	fake_run(f);
}

static bool received(void)
{
	int head = driver_used(&d, RX, &length);

	if (head < 0)
		return false;
	memcpy(frame, driver_at(&d, buffer_of[head]), length);
	give(buffer_of[head]);
	return true;
}

static bool sent(void)
{
	return driver_used(&d, TX, NULL) >= 0;
}

/* What the other side does in the guest's storage wakes nobody here: it is looked for. */
static bool until(bool (*done)(void), int rounds)
{
	for (int i = 0; i < rounds; i++) {
		if (done())
			return true;
		loop_once(f->m.loop, 1);
	}
	return false;
}

static void send_frame(gpa_t gpa, uint32_t len, char with)
{
	struct driver_buf buf = { gpa, (uint32_t)HEADER + len, false };
	char *bytes = driver_at(&d, gpa);

	memset(bytes, 0, HEADER);
	memset(bytes + HEADER, with, len);
	driver_add(&d, TX, &buf, 1);
	driver_kick(&d, TX);
	fake_run(f);
	assert_true(until(sent, 10000));
}

/* The next frame that is none of those which tried whether anybody is there. */
static bool answered(void)
{
	return received() && frame[HEADER] != '!';
}

/* Frames go over and come back whole.  The first may find nobody: the other side takes
 * its time to begin after it was given the rings. */
static void frames_come_back(void)
{
	gpa_t gpa = driver_alloc(&d, BUFFER);
	int tries = 0;

	do {
		assert_true(++tries < 1000);
		send_frame(gpa, 60, '!');
	} while (!until(received, 10));
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t len = 60 + i * 29;

		send_frame(gpa, len, (char)('A' + i));
		assert_true(until(answered, 10000));
		assert_int_equal(length, HEADER + len);
		for (uint32_t k = 0; k < len; k++)
			assert_int_equal(frame[HEADER + k], 'A' + i);
	}
	assert_int_equal(f->nics_lost, 0);
	assert_int_equal(f->broken, 0);
}

/* It has no segmentation of UDP: before a driver has said that it can do without, our
 * NIC is none for it. */
static void test_what_it_lacks(void **state)
{
	char why[NIC_WHY] = "";

	(void)state;
	assert_int_equal(couple(false, why), -EOPNOTSUPP);
	assert_non_null(strstr(why, "the LAN lacks"));
	assert_non_null(strstr(why, "USO"));
}

static void both_times(bool bounce)
{
	char why[NIC_WHY] = "";

	start();
	assert_int_equal(couple(bounce, why), 0);
	frames_come_back();
	driver_set_status(&d, 0);
	fake_run(f);
	start();
	frames_come_back();
	assert_int_equal(nic_couple(net, -1, false, why), 0);
	assert_int_equal(couple(bounce, why), 0);
	frames_come_back();
}

static void test_shared(void **state)
{
	(void)state;
	both_times(false);
}

static void test_bounced(void **state)
{
	(void)state;
	both_times(true);
}

static bool is_lost(void)
{
	return f->nics_lost;
}

static void test_it_is_killed(void **state)
{
	char why[NIC_WHY] = "";
	gpa_t gpa;

	(void)state;
	start();
	assert_int_equal(couple(false, why), 0);
	frames_come_back();
	end_pmd();
	assert_true(until(is_lost, 10000));
	gpa = driver_alloc(&d, BUFFER);
	send_frame(gpa, 60, 'x'); /* dropped, and returned to the driver */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_it_lacks), TEST(test_shared), TEST(test_bounced),
		TEST(test_it_is_killed), /* the last */
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
