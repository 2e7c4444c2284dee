/* For the fuzzers of a vhost-user port: a LAN with the port and a probe, which reads all
 * that it gets. */
#ifndef TESTS_FUZZ_VHOST_LAN_H
#define TESTS_FUZZ_VHOST_LAN_H

#include "cp/lib/vhost_user.h"
#include "vlan/port_vhost.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEM_SIZE 0x8000u
#define MEM_GPA  UINT64_C(0x100000)
#define MEM_USER UINT64_C(0x7f0000000000)

struct fuzz_lan {
	struct lan_host host;
	struct lan_plug *plug;
	struct port probe;
	uint64_t now;
	int fd, mem_fd;
	uint8_t *mem;
	bool gone;
};

static struct fuzz_lan lan;

uint64_t lan_now(void)
{
	return lan.now;
}

static int probe_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	static uint8_t buf[FRAME_MAX + 8];

	(void)p;
	(void)why;
	for (int i = 0; i < n; i++)
		egress_copy(&e[i], 0, buf, egress_len(&e[i]));
	return n;
}

static const struct port_ops probe_ops = { .name = "probe", .send = probe_send };

static void on_gone(struct lan_host *host, struct lan_plug *plug, const char *text)
{
	(void)host;
	(void)plug;
	if (lan.gone || !text)
		abort();
	lan.gone = true;
}

static void on_state(struct lan_host *host, struct lan_plug *plug)
{
	(void)host;
	(void)plug;
}

/* The port is detached at most once, and works or is gone. */
static inline void lan_run(void)
{
	for (int i = 0; i < 20; i++) {
		bool more = loop_once(lan.host.loop, 0) > 0;

		lan.now += 100000;
		if (!(poller_round(lan.host.poller, lan.now) || more))
			break;
	}
}

static inline void lan_open(uint32_t flags)
{
	const struct lan_conf conf = { .flags = flags, .mtu = 65535, .name = "FUZZ" };
	const struct lan_port port = { .id = 1, .kind = LAN_PORT_VHOST };
	int sv[2];

	lan = (struct fuzz_lan) { .now = 1000000000,
		.host = { .gone = on_gone, .state = on_state } };
	lan.host.poller = poller_create();
	if (!lan.host.poller || loop_create(&lan.host.loop) ||
		switch_create(&lan.host.sw))
		abort();
	switch_set(lan.host.sw, &conf);
	lan.probe.ops = &probe_ops;
	lan.probe.conf =
		(struct lan_port) { .id = 2, .kind = LAN_PORT_NONE, .native = 1 };
	lan.mem_fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (switch_port_add(lan.host.sw, &lan.probe) || lan.mem_fd < 0 ||
		ftruncate(lan.mem_fd, MEM_SIZE) ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		abort();
	lan.fd = sv[1];
	lan.mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, lan.mem_fd, 0);
	if (lan.mem == MAP_FAILED ||
		port_vhost_create(&lan.host, &port, sv[0], &lan.plug))
		abort();
}

static inline void lan_close(void)
{
	lan.plug->ops->destroy(lan.plug);
	switch_port_remove(lan.host.sw, &lan.probe);
	switch_destroy(lan.host.sw);
	poller_destroy(lan.host.poller);
	loop_destroy(lan.host.loop);
	munmap(lan.mem, MEM_SIZE);
	close(lan.mem_fd);
	close(lan.fd);
}

/* The probe sends to everybody; `offload` may ask for anything. */
static inline void probe_sends(uint32_t len, const struct frame_offload *offload)
{
	static uint8_t bytes[FRAME_MAX] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0,
		0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6 };
	const struct iovec seg = { bytes, len };
	struct frame f;

	bytes[16] = (uint8_t)((len - 14) >> 8);
	bytes[17] = (uint8_t)(len - 14);
	bytes[46] = 0x50;
	if (frame_read(&f, &seg, 1, 0, len, offload, false) == DROP_NONE)
		switch_input(lan.host.sw, &lan.probe, &f, 1, lan.now);
}

/* A message, if there is still somebody to take it; answers are not looked at. */
static inline void say(struct vhost_user_msg *msg)
{
	char answers[4096];

	while (recv(lan.fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
		;
	vhost_user_send(lan.fd, msg);
	lan_run();
}

static inline void say_state(uint32_t request, uint32_t index, uint32_t num)
{
	struct vhost_user_msg msg = { .request = request, .state = { index, num } };

	say(&msg);
}

/* Features, memory, and `n` rings of `size` entries each 0x1000 bytes from the next, none
 * of which kicks. */
static inline void begin_session(uint64_t features, unsigned n, uint32_t size)
{
	struct vhost_user_msg msg = { .request = VHU_SET_FEATURES, .number = features };

	say(&msg);
	msg = (struct vhost_user_msg) { .request = VHU_SET_MEM_TABLE,
		.memory = { .n = 1, .region = { { MEM_GPA, MEM_SIZE, MEM_USER, 0 } } },
		.n_fds = 1,
		.fds = { lan.mem_fd } };
	say(&msg);
	for (unsigned q = 0; q < n; q++) {
		uint64_t at = MEM_USER + q * 0x1000;

		say_state(VHU_SET_VRING_NUM, q, size);
		msg = (struct vhost_user_msg) { .request = VHU_SET_VRING_ADDR,
			.addr = { q, 0, at, at + 0xc00, at + 0x800, 0 } };
		say(&msg);
		msg = (struct vhost_user_msg) { .request = VHU_SET_VRING_KICK,
			.number = q | VHU_NO_FD };
		say(&msg);
		say_state(VHU_SET_VRING_ENABLE, q, 1);
	}
}

#endif
