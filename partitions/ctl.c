/* The connection: accepting it, losing it, and what goes out unasked. */
#include "partitions/ctl.h"

#include "cp/guest_abi.h"
#include "cp/lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_NS    3000000
#define LINGER_BYTES 4096          /* not that many */
#define QUEUE_MAX    (1024 * 1024) /* bytes for a cpd that does not read */
#define UNASKED_MAX  (128 * 1024)  /* of them, unasked: answers find room */

static void on_connect(struct loop_fd *watch, uint32_t events);
static void on_record(struct wire *w, struct wire_msg *msg);
static void on_gone(struct wire *w, int err);
static void on_drained(struct wire *w);
static void drop_connection(struct ctl *c);
static void on_event(void *ctx, const struct part_event *e, const char *text);
static void on_console(void *ctx);
static void on_guest_command(
	void *ctx, uint32_t id, uint16_t flags, const char *text, size_t len);
static void on_guest_reset(void *ctx);

static const struct vm_ops vm_ops = { on_event, on_console, on_guest_command,
	on_guest_reset };
static const struct wire_ops wire_ops = { on_record, on_gone, on_drained };

int ctl_create(struct loop *loop, int listen_fd, int kvm_fd,
	const struct sandbox *sandbox, struct ctl **out)
{
	struct ctl *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		close(listen_fd);
		return -ENOMEM;
	}
	c->loop = loop;
	err = loop_fd_add(loop, &c->listener, listen_fd, EPOLLIN, on_connect, c);
	if (err)
		close(listen_fd);
	if (!err)
		err = vm_create(loop, kvm_fd, sandbox, &vm_ops, c, &c->vm);
	if (err) {
		ctl_destroy(c);
		return err;
	}
	*out = c;
	return 0;
}

void ctl_destroy(struct ctl *c)
{
	if (!c)
		return;
	vm_destroy(c->vm);
	loop_undefer(&c->flush);
	loop_timer_cancel(&c->linger);
	wire_close(&c->wire);
	if (c->listener.loop) {
		loop_fd_del(&c->listener);
		close(c->listener.fd);
	}
	free(c);
}

void ctl_answer(struct ctl *c, uint16_t type, uint32_t id, const void *data, size_t len)
{
	int err = wire_send(&c->wire, type, id, 0, data, len, NULL, 0);

	if (!err || err == -EPIPE)
		return;
	log_warn("ctl", "cpd does not take its answers: %s", strerrorname_np(-err));
	drop_connection(c);
}

void ctl_command_done(struct ctl *c, uint32_t id)
{
	for (unsigned i = 0; i < c->n_commands; i++) {
		if (c->command[i] == id) {
			c->command[i] = c->command[--c->n_commands];
			return;
		}
	}
}

/* Whatever a guest does, it cannot fill the queue. */
static bool has_room(const struct ctl *c)
{
	return c->wire.queued < UNASKED_MAX;
}

static int send_reset(struct ctl *c)
{
	int err;

	if (!c->reset_owed || !has_room(c))
		return 0;
	err = wire_send(&c->wire, PART_GUEST_RESET, 0, 0, NULL, 0, NULL, 0);
	c->reset_owed = err != 0;
	return err;
}

/* What a cpd of before would take for a broken process. */
static bool too_new(const struct ctl *c, const struct part_event *e)
{
	return e->kind == PART_EV_NIC_LOST && c->version < 4;
}

static int send_event(struct ctl *c, const struct ctl_event *e)
{
	uint8_t data[sizeof(e->event) + sizeof(e->text)];
	size_t len = strlen(e->text);

	memcpy(data, &e->event, sizeof(e->event));
	memcpy(data + sizeof(e->event), e->text, len);
	return wire_send(
		&c->wire, PART_EVENT, 0, 0, data, sizeof(e->event) + len, NULL, 0);
}

/* The oldest events first, each only gone from here once it is on its way. */
static int send_events(struct ctl *c)
{
	while (c->n_events && has_room(c)) {
		int err = too_new(c, &c->events[0].event) ? 0
							  : send_event(c, &c->events[0]);

		if (err)
			return err;
		c->n_events--;
		memmove(c->events, c->events + 1, c->n_events * sizeof(c->events[0]));
	}
	return 0;
}

static int send_console(struct ctl *c)
{
	struct {
		struct part_console head;
		uint8_t bytes[PART_CHUNK];
	} record;
	const void *bytes;
	size_t n;
	int err = 0;

	while (!err && has_room(c) &&
		(n = console_piece(
			 &c->vm->console, &c->console_sent, &bytes, PART_CHUNK))) {
		record.head.offset = c->console_sent;
		memcpy(record.bytes, bytes, n);
		err = wire_send(&c->wire, PART_CONSOLE, 0, 0, &record,
			sizeof(record.head) + n, NULL, 0);
		if (!err)
			c->console_sent += n;
	}
	return err;
}

void ctl_flush(struct ctl *c)
{
	if (!wire_is_open(&c->wire) || !c->version)
		return;
	if (!send_reset(c) && !send_events(c))
		send_console(c);
}

static void on_connect(struct loop_fd *watch, uint32_t events)
{
	struct ctl *c = watch->ctx;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err;

	(void)events;
	if (fd < 0)
		return;
	drop_connection(c);
	err = wire_open(&c->wire, c->loop, fd, QUEUE_MAX, &wire_ops, c);
	if (err)
		log_warn("ctl", "a connection failed: %s", strerrorname_np(-err));
}

static void on_record(struct wire *w, struct wire_msg *msg)
{
	ctl_request(w->ctx, msg);
}

static void on_gone(struct wire *w, int err)
{
	if (err)
		log_warn("ctl", "the connection broke: %s", strerrorname_np(-err));
	drop_connection(w->ctx);
}

static void on_drained(struct wire *w)
{
	ctl_flush(w->ctx);
}

/* Whoever comes next knows nothing of the guest's commands in progress: they end here. */
static void drop_connection(struct ctl *c)
{
	const uint32_t rc = CP_RC_AWAY;

	wire_close(&c->wire);
	c->version = 0;
	c->reset_owed = false;
	while (c->n_commands)
		vm_cp_send(c->vm, CP_DONE, c->command[--c->n_commands], &rc, sizeof(rc));
}

static void flush(struct loop_call *call)
{
	ctl_flush(call->ctx);
}

static void flush_soon(struct ctl *c)
{
	if (!c->flush.loop)
		loop_defer(c->loop, &c->flush, flush, c);
}

static void on_event(void *ctx, const struct part_event *e, const char *text)
{
	static struct log_limit limit = LOG_LIMIT(3, 10000);
	struct ctl *c = ctx;
	struct ctl_event *kept;

	if (c->n_events == CTL_EVENTS) {
		log_limited(&limit, LOG_LVL_WARN, "ctl",
			"an event was lost: nobody takes them");
		c->n_events--;
		memmove(c->events, c->events + 1, c->n_events * sizeof(c->events[0]));
	}
	kept = &c->events[c->n_events++];
	kept->event = *e;
	snprintf(kept->text, sizeof(kept->text), "%s", text);
	flush_soon(c);
}

static void on_linger(struct loop_timer *timer)
{
	ctl_flush(timer->ctx);
}

/* What a vCPU writes byte by byte goes on together: each time would wake the loop. */
static void on_console(void *ctx)
{
	struct ctl *c = ctx;
	bool many = c->vm->console.end - c->console_sent >= LINGER_BYTES;

	if (!c->version || c->linger.loop)
		return;
	if (many || loop_in_callback(c->loop) ||
		loop_timer_set(
			c->loop, &c->linger, loop_now(c->loop) + LINGER_NS, on_linger, c))
		flush_soon(c);
}

/* Passed on at once: a command that cannot be is answered here. */
static void on_guest_command(
	void *ctx, uint32_t id, uint16_t flags, const char *text, size_t len)
{
	const uint32_t rc = CP_RC_AWAY;
	struct ctl *c = ctx;
	int err = -EPIPE;

	if (c->version && !c->reset_owed && c->n_commands < CTL_COMMANDS)
		err = wire_send(
			&c->wire, PART_GUEST_COMMAND, id, flags, text, len, NULL, 0);
	if (err)
		vm_cp_send(c->vm, CP_DONE, id, &rc, sizeof(rc));
	else
		c->command[c->n_commands++] = id;
}

static void on_guest_reset(void *ctx)
{
	struct ctl *c = ctx;

	c->n_commands = 0;
	c->reset_owed = c->version != 0;
	send_reset(c);
}
