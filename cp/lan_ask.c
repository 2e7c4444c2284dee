/* Asking the process of a LAN on behalf of people.  What it answers is hostile: what does
 * not fit, or has no end, ends its process. */
#include "cp/lan_engine.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (16u << 20) /* of one gathered answer */

/* An answer in several records. */
struct gather {
	struct lan *lan;
	uint16_t type;
	size_t head, entry; /* bytes: before the entries of each record; of one */
	uint32_t seen;      /* entries */
	uint32_t last;      /* LAN_STAT: id of the last one */
	uint8_t *bytes;
	size_t len;
	lan_bytes *done;
	void *ctx;
};

static int ask_more(struct gather *g, struct message *err);
static void on_part(void *ctx, const struct message *m, const void *bytes, size_t len);

/* The command that people gave, for what is said when it fails. */
static const char *verb_of(uint16_t type)
{
	switch (type) {
	case LAN_STAT:
	case LAN_FDB:
	case LAN_VLANS:
	case LAN_TRACE_STAT: return "QUERY";
	case LAN_REPLAY:
	case LAN_REPLAY_END: return "REPLAY";
	default: return "TRSOURCE";
	}
}

int lan_ask(struct lan *lan, uint16_t type, const void *head, size_t head_len,
	const void *more, size_t more_len, const int *fds, int n_fds, lan_bytes *done,
	void *ctx, struct message *err)
{
	if (lan->state != LS_ACTIVE)
		return msg_set(err, MSG_LAN_PROCESS_GONE, lan_word(&lan->def),
			lan->def.owner, lan->def.name);
	return link_ask(&lan->link->link,
		&(struct link_ask) { .type = type,
			.verb = verb_of(type),
			.head = head,
			.head_len = head_len,
			.more = more,
			.more_len = more_len,
			.fds = fds,
			.n_fds = n_fds,
			.seconds = LINK_SECONDS,
			.bytes = done,
			.ctx = ctx },
		err);
}

static int gather(struct lan *lan, const struct gather *what, lan_bytes *done, void *ctx,
	struct message *err)
{
	struct gather *g = malloc(sizeof(*g));
	int rc;

	if (!g)
		return msg_set(err, MSG_NO_MEMORY, "an answer");
	*g = *what;
	g->lan = lan;
	g->done = done;
	g->ctx = ctx;
	rc = ask_more(g, err);
	if (rc)
		free(g);
	return rc;
}

int lan_stat_all(struct lan *lan, lan_bytes *done, void *ctx, struct message *err)
{
	const struct gather what = { .type = LAN_STAT,
		.head = sizeof(struct lan_stat),
		.entry = sizeof(struct lan_stat_port) };

	return gather(lan, &what, done, ctx, err);
}

int lan_fdb_all(struct lan *lan, lan_bytes *done, void *ctx, struct message *err)
{
	const struct gather what = { .type = LAN_FDB,
		.entry = sizeof(struct lan_fdb_entry) };

	return gather(lan, &what, done, ctx, err);
}

/* Both begin with where to go on. */
static int ask_more(struct gather *g, struct message *err)
{
	const struct lan_id from = { .id = g->type == LAN_STAT ? g->last : g->seen };

	return lan_ask(
		g->lan, g->type, &from, sizeof(from), NULL, 0, NULL, 0, on_part, g, err);
}

static void finish(struct gather *g, const struct message *m)
{
	g->done(g->ctx, m, g->bytes, m->number ? 0 : g->len);
	free(g->bytes);
	free(g);
}

/* Ids of ports rise from record to record, or there would be no end. */
static bool in_order(struct gather *g, const uint8_t *entries, size_t n)
{
	for (size_t i = 0; i < n && g->type == LAN_STAT; i++) {
		struct lan_stat_port port;

		memcpy(&port, entries + i * g->entry, sizeof(port));
		if (port.id <= g->last)
			return false;
		g->last = port.id;
	}
	return true;
}

/* Of the first record the head is kept too. */
static bool keep(struct gather *g, const uint8_t *bytes, size_t len)
{
	size_t skip = g->bytes ? g->head : 0;
	uint8_t *grown;

	if (g->len + len > MAX_BYTES)
		return false;
	grown = realloc(g->bytes, g->len + len - skip + 1);
	if (!grown)
		return false;
	g->bytes = grown;
	if (len > skip)
		memcpy(g->bytes + g->len, bytes + skip, len - skip);
	g->len += len - skip;
	return true;
}

static void on_part(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct gather *g = ctx;
	struct lan *lan = g->lan;
	size_t n = len >= g->head ? (len - g->head) / g->entry : 0;
	struct message err;

	if (m->number) {
		finish(g, m);
		return;
	}
	if (len < g->head || (len - g->head) % g->entry ||
		!in_order(g, (const uint8_t *)bytes + g->head, n) ||
		!keep(g, bytes, len)) {
		msg_set(&err, MSG_LAN_REFUSED, lan_word(&lan->def), lan->def.owner,
			lan->def.name, "QUERY", "its answer cannot be so");
		finish(g, &err);
		link_break(&lan->link->link, "an answer cannot be so");
		return;
	}
	g->seen += (uint32_t)n;
	if (!n)
		finish(g, m);
	else if (ask_more(g, &err))
		finish(g, &err);
}
