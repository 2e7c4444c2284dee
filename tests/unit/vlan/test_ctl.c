/* What cpd asks of a LAN's process, with the real switch behind it: ports are datagram
 * sockets, cpd is this test. */
#include "cp/guest_abi.h"
#include "vlan/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct cpd {
	struct loop *loop;
	struct lan_ctl *ctl;
	char path[64];
	int fd; /* the connection */
	uint32_t id;
	struct wire_msg msg; /* the latest answer, in buf */
	uint8_t buf[WIRE_MAX_DATA + sizeof(struct cp_frame)];
};

static const struct lan_ctl_ops no_sandbox = { 0 };

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void cpd_connect(struct cpd *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = wire_connect(c->path);
	assert_true(c->fd >= 0);
	assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

static int setup(void **state)
{
	struct cpd *c = test_calloc(1, sizeof(*c));

	c->fd = -1;
	snprintf(c->path, sizeof(c->path), "/tmp/test_lan_ctl.%d", getpid());
	if (loop_create(&c->loop) ||
		lan_ctl_create(c->loop, listen_at(c->path), &no_sandbox, &c->ctl))
		return -1;
	cpd_connect(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct cpd *c = *state;

	if (c->fd >= 0)
		close(c->fd);
	lan_ctl_destroy(c->ctl);
	loop_destroy(c->loop);
	unlink(c->path);
	test_free(c);
	return 0;
}

static void turns(struct cpd *c, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(lan_ctl_turn(c->ctl, 0), 0);
}

/* Takes turns until a record of this type is there. */
static void wait_for(struct cpd *c, uint16_t type)
{
	for (int i = 0; i < 10000; i++) {
		int n = wire_read(c->fd, &c->msg, c->buf, sizeof(c->buf), NULL);

		if (n == 1 && c->msg.type == type)
			return;
		assert_true(n == 1 || n == -EAGAIN);
		assert_int_equal(lan_ctl_turn(c->ctl, 1), 0);
	}
	fail_msg("no record of type %u", type);
}

/* Asks, with a tail and descriptors; 0 or the errno of LAN_FAIL. */
static int ask_with(struct cpd *c, uint16_t type, const void *head, size_t len,
	const int *fds, int n_fds)
{
	struct lan_fail f;

	assert_int_equal(wire_write(c->fd, type, ++c->id, 0, head, len, fds, n_fds), 0);
	for (int i = 0; i < 10000; i++) {
		int n = wire_read(c->fd, &c->msg, c->buf, sizeof(c->buf), NULL);

		if (n == 1 && c->msg.id == c->id) {
			wire_head(&c->msg, &f, sizeof(f));
			return c->msg.type == LAN_FAIL ? f.err : 0;
		}
		assert_int_equal(lan_ctl_turn(c->ctl, 1), 0);
	}
	fail_msg("no answer to request %u", type);
	return -1;
}

static int ask(struct cpd *c, uint16_t type, const void *head, size_t len)
{
	return ask_with(c, type, head, len, NULL, 0);
}

static void hello(struct cpd *c)
{
	const struct lan_hello h = { .version = LAN_VERSION };
	const struct lan_conf conf = { .mtu = 1500, .name = "SYSTEM.TEST" };

	assert_int_equal(ask(c, LAN_HELLO, &h, sizeof(h)), 0);
	assert_int_equal(c->msg.type, LAN_HELLO_ANSWER);
	assert_int_equal(ask(c, LAN_SET, &conf, sizeof(conf)), 0);
}

static struct lan_port port(uint32_t id)
{
	struct lan_port p = { .id = id, .kind = LAN_PORT_DGRAM, .native = 1 };

	snprintf(p.name, sizeof(p.name), "HOST%u.0600", id);
	p.mac[0] = 2;
	p.mac[5] = (uint8_t)id;
	return p;
}

/* The other side of a new port. */
static int plug(struct cpd *c, uint32_t id)
{
	const struct lan_port p = port(id);
	int sv[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(ask_with(c, LAN_PORT_ADD, &p, sizeof(p), &sv[1], 1), 0);
	close(sv[1]);
	return sv[0];
}

static void say(int fd, uint8_t from, uint8_t to)
{
	uint8_t frame[60] = { 2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb5 };

	if (!to)
		memset(frame, 0xff, 6);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
}

/* Takes turns until a frame comes; who sent it, 0: none did. */
static uint8_t hears(struct cpd *c, int fd)
{
	uint8_t frame[2048];

	for (int i = 0; i < 200; i++) {
		if (recv(fd, frame, sizeof(frame), 0) == 60)
			return frame[11];
		assert_int_equal(lan_ctl_turn(c->ctl, 1), 0);
	}
	return 0;
}

static void test_hello_first(void **state)
{
	struct cpd *c = *state;

	assert_int_equal(ask(c, LAN_STAT, NULL, 0), EPROTO);
	assert_int_equal(ask(c, LAN_HELLO, NULL, 0), EPROTO);
	hello(c);
	assert_int_equal(ask(c, 63, NULL, 0), EPROTO);
}

static void test_frames_cross(void **state)
{
	struct cpd *c = *state;
	struct lan_stat all;
	struct lan_stat_port p[2];
	int a, b;

	hello(c);
	a = plug(c, 1);
	b = plug(c, 2);
	say(a, 1, 2);
	assert_int_equal(hears(c, b), 1);
	say(b, 2, 1);
	assert_int_equal(hears(c, a), 2);
	say(a, 7, 2); /* protection is off */
	assert_int_equal(hears(c, b), 7);

	assert_int_equal(ask(c, LAN_STAT, NULL, 0), 0);
	assert_int_equal(c->msg.len, sizeof(all) + sizeof(p));
	memcpy(&all, c->msg.data, sizeof(all));
	memcpy(p, (const uint8_t *)c->msg.data + sizeof(all), sizeof(p));
	assert_int_equal(all.received, 3);
	assert_int_equal(all.received + all.copies, all.sent + all.dropped + all.held);
	assert_int_equal(p[0].out_frames, 2);
	assert_int_equal(p[1].in_frames, 2);
	assert_int_equal(p[1].in_bytes, 120);
	assert_int_equal(p[0].state, LAN_PORT_UP);
	close(a);
	close(b);
}

static void test_settings(void **state)
{
	struct cpd *c = *state;
	struct lan_conf conf = { .mtu = 1500, .flags = LAN_PROTECT };
	struct lan_port p = port(1);
	int a, b;

	hello(c);
	a = plug(c, 1);
	b = plug(c, 2);
	assert_int_equal(ask(c, LAN_SET, &conf, sizeof(conf)), 0);
	say(a, 7, 2);
	say(a, 1, 2);
	assert_int_equal(hears(c, b), 1);
	p.flags = LAN_PORT_LINK_DOWN;
	assert_int_equal(ask(c, LAN_PORT_SET, &p, sizeof(p)), 0);
	say(a, 1, 2);
	assert_int_equal(hears(c, b), 0);
	p.id = 9;
	assert_int_equal(ask(c, LAN_PORT_SET, &p, sizeof(p)), ENOENT);
	conf.mtu = 68;
	assert_int_equal(ask(c, LAN_SET, &conf, sizeof(conf)), EPROTO);
	close(a);
	close(b);
}

static void test_ports_come_and_go(void **state)
{
	struct cpd *c = *state;
	const struct lan_id one = { .id = 1 };
	struct lan_port p = port(1);
	int a, b;

	hello(c);
	a = plug(c, 1);
	b = plug(c, 2);
	assert_int_equal(ask_with(c, LAN_PORT_ADD, &p, sizeof(p), &a, 1), EEXIST);
	p = port(3);
	assert_int_equal(ask(c, LAN_PORT_ADD, &p, sizeof(p)), EPROTO);
	p.kind = 77;
	assert_int_equal(ask_with(c, LAN_PORT_ADD, &p, sizeof(p), &a, 1), EPROTO);
	p = port(0);
	assert_int_equal(ask_with(c, LAN_PORT_ADD, &p, sizeof(p), &a, 1), EPROTO);
	p = port(CTL_REPLAY_PORT);
	assert_int_equal(ask_with(c, LAN_PORT_ADD, &p, sizeof(p), &a, 1), EPROTO);
	assert_int_equal(ask(c, LAN_PORT_DEL, &one, sizeof(one)), 0);
	assert_int_equal(ask(c, LAN_PORT_DEL, &one, sizeof(one)), ENOENT);
	say(b, 2, 0);
	assert_int_equal(hears(c, a), 0);
	close(a);
	close(b);
}

/* It goes on without cpd, and another one finds it as it is. */
static void test_another_cpd(void **state)
{
	struct cpd *c = *state;
	const struct lan_hello h = { .version = 1000 };
	struct lan_hello_answer answer;
	int a, b;

	hello(c);
	a = plug(c, 1);
	b = plug(c, 2);
	close(c->fd);
	c->fd = -1;
	say(a, 1, 2);
	assert_int_equal(hears(c, b), 1);
	cpd_connect(c);
	assert_int_equal(ask(c, LAN_HELLO, &h, sizeof(h)), 0);
	memcpy(&answer, c->msg.data, sizeof(answer));
	assert_int_equal(answer.version, LAN_VERSION);
	assert_int_equal(answer.n_ports, 2);
	assert_true(answer.features);
	close(a);
	close(b);
}

static void test_figures(void **state)
{
	struct cpd *c = *state;
	const struct lan_conf aware = { .mtu = 1500, .flags = LAN_AWARE };
	const struct lan_fdb_entry *e;
	const struct lan_stat_vlan *v;
	int a, b;

	hello(c);
	assert_int_equal(ask(c, LAN_SET, &aware, sizeof(aware)), 0);
	a = plug(c, 1);
	b = plug(c, 2);
	say(a, 9, 2);
	assert_int_equal(hears(c, b), 9);
	assert_int_equal(ask(c, LAN_FDB, NULL, 0), 0);
	assert_int_equal(c->msg.len, 3 * sizeof(*e)); /* two of NICs, one learned */
	e = c->msg.data;
	for (int i = 0; i < 3; i++)
		assert_int_equal(e[i].is_static, e[i].mac[5] != 9);
	assert_int_equal(ask(c, LAN_VLANS, NULL, 0), 0);
	v = c->msg.data;
	assert_int_equal(c->msg.len, sizeof(*v));
	assert_int_equal(v->vlan, 1);
	assert_int_equal(v->frames, 1);
	close(a);
	close(b);
}

static void test_mirror(void **state)
{
	struct cpd *c = *state;
	struct lan_mirror m = { 1, 3 };
	int a, b, spy;

	hello(c);
	a = plug(c, 1);
	b = plug(c, 2);
	spy = plug(c, 3);
	assert_int_equal(ask(c, LAN_MIRROR, &m, sizeof(m)), 0);
	say(a, 1, 2);
	assert_int_equal(hears(c, spy), 1);
	m.to = 8;
	assert_int_equal(ask(c, LAN_MIRROR, &m, sizeof(m)), ENOENT);
	m.to = 0;
	assert_int_equal(ask(c, LAN_MIRROR, &m, sizeof(m)), 0);
	say(a, 1, 2);
	assert_int_equal(hears(c, spy), 0);
	close(a);
	close(b);
	close(spy);
}

/* Frames in the file of the first trace, once the writer has done two. */
static uint64_t traced(struct cpd *c)
{
	struct lan_stat_trace t = { 0 };

	for (int i = 0; i < 1000 && t.frames < 2; i++) {
		turns(c, 1);
		assert_int_equal(ask(c, LAN_TRACE_STAT, NULL, 0), 0);
		memcpy(&t, c->msg.data, sizeof(t));
	}
	return t.frames;
}

/* A trace's file, sent back into the LAN. */
static void test_trace_and_replay(void **state)
{
	struct cpd *c = *state;
	struct lan_trace t = { .id = 5 };
	const struct lan_id five = { .id = 5 };
	struct lan_replay r = { .id = 6, .port = 1, .speed = 0 };
	struct lan_event ev;
	int a, b, file = memfd_create("trace", MFD_CLOEXEC), again;
	char path[64];

	hello(c);
	a = plug(c, 1);
	b = plug(c, 2);
	assert_int_equal(ask(c, LAN_TRACE_ADD, &t, sizeof(t)), EPROTO);
	assert_int_equal(ask_with(c, LAN_TRACE_ADD, &t, sizeof(t), &file, 1), 0);
	assert_int_equal(ask_with(c, LAN_TRACE_ADD, &t, sizeof(t), &file, 1), EEXIST);
	say(a, 1, 2);
	assert_int_equal(hears(c, b), 1);
	assert_int_equal(traced(c), 2); /* out, in */
	assert_int_equal(ask(c, LAN_TRACE_DEL, &five, sizeof(five)), 0);
	assert_int_equal(ask(c, LAN_TRACE_DEL, &five, sizeof(five)), ENOENT);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	again = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(ask(c, LAN_REPLAY, &r, sizeof(r)), EPROTO);
	assert_int_equal(ask_with(c, LAN_REPLAY, &r, sizeof(r), &again, 1), 0);
	wait_for(c, LAN_EVENT);
	memcpy(&ev, c->msg.data, sizeof(ev));
	assert_int_equal(ev.kind, LAN_EV_REPLAY_DONE);
	assert_int_equal(ev.id, 6);
	assert_int_equal(ev.value, 1); /* the one that went in */
	assert_int_equal(hears(c, b), 1);
	r.port = 99;
	assert_int_equal(ask_with(c, LAN_REPLAY, &r, sizeof(r), &again, 1), ENOENT);
	r.port = 0;
	assert_int_equal(ask_with(c, LAN_REPLAY, &r, sizeof(r), &a, 1), EPROTO);
	close(again);
	close(file);
	close(a);
	close(b);
}

/* What happens while nobody listens is told to the next. */
static void test_events_are_kept(void **state)
{
	struct cpd *c = *state;
	const struct lan_hello h = { .version = LAN_VERSION };
	struct lan_event ev;

	close(c->fd);
	c->fd = -1;
	turns(c, 2);
	for (uint32_t i = 1; i <= CTL_EVENTS + 1; i++)
		lan_ctl_event(c->ctl, LAN_EV_PORT_GONE, i, 0, "gone");
	cpd_connect(c);
	assert_int_equal(ask(c, LAN_HELLO, &h, sizeof(h)), 0);
	for (uint32_t i = 2; i <= CTL_EVENTS + 1; i++) { /* the oldest is lost */
		wait_for(c, LAN_EVENT);
		memcpy(&ev, c->msg.data, sizeof(ev));
		assert_int_equal(ev.id, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_hello_first),
		TEST(test_frames_cross),
		TEST(test_settings),
		TEST(test_ports_come_and_go),
		TEST(test_another_cpd),
		TEST(test_figures),
		TEST(test_mirror),
		TEST(test_trace_and_replay),
		TEST(test_events_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
