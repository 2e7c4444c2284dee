/* A LAN of two ports: one with a vhost-user frontend behind it, which the test plays by
 * hand, message by message and descriptor by descriptor; and a probe, which keeps what
 * it gets and sends what the test likes. */
#ifndef TESTS_UNIT_VLAN_VHOST_FIXTURE_H
#define TESTS_UNIT_VLAN_VHOST_FIXTURE_H

#include "cp/lib/vhost_user.h"
#include "vlan/port_vhost.h"

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(n)        (UINT64_C(1) << (n))
#define EVENT_IDX     BIT(29)
#define INDIRECT_DESC BIT(28)
#define PROTOCOLS     BIT(VHU_F_PROTOCOL_FEATURES)
#define MODERN        (BIT(VIRTIO_F_VERSION_1) | PROTOCOLS)
#define MERGING       (MODERN | BIT(VIRTIO_NET_F_MRG_RXBUF))

#define FRONT_SIZE   (1u << 20)
#define FRONT_GPA    UINT64_C(0x100000000)
#define FRONT_USER   UINT64_C(0x7f0000000000)
#define FRONT_STRIDE 0x2000u /* bytes of a queue's rings */
#define FRONT_AVAIL  0x1000u
#define FRONT_USED   0x1800u
#define FRONT_BUFS   0x20000u /* from here on: buffers */
#define FRONT_QUEUES 16

#define HEADER sizeof(struct virtio_net_hdr_v1)

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { RX, TX };

#define PROBE_FRAMES 64

struct lan_fixture {
	struct lan_host host;
	struct lan_plug *plug;
	uint64_t now;
	int gone, states;
	char why[128];

	struct port probe;
	int n_got; /* by the probe */
	uint8_t got[PROBE_FRAMES][256];
	uint32_t got_len[PROBE_FRAMES];
	struct frame_offload got_offload[PROBE_FRAMES];

	int fd; /* the frontend's end */
	int mem_fd;
	uint8_t *mem;
	int kick[FRONT_QUEUES], call[FRONT_QUEUES];
	uint16_t size[FRONT_QUEUES], avail_idx[FRONT_QUEUES];
};

static struct lan_fixture l;

uint64_t lan_now(void)
{
	return l.now;
}

static int probe_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	(void)p;
	(void)why;
	for (int i = 0; i < n && l.n_got < PROBE_FRAMES; i++, l.n_got++) {
		uint32_t len = egress_len(&e[i]);

		l.got_len[l.n_got] = len;
		l.got_offload[l.n_got] = egress_offload(&e[i]);
		egress_copy(&e[i], 0, l.got[l.n_got], len < 256 ? len : 256);
	}
	return n;
}

static const struct port_ops probe_ops = { .name = "probe", .send = probe_send };

static void on_gone(struct lan_host *host, struct lan_plug *plug, const char *text)
{
	(void)host;
	(void)plug;
	l.gone++;
	snprintf(l.why, sizeof(l.why), "%s", text);
}

static void on_state(struct lan_host *host, struct lan_plug *plug)
{
	(void)host;
	(void)plug;
	l.states++;
}

/* All that is to be done now, and all that follows from it. */
static inline void settle(void)
{
	for (int i = 0; i < 100; i++) {
		bool more = loop_once(l.host.loop, 0) > 0;

		l.now += 1000000;
		more |= poller_round(l.host.poller, l.now);
		if (!more)
			return;
	}
}

static inline int lan_setup(void **state)
{
	const struct lan_conf conf = { .mtu = 65535, .name = "TEST" };
	const struct lan_port port = { .id = 1, .kind = LAN_PORT_VHOST, .name = "A" };
	int sv[2];

	(void)state;
	memset(&l, 0, sizeof(l));
	for (int i = 0; i < FRONT_QUEUES; i++)
		l.kick[i] = l.call[i] = -1;
	l.now = 1000000000;
	l.host.gone = on_gone;
	l.host.state = on_state;
	l.host.poller = poller_create();
	if (!l.host.poller || loop_create(&l.host.loop) || switch_create(&l.host.sw))
		return -1;
	switch_set(l.host.sw, &conf);
	l.probe.ops = &probe_ops;
	l.probe.conf = (struct lan_port) { .id = 2, .kind = LAN_PORT_NONE, .name = "B" };
	if (switch_port_add(l.host.sw, &l.probe))
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return -1;
	l.fd = sv[1];
	l.mem_fd = memfd_create("front", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (l.mem_fd < 0 || ftruncate(l.mem_fd, FRONT_SIZE))
		return -1;
	l.mem = mmap(NULL, FRONT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, l.mem_fd, 0);
	return port_vhost_create(&l.host, &port, sv[0], &l.plug);
}

static inline int lan_teardown(void **state)
{
	(void)state;
	l.plug->ops->destroy(l.plug);
	switch_port_remove(l.host.sw, &l.probe);
	switch_destroy(l.host.sw);
	poller_destroy(l.host.poller);
	loop_destroy(l.host.loop);
	for (int i = 0; i < FRONT_QUEUES; i++) {
		if (l.kick[i] >= 0)
			close(l.kick[i]);
		if (l.call[i] >= 0)
			close(l.call[i]);
	}
	munmap(l.mem, FRONT_SIZE);
	close(l.mem_fd);
	if (l.fd >= 0)
		close(l.fd);
	return 0;
}

#define LAN_TEST(fn) cmocka_unit_test_setup_teardown(fn, lan_setup, lan_teardown)

/* ---- messages ---- */

static inline void tell(struct vhost_user_msg msg)
{
	assert_int_equal(vhost_user_send(l.fd, &msg), 0);
	settle();
}

static inline void tell_number(uint32_t request, uint64_t number)
{
	tell((struct vhost_user_msg) { .request = request, .number = number });
}

static inline void tell_state(uint32_t request, uint32_t index, uint32_t num)
{
	tell((struct vhost_user_msg) { .request = request, .state = { index, num } });
}

static inline void tell_fd(uint32_t request, uint32_t index, int fd)
{
	tell((struct vhost_user_msg) {
		.request = request, .number = index, .n_fds = 1, .fds = { fd } });
}

/* The answer, which must be there. */
static inline struct vhost_user_msg ask_msg(struct vhost_user_msg msg)
{
	uint32_t request = msg.request;

	tell(msg);
	assert_int_equal(vhost_user_recv(l.fd, &msg, 0), 0);
	assert_int_equal(msg.request, request);
	assert_true(msg.flags & VHU_REPLY);
	return msg;
}

static inline uint64_t ask(uint32_t request)
{
	return ask_msg((struct vhost_user_msg) { .request = request }).number;
}

/* With NEED_REPLY: 0, or that it was refused. */
static inline uint64_t acked(struct vhost_user_msg msg)
{
	msg.flags |= VHU_NEED_REPLY;
	return ask_msg(msg).number;
}

static inline struct vhost_user_msg memory_msg(void)
{
	return (struct vhost_user_msg) {
		.request = VHU_SET_MEM_TABLE,
		.memory = { .n = 1,
			.region = { { .gpa = FRONT_GPA,
				.size = FRONT_SIZE,
				.user_addr = FRONT_USER } } },
		.n_fds = 1,
		.fds = { l.mem_fd },
	};
}

static inline struct vhost_user_msg addr_msg(unsigned q)
{
	uint64_t at = FRONT_USER + q * FRONT_STRIDE;

	return (struct vhost_user_msg) {
		.request = VHU_SET_VRING_ADDR,
		.addr = { .index = q,
			.desc = at,
			.avail = at + FRONT_AVAIL,
			.used = at + FRONT_USED },
	};
}

/* Features and memory. */
static inline void begin(uint64_t features)
{
	tell_number(VHU_SET_PROTOCOL_FEATURES, ask(VHU_GET_PROTOCOL_FEATURES));
	tell((struct vhost_user_msg) { .request = VHU_SET_OWNER });
	tell_number(VHU_SET_FEATURES, features);
	tell(memory_msg());
}

static inline void start_ring(unsigned q, uint16_t size)
{
	l.size[q] = size;
	l.avail_idx[q] = 0;
	if (l.kick[q] < 0)
		l.kick[q] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l.call[q] < 0)
		l.call[q] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	memset(l.mem + q * FRONT_STRIDE, 0, FRONT_STRIDE);
	tell_state(VHU_SET_VRING_NUM, q, size);
	tell_state(VHU_SET_VRING_BASE, q, 0);
	tell(addr_msg(q));
	tell_fd(VHU_SET_VRING_CALL, q, l.call[q]);
	tell_fd(VHU_SET_VRING_KICK, q, l.kick[q]);
	tell_state(VHU_SET_VRING_ENABLE, q, 1);
}

static inline void start_pair(uint64_t features, uint16_t size)
{
	begin(features);
	start_ring(RX, size);
	start_ring(TX, size);
}

/* ---- rings ---- */

static inline uint16_t *avail(unsigned q, unsigned i)
{
	return (uint16_t *)(l.mem + q * FRONT_STRIDE + FRONT_AVAIL) + i;
}

static inline uint16_t *used(unsigned q, unsigned i)
{
	return (uint16_t *)(l.mem + q * FRONT_STRIDE + FRONT_USED) + i;
}

static inline uint16_t used_idx(unsigned q)
{
	return *used(q, 1);
}

static inline uint32_t used_id(unsigned q, unsigned i)
{
	uint32_t v;

	memcpy(&v, used(q, 2 + 4 * i), sizeof(v));
	return v;
}

static inline uint32_t used_len(unsigned q, unsigned i)
{
	uint32_t v;

	memcpy(&v, used(q, 4 + 4 * i), sizeof(v));
	return v;
}

static inline void put_desc_at(uint32_t table, unsigned i, uint32_t at, uint32_t len,
	unsigned flags, unsigned next)
{
	uint8_t *d = l.mem + table + 16 * i;
	uint64_t addr = FRONT_GPA + at;
	uint16_t tail[2] = { (uint16_t)flags, (uint16_t)next };

	memcpy(d, &addr, 8);
	memcpy(d + 8, &len, 4);
	memcpy(d + 12, tail, 4);
}

static inline void put_desc(
	unsigned q, unsigned i, uint32_t at, uint32_t len, unsigned flags, unsigned next)
{
	put_desc_at(q * FRONT_STRIDE, i, at, len, flags, next);
}

static inline void offer(unsigned q, uint16_t head)
{
	*avail(q, 2u + l.avail_idx[q] % l.size[q]) = head;
	__atomic_store_n(avail(q, 1), ++l.avail_idx[q], __ATOMIC_RELEASE);
}

static inline void kick(unsigned q)
{
	eventfd_write(l.kick[q], 1);
	settle();
}

/* How often the driver was called since. */
static inline uint64_t calls(unsigned q)
{
	eventfd_t n = 0;

	return eventfd_read(l.call[q], &n) ? 0 : n;
}

/* ---- frames ---- */

/* 64 bytes, by default from the frontend to everybody. */
static inline void compose(uint8_t *frame, uint32_t len, uint8_t tag)
{
	memset(frame, tag, len);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, "\x02\0\0\0\0\x01\x08\x06", 8);
}

static inline void compose_tcp(uint8_t *bytes, uint32_t len)
{
	static const uint8_t head[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,
		2, 8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0,
		2, 0x12, 0x34, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x10, 0x10, 0 };

	memset(bytes, 0x5a, len);
	memcpy(bytes, head, sizeof(head));
	bytes[16] = (uint8_t)((len - 14) >> 8);
	bytes[17] = (uint8_t)(len - 14);
}

/* Puts header and frame at FRONT_BUFS + 0x1000 * i, one descriptor, and offers it. */
static inline void send_plain(unsigned q, unsigned i, uint32_t len)
{
	uint32_t at = FRONT_BUFS + 0x1000 * i;

	memset(l.mem + at, 0, HEADER);
	compose(l.mem + at + HEADER, len, (uint8_t)i);
	put_desc(q, i, at, (uint32_t)HEADER + len, 0, 0);
	offer(q, (uint16_t)i);
}

/* Receive buffers 0.. of `len` bytes, from the end of memory downwards. */
static inline uint32_t rx_at(unsigned i)
{
	return FRONT_SIZE - (i + 1) * 0x800;
}

static inline void post(unsigned q, unsigned n, uint32_t len)
{
	for (unsigned i = 0; i < n; i++) {
		put_desc(q, i, rx_at(i), len, WRITE, 0);
		offer(q, (uint16_t)i);
	}
}

/* The probe sends; a burst of n frames that differ in their last byte. */
static inline void probe_input(
	const uint8_t *bytes, uint32_t len, int n, const struct frame_offload *offload)
{
	static uint8_t copy[FRAME_BURST][66000];
	struct iovec seg[FRAME_BURST];
	struct frame f[FRAME_BURST];

	for (int i = 0; i < n; i++) {
		memcpy(copy[i], bytes, len);
		copy[i][len - 1] = (uint8_t)i;
		seg[i] = (struct iovec) { copy[i], len };
		assert_int_equal(
			frame_read(&f[i], &seg[i], 1, 0, len, offload, false), DROP_NONE);
	}
	switch_input(l.host.sw, &l.probe, f, n, l.now);
}

static inline void probe_plain(uint32_t len, int n)
{
	static uint8_t bytes[66000];
	const struct frame_offload none = { 0 };

	compose(bytes, len, 0x77);
	bytes[11] = 2;
	probe_input(bytes, len, n, &none);
}

static inline struct lan_stat_port stat(void)
{
	struct lan_stat_port s = { 0 };

	l.plug->ops->stat(l.plug, &s);
	return s;
}

#endif
