/* An engine without the rest of CP, and a partition whose process is the test: it holds
 * the other end of the connection. */
#ifndef TESTS_UNIT_CP_ENGINE_FIXTURE_H
#define TESTS_UNIT_CP_ENGINE_FIXTURE_H

#include "cp/engine.h"
#include "cp/guest_abi.h"
#include "cp/record.h"
#include "tests/unit/cp/front_twin.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct engine {
	struct cp cp;
	char dir[64], rundir[80], statedir[80];
	struct sysconfig config;
	struct directory directory;
	struct partition *p;
	int peer; /* the process's end, or -1 */
};

/* What was told to a done-callback. */
struct told {
	int times, number;
	char text[256];
	size_t len;
};

static inline void told_done(void *ctx, const struct message *m)
{
	struct told *t = ctx;

	t->times++;
	t->number = m->number;
	snprintf(t->text, sizeof(t->text), "%.255s", m->number ? m->text : "");
}

static inline void told_bytes(
	void *ctx, const struct message *m, const void *bytes, size_t len)
{
	told_done(ctx, m);
	((struct told *)ctx)->len = len;
	(void)bytes;
}

/* A command that cannot fail in a test. */
static inline void must(bool ok)
{
	if (!ok)
		abort();
}

static inline void engine_file(const struct engine *e, const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", e->dir, name);
	f = fopen(path, "we");
	must(f && fputs(text, f) >= 0);
	fclose(f);
}

/* Directories with a CMS image that is none but looks like one, and the engine's parts.
 */
static inline void engine_init(struct engine *e)
{
	char path[128];

	*e = (struct engine) { .peer = -1 };
	front_twin_reset();
	snprintf(e->dir, sizeof(e->dir), "/tmp/engine-test.XXXXXX");
	must(mkdtemp(e->dir) != NULL);
	snprintf(e->rundir, sizeof(e->rundir), "%s/run", e->dir);
	snprintf(e->statedir, sizeof(e->statedir), "%s/state", e->dir);
	snprintf(path, sizeof(path), "%s/partitions", e->rundir);
	must(!mkdir(e->rundir, 0755) && !mkdir(path, 0700) && !mkdir(e->statedir, 0755));
	engine_file(e, "cms", "\177ELF, but not really");

	e->cp.rundir = e->rundir;
	e->cp.statedir = e->statedir;
	e->cp.libdir = e->dir;
	e->cp.config = &e->config;
	e->cp.directory = &e->directory;
	e->cp.seccomp_fd = -1;
	list_init(&e->cp.partitions);
	list_init(&e->cp.lans);
	list_init(&e->cp.sessions);
	must(!loop_create(&e->cp.loop));
	must(!host_create(&e->config, &e->cp.host));
	must(!cgroups_create("/dev/null", "/dev/null", "test", &e->cp.cgroups));
	must(!accounting_create(&e->cp, &e->cp.accounting));
	e->cp.host->kvm_ok = true;
	e->cp.host->pool = UINT64_C(1) << 40;
}

/* Everything that is due, now. */
static inline void engine_settle(struct engine *e)
{
	while (loop_once(e->cp.loop, 0) > 0)
		;
}

/* A running partition without a process, connected to e->peer. */
static inline struct partition *engine_partition(struct engine *e, enum part_state state)
{
	struct partition *p = partition_new(&e->cp, "ALPHA");
	int pair[2];

	must(p && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			  pair));
	p->storage = 4 << 20;
	p->n_vcpus = 2;
	p->version = PART_VERSION;
	p->state = state;
	p->ipl.kind = IPL_CMS;
	p->loaded = true;
	p->uid = geteuid();
	must(!part_link_open(p, pair[0]));
	list_append(&e->cp.partitions, &p->node);
	e->peer = pair[1];
	e->p = p;
	return p;
}

static inline void engine_close_peer(struct engine *e)
{
	if (e->peer >= 0)
		close(e->peer);
	e->peer = -1;
}

static inline void engine_fini(struct engine *e)
{
	char command[96];

	while (!list_empty(&e->cp.partitions))
		partition_free(
			container_of(e->cp.partitions.next, struct partition, node));
	engine_close_peer(e);
	accounting_free(e->cp.accounting);
	cgroups_free(e->cp.cgroups);
	host_free(e->cp.host);
	loop_destroy(e->cp.loop);
	snprintf(command, sizeof(command), "rm -rf %s", e->dir);
	must(!system(command));
}

/* For cmocka, *state being the engine: with a partition that runs, and hears SIGNAL. */
static inline int engine_setup_running(void **state)
{
	static struct engine e;

	engine_init(&e);
	engine_partition(&e, PS_RUNNING);
	e.p->signal_enabled = true;
	*state = &e;
	return 0;
}

static inline int engine_teardown(void **state)
{
	engine_fini(*state);
	return 0;
}

/* The next record cpd sent: its type, 0 if there is none; its id and payload. */
static inline uint16_t peer_receive(
	struct engine *e, uint32_t *id, void *data, size_t *len)
{
	static uint8_t buf[sizeof(struct cp_frame) + WIRE_MAX_DATA];
	struct cp_frame head;
	ssize_t n = recv(e->peer, buf, sizeof(buf), 0);

	if (n < (ssize_t)sizeof(head))
		return 0;
	memcpy(&head, buf, sizeof(head));
	if (id)
		*id = head.id;
	if (data && len) {
		*len = head.len < *len ? head.len : *len;
		memcpy(data, buf + sizeof(head), *len);
	}
	return head.type;
}

/* The id of the request cpd sent, which must be of this type. */
static inline uint32_t peer_asked(struct engine *e, uint16_t type)
{
	uint32_t id = 0;

	must(peer_receive(e, &id, NULL, NULL) == type);
	return id;
}

/* Says something as the process would; `settle` afterwards. */
static inline void peer_send(
	struct engine *e, uint16_t type, uint32_t id, const void *data, size_t len)
{
	static uint8_t buf[sizeof(struct cp_frame) + WIRE_MAX_DATA];
	struct cp_frame head = {
		.magic = CP_FRAME_MAGIC, .len = (uint32_t)len, .id = id, .type = type
	};

	must(len <= WIRE_MAX_DATA);
	memcpy(buf, &head, sizeof(head));
	if (len)
		memcpy(buf + sizeof(head), data, len);
	must(send(e->peer, buf, sizeof(head) + len, MSG_NOSIGNAL) >= 0);
	engine_settle(e);
}

static inline void peer_fail(
	struct engine *e, uint32_t id, uint32_t reason, const char *text)
{
	uint8_t buf[256];
	struct part_fail head = { .err = -EINVAL, .reason = reason };

	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), text, strlen(text));
	peer_send(e, PART_FAIL, id, buf, sizeof(head) + strlen(text));
}

static inline void peer_event(struct engine *e, uint32_t kind, uint32_t run)
{
	struct part_event ev = { .kind = kind,
		.run = run,
		.rip = 0x1234,
		.n_insn = 2,
		.insn = { 0x0f, 0x0b } };

	peer_send(e, PART_EVENT, 0, &ev, sizeof(ev));
}

#endif
