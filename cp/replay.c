/* REPLAYs under way. */
#include "cp/replay.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What waits for LAN_REPLAY's answer; the replay may be no more by then. */
struct beginning {
	struct cp *cp;
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
	uint32_t number;
};

static struct replay *by_number(struct lan *lan, uint32_t number);
static uint32_t new_number(struct lan *lan);
static void on_begun(void *ctx, const struct message *m, const void *bytes, size_t len);
static void on_ended(void *ctx, const struct message *m, const void *bytes, size_t len);
static void finish(struct replay *r, const struct message *m);

static struct replay *replay_create(struct lan *lan, const char *userid, const char *file)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->file = strdup(file);
	if (!r->file) {
		free(r);
		return NULL;
	}
	r->lan = lan;
	r->number = new_number(lan);
	memcpy(r->userid, userid, strnlen(userid, USERID_MAX));
	list_append(&lan->replays, &r->node);
	return r;
}

static void replay_free(struct replay *r)
{
	list_remove(&r->node);
	free(r->file);
	free(r);
}

int replay_start(struct lan *lan, const char *userid, const struct lan_replay *head,
	const char *file, int fd,
	void (*done)(void *ctx, const struct replay *r, const struct message *m),
	void *ctx, struct message *err)
{
	struct replay *r = replay_create(lan, userid, file);
	struct beginning *b = calloc(1, sizeof(*b));
	struct lan_replay asked = *head;
	int rc;

	if (!r || !b) {
		if (r)
			replay_free(r);
		free(b);
		return msg_set(err, MSG_NO_MEMORY, "REPLAY");
	}
	r->done = done;
	r->ctx = ctx;
	asked.id = b->number = r->number;
	b->cp = lan->cp;
	memcpy(b->owner, lan->def.owner, sizeof(b->owner));
	memcpy(b->name, lan->def.name, sizeof(b->name));
	rc = lan_ask(lan, LAN_REPLAY, &asked, sizeof(asked), NULL, 0, &fd, 1, on_begun, b,
		err);
	if (rc) {
		free(b);
		replay_free(r);
	}
	return rc;
}

void replay_end(struct replay *r, struct message *m)
{
	const struct lan_id id = { .id = r->number };
	struct lan *lan = r->lan;
	struct message err;

	lan_ask(lan, LAN_REPLAY_END, &id, sizeof(id), NULL, 0, NULL, 0, on_ended, NULL,
		&err);
	r = by_number(lan, id.id);
	if (r)
		finish(r, m);
}

struct replay *replay_of(struct lan *lan, const void *ctx)
{
	struct list *pos;

	list_for_each (pos, &lan->replays) {
		struct replay *r = container_of(pos, struct replay, node);

		if (r->ctx == ctx)
			return r;
	}
	return NULL;
}

void replay_done(struct lan *lan, const struct lan_event *ev, const char *text)
{
	struct replay *r = by_number(lan, ev->id);
	struct message m = { 0 };

	if (!r)
		return;
	r->sent = ev->value;
	if (*text)
		msg_set(&m, MSG_REPLAY_BROKEN, r->file, text);
	finish(r, &m);
}

void replays_lost(struct lan *lan, const char *why)
{
	struct message m;

	while (!list_empty(&lan->replays)) {
		struct replay *r = container_of(lan->replays.next, struct replay, node);

		msg_set(&m, MSG_REPLAY_BROKEN, r->file, why);
		finish(r, &m);
	}
}

static struct replay *by_number(struct lan *lan, uint32_t number)
{
	struct list *pos;

	list_for_each (pos, &lan->replays) {
		struct replay *r = container_of(pos, struct replay, node);

		if (r->number == number)
			return r;
	}
	return NULL;
}

/* Not one that the process may still have of an earlier cpd; below 2^31. */
static uint32_t new_number(struct lan *lan)
{
	uint32_t number;

	if (!lan->last_replay)
		lan->last_replay = (uint32_t)time(NULL);
	do
		number = ++lan->last_replay & INT32_MAX;
	while (!number || by_number(lan, number));
	return number;
}

/* Refused, it never was. */
static void on_begun(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct beginning *b = ctx;
	struct lan *lan = lan_find(b->cp, b->owner, b->name);
	struct replay *r = lan ? by_number(lan, b->number) : NULL;

	(void)bytes, (void)len;
	free(b);
	if (r && msg_failed(m))
		finish(r, m);
}

static void on_ended(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	(void)ctx, (void)m, (void)bytes, (void)len;
}

static void finish(struct replay *r, const struct message *m)
{
	list_remove(&r->node);
	r->done(r->ctx, r, m);
	replay_free(r);
}
