/* The switch in this process: two ports send and receive, the others are there. */
#include "tests/bench/lan/rounds.h"

#include "cp/lib/vnic.h"
#include "tests/bench/lan/ends.h"
#include "vlan/port_vhost.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LEN    64
#define TRIES  20000 /* bursts */
#define WARM   1000  /* of them, that do not count */
#define STRIDE 7919  /* between one address and the next: a prime */

struct rounds {
	struct lan_host host;
	unsigned n_ports, n_macs, at;
	struct lan_plug **plug;
	struct vnic **vnic;
	int *fd; /* the backends' ends */
	_Atomic bool set_up;
	uint32_t sample[TRIES];
};

static void gone(struct lan_host *host, struct lan_plug *plug, const char *text)
{
	(void)host;
	(void)plug;
	bench_die(text, EPIPE);
}

static void state(struct lan_host *host, struct lan_plug *plug)
{
	(void)host;
	(void)plug;
}

static void make_switch(struct rounds *r)
{
	const struct lan_conf conf = {
		.mtu = 1500, .max_macs = 1u << 15, .name = "SYSTEM.BENCH"
	};

	r->host = (struct lan_host) { .gone = gone, .state = state };
	r->host.poller = poller_create();
	if (!r->host.poller || loop_create(&r->host.loop) || switch_create(&r->host.sw))
		bench_die("a switch", ENOMEM);
	switch_set(r->host.sw, &conf);
}

/* Ports are asked by their frontends while they are set up: somebody has to answer. */
static void *serve(void *arg)
{
	struct rounds *r = arg;

	for (unsigned i = 0; i < r->n_ports; i++) {
		const struct lan_port port = {
			.id = i + 1, .kind = LAN_PORT_VHOST, .native = 1
		};

		if (port_vhost_create(&r->host, &port, r->fd[i], &r->plug[i]))
			bench_die("a port", ENOMEM);
	}
	while (!r->set_up) {
		poller_round(r->host.poller, lan_now());
		loop_once(r->host.loop, 1);
	}
	return NULL;
}

static void make_ports(struct rounds *r)
{
	pthread_t server;
	int *far = calloc(r->n_ports, sizeof(*far));

	r->fd = calloc(r->n_ports, sizeof(*r->fd));
	r->plug = calloc(r->n_ports, sizeof(struct lan_plug *));
	r->vnic = calloc(r->n_ports, sizeof(struct vnic *));
	if (!far || !r->fd || !r->plug || !r->vnic)
		bench_die("ports", ENOMEM);
	for (unsigned i = 0; i < r->n_ports; i++) {
		int cable[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cable))
			bench_die("a pair of sockets", errno);
		r->fd[i] = cable[0];
		far[i] = cable[1];
	}
	if (pthread_create(&server, NULL, serve, r))
		bench_die("a thread", EAGAIN);
	for (unsigned i = 0; i < r->n_ports; i++) {
		const struct vnic_conf conf = {
			.queue_size = 64, .buffer = 256, .answer_ms = 5000
		};
		int err = vnic_create(far[i], &conf, &r->vnic[i]);

		if (err)
			bench_die("a port is not answered", -err);
	}
	r->set_up = true;
	pthread_join(server, NULL);
	free(far);
}

static void address(uint8_t to[6], unsigned n)
{
	memcpy(to, "\x02\x00\x01\x00\x00\x00", 6);
	to[3] = (uint8_t)(n >> 16);
	to[4] = (uint8_t)(n >> 8);
	to[5] = (uint8_t)n;
}

static void put(struct vnic *v, uint8_t *frame)
{
	const struct iovec iov = { frame, LEN };

	if (vnic_tx(v, NULL, &iov, 1, 0, LEN))
		bench_die("a ring is full", EAGAIN);
}

/* What was kicked is active after this. */
static void wake(struct rounds *r)
{
	loop_once(r->host.loop, 0);
}

static int take(struct vnic *v)
{
	struct vnic_frame frame[VNIC_BURST];
	int n = vnic_rx(v, frame, VNIC_BURST);

	if (n < 0)
		bench_die("a ring is broken", -n);
	vnic_rx_done(v);
	return n;
}

/* The second port says all of its addresses. */
static void announce(struct rounds *r)
{
	uint8_t frame[LEN] = { 2, 0, 0, 0, 0, 1 };

	frame[12] = 0x88, frame[13] = 0xb5;
	for (unsigned i = 0; i < r->n_macs; i++) {
		address(frame + 6, i);
		put(r->vnic[1], frame);
		vnic_tx_flush(r->vnic[1]);
		wake(r);
		poller_round(r->host.poller, lan_now());
		for (unsigned p = 0; p < r->n_ports; p++)
			if (p != 1)
				take(r->vnic[p]);
	}
}

/* ns until all of a burst have crossed. */
static uint64_t burst(struct rounds *r)
{
	uint8_t frame[LEN] = { 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	uint64_t spent = 0;

	for (int i = 0; i < VNIC_BURST; i++) {
		address(frame, r->at);
		r->at = (r->at + STRIDE) % r->n_macs;
		put(r->vnic[0], frame);
	}
	vnic_tx_flush(r->vnic[0]);
	wake(r);
	for (int left = VNIC_BURST, idle = 0; left > 0; idle++) {
		uint64_t start = bench_now();

		poller_round(r->host.poller, start);
		spent += bench_now() - start;
		left -= take(r->vnic[1]);
		if (idle > 1000)
			bench_die("frames were lost", ETIMEDOUT);
	}
	return spent;
}

static int by_size(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* Ports are taken out before the switch goes. */
static void end(struct rounds *r)
{
	for (unsigned i = 0; i < r->n_ports; i++) {
		r->plug[i]->ops->destroy(r->plug[i]);
		vnic_destroy(r->vnic[i]);
	}
	switch_destroy(r->host.sw);
	poller_destroy(r->host.poller);
	loop_destroy(r->host.loop);
	free(r->fd);
	free(r->plug);
	free(r->vnic);
}

double rounds_ns(unsigned n_ports, unsigned n_macs)
{
	static struct rounds r;

	r = (struct rounds) { .n_ports = n_ports, .n_macs = n_macs };
	make_switch(&r);
	make_ports(&r);
	announce(&r);
	for (int i = -WARM; i < TRIES; i++) {
		uint64_t ns = burst(&r);

		if (i >= 0)
			r.sample[i] = (uint32_t)ns;
	}
	end(&r);
	qsort(r.sample, TRIES, sizeof(r.sample[0]), by_size);
	return (double)r.sample[TRIES / 2] / VNIC_BURST;
}
