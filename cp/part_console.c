/* Consoles: what the guest writes goes to everybody who watches, what the one who drives
 * types goes to the guest.
 *
 * A watcher may leave from inside any of its callbacks. */
#include "cp/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int part_console_output(
	struct partition *p, uint64_t offset, const void *bytes, size_t len)
{
	struct list *pos, *tmp;
	int err = conring_write(&p->console, offset, bytes, len);

	if (err == -EINVAL)
		return err;
	if (!len)
		return 0;
	list_for_each_safe (pos, tmp, &p->watchers) {
		struct watcher *w = container_of(pos, struct watcher, node);

		w->output(w, offset, bytes, len);
	}
	return 0;
}

void part_console_told(struct partition *p, const char *line)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &p->watchers) {
		struct watcher *w = container_of(pos, struct watcher, node);

		w->told(w, line);
	}
}

void part_console_gone(struct partition *p, const char *why)
{
	while (!list_empty(&p->watchers)) {
		struct watcher *w = container_of(p->watchers.next, struct watcher, node);

		partition_unwatch(w);
		w->gone(w, why);
	}
}

void partition_watch(struct partition *p, struct watcher *w)
{
	uint64_t at = p->console.begin;
	const void *bytes;
	size_t len;

	w->partition = p;
	w->drives = false;
	list_append(&p->watchers, &w->node);
	while (w->partition == p && at < p->console.end) {
		bytes = conring_at(&p->console, at, &len);
		w->output(w, at, bytes, len);
		at += len;
	}
}

void partition_unwatch(struct watcher *w)
{
	if (!w->partition)
		return;
	if (w->partition->driver == w)
		w->partition->driver = NULL;
	list_remove(&w->node);
	w->partition = NULL;
	w->drives = false;
}

int partition_drive(struct partition *p, struct watcher *w, bool force, const char *who,
	struct message *err)
{
	struct watcher *was = p->driver;
	char line[MSG_TEXT_MAX + 16];
	struct message m;

	if (was && was != w && !force)
		return msg_set(err, MSG_KEYBOARD_BUSY, p->driver_name, p->userid);
	p->driver = w;
	w->drives = true;
	snprintf(p->driver_name, sizeof(p->driver_name), "%s", who);
	if (was && was != w) {
		was->drives = false;
		msg_set(&m, MSG_KEYBOARD_TAKEN, who, p->userid);
		was->told(was, msg_line(&m, line, sizeof(line)));
	}
	return 0;
}
