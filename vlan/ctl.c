/* The connection, what goes out unasked, and the turns of the main loop. */
#include "vlan/ctl.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX   (1024 * 1024) /* bytes for a cpd that does not read */
#define UNASKED_MAX (128 * 1024)  /* of them, unasked: answers find room */

/* While ports are polled, descriptors are looked at only every so many rounds: it is a
 * system call, and cpd can wait some microseconds. */
#define ROUNDS 32

static void on_connect(struct loop_fd *watch, uint32_t events);
static void on_record(struct wire *w, struct wire_msg *msg);
static void on_gone(struct wire *w, int err);
static void on_drained(struct wire *w);
static void drop_connection(struct lan_ctl *c);
static void on_plug_gone(struct lan_host *host, struct lan_plug *plug, const char *text);
static void on_plug_state(struct lan_host *host, struct lan_plug *plug);
static void on_trace_broken(void *ctx, uint32_t id, const char *why);
static void on_captures(struct loop_fd *watch, uint32_t events);
static int on_thread_started(void *ctx);
static int make_host(struct lan_ctl *c);
static int set_wakeup(struct lan_ctl *c);

static const struct wire_ops wire_ops = { on_record, on_gone, on_drained };
static const struct captures_ops captures_ops = { on_trace_broken, on_thread_started };

uint64_t lan_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

struct lan_plug *plug_of(struct port *port)
{
	return container_of(port, struct lan_plug, port);
}

int lan_ctl_create(struct loop *loop, int listen_fd, const struct lan_ctl_ops *ops,
	struct lan_ctl **out)
{
	struct lan_ctl *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		close(listen_fd);
		return -ENOMEM;
	}
	c->loop = loop;
	c->ops = ops;
	list_init(&c->replays);
	err = loop_fd_add(loop, &c->listener, listen_fd, EPOLLIN, on_connect, c);
	if (err)
		close(listen_fd);
	if (!err)
		err = make_host(c);
	if (err) {
		lan_ctl_destroy(c);
		return err;
	}
	*out = c;
	return 0;
}

static int make_host(struct lan_ctl *c)
{
	int err;

	c->host = (struct lan_host) {
		.loop = c->loop, .gone = on_plug_gone, .state = on_plug_state, .ctx = c
	};
	c->host.poller = poller_create();
	if (!c->host.poller)
		return -ENOMEM;
	err = switch_create(&c->host.sw);
	if (!err)
		err = captures_create(c->host.sw, &captures_ops, c, &c->captures);
	if (!err)
		err = loop_fd_add(c->loop, &c->captures_watch, captures_fd(c->captures),
			EPOLLIN, on_captures, c);
	return err;
}

void lan_ctl_destroy(struct lan_ctl *c)
{
	struct port *port;

	if (!c)
		return;
	while (!list_empty(&c->replays))
		lan_ctl_replay_end(c,
			container_of(c->replays.next, struct lan_ctl_replay, node)->id);
	if (c->captures_watch.loop)
		loop_fd_del(&c->captures_watch);
	if (c->captures)
		captures_destroy(c->captures);
	while (c->host.sw && (port = switch_port_next(c->host.sw, 0)))
		plug_of(port)->ops->destroy(plug_of(port));
	switch_destroy(c->host.sw);
	if (c->host.poller)
		poller_destroy(c->host.poller);
	loop_undefer(&c->flush);
	loop_timer_cancel(&c->wakeup);
	wire_close(&c->wire);
	if (c->listener.loop) {
		loop_fd_del(&c->listener);
		close(c->listener.fd);
	}
	free(c);
}

int lan_ctl_run(struct lan_ctl *c)
{
	int err;

	do
		err = lan_ctl_turn(c, -1);
	while (!err);
	return err;
}

/* Frames that waited, and files that are sent, are due. */
static void run_due(struct lan_ctl *c, uint64_t now)
{
	if (switch_next(c->host.sw) <= now)
		switch_tick(c->host.sw, now);
	if (lan_ctl_replay_next(c) <= now)
		lan_ctl_replay_run(c, now);
}

int lan_ctl_turn(struct lan_ctl *c, int timeout_ms)
{
	bool busy = true;
	int n;

	for (int i = 0; i < ROUNDS && busy; i++) {
		uint64_t now = lan_now();

		busy = poller_round(c->host.poller, now);
		run_due(c, now);
	}
	n = set_wakeup(c);
	if (!n)
		n = loop_once(c->loop, busy ? 0 : timeout_ms);
	return n < 0 ? n : 0;
}

/* Nothing is done by it: waking the loop up is all. */
static void on_wakeup(struct loop_timer *timer)
{
	(void)timer;
}

static int set_wakeup(struct lan_ctl *c)
{
	uint64_t due = switch_next(c->host.sw), replay = lan_ctl_replay_next(c);

	if (replay < due)
		due = replay;
	if (due == UINT64_MAX) {
		loop_timer_cancel(&c->wakeup);
		return 0;
	}
	if (c->wakeup.loop && c->wakeup.deadline == due)
		return 0;
	return loop_timer_set(c->loop, &c->wakeup, due, on_wakeup, c);
}

void lan_ctl_answer(
	struct lan_ctl *c, uint16_t type, uint32_t id, const void *data, size_t len)
{
	int err = wire_send(&c->wire, type, id, 0, data, len, NULL, 0);

	if (!err || err == -EPIPE)
		return;
	log_warn("ctl", "cpd does not take its answers: %s", strerrorname_np(-err));
	drop_connection(c);
}

void lan_ctl_fail(struct lan_ctl *c, uint32_t id, int err, const char *text)
{
	struct {
		struct lan_fail head;
		char text[CTL_TEXT];
	} answer = { .head = { .err = -err } };
	size_t len = strnlen(text, sizeof(answer.text));

	memcpy(answer.text, text, len);
	lan_ctl_answer(c, LAN_FAIL, id, &answer, sizeof(answer.head) + len);
}

/* The oldest first, each only gone from here once it is on its way. */
static void send_events(struct lan_ctl *c)
{
	while (c->version && c->n_events && c->wire.queued < UNASKED_MAX) {
		const struct lan_ctl_event *e = &c->events[0];
		uint8_t data[sizeof(e->event) + sizeof(e->text)];
		size_t len = strlen(e->text);

		memcpy(data, &e->event, sizeof(e->event));
		memcpy(data + sizeof(e->event), e->text, len);
		if (wire_send(&c->wire, LAN_EVENT, 0, 0, data, sizeof(e->event) + len,
			    NULL, 0))
			return;
		c->n_events--;
		memmove(c->events, c->events + 1, c->n_events * sizeof(c->events[0]));
	}
}

static void flush(struct loop_call *call)
{
	send_events(call->ctx);
}

void lan_ctl_event(struct lan_ctl *c, enum lan_event_kind kind, uint32_t id,
	uint64_t value, const char *text)
{
	struct lan_ctl_event *kept;

	if (c->n_events == CTL_EVENTS) {
		c->n_events--;
		memmove(c->events, c->events + 1, c->n_events * sizeof(c->events[0]));
	}
	kept = &c->events[c->n_events++];
	kept->event = (struct lan_event) { .kind = kind, .id = id, .value = value };
	snprintf(kept->text, sizeof(kept->text), "%s", text);
	if (!c->flush.loop)
		loop_defer(c->loop, &c->flush, flush, c);
}

static void on_connect(struct loop_fd *watch, uint32_t events)
{
	struct lan_ctl *c = watch->ctx;
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
	struct lan_ctl *c = w->ctx;

	lan_ctl_request(c, msg);
	send_events(c);
}

static void on_gone(struct wire *w, int err)
{
	if (err)
		log_warn("ctl", "the connection broke: %s", strerrorname_np(-err));
	drop_connection(w->ctx);
}

static void on_drained(struct wire *w)
{
	send_events(w->ctx);
}

static void drop_connection(struct lan_ctl *c)
{
	wire_close(&c->wire);
	c->version = 0;
	c->generation++;
}

static void on_plug_gone(struct lan_host *host, struct lan_plug *plug, const char *text)
{
	lan_ctl_event(host->ctx, LAN_EV_PORT_GONE, plug->port.conf.id, 0, text);
}

static void on_plug_state(struct lan_host *host, struct lan_plug *plug)
{
	lan_ctl_event(host->ctx, LAN_EV_PORT_STATE, plug->port.conf.id, plug->state, "");
}

static void on_trace_broken(void *ctx, uint32_t id, const char *why)
{
	lan_ctl_event(ctx, LAN_EV_TRACE_BROKEN, id, 0, why);
}

static int on_thread_started(void *ctx)
{
	const struct lan_ctl *c = ctx;

	return c->ops->thread_started ? c->ops->thread_started(c->ops->ctx) : 0;
}

static void on_captures(struct loop_fd *watch, uint32_t events)
{
	struct lan_ctl *c = watch->ctx;

	(void)events;
	captures_poll(c->captures);
}
