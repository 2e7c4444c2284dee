/* The accounting file.  A line is written whole or not at all: what a full disk took of
 * it is cut off again. */
#include "cp/account.h"

#include "cp/cp.h"
#include "cp/lib/log.h"
#include "cp/msg.h"
#include "cp/result.h"
#include "cp/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_NS   (30 * UINT64_C(1000000000))
#define KEEP_MAX   4096 /* lines in memory; more go to the log only */
#define TAIL_BYTES 65536

struct kept {
	struct list node;
	char text[];
};

struct accounting {
	struct cp *cp;
	struct list kept; /* oldest first */
	int n_kept;
	struct loop_timer retry;
};

static char *line_text(const struct account_line *l);
static int open_file(const struct cp *cp, int flags);
static int append(const struct cp *cp, const char *text);
static void keep(struct accounting *a, const char *text, int err);
static void on_retry(struct loop_timer *timer);
static void drop(struct accounting *a, struct kept *k);

int accounting_create(struct cp *cp, struct accounting **out)
{
	struct accounting *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->cp = cp;
	list_init(&a->kept);
	*out = a;
	return 0;
}

/* Writes what is kept as far as that goes.  0 or -errno. */
static int write_kept(struct accounting *a)
{
	int err = 0;

	while (!err && !list_empty(&a->kept)) {
		struct kept *k = container_of(a->kept.next, struct kept, node);

		err = append(a->cp, k->text);
		if (!err)
			drop(a, k);
	}
	return err;
}

/* The same, and says so where that ends the waiting. */
static int flush(struct accounting *a)
{
	int err;

	if (list_empty(&a->kept))
		return 0;
	err = write_kept(a);
	if (!err) {
		loop_timer_cancel(&a->retry);
		operator_say(a->cp, MSG_ACCOUNT_WRITTEN);
	}
	return err;
}

void accounting_free(struct accounting *a)
{
	if (!a)
		return;
	write_kept(a);
	loop_timer_cancel(&a->retry);
	while (!list_empty(&a->kept)) {
		struct kept *k = container_of(a->kept.next, struct kept, node);

		log_error("account", "not written: %s", k->text);
		drop(a, k);
	}
	free(a);
}

void account_write(struct accounting *a, const struct account_line *line)
{
	char *text = line_text(line);
	int err;

	if (!text) {
		log_error("account", "no memory for the record of %s", line->userid);
		return;
	}
	err = flush(a); /* not before those that wait */
	if (!err)
		err = append(a->cp, text);
	if (err)
		keep(a, text, err);
	free(text);
}

/* The beginning of a line, as line_text() puts its first fields. */
static char *line_key(const char *userid, uint64_t logon)
{
	struct account_line l = {
		.userid = userid, .account = "", .reason = "", .by = ""
	};
	char *text, *end;

	l.logon = logon;
	text = line_text(&l);
	end = text ? strstr(text, ",\"account\"") : NULL;
	if (end)
		*end = '\0';
	return text;
}

bool account_has(const struct accounting *a, const char *userid, uint64_t logon)
{
	char *tail = malloc(TAIL_BYTES + 1), *key = line_key(userid, logon);
	int fd = open_file(a->cp, O_RDONLY);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	bool found = false;
	ssize_t n;

	if (size >= 0 && tail && key) {
		n = pread(
			fd, tail, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0);
		tail[n > 0 ? n : 0] = '\0';
		found = strstr(tail, key) != NULL;
	}
	if (fd >= 0)
		close(fd);
	free(tail);
	free(key);
	return found;
}

int account_kept(const struct accounting *a)
{
	return a->n_kept;
}

static char *line_text(const struct account_line *l)
{
	json_t *o = json_object();
	char *json, *text = NULL;

	if (!o)
		return NULL;
	rec_str(o, "userid", l->userid);
	rec_time(o, "logon", l->logon);
	rec_str(o, "account", l->account);
	rec_time(o, "logoff", l->logoff);
	rec_str(o, "reason", l->reason);
	rec_str(o, "by", l->by);
	if (l->cpu_known)
		rec_u64(o, "cpu_ns", l->cpu_ns);
	else
		json_object_set_new(o, "cpu_ns", json_null());
	rec_u64(o, "storage", l->storage);
	json = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(o);
	if (json && asprintf(&text, "%s\n", json) < 0)
		text = NULL;
	free(json);
	return text;
}

/* The descriptor or -errno. */
static int open_file(const struct cp *cp, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/accounting", cp->statedir);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? -errno : fd;
}

/* All of it, on the disk, or nothing. */
static int append_fd(int fd, const char *text)
{
	size_t len = strlen(text);
	struct stat st;
	ssize_t n;
	int err;

	if (fstat(fd, &st))
		return -errno;
	n = write(fd, text, len);
	if (n == (ssize_t)len && !fsync(fd))
		return 0;
	err = n < 0 || n == (ssize_t)len ? -errno : -ENOSPC;
	if (ftruncate(fd, st.st_size))
		log_error("account", "a torn line stays: %s", strerror(errno));
	return err;
}

/* Opened for each line: the file may be rotated, or its disk mounted, at any time. */
static int append(const struct cp *cp, const char *text)
{
	int fd = open_file(cp, O_WRONLY | O_APPEND | O_CREAT);
	int err;

	if (fd < 0)
		return fd;
	err = append_fd(fd, text);
	close(fd);
	return err;
}

static void arm(struct accounting *a)
{
	if (loop_timer_set(a->cp->loop, &a->retry, loop_now(a->cp->loop) + RETRY_NS,
		    on_retry, a))
		log_error("account", "no memory to try again");
}

static void keep(struct accounting *a, const char *text, int err)
{
	size_t len = strlen(text) + 1;
	struct kept *k = a->n_kept < KEEP_MAX ? malloc(sizeof(*k) + len) : NULL;

	if (!k) {
		log_error("account", "not written: %s", text);
		return;
	}
	memcpy(k->text, text, len);
	list_append(&a->kept, &k->node);
	if (++a->n_kept == 1) {
		operator_say(a->cp, MSG_ACCOUNT_KEPT, strerror(-err), a->n_kept);
		arm(a);
	}
}

static void on_retry(struct loop_timer *timer)
{
	struct accounting *a = timer->ctx;

	if (flush(a))
		arm(a);
}

static void drop(struct accounting *a, struct kept *k)
{
	list_remove(&k->node);
	a->n_kept--;
	free(k);
}
