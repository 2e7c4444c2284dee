/* NICs of partitions on a real switch, which runs in a thread as its process would: one
 * that shares its rings with it, one that does not. */
#include "partitions/dev/nic.h"
#include "tests/fake/virtio_driver.h"
#include "vlan/port_vhost.h"

#include <linux/virtio_net.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT    7
#define HEADER  sizeof(struct virtio_net_hdr_v1)
#define NICS    2
#define RING    16
#define BUFFER  4096
#define HEADERS 54 /* of a TCP segment: Ethernet, IPv4, TCP */
#define BIT(n)  (UINT64_C(1) << (n))

enum { RX, TX, QUEUES };

/* The LAN's process. */
struct lan {
	pthread_t thread;
	atomic_bool stop, up[NICS];
	struct lan_host host;
	struct lan_plug *plug[NICS];
};

/* A guest with a NIC. */
struct guest {
	struct fake_machine *f;
	struct device *net;
	struct virtio_driver d;
	gpa_t buffer[RING];
	unsigned next; /* of these */
	uint32_t len;  /* of the frame that came, its header included */
	char frame[70000];
};

static struct lan lan;
static struct guest guest[NICS];

uint64_t lan_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void *lan_main(void *arg)
{
	struct lan *l = arg;

	while (!l->stop) {
		bool busy = poller_round(l->host.poller, lan_now());

		loop_once(l->host.loop, busy ? 0 : 1);
	}
	return NULL;
}

static void on_gone(struct lan_host *host, struct lan_plug *plug, const char *text)
{
	(void)host, (void)plug, (void)text;
}

static void on_state(struct lan_host *host, struct lan_plug *plug)
{
	(void)host;
	lan.up[plug->port.conf.id - 1] = plug->state == LAN_PORT_UP;
}

/* The NICs' ends of its sockets go to `fd`. */
static void lan_start(int fd[NICS])
{
	const struct lan_conf conf = { .mtu = 65535, .name = "TEST" };

	lan = (struct lan) { .host = { .gone = on_gone, .state = on_state } };
	lan.host.poller = poller_create();
	assert_non_null(lan.host.poller);
	assert_int_equal(loop_create(&lan.host.loop), 0);
	assert_int_equal(switch_create(&lan.host.sw), 0);
	switch_set(lan.host.sw, &conf);
	for (unsigned i = 0; i < NICS; i++) {
		struct lan_port port = { .id = i + 1, .kind = LAN_PORT_VHOST };
		int sv[2];

		snprintf(port.name, sizeof(port.name), "GUEST%u.0600", i);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
		assert_int_equal(
			port_vhost_create(&lan.host, &port, sv[0], &lan.plug[i]), 0);
		fd[i] = sv[1];
	}
	assert_int_equal(pthread_create(&lan.thread, NULL, lan_main, &lan), 0);
}

static void lan_stop(void)
{
	if (!lan.host.loop)
		return;
	lan.stop = true;
	pthread_join(lan.thread, NULL);
	for (unsigned i = 0; i < NICS; i++)
		lan.plug[i]->ops->destroy(lan.plug[i]);
	switch_destroy(lan.host.sw);
	poller_destroy(lan.host.poller);
	loop_destroy(lan.host.loop);
	lan.host.loop = NULL;
}

/* Number `bounces` and up copy.  Frames go once both are there. */
static void couple(unsigned bounces)
{
	char why[NIC_WHY] = "";
	int fd[NICS];

	lan_start(fd);
	for (unsigned i = 0; i < NICS; i++) {
		assert_int_equal(nic_couple(guest[i].net, fd[i], i >= bounces, why), 0);
		assert_string_equal(why, "");
		for (int k = 0; k < 10000 && !lan.up[i]; k++)
			loop_once(guest[i].f->m.loop, 1);
		assert_true(lan.up[i]);
	}
}

static void give(struct guest *g)
{
	struct driver_buf buf = { g->buffer[g->next++ % RING], BUFFER, true };

	driver_add(&g->d, RX, &buf, 1);
}

static int make(unsigned i)
{
	const struct device_conf conf = { .vdev = 0x600,
		.slot = SLOT,
		.fd = -1,
		.mac = { 2, 0, 0, 0, 0, (uint8_t)i },
		.pairs = 4 };
	const uint64_t features = ~BIT(VIRTIO_NET_F_MQ);
	struct guest *g = &guest[i];

	memset(g, 0, sizeof(*g));
	if (fake_machine_create(&g->f) ||
		device_create(&g->f->m, DEVICE_virtio_net, &conf, &g->net) ||
		!driver_find(&g->d, g->f, SLOT) ||
		!driver_start(&g->d, features, QUEUES, RING))
		return -1;
	for (int k = 0; k < RING; k++)
		g->buffer[k] = driver_alloc(&g->d, BUFFER);
	for (int k = 0; k < RING; k++)
		give(g);
	driver_kick(&g->d, RX);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return make(0) || make(1);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NICS; i++)
		device_destroy(guest[i].net);
	lan_stop();
	for (unsigned i = 0; i < NICS; i++)
		fake_machine_destroy(guest[i].f);
	return 0;
}

/* A frame for all, from this guest: `len` bytes after the header. */
static void fill(struct guest *g, char *frame, uint32_t len, char with)
{
	memset(frame, with, len);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, "\2\0\0\0\0", 5);
	frame[11] = (char)(g - guest);
	memcpy(frame + 12, "\x88\xb5", 2); /* for experiments */
}

static void send_frame(struct guest *g, const struct virtio_net_hdr_v1 *hdr,
	const char *frame, uint32_t len)
{
	gpa_t at = driver_alloc(&g->d, HEADER + len);
	struct driver_buf buf = { at, (uint32_t)HEADER + len, false };

	memcpy(driver_at(&g->d, at), hdr, HEADER);
	memcpy((char *)driver_at(&g->d, at) + HEADER, frame, len);
	driver_add(&g->d, TX, &buf, 1);
	driver_kick(&g->d, TX);
	fake_run(g->f);
}

/* Puts together what was received, and gives as many buffers again. */
static bool received(void *ctx)
{
	struct guest *g = ctx;
	struct virtio_net_hdr_v1 hdr = { .num_buffers = 1 };
	uint32_t len;

	while (hdr.num_buffers) {
		unsigned at = g->next % RING;

		if (driver_used(&g->d, RX, &len) < 0)
			return false;
		memcpy(g->frame + g->len, driver_at(&g->d, g->buffer[at]), len);
		if (!g->len)
			memcpy(&hdr, g->frame, sizeof(hdr));
		g->len += len;
		hdr.num_buffers--;
		give(g);
	}
	driver_kick(&g->d, RX);
	return true;
}

/* What the switch does in a guest's storage wakes nobody here: it is looked for. */
static bool until(struct fake_machine *f, bool (*done)(void *ctx), void *ctx)
{
	for (int i = 0; i < 10000; i++) {
		if (done(ctx))
			return true;
		loop_once(f->m.loop, 1);
	}
	return false;
}

static void gets(struct guest *g, const char *frame, uint32_t len)
{
	g->len = 0;
	assert_true(until(g->f, received, g));
	assert_int_equal(g->len, HEADER + len);
	assert_memory_equal(g->frame + HEADER, frame, len);
}

static bool sent(void *ctx)
{
	return driver_used(&((struct guest *)ctx)->d, TX, NULL) >= 0;
}

static void crosses(struct guest *from, struct guest *to, uint32_t len, char with)
{
	const struct virtio_net_hdr_v1 plain = { 0 };
	static char frame[BUFFER];

	fill(from, frame, len, with);
	send_frame(from, &plain, frame, len);
	assert_true(until(from->f, sent, from));
	gets(to, frame, len);
}

static void both_ways(void)
{
	for (int i = 0; i < 20; i++) {
		crosses(&guest[0], &guest[1], 60 + (uint32_t)i * 70, (char)('a' + i));
		crosses(&guest[1], &guest[0], 1514, (char)('A' + i));
	}
}

/* A large segment goes over in one piece, and is whole. */
static void large(void)
{
	const struct virtio_net_hdr_v1 hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = HEADERS,
		.gso_size = 1448,
		.csum_start = 34,
		.csum_offset = 16,
	};
	static char frame[60000];
	struct virtio_net_hdr_v1 got;

	fill(&guest[0], frame, sizeof(frame), 'L');
	memcpy(frame + 12, "\x08\x00\x45\x00", 4);
	frame[16] = (char)((sizeof(frame) - 14) >> 8);
	frame[17] = (char)((sizeof(frame) - 14) & 0xff);
	frame[23] = 6; /* TCP */
	frame[46] = 0x50;
	send_frame(&guest[0], &hdr, frame, sizeof(frame));
	assert_true(until(guest[0].f, sent, &guest[0]));
	gets(&guest[1], frame, sizeof(frame));
	memcpy(&got, guest[1].frame, sizeof(got));
	assert_int_equal(got.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(got.gso_size, 1448);
	assert_int_equal(got.num_buffers, (HEADER + sizeof(frame) + BUFFER - 1) / BUFFER);
}

static void test_shared(void **state)
{
	(void)state;
	couple(NICS);
	both_ways();
	large();
}

static void test_bounced(void **state)
{
	(void)state;
	couple(0);
	both_ways();
	large();
}

static void test_one_of_each(void **state)
{
	(void)state;
	couple(1);
	both_ways();
	large();
}

/* The switch dies and another takes its place: frames pass on, and nobody was told. */
static void test_another_switch(void **state)
{
	(void)state;
	couple(1);
	both_ways();
	for (unsigned i = 0; i < NICS; i++)
		fake_forget(guest[i].f);
	lan_stop();
	for (unsigned i = 0; i < NICS; i++) {
		fake_run(guest[i].f);
		assert_int_equal(guest[i].f->nics_lost, 1);
	}
	couple(1);
	both_ways();
	for (unsigned i = 0; i < NICS; i++)
		assert_int_equal(driver_interrupts(&guest[i].d, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shared),
		TEST(test_bounced),
		TEST(test_one_of_each),
		TEST(test_another_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
