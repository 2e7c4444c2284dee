/* Consoles seen by other users: a watcher that passes whole lines on as notes. */
#include "cp/observer.h"

#include "cp/partition.h"
#include "cp/session.h"
#include "cp/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE 512 /* longer ones are passed on in pieces */

struct copy {
	struct watcher watcher;
	struct cp *cp;
	char userid[USERID_MAX + 1];
	uint64_t from; /* output before this offset is not new */
	size_t len;
	char line[LINE + 1];
};

static void on_output(struct watcher *w, uint64_t offset, const void *bytes, size_t len);
static void on_told(struct watcher *w, const char *line);
static void on_gone(struct watcher *w, const char *why);
static struct copy *find_copy(struct partition *p);
static void pass_on(struct copy *c);

int observer_update(struct partition *p)
{
	bool wanted = p->observer[0] || p->secuser[0];
	struct copy *c = find_copy(p);

	if (c && !wanted) {
		partition_unwatch(&c->watcher);
		free(c);
	}
	if (c || !wanted)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->watcher = (struct watcher) {
		.output = on_output,
		.told = on_told,
		.gone = on_gone,
		.ctx = c,
	};
	c->cp = p->cp;
	c->from = p->console.end;
	memcpy(c->userid, p->userid, sizeof(c->userid));
	list_init(&c->watcher.node);
	partition_watch(p, &c->watcher);
	return 0;
}

static struct copy *find_copy(struct partition *p)
{
	struct list *pos;

	list_for_each (pos, &p->watchers) {
		struct watcher *w = container_of(pos, struct watcher, node);

		if (w->output == on_output)
			return w->ctx;
	}
	return NULL;
}

static void on_output(struct watcher *w, uint64_t offset, const void *bytes, size_t len)
{
	struct copy *c = w->ctx;
	const char *at = bytes;

	if (offset + len <= c->from)
		return;
	if (offset < c->from) {
		at += c->from - offset;
		len -= (size_t)(c->from - offset);
	}
	for (; len; at++, len--) {
		if (*at != '\n' && *at != '\r')
			c->line[c->len++] = *at;
		if (c->len && (*at == '\n' || c->len == LINE))
			pass_on(c);
	}
}

/* What others say about this console is not for its observer. */
static void on_told(struct watcher *w, const char *line)
{
	(void)w, (void)line;
}

static void on_gone(struct watcher *w, const char *why)
{
	(void)why;
	free(w->ctx);
}

static void pass_on(struct copy *c)
{
	const struct partition *p = c->watcher.partition;

	c->line[c->len] = '\0';
	c->len = 0;
	text_clean(c->line, "");
	if (p->observer[0])
		session_tell(c->cp, p->observer, "%-8s: %s", c->userid, c->line);
	else if (p->secuser[0] && !session_watches(c->cp, c->userid))
		session_tell(c->cp, p->secuser, "%-8s: %s", c->userid, c->line);
}
