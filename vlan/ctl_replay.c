/* Replays in progress. */
#include "vlan/ctl.h"
#include "vlan/port_tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct lan_ctl_replay *find(const struct lan_ctl *c, uint32_t id)
{
	const struct list *pos;

	list_for_each (pos, &c->replays) {
		struct lan_ctl_replay *r = container_of(pos, struct lan_ctl_replay, node);

		if (r->id == id)
			return r;
	}
	return NULL;
}

static int count(const struct lan_ctl *c)
{
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &c->replays)
		n++;
	return n;
}

/* A trunk of all VLANs from which any address may send, and which gets nothing. */
static int own_port(struct lan_ctl *c, struct lan_ctl_replay *r)
{
	struct lan_port conf = { .id = CTL_REPLAY_PORT + r->id,
		.kind = LAN_PORT_NONE,
		.flags = LAN_PORT_TRUNK | LAN_PORT_OPEN | LAN_PORT_UPLINK | LAN_PORT_DEAF,
		.native = 1 };

	snprintf(conf.name, sizeof(conf.name), "REPLAY.%04X", r->id & 0xffff);
	memset(conf.vlans, 0xff, sizeof(conf.vlans));
	return port_none_create(&c->host, &conf, &r->plug);
}

static struct port *port_of(const struct lan_ctl *c, const struct lan_ctl_replay *r)
{
	return r->plug ? &r->plug->port : switch_port_find(c->host.sw, r->port);
}

static void forget(struct lan_ctl_replay *r)
{
	list_remove(&r->node);
	loop_fd_del(&r->watch);
	if (r->replay)
		replay_close(r->replay);
	if (r->plug)
		r->plug->ops->destroy(r->plug);
	free(r);
}

static bool is_asked(const struct lan_ctl_replay *r)
{
	return r->ctl->generation == r->generation;
}

/* One whose beginning nobody has been told of ends with the answer to that. */
static void end(struct lan_ctl *c, struct lan_ctl_replay *r, const char *why)
{
	if (r->begun)
		lan_ctl_event(c, LAN_EV_REPLAY_DONE, r->id, replay_count(r->replay), why);
	else if (is_asked(r))
		lan_ctl_fail(c, r->request, -ECANCELED, why);
	forget(r);
}

/* Nobody is told but who asked: if that is another by now, it is as any that ended. */
static void on_read(struct loop_fd *watch, uint32_t events)
{
	struct lan_ctl_replay *r = watch->ctx;
	struct lan_ctl *c = r->ctl;
	const char *why;
	int err;

	(void)events;
	replay_look(r->replay);
	if (r->begun || !replay_begun(r->replay, &err, &why))
		return;
	r->begun = !err || !is_asked(r);
	if (err && !r->begun)
		lan_ctl_fail(c, r->request, err, why);
	else if (is_asked(r))
		lan_ctl_answer(c, LAN_OK, r->request, NULL, 0);
	if (!r->begun)
		forget(r);
}

static int check(const struct lan_ctl *c, const struct lan_replay *conf, const char **why)
{
	*why = "";
	if (find(c, conf->id))
		return -EEXIST;
	if (count(c) == CTL_REPLAYS) {
		*why = "too many files are being sent already";
		return -ENOSPC;
	}
	if (conf->port && !switch_port_find(c->host.sw, conf->port))
		return -ENOENT;
	return 0;
}

static int start(struct lan_ctl *c, struct lan_ctl_replay *r, int fd, uint32_t speed,
	const char **why)
{
	int err = replay_open(fd, speed, lan_now(), c->ops->thread_started, c->ops->ctx,
		&r->replay, why);

	if (!err)
		err = loop_fd_add(
			c->loop, &r->watch, replay_fd(r->replay), EPOLLIN, on_read, r);
	if (!err && !r->port)
		err = own_port(c, r);
	return err;
}

int lan_ctl_replay_start(struct lan_ctl *c, const struct lan_replay *conf, int fd,
	uint32_t request, const char **why)
{
	struct lan_ctl_replay *r;
	int err = check(c, conf, why);

	r = err ? NULL : calloc(1, sizeof(*r));
	if (!r) {
		close(fd);
		return err ? err : -ENOMEM;
	}
	r->ctl = c;
	r->id = conf->id;
	r->port = conf->port;
	r->request = request;
	r->generation = c->generation;
	list_append(&c->replays, &r->node);
	err = start(c, r, fd, conf->speed, why);
	if (err)
		forget(r);
	return err;
}

int lan_ctl_replay_end(struct lan_ctl *c, uint32_t id)
{
	struct lan_ctl_replay *r = find(c, id);

	if (!r)
		return -ENOENT;
	end(c, r, "it was stopped");
	return 0;
}

void lan_ctl_replay_port_gone(struct lan_ctl *c, uint32_t port)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &c->replays) {
		struct lan_ctl_replay *r = container_of(pos, struct lan_ctl_replay, node);

		if (r->port == port && !r->plug)
			end(c, r, "its NIC has left the LAN");
	}
}

uint64_t lan_ctl_replay_next(const struct lan_ctl *c)
{
	uint64_t next = UINT64_MAX;
	const struct list *pos;

	list_for_each (pos, &c->replays) {
		const struct lan_ctl_replay *r = container_of(
			pos, const struct lan_ctl_replay, node);
		uint64_t at = replay_next(r->replay);

		/* The one that has come to its end is due at once. */
		if (r->begun && replay_over(r->replay))
			return 0;
		if (r->begun && at < next)
			next = at;
	}
	return next;
}

void lan_ctl_replay_run(struct lan_ctl *c, uint64_t now)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &c->replays) {
		struct lan_ctl_replay *r = container_of(pos, struct lan_ctl_replay, node);

		if (!r->begun)
			continue;
		if (replay_next(r->replay) <= now)
			replay_run(r->replay, c->host.sw, port_of(c, r), now);
		if (replay_over(r->replay))
			end(c, r, replay_why(r->replay));
	}
}
