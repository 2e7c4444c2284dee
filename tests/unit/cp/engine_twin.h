/* A twin of the engine for tests of the front end: the functions of cp/partition.h that
 * would start and drive processes write down what they were asked instead.
 *
 * It is included, not linked: what the test program defines takes the place of the real
 * thing, and the engine's own tests are left alone.  Consoles are the real ones
 * (cp/part_console.c). */
#ifndef TESTS_UNIT_CP_ENGINE_TWIN_H
#define TESTS_UNIT_CP_ENGINE_TWIN_H

#include "tests/unit/cp/lan_twin.h"

#include "cp/conring.h"
#include "cp/cp.h"
#include "cp/partition.h"
#include "cp/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWIN_WAITS   128
#define TWIN_STORAGE 4096 /* bytes of storage a twin's partition has, from address 0 */

/* A done-callback that waits for twin_go_on(). */
struct twin_wait {
	part_done *done;
	void *ctx;
};

struct twin {
	char log[16384]; /* "force ALPHA by OPERATOR\n" ... */
	enum msg_number fail_logon, fail_ipl, fail_signal; /* 0: they work */
	enum msg_number refuse_signal;          /* it is taken, and then refused */
	enum msg_number fail_plug, refuse_plug; /* likewise of a NIC */
	bool late;                              /* callbacks wait for twin_go_on() */
	struct twin_wait wait[TWIN_WAITS];
	int n_wait;
	uint8_t storage[TWIN_STORAGE];
	struct part_regs regs;
};

static struct twin twin;

static inline void twin_reset(void)
{
	memset(&twin, 0, sizeof(twin));
	memset(&lan_twin, 0, sizeof(lan_twin));
}

static inline void twin_log(const char *fmt, ...)
{
	size_t len = strlen(twin.log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(twin.log + len, sizeof(twin.log) - len, fmt, ap);
	va_end(ap);
	strncat(twin.log, "\n", sizeof(twin.log) - strlen(twin.log) - 1);
}

static inline void twin_answer(part_done *done, void *ctx, enum msg_number number)
{
	struct message m = { 0 };

	if (number)
		msg_set(&m, number, "TWIN", "twin", "twin");
	if (done)
		done(ctx, &m);
}

static inline int twin_done(part_done *done, void *ctx)
{
	if (!twin.late || twin.n_wait == TWIN_WAITS)
		twin_answer(done, ctx, 0);
	else
		twin.wait[twin.n_wait++] = (struct twin_wait) { done, ctx };
	return 0;
}

/* Everything that waits is done; what that makes wait waits for the next time. */
static inline void twin_go_on(void)
{
	struct twin_wait wait[TWIN_WAITS];
	int n = twin.n_wait;

	memcpy(wait, twin.wait, sizeof(wait));
	twin.n_wait = 0;
	for (int i = 0; i < n; i++)
		twin_answer(wait[i].done, wait[i].ctx, 0);
}

/* A partition that is there, running, with a console, an entropy device and a disk. */
static inline struct partition *twin_partition(struct cp *cp, const char *userid)
{
	struct partition *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->cp = cp;
	snprintf(p->userid, sizeof(p->userid), "%s", userid);
	snprintf(p->classes, sizeof(p->classes), "G");
	p->state = PS_RUNNING;
	p->storage = 16 << 20;
	p->n_vcpus = 2;
	p->pidfd = -1;
	p->signal_enabled = true;
	p->dev[0] =
		(struct part_dev) { .vdev = 0x9, .slot = 1, .type = PART_DEV_CONSOLE };
	p->dev[1] = (struct part_dev) { .vdev = 0xff, .slot = 2, .type = PART_DEV_RNG };
	p->dev[2] = (struct part_dev) { .vdev = 0x191,
		.slot = 3,
		.type = PART_DEV_DISK,
		.size = 1 << 20,
		.file = "/disks/shared.191" };
	p->n_dev = 3;
	list_init(&p->watchers);
	list_init(&p->ends);
	list_append(&cp->partitions, &p->node);
	return p;
}

static inline void twin_end(struct partition *p, const char *why)
{
	guest_gone(p);
	chatter_tell(&p->talk);
	chatter_stop(&p->talk);
	while (!list_empty(&p->watchers)) {
		struct watcher *w = container_of(p->watchers.next, struct watcher, node);

		partition_unwatch(w);
		w->gone(w, why);
	}
	list_remove(&p->node);
	conring_free(&p->console);
	free(p);
}

static inline void twin_end_all(struct cp *cp)
{
	while (!list_empty(&cp->partitions))
		twin_end(
			container_of(cp->partitions.next, struct partition, node), "end");
}

struct partition *partition_find(struct cp *cp, const char *userid)
{
	struct list *pos;

	list_for_each (pos, &cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		if (!strcmp(p->userid, userid))
			return p;
	}
	return NULL;
}

const struct part_dev *partition_device(const struct partition *p, uint16_t vdev)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].vdev == vdev)
			return &p->dev[i];
	}
	return NULL;
}

const char *partition_shown(struct partition *p)
{
	return p->state == PS_RUNNING ? "running" : "stopped";
}

int partition_logon(struct cp *cp, const struct dir_user *u, const struct logon_opts *o,
	part_done *done, void *ctx, struct message *err)
{
	struct partition *p;

	twin_log("logon %s storage %llu ipl %d by %s", u->userid,
		(unsigned long long)o->storage, o->ipl ? (int)o->ipl->kind : -1, o->by);
	if (o->later)
		twin_log("later %s kind %d%s", u->userid, (int)o->later->kind,
			o->more ? ", after more" : "");
	if (twin.fail_logon)
		return msg_set(err, twin.fail_logon, u->userid);
	p = twin_partition(cp, u->userid);
	p->state = PS_STOPPED;
	snprintf(p->classes, sizeof(p->classes), "%s", u->classes);
	return twin_done(done, ctx);
}

int partition_ipl(struct partition *p, const struct ipl *ipl, bool stop, part_done *done,
	void *ctx, struct message *err)
{
	(void)stop, (void)err;
	twin_log("ipl %s kind %d parm <%s> absolute %d", p->userid, (int)ipl->kind,
		ipl->parm, ipl->absolute);
	if (twin.fail_ipl) {
		twin_answer(done, ctx, twin.fail_ipl);
		return 0;
	}
	p->state = PS_RUNNING;
	return twin_done(done, ctx);
}

int partition_begin(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err)
{
	(void)err;
	twin_log("begin %s cpu %d", p->userid, (int)cpu);
	return twin_done(done, ctx);
}

int partition_stop(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err)
{
	(void)err;
	twin_log("stop %s cpu %d", p->userid, (int)cpu);
	return twin_done(done, ctx);
}

int partition_reset(struct partition *p, enum part_reset_kind kind, part_done *done,
	void *ctx, struct message *err)
{
	(void)err;
	twin_log("reset %s kind %d", p->userid, (int)kind);
	return twin_done(done, ctx);
}

int partition_signal(struct partition *p, unsigned seconds, part_done *done, void *ctx,
	struct message *err)
{
	twin_log("signal %s %u", p->userid, seconds);
	if (twin.fail_signal)
		return msg_set(err, twin.fail_signal, p->userid);
	return twin_done(done, ctx);
}

int partition_signal_sent(struct partition *p, unsigned seconds, part_done *done,
	void *ctx, struct message *err)
{
	if (!twin.refuse_signal)
		return partition_signal(p, seconds, done, ctx, err);
	twin_log("signal %s %u refused", p->userid, seconds);
	twin_answer(done, ctx, twin.refuse_signal);
	return 0;
}

/* It comes at once, with an address that says its vdev. */
int partition_define_nic(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err)
{
	twin_log("define nic %s %04x", p->userid, vdev);
	if (twin.fail_plug)
		return msg_set(err, twin.fail_plug, p->userid, vdev);
	if (twin.refuse_plug) {
		twin_answer(done, ctx, twin.refuse_plug);
		return 0;
	}
	p->dev[p->n_dev++] = (struct part_dev) { .vdev = vdev,
		.type = PART_DEV_NIC,
		.mac = { 2, 0, 1, 0, (uint8_t)(vdev >> 8), (uint8_t)vdev } };
	return twin_done(done, ctx);
}

/* The one that came last goes. */
int partition_detach_nic(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err)
{
	twin_log("detach nic %s %04x", p->userid, vdev);
	if (twin.fail_plug)
		return msg_set(err, twin.fail_plug, p->userid, vdev);
	if (p->dev[p->n_dev - 1].vdev != vdev)
		return msg_set(err, MSG_NO_DEVICE, p->userid, vdev);
	p->n_dev--;
	return twin_done(done, ctx);
}

void partition_commands_done(struct partition *p, const struct ipl *later)
{
	twin_log("commands done %s kind %d", p->userid, (int)later->kind);
}

void record_update(const struct partition *p)
{
	twin_log("record %s", p->userid);
}

int partition_force(struct partition *p, const char *by, part_done *done, void *ctx,
	struct message *err)
{
	(void)err;
	twin_log("force %s by %s", p->userid, by);
	twin_end(p, "FORCED");
	return twin_done(done, ctx);
}

int partition_give_up(struct partition *p, const struct message *why, part_done *done,
	void *ctx, struct message *err)
{
	(void)err;
	twin_log("give up %s: %s", p->userid, why->text);
	twin_end(p, "GIVEN UP");
	return twin_done(done, ctx);
}

int partition_read(struct partition *p, uint64_t addr, uint32_t len, part_bytes *done,
	void *ctx, struct message *err)
{
	const struct message none = { 0 };

	twin_log("read %s %llx %u", p->userid, (unsigned long long)addr, len);
	if (addr >= TWIN_STORAGE || len > TWIN_STORAGE - addr)
		return msg_set(err, MSG_NO_DEVICE, p->userid, 0);
	done(ctx, &none, twin.storage + addr, len);
	return 0;
}

int partition_write(struct partition *p, uint64_t addr, const void *bytes, uint32_t len,
	part_done *done, void *ctx, struct message *err)
{
	twin_log("write %s %llx %u", p->userid, (unsigned long long)addr, len);
	if (addr >= TWIN_STORAGE || len > TWIN_STORAGE - addr)
		return msg_set(err, MSG_NO_DEVICE, p->userid, 0);
	memcpy(twin.storage + addr, bytes, len);
	return twin_done(done, ctx);
}

int partition_regs(struct partition *p, uint32_t cpu, part_bytes *done, void *ctx,
	struct message *err)
{
	const struct message none = { 0 };

	(void)err;
	twin_log("regs %s cpu %u", p->userid, cpu);
	done(ctx, &none, &twin.regs, sizeof(twin.regs));
	return 0;
}

int partition_set_regs(struct partition *p, const struct part_regs *regs, part_done *done,
	void *ctx, struct message *err)
{
	(void)err;
	twin_log("set regs %s cpu %u", p->userid, regs->cpu);
	twin.regs = *regs;
	return twin_done(done, ctx);
}

int partition_stat(struct partition *p, part_bytes *done, void *ctx, struct message *err)
{
	const struct message none = { 0 };
	struct {
		struct part_stat stat;
		struct part_stat_vcpu vcpu[2];
		struct part_stat_device dev[1];
	} s = {
		.stat = { .storage = p->storage, .n_vcpus = 2, .n_devices = 1 },
		.vcpu = { { .exits = 100, .user_exits = 10 },
			{ .exits = 50, .user_exits = 5 } },
		.dev = { { .vdev = 0x191, .in_ops = 3, .in_bytes = 4096 } },
	};

	(void)err;
	twin_log("stat %s", p->userid);
	done(ctx, &none, &s, sizeof(s));
	return 0;
}

int partition_usage(const struct partition *p, struct part_usage *out)
{
	(void)p;
	*out = (struct part_usage) {
		.cpu_ns = 1500000000, .resident = 4 << 20, .n_vcpus = 2
	};
	out->vcpu[0].state = 'R';
	out->vcpu[1].state = 'S';
	return 0;
}

void partition_input(struct partition *p, const void *bytes, size_t len)
{
	twin_log("input %s <%.*s>", p->userid, (int)len, (const char *)bytes);
}

int partition_smsg(
	struct partition *p, const char *from, const char *text, struct message *err)
{
	(void)err;
	twin_log("smsg %s from %s: %s", p->userid, from, text);
	return 0;
}

void partition_guest_out(
	struct partition *p, uint32_t id, bool err, const void *bytes, size_t len)
{
	twin_log("guest %s %u %s: %.*s", p->userid, id, err ? "err" : "out", (int)len,
		(const char *)bytes);
}

void partition_guest_done(struct partition *p, uint32_t id, uint32_t rc)
{
	twin_log("guest %s %u done %u", p->userid, id, rc);
}

#endif
