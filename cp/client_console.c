/* The console of a client.
 *
 * What is sent comes from the ring the partition keeps, from where this client is:
 * nothing is copied into a queue of its own beyond CLIENT_CONSOLE.  A reader that falls
 * behind the ring misses what was overwritten, and the offset of the next record says how
 * much. */
#include "cp/client.h"

#include "cp/conring.h"
#include "cp/cp_socket.h"

#include <stdio.h>
#include <string.h>

static int attach(
	struct client *c, const char *userid, bool drive, bool force, struct message *m);
static bool may_watch(const struct client *c, const struct partition *p, bool drive);
static void audit(struct client *c, const char *userid, bool drive, int rc);
static bool send_console(struct client *c, const struct conring *ring);
static void on_output(struct watcher *w, uint64_t offset, const void *bytes, size_t len);
static void on_told(struct watcher *w, const char *line);
static void on_gone(struct watcher *w, const char *why);

void client_console_init(struct client *c)
{
	c->watcher = (struct watcher) {
		.output = on_output,
		.told = on_told,
		.gone = on_gone,
		.ctx = c,
	};
	list_init(&c->watcher.node);
	c->session.watcher = &c->watcher;
}

void client_attach(struct client *c, uint32_t id, uint16_t flags, const char *userid)
{
	bool drive = flags & CPS_F_DRIVE;
	struct message m = { 0 };
	int rc;

	client_detach(c);
	rc = attach(c, userid, drive, flags & CPS_F_FORCE, &m);
	if (rc)
		client_detach(c);
	audit(c, userid, drive, rc);
	client_answer(c, id, &m);
	c->replaying = !rc;
	client_pump(c);
}

void client_detach(struct client *c)
{
	if (!c->watcher.partition)
		return;
	while (c->replaying && send_console(c, &c->watcher.partition->console))
		;
	c->replaying = false;
	partition_unwatch(&c->watcher);
}

void client_input(struct client *c, uint32_t id, const void *bytes, size_t len)
{
	struct message m;

	if (c->watcher.partition && c->watcher.drives) {
		partition_input(c->watcher.partition, bytes, len);
		return;
	}
	msg_set(&m, MSG_NOT_DRIVING);
	client_error(c, id, &m);
}

void client_pump(struct client *c)
{
	while (c->replaying && c->watcher.partition && c->wire.queued < CLIENT_CONSOLE) {
		if (!send_console(c, &c->watcher.partition->console))
			break;
	}
}

void client_show_status(struct client *c)
{
	const struct partition *p = c->watcher.partition;
	bool running = p && (p->state == PS_RUNNING || p->state == PS_SIGNALLED);
	const char *word = running ? "RUNNING" : "CP READ";

	if (!c->session.tty && !p)
		return;
	if (!strcmp(word, c->status))
		return;
	snprintf(c->status, sizeof(c->status), "%s", word);
	client_send(c, CPS_STATUS, 0, 0, word, strlen(word));
}

static int attach(
	struct client *c, const char *userid, bool drive, bool force, struct message *m)
{
	struct partition *p = partition_find(c->server->cp, userid);

	if (!c->session.userid[0])
		return msg_set(m, MSG_BEFORE_LOGON, "A console");
	if (!p)
		return msg_set(m, MSG_NOT_LOGGED_ON, userid);
	if (!may_watch(c, p, drive))
		return msg_set(m, MSG_CONSOLE_REFUSED, userid);
	snprintf(c->console_of, sizeof(c->console_of), "%s", userid);
	c->console_next = 0;
	partition_watch(p, &c->watcher);
	return drive ? partition_drive(p, &c->watcher, force, c->session.userid, m) : 0;
}

/* One's own; any with class A or C; as OBSERVER to watch, as SECUSER to drive. */
static bool may_watch(const struct client *c, const struct partition *p, bool drive)
{
	const struct session *s = &c->session;

	return !strcmp(s->userid, p->userid) || strpbrk(s->classes, "AC") ||
	       !strcmp(s->userid, p->secuser) ||
	       (!drive && !strcmp(s->userid, p->observer));
}

static void audit(struct client *c, const char *userid, bool drive, int rc)
{
	char what[64];

	if (!rc && !strcmp(userid, c->session.userid))
		return;
	snprintf(what, sizeof(what), "(console of %s, to %s)", userid,
		drive ? "drive" : "watch");
	session_audit(&c->session, what, rc ? "refused" : "accepted");
}

/* Sends one record of what lies together in the ring; false if there is nothing. */
static bool send_console(struct client *c, const struct conring *ring)
{
	uint8_t record[sizeof(struct cps_console) + PART_CHUNK];
	struct cps_console head;
	const void *bytes;
	size_t len;

	if (c->console_next < ring->begin)
		c->console_next = ring->begin;
	if (c->console_next >= ring->end)
		return false;
	bytes = conring_at(ring, c->console_next, &len);
	if (len > PART_CHUNK)
		len = PART_CHUNK;

	head.offset = c->console_next;
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), bytes, len);
	c->console_next += len;
	client_send(c, CPS_CONSOLE, 0, 0, record, sizeof(head) + len);
	return true;
}

/* The bytes are in the ring already. */
static void on_output(struct watcher *w, uint64_t offset, const void *bytes, size_t len)
{
	(void)offset, (void)bytes, (void)len;
	client_pump(w->ctx);
	client_show_status(w->ctx);
}

static void on_told(struct watcher *w, const char *line)
{
	struct client *c = w->ctx;

	client_send(c, CPS_NOTE, 0, 0, line, strlen(line));
	client_show_status(c);
}

/* Who is at its own console leaves with it, as at a terminal; others stay. */
static void on_gone(struct watcher *w, const char *why)
{
	struct client *c = w->ctx;

	c->replaying = false;
	if (strcmp(c->console_of, c->session.userid) != 0)
		client_send(c, CPS_NOTE, 0, 0, why, strlen(why));
	client_send(c, CPS_CONSOLE_END, 0, 0, NULL, 0);
	if (!strcmp(c->console_of, c->session.userid))
		client_end(c, why);
	else
		client_show_status(c);
}
