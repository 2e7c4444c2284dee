/* The requests of cpd: one table, one function each.
 *
 * A payload shorter than its struct is filled up with zeros, a longer one is cut: what is
 * beyond the struct belongs to a newer version, or is the request's own tail. */
#include "partitions/ctl.h"

#include "cp/guest_abi.h"
#include "cp/lib/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A request being served. */
struct request {
	struct ctl *ctl;
	struct wire_msg *msg;
	struct fail why;
};

/* 0: answered by PART_OK alone; ANSWERED: it has answered, or there is nothing to answer;
 * -errno with why: PART_FAIL. */
typedef int request_fn(struct request *r);
#define ANSWERED 1

static request_fn hello, activate, ipl, begin, stop, reset, ask_to_shut_down, console_in,
	storage_read, storage_write, regs_read, regs_write, stat_all, end_process,
	guest_out, guest_err, guest_done, smsg, plug, unplug, nic;

static const struct {
	request_fn *fn;
	bool silent;      /* nothing is answered, not even a failure */
	uint32_t version; /* the first that has it */
} requests[] = {
	[PART_HELLO] = { hello, false, 0 },
	[PART_ACTIVATE] = { activate, false, 1 },
	[PART_IPL] = { ipl, false, 1 },
	[PART_BEGIN] = { begin, false, 1 },
	[PART_STOP] = { stop, false, 1 },
	[PART_RESET] = { reset, false, 1 },
	[PART_SIGNAL] = { ask_to_shut_down, false, 1 },
	[PART_CONSOLE_IN] = { console_in, true, 1 },
	[PART_STORAGE_READ] = { storage_read, false, 1 },
	[PART_STORAGE_WRITE] = { storage_write, false, 1 },
	[PART_REGS_READ] = { regs_read, false, 1 },
	[PART_REGS_WRITE] = { regs_write, false, 1 },
	[PART_STAT] = { stat_all, false, 1 },
	[PART_END] = { end_process, true, 1 },
	[PART_GUEST_OUT] = { guest_out, true, 1 },
	[PART_GUEST_ERR] = { guest_err, true, 1 },
	[PART_GUEST_DONE] = { guest_done, true, 1 },
	[PART_SMSG] = { smsg, true, 2 },
	[PART_PLUG] = { plug, false, 3 },
	[PART_UNPLUG] = { unplug, false, 3 },
	[PART_NIC] = { nic, false, 4 },
};
#define N_REQUESTS (sizeof(requests) / sizeof(requests[0]))

static int malformed(struct request *r, const char *what)
{
	return fail_set(&r->why, PART_R_PROTOCOL, EPROTO, "%s", what);
}

/* Of a type we know, and of the version we speak: before PART_HELLO, none but that. */
static bool known(const struct ctl *c, uint16_t type)
{
	return type < N_REQUESTS && requests[type].fn &&
	       c->version >= requests[type].version;
}

static void answer_fail(struct request *r)
{
	struct {
		struct part_fail head;
		char text[sizeof(r->why.text)];
	} answer = { .head = { .err = r->why.err, .reason = r->why.reason } };
	size_t len = strlen(r->why.text);

	memcpy(answer.text, r->why.text, len);
	ctl_answer(r->ctl, PART_FAIL, r->msg->id, &answer, sizeof(answer.head) + len);
}

void ctl_request(struct ctl *c, struct wire_msg *msg)
{
	struct request r = { .ctl = c, .msg = msg };
	int result;

	if (known(c, msg->type))
		result = requests[msg->type].fn(&r);
	else
		result = malformed(&r, c->version ? "unknown request" : "no HELLO yet");

	if (msg->type < N_REQUESTS && requests[msg->type].silent)
		return;
	if (!result)
		ctl_answer(c, PART_OK, msg->id, NULL, 0);
	else if (result < 0)
		answer_fail(&r);
}

static void take(const struct request *r, void *to, size_t size)
{
	wire_head(r->msg, to, size);
}

/* What follows the struct. */
static const void *tail(const struct request *r, size_t size, size_t *len)
{
	return wire_tail(r->msg, size, len);
}

static int hello(struct request *r)
{
	struct ctl *c = r->ctl;
	struct part_hello h;
	struct part_hello_answer a;

	take(r, &h, sizeof(h));
	if (h.version < PART_OLDEST)
		return malformed(r, "a version too old");
	c->version = h.version < PART_VERSION ? h.version : PART_VERSION;
	c->console_sent = h.console_from;
	a = (struct part_hello_answer) {
		.version = c->version,
		.run = c->vm->run,
		.console_end = c->vm->console.end,
		.n_vcpus = c->vm->n_vcpus,
		.signal_enabled = c->vm->hears != 0,
	};
	ctl_answer(c, PART_HELLO_ANSWER, r->msg->id, &a, sizeof(a));
	ctl_flush(c);
	return ANSWERED;
}

static int activate(struct request *r)
{
	struct part_device devices[PART_MAX_DEVICES];
	struct part_activate a;
	const void *rest;
	size_t len;

	take(r, &a, sizeof(a));
	rest = tail(r, sizeof(a), &len);
	if (a.n_devices > PART_MAX_DEVICES || a.n_devices * sizeof(devices[0]) > len)
		return malformed(r, "devices are missing, or too many");
	memcpy(devices, rest, a.n_devices * sizeof(devices[0]));
	return vm_activate(r->ctl->vm, &a, devices, r->msg->fds, r->msg->n_fds, &r->why);
}

static int ipl(struct request *r)
{
	struct ipl_source src;
	struct part_ipl p;
	const char *parm;
	size_t len;

	take(r, &p, sizeof(p));
	parm = tail(r, sizeof(p), &len);
	if (p.parm_len > len || p.parm_len > IPL_MAX_PARM)
		return malformed(r, "the command line is cut off, or too long");
	if (r->msg->n_fds < 1 + (p.has_initrd != 0))
		return malformed(r, "a descriptor is missing");

	ipl_source_init(&src);
	src.parm = strndup(parm, p.parm_len);
	if (!src.parm)
		return fail_set(&r->why, PART_R_IO, ENOMEM, "no memory");
	src.kind = (enum part_ipl_kind)p.kind;
	src.image = wire_take_fd(r->msg, 0);
	if (p.has_initrd)
		src.initrd = wire_take_fd(r->msg, 1);
	return vm_ipl(r->ctl->vm, &src, p.flags, &r->why);
}

static int begin(struct request *r)
{
	struct part_cpu p;

	take(r, &p, sizeof(p));
	return vm_begin(r->ctl->vm, p.cpu, &r->why);
}

static int stop(struct request *r)
{
	struct part_cpu p;

	take(r, &p, sizeof(p));
	return vm_stop(r->ctl->vm, p.cpu, &r->why);
}

static int reset(struct request *r)
{
	struct part_reset p;

	take(r, &p, sizeof(p));
	if (p.kind < PART_RESET_SYSTEM || p.kind > PART_RESET_RESTART)
		return malformed(r, "an unknown kind of reset");
	return vm_reset(r->ctl->vm, (enum part_reset_kind)p.kind, &r->why);
}

static int ask_to_shut_down(struct request *r)
{
	struct part_signal p;

	take(r, &p, sizeof(p));
	return vm_signal(r->ctl->vm, p.seconds, &r->why);
}

static int console_in(struct request *r)
{
	vm_console_in(r->ctl->vm, r->msg->data, r->msg->len);
	return ANSWERED;
}

static int storage_read(struct request *r)
{
	uint8_t bytes[PART_CHUNK];
	struct part_storage p;
	int err;

	take(r, &p, sizeof(p));
	if (!p.len || p.len > PART_CHUNK)
		return malformed(r, "a length that is none");
	err = vm_storage_read(r->ctl->vm, p.addr, bytes, p.len, &r->why);
	if (err)
		return err;
	ctl_answer(r->ctl, PART_OK, r->msg->id, bytes, p.len);
	return ANSWERED;
}

static int storage_write(struct request *r)
{
	struct part_storage p;
	const void *bytes;
	size_t len;

	take(r, &p, sizeof(p));
	bytes = tail(r, sizeof(p), &len);
	if (!p.len || p.len > PART_CHUNK || p.len > len)
		return malformed(r, "a length that is none");
	return vm_storage_write(r->ctl->vm, p.addr, bytes, p.len, &r->why);
}

static int regs_read(struct request *r)
{
	struct part_regs regs;
	struct part_cpu p;
	int err;

	take(r, &p, sizeof(p));
	err = vm_regs_read(r->ctl->vm, p.cpu, &regs, &r->why);
	if (err)
		return err;
	ctl_answer(r->ctl, PART_OK, r->msg->id, &regs, sizeof(regs));
	return ANSWERED;
}

static int regs_write(struct request *r)
{
	struct part_regs regs;

	take(r, &regs, sizeof(regs));
	return vm_regs_write(r->ctl->vm, &regs, &r->why);
}

static int stat_all(struct request *r)
{
	struct {
		struct part_stat head;
		uint8_t rest[PART_MAX_VCPUS * sizeof(struct part_stat_vcpu) +
			     PART_MAX_DEVICES * sizeof(struct part_stat_device)];
	} answer;
	struct vm *vm = r->ctl->vm;
	uint8_t *at = answer.rest;

	vm_stat(vm, &answer.head);
	for (unsigned i = 0; i < answer.head.n_vcpus; i++) {
		struct part_stat_vcpu s;

		vm_stat_vcpu(vm, i, &s);
		at = (uint8_t *)mempcpy(at, &s, sizeof(s));
	}
	for (unsigned i = 0; i < answer.head.n_devices; i++) {
		struct part_stat_device s;

		vm_stat_device(vm, i, &s);
		at = (uint8_t *)mempcpy(at, &s, sizeof(s));
	}
	ctl_answer(
		r->ctl, PART_OK, r->msg->id, &answer, (size_t)(at - (uint8_t *)&answer));
	return ANSWERED;
}

static int end_process(struct request *r)
{
	loop_stop(r->ctl->loop);
	return ANSWERED;
}

/* To the guest's cp port.  A guest that does not read loses its answer, not ours. */
static void to_guest(struct request *r, uint16_t type, const void *data, size_t len)
{
	static struct log_limit limit = LOG_LIMIT(3, 10000);
	int err = vm_cp_send(r->ctl->vm, type, r->msg->id, data, len);

	if (err)
		log_limited(&limit, LOG_LVL_INFO, "ctl",
			"the guest does not take CP's answer");
}

static int guest_out(struct request *r)
{
	to_guest(r, CP_OUT, r->msg->data, r->msg->len);
	return ANSWERED;
}

static int guest_err(struct request *r)
{
	to_guest(r, CP_ERR, r->msg->data, r->msg->len);
	return ANSWERED;
}

static int guest_done(struct request *r)
{
	uint32_t rc;

	take(r, &rc, sizeof(rc));
	ctl_command_done(r->ctl, r->msg->id);
	to_guest(r, CP_DONE, &rc, sizeof(rc));
	return ANSWERED;
}

static int smsg(struct request *r)
{
	vm_cp_send(r->ctl->vm, CP_SMSG, 0, r->msg->data, r->msg->len);
	return ANSWERED;
}

static int plug(struct request *r)
{
	struct part_device dev;

	take(r, &dev, sizeof(dev));
	return vm_plug(r->ctl->vm, &dev, r->msg->fds, r->msg->n_fds, &r->why);
}

static int unplug(struct request *r)
{
	struct part_unplug p;

	take(r, &p, sizeof(p));
	return vm_unplug(r->ctl->vm, p.vdev, &r->why);
}

static int nic(struct request *r)
{
	struct part_nic p;

	take(r, &p, sizeof(p));
	return vm_nic(r->ctl->vm, &p, r->msg->fds, r->msg->n_fds, &r->why);
}
