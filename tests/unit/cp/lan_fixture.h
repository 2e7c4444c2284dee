/* An engine with a LAN whose process is the test, as the partition's is: it holds the
 * other ends of both connections. */
#ifndef TESTS_UNIT_CP_LAN_FIXTURE_H
#define TESTS_UNIT_CP_LAN_FIXTURE_H

#include "cp/lan_engine.h"
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/pidfd.h>

#include <cmocka.h>

struct lab {
	struct engine e; /* with partition ALPHA, which has NIC 0600 */
	struct lan *lan; /* SYSTEM LABNET, active */
	int peer;        /* its process's end; -1 */
	struct told told;
};

/* A request as it came. */
struct asked {
	uint16_t type; /* 0: there was none */
	uint32_t id;
	int n_fds;
	size_t len;
	uint8_t data[4096];
};

static inline struct lan_def lab_def(const char *name)
{
	struct lan_def def = { .protect = true, .owner = "SYSTEM" };

	snprintf(def.name, sizeof(def.name), "%s", name);
	return def;
}

/* A LAN that is active, its process being the end of a socket, which is returned. */
static inline int lab_lan(struct engine *e, const struct lan_def *def, struct lan **out)
{
	int pair[2];

	must(!socketpair(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	*out = lan_new(&e->cp, def);
	must(*out && !link_open(&(*out)->link->link, pair[0]));
	(*out)->state = LS_ACTIVE;
	(*out)->link->defined = true;
	(*out)->link->service.id.pidfd = pidfd_open(getpid(), 0);
	return pair[1];
}

static inline struct part_dev *lab_nic(struct partition *p, uint16_t vdev)
{
	struct part_dev *d = &p->dev[p->n_dev++];

	*d = (struct part_dev) { .vdev = vdev,
		.type = PART_DEV_NIC,
		.slot = (uint16_t)(2 + p->n_dev),
		.mac = { 2, 0, 1, 0, 0, (uint8_t)vdev } };
	return d;
}

static inline void lab_init(struct lab *l, const struct lan_def *def)
{
	char path[128];

	*l = (struct lab) { .peer = -1 };
	engine_init(&l->e);
	snprintf(path, sizeof(path), "%s/lans", l->e.rundir);
	must(!mkdir(path, 0700));
	engine_partition(&l->e, PS_RUNNING);
	lab_nic(l->e.p, 0x600);
	l->peer = lab_lan(&l->e, def, &l->lan);
}

static inline void lab_fini(struct lab *l)
{
	while (!list_empty(&l->e.cp.lans))
		lan_free(container_of(l->e.cp.lans.next, struct lan, node));
	if (l->peer >= 0)
		close(l->peer);
	engine_fini(&l->e);
}

/* The next request to the process at `fd`; its descriptors are closed. */
static inline struct asked lab_asked(int fd)
{
	static uint8_t buf[sizeof(struct cp_frame) + WIRE_MAX_DATA];
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	struct asked a = { 0 };
	struct cp_frame head;

	if (n < (ssize_t)sizeof(head))
		return a;
	memcpy(&head, buf, sizeof(head));
	a = (struct asked) { .type = head.type, .id = head.id, .len = head.len };
	memcpy(a.data, buf + sizeof(head),
		a.len < sizeof(a.data) ? a.len : sizeof(a.data));
	if (msg.msg_controllen && control.head.cmsg_type == SCM_RIGHTS) {
		a.n_fds = (int)((control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (int i = 0; i < a.n_fds; i++)
			close(((int *)CMSG_DATA(&control.head))[i]);
	}
	return a;
}

static inline void lab_say(
	struct lab *l, int fd, uint16_t type, uint32_t id, const void *data, size_t len)
{
	must(!wire_write(fd, type, id, 0, data, len, NULL, 0));
	engine_settle(&l->e);
}

/* The LAN is asked this, and says yes; its payload is copied to *data. */
static inline void lab_lan_does(struct lab *l, uint16_t type, void *data, size_t len)
{
	struct asked a = lab_asked(l->peer);

	assert_int_equal(a.type, type);
	if (data)
		memcpy(data, a.data, len);
	lab_say(l, l->peer, LAN_OK, a.id, NULL, 0);
}

static inline void lab_lan_refuses(struct lab *l, uint16_t type)
{
	struct asked a = lab_asked(l->peer);
	const struct lan_fail fail = { .err = ENOSPC };

	assert_int_equal(a.type, type);
	lab_say(l, l->peer, LAN_FAIL, a.id, &fail, sizeof(fail));
}

/* The partition is asked PART_NIC, and says yes. */
static inline struct part_nic lab_part_does(struct lab *l, int n_fds)
{
	struct asked a = lab_asked(l->e.peer);
	struct part_nic nic;

	assert_int_equal(a.type, PART_NIC);
	assert_int_equal(a.n_fds, n_fds);
	memcpy(&nic, a.data, sizeof(nic));
	lab_say(l, l->e.peer, PART_OK, a.id, NULL, 0);
	return nic;
}

static inline void lab_part_refuses(struct lab *l)
{
	struct asked a = lab_asked(l->e.peer);
	const struct part_fail fail = { .err = EOPNOTSUPP, .reason = PART_R_DEVICE };

	assert_int_equal(a.type, PART_NIC);
	lab_say(l, l->e.peer, PART_FAIL, a.id, &fail, sizeof(fail));
}

static inline void nothing_is_asked(struct lab *l)
{
	assert_int_equal(lab_asked(l->peer).type, 0);
	assert_int_equal(lab_asked(l->e.peer).type, 0);
}

/* COUPLE of NIC 0600, to the end. */
static inline void lab_couple(struct lab *l)
{
	struct message err;

	l->told = (struct told) { 0 };
	assert_int_equal(lan_couple(l->e.p, 0x600, l->lan, told_done, &l->told, &err), 0);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	lab_part_does(l, 1);
	assert_int_equal(l->told.times, 1);
	assert_int_equal(l->told.number, 0);
}

static inline const char *lab_lan_of(struct lab *l)
{
	return lan_nic(l->e.p, 0x600)->nic.lan;
}

static inline int lab_setup(void **state)
{
	static struct lab l;
	struct lan_def def = lab_def("LABNET");

	lab_init(&l, &def);
	*state = &l;
	return 0;
}

static inline int lab_teardown(void **state)
{
	lab_fini(*state);
	return 0;
}

#endif
