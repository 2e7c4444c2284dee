/* Consoles seen by other users: a watcher that passes whole lines on as notes. */
#include "cp/observer.h"

#include "cp/partition.h"
#include "cp/session.h"
#include "cp/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE     512 /* longer ones are passed on in pieces */
#define PAUSE_NS UINT64_C(1000000000)

/* Lines of one console.  A person reads less, a system that starts says less. */
static const struct allowance_rule line_rule = { 500, UINT64_C(50000000) };

struct copy {
	struct watcher watcher;
	struct cp *cp;
	char userid[USERID_MAX + 1];
	uint64_t from; /* output before this offset is not new */
	struct chatter lines;
	char left_to[USERID_MAX + 1]; /* who was to see what was left out */
	size_t len;
	char line[LINE + 1];
};

static void on_output(struct watcher *w, uint64_t offset, const void *bytes, size_t len);
static void on_told(struct watcher *w, const char *line);
static void on_gone(struct watcher *w, const char *why);
static void on_left_out(struct chatter *lines, uint32_t n);
static struct copy *find_copy(struct partition *p);
static void copy_free(struct copy *c);
static void pass_on(struct copy *c);

int observer_update(struct partition *p)
{
	bool wanted = p->observer[0] || p->secuser[0];
	struct copy *c = find_copy(p);

	if (c && wanted) {
		chatter_tell(&c->lines); /* to who has seen it until now */
	} else if (c) {
		partition_unwatch(&c->watcher);
		copy_free(c);
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
	c->lines = (struct chatter) {
		.rule = &line_rule, .pause_ns = PAUSE_NS, .said = on_left_out
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
	copy_free(w->ctx);
}

static void copy_free(struct copy *c)
{
	chatter_tell(&c->lines);
	chatter_stop(&c->lines);
	free(c);
}

/* Who is to see the console now; NULL: nobody. */
static const char *receiver(const struct copy *c)
{
	const struct partition *p = c->watcher.partition;

	if (p->observer[0])
		return p->observer;
	return p->secuser[0] && !session_watches(c->cp, c->userid) ? p->secuser : NULL;
}

static void pass_on(struct copy *c)
{
	const char *to = receiver(c);

	c->line[c->len] = '\0';
	c->len = 0;
	text_clean(c->line, "");
	if (!to)
		return;
	if (chatter_passes(&c->lines, c->cp->loop))
		session_tell(c->cp, to, "%-8s: %s", c->userid, c->line);
	else
		snprintf(c->left_to, sizeof(c->left_to), "%s", to);
}

/* Its partition may have gone. */
static void on_left_out(struct chatter *lines, uint32_t n)
{
	struct copy *c = container_of(lines, struct copy, lines);
	char line[MSG_TEXT_MAX + 16];
	struct message m;

	msg_set(&m, MSG_LINES_LEFT_OUT, c->userid, n);
	session_tell(c->cp, c->left_to, "%s", msg_line(&m, line, sizeof(line)));
}
