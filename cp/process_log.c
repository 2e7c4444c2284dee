/* What a process writes to standard error, line by line into our log.
 *
 * The process is hostile: how much of it is logged is limited, and the log makes what it
 * says printable. */
#include "cp/process.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512
#define LAST_READS 256 /* more than a pipe holds */

struct process_log {
	struct loop_fd watch;
	char name[40];
	struct log_limit limit;
	size_t len;
	char line[LINE_BYTES];
};

static void on_readable(struct loop_fd *watch, uint32_t events);
static ssize_t read_some(struct process_log *l);

int process_log_open(
	struct loop *loop, const char *name, int fd, struct process_log **out)
{
	struct process_log *l = calloc(1, sizeof(*l));
	int err = l ? loop_fd_add(loop, &l->watch, fd, EPOLLIN, on_readable, l) : -ENOMEM;

	if (err) {
		close(fd);
		free(l);
		return err;
	}
	l->limit = (struct log_limit)LOG_LIMIT(20, 1000);
	snprintf(l->name, sizeof(l->name), "%s", name);
	*out = l;
	return 0;
}

void process_log_close(struct process_log *l)
{
	if (!l)
		return;
	for (int i = 0; i < LAST_READS && l->watch.loop && read_some(l) > 0; i++)
		;
	loop_fd_del(&l->watch);
	close(l->watch.fd);
	free(l);
}

static void put_line(struct process_log *l, const char *line, size_t len)
{
	if (len)
		log_limited(&l->limit, LOG_LVL_INFO, l->name, "%.*s", (int)len, line);
}

/* Whole lines; a line that is too long is cut. */
static void put_lines(struct process_log *l)
{
	char *at = l->line, *end = l->line + l->len, *nl;

	while ((nl = memchr(at, '\n', (size_t)(end - at)))) {
		put_line(l, at, (size_t)(nl - at));
		at = nl + 1;
	}
	l->len = (size_t)(end - at);
	memmove(l->line, at, l->len);
	if (l->len == sizeof(l->line)) {
		put_line(l, l->line, l->len);
		l->len = 0;
	}
}

static ssize_t read_some(struct process_log *l)
{
	ssize_t n = read(l->watch.fd, l->line + l->len, sizeof(l->line) - l->len);

	if (n > 0) {
		l->len += (size_t)n;
		put_lines(l);
	}
	return n;
}

/* A little at a time: others wait too.  At the end of the file nothing comes any more. */
static void on_readable(struct loop_fd *watch, uint32_t events)
{
	struct process_log *l = watch->ctx;

	(void)events;
	if (read_some(l) == 0)
		loop_fd_del(watch);
}
