/* Ports that other programs plug into: each has a socket here, and who connects to it is
 * handed to the process of the LAN, one at a time.
 *
 * The connection is the LAN's process's: it outlives us, and ends with that.  The next
 * waits in the queue of the socket.  Whose connections end as soon as they come are taken
 * as rarely as NICs are plugged in again. */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"
#include "cp/lib/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAITING  16       /* connections in the queue */
#define BRIEF_NS NS_PER_S /* one that did not last that long is a brief one */

static int open_socket(struct lan_outlet *o);
static void close_socket(struct lan_outlet *o);
static struct lan_outlet *outlet_new(struct lan *lan, const struct lan_outlet_def *def);
static void outlet_free(struct lan_outlet *o);
static void remove_file(const struct lan_outlet *o);
static void arm(struct lan_outlet *o);
static void on_connection(struct loop_fd *watch, uint32_t events);
static void on_pause_over(struct loop_timer *timer);

/* Where it is not said: by the names of all three. */
static int complete(const struct lan *lan, struct lan_outlet_def *def)
{
	char path[4096];

	if (def->path[0])
		return 0;
	snprintf(path, sizeof(path), "%s/" LAN_OUTLET_DIR "/%s.%s", lan->cp->rundir,
		lan->link->id, def->name);
	if (strlen(path) >= sizeof(def->path))
		return -ENAMETOOLONG;
	memcpy(def->path, path, strlen(path) + 1);
	return 0;
}

static int may_define(
	struct lan *lan, const struct lan_outlet_def *def, struct message *err)
{
	const struct lan_def *d = &lan->def;
	const struct list *pos;
	int n = 0;

	if (lan->state == LS_ENDING)
		return msg_set(err, MSG_LAN_ENDING, lan_word(d), d->owner, d->name);
	if (lan_outlet_find(lan, def->name))
		return msg_set(
			err, MSG_PORT_EXISTS, lan_word(d), d->owner, d->name, def->name);
	list_for_each (pos, &lan->outlets)
		n++;
	if (n >= LAN_MAX_OUTLETS)
		return msg_set(err, MSG_TOO_MANY, LAN_MAX_OUTLETS, "ports of one LAN");
	return lan_outlet_check(lan, def, err);
}

int lan_outlet_define(
	struct lan *lan, const struct lan_outlet_def *def, struct message *err)
{
	struct lan_outlet *o;
	int rc = may_define(lan, def, err);

	if (rc)
		return rc;
	o = outlet_new(lan, def);
	if (!o)
		return msg_set(err, MSG_NO_MEMORY, "a port");
	rc = complete(lan, &o->def);
	if (!rc)
		rc = open_socket(o);
	if (rc) {
		msg_set(err, MSG_PORT_REFUSED, def->name,
			o->def.path[0] ? o->def.path : "", strerror(-rc));
		outlet_free(o);
		return err->number;
	}
	arm(o);
	lan_record_update(lan);
	return 0;
}

int lan_outlet_detach(struct lan *lan, const char *name, struct message *err)
{
	const struct message none = { 0 };
	struct lan_outlet *o = lan_outlet_find(lan, name);
	struct lan_member *m = o ? lan_outlet_member(o) : NULL;

	if (!o)
		return msg_set(err, MSG_PORT_NOT_HERE, lan_word(&lan->def),
			lan->def.owner, lan->def.name, name);
	close_socket(o);
	remove_file(o);
	if (m)
		lan_member_drop(m, &none);
	outlet_free(o);
	lan_record_update(lan);
	return 0;
}

static struct lan_outlet *outlet_new(struct lan *lan, const struct lan_outlet_def *def)
{
	struct lan_outlet *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->def = *def;
	o->lan = lan;
	o->watch.fd = -1;
	list_append(&lan->outlets, &o->node);
	return o;
}

static void outlet_free(struct lan_outlet *o)
{
	close_socket(o);
	loop_timer_cancel(&o->pause);
	list_remove(&o->node);
	free(o);
}

void lan_outlets_free(struct lan *lan)
{
	while (!list_empty(&lan->outlets))
		outlet_free(container_of(lan->outlets.next, struct lan_outlet, node));
}

void lan_outlets_end(struct lan *lan)
{
	struct list *pos;

	list_for_each (pos, &lan->outlets)
		remove_file(container_of(pos, struct lan_outlet, node));
	lan_outlets_free(lan);
}

/* ---- The socket ------------------------------------------------------------------- */

/* Is what has its name a socket, and which? */
static bool socket_at(const char *path, struct stat *st)
{
	return !lstat(path, st) && S_ISSOCK(st->st_mode);
}

static int open_socket(struct lan_outlet *o)
{
	int fd = wire_bind_stream(o->def.path, 0600), err = 0;
	struct stat st;

	if (fd < 0)
		return fd;
	if (socket_at(o->def.path, &st))
		o->inode = st.st_ino;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) || listen(fd, WAITING))
		err = -errno;
	if (!err)
		err = loop_fd_add(o->lan->cp->loop, &o->watch, fd, 0, on_connection, o);
	if (!err)
		return 0;
	close(fd);
	o->watch.fd = -1;
	remove_file(o);
	return err;
}

static void close_socket(struct lan_outlet *o)
{
	if (o->watch.fd < 0)
		return;
	loop_fd_del(&o->watch);
	close(o->watch.fd);
	o->watch.fd = -1;
}

/* Ours: not what another has put there meanwhile. */
static void remove_file(const struct lan_outlet *o)
{
	struct stat st;

	if (socket_at(o->def.path, &st) && st.st_ino == o->inode)
		unlink(o->def.path);
}

/* Who was let in by chmod and chown still is: by a descriptor, so that it is our socket
 * and nothing that has its name by now. */
static void restore_access(const struct lan_outlet *o, const struct stat *old)
{
	int fd = open(o->def.path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || fstat(fd, &st) || st.st_ino != o->inode ||
		chown(path, old->st_uid, old->st_gid) || chmod(path, old->st_mode & 0777))
		log_warn("lan", "%s: not accessible as it was", o->def.path);
	if (fd >= 0)
		close(fd);
}

void lan_outlet_adopt(struct lan *lan, const struct lan_outlet_def *def, uint64_t inode)
{
	struct lan_outlet *o = outlet_new(lan, def);
	struct stat old;
	bool ours;
	int err;

	if (!o) {
		operator_say(lan->cp, MSG_NO_MEMORY, def->name);
		return;
	}
	ours = socket_at(def->path, &old) && old.st_ino == inode;
	err = open_socket(o);
	if (err)
		operator_say(lan->cp, MSG_PORT_DEAF, def->name, lan_word(&lan->def),
			lan->def.owner, lan->def.name, def->path, strerror(-err));
	else if (ours)
		restore_access(o, &old);
}

/* ---- Who connects ----------------------------------------------------------------- */

static bool may_connect(const struct lan_outlet *o)
{
	const struct lan *lan = o->lan;

	return lan->state == LS_ACTIVE && !lan->link->adopted && !o->pause.loop &&
	       !lan_is_full(lan) && !lan_outlet_member(o);
}

static void arm(struct lan_outlet *o)
{
	uint32_t events = may_connect(o) ? EPOLLIN : 0;

	if (o->watch.loop && o->watch.events != events)
		loop_fd_mod(&o->watch, events);
}

void lan_outlets_arm(struct lan *lan)
{
	struct list *pos;

	list_for_each (pos, &lan->outlets)
		arm(container_of(pos, struct lan_outlet, node));
}

static void pause_taking(struct lan_outlet *o)
{
	struct loop *loop = o->lan->cp->loop;

	if (loop_timer_set(loop, &o->pause, loop_now(loop) + lan_replug_rule.refill_ns,
		    on_pause_over, o))
		operator_say(o->lan->cp, MSG_NO_MEMORY, o->def.name);
	arm(o);
}

static void on_pause_over(struct loop_timer *timer)
{
	arm(timer->ctx);
}

static void on_refused(void *owner, struct link_pending *rq, const struct link_reply *r)
{
	struct lan_member *m = lan_member_by_id(owner, rq->note);

	if (m && r->why->number)
		lan_outlet_gone(m, r->why->text);
}

/* By the time it is recorded it may be plugged in or not: an adopted process says so. */
static void plug(struct lan_outlet *o, struct lan_member *m, int fd)
{
	struct lan *lan = o->lan;
	struct lan_port port;

	o->since = loop_now(lan->cp->loop);
	m->plugged = true;
	arm(o);
	lan_record_update(lan);
	lan_member_port(lan, m, &port);
	lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_ADD,
				      .verb = "PORT",
				      .head = &port,
				      .head_len = sizeof(port),
				      .fds = &fd,
				      .n_fds = 1,
				      .fn = on_refused,
				      .note = m->id });
}

/* Without descriptors or memory the one that waits goes on waiting. */
static void on_connection(struct loop_fd *watch, uint32_t events)
{
	struct lan_outlet *o = watch->ctx;
	char name[LAN_NAME];
	struct lan_member *m;
	int fd;

	(void)events;
	if (!may_connect(o)) { /* the LAN is full since */
		arm(o);
		return;
	}
	fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		log_warn("lan", "%s: %s", o->def.path, strerror(errno));
		pause_taking(o);
		return;
	}
	lan_outlet_member_name(&o->def, name);
	m = lan_member_add_named(o->lan, name);
	if (m)
		plug(o, m, fd);
	else
		pause_taking(o);
	close(fd);
}

static void say(const struct lan_outlet *o, int number, const char *why)
{
	const struct lan_def *def = &o->lan->def;

	operator_say(o->lan->cp, number, o->def.name, lan_word(def), def->owner,
		def->name, why);
}

/* A storm is told of once, until a connection lasts. */
static void judge(struct lan_outlet *o, const char *why)
{
	uint64_t now = loop_now(o->lan->cp->loop);

	if (now - o->since >= BRIEF_NS) {
		o->storm = false;
	} else if (!allowance_take(&o->brief, &lan_replug_rule, now)) {
		pause_taking(o);
		if (!o->storm)
			say(o, MSG_PORT_STORM, why);
		o->storm = true;
	}
	if (!o->storm)
		say(o, MSG_PORT_LEFT, why);
}

void lan_outlet_gone(struct lan_member *m, const char *why)
{
	const struct message none = { 0 };
	struct lan *lan = m->lan;

	judge(lan_outlet_of(m), why);
	lan_member_drop(m, &none);
	lan_record_update(lan);
}

void lan_outlets_lost(struct lan *lan)
{
	const struct message none = { 0 };
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (lan_outlet_of(m))
			lan_member_drop(m, &none);
	}
	lan_outlets_arm(lan);
}
