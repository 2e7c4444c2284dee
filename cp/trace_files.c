/* The files of a trace or replay. */
#include "cp/trace_files.h"

#include "cp/own_file.h"
#include "cp/trace.h"

#include "cp/lib/ring_name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void next(struct trace_files *f);
static void end(struct trace_files *f, const struct message *m);
static void fail(struct trace_files *f, int err);
static bool is_clients(const struct trace_files *f);
static int check_own(struct trace_files *f, struct message *m);
static void ask_client(struct trace_files *f);
static int open_here(const struct trace_files *f);
static void take(struct trace_files *f, int fd);

void trace_files_open(struct trace_files *f)
{
	struct message m = { 0 };
	bool own = !is_clients(f) && !request_is_trusted(f->rq);

	f->n_fds = 0;
	f->room = 0;
	if (trace_files_is_live(f) && (!is_clients(f) || !f->create || f->n))
		msg_set(&m, MSG_FILE_NOT_OPENED, f->name, "it is no file's name here");
	else if (own)
		check_own(f, &m);
	if (m.number)
		end(f, &m);
	else
		next(f);
}

void trace_files_close(struct trace_files *f)
{
	for (int i = 0; i < f->n_fds; i++)
		close(f->fd[i]);
	f->n_fds = 0;
}

bool trace_files_is_live(const struct trace_files *f)
{
	return !strcmp(f->name, "-");
}

static void next(struct trace_files *f)
{
	const struct message ok = { 0 };
	int fd;

	while (f->n_fds < (f->n ? (int)f->n : 1)) {
		if (is_clients(f)) {
			ask_client(f);
			return;
		}
		fd = open_here(f);
		if (fd < 0) {
			fail(f, fd);
			return;
		}
		f->fd[f->n_fds++] = fd;
	}
	end(f, &ok);
}

static void end(struct trace_files *f, const struct message *m)
{
	if (m->number)
		trace_files_close(f);
	f->done(f->ctx, m);
}

static void fail(struct trace_files *f, int err)
{
	struct message m;

	msg_set(&m, MSG_FILE_NOT_OPENED, f->name, strerror(-err));
	end(f, &m);
}

static bool is_clients(const struct trace_files *f)
{
	return request_can_open(f->rq) &&
	       (f->rq->session->host_operator || trace_files_is_live(f));
}

static unsigned number(const struct trace_files *f)
{
	return f->n ? (unsigned)f->n_fds + 1 : 0;
}

static void on_opened(void *ctx, int fd, int err)
{
	struct trace_files *f = ctx;

	if (fd < 0)
		fail(f, err);
	else
		take(f, fd);
}

static void ask_client(struct trace_files *f)
{
	const struct session_file file = {
		.name = f->name, .number = number(f), .create = f->create
	};
	int err = request_open(f->rq, &file, on_opened, f);

	if (err)
		fail(f, err);
}

/* Two traces in one file would leave neither. */
static bool is_taken(const struct trace_files *f, const struct stat *st)
{
	return f->create && S_ISREG(st->st_mode) && traces_have(f->rq->cp, st);
}

/* What a client gives can be anything: a file to read from must be one, so that reading
 * waits for nobody. */
static void take(struct trace_files *f, int fd)
{
	struct stat st;

	f->fd[f->n_fds++] = fd;
	if (fstat(fd, &st))
		fail(f, -errno);
	else if (!f->create && !S_ISREG(st.st_mode))
		fail(f, -EINVAL);
	else if (is_taken(f, &st))
		fail(f, -EBUSY);
	else
		next(f);
}

static bool is_own(const struct trace_files *f)
{
	return f->name[0] != '/';
}

/* Names of users: where they may lie, and how much room is left for them. */
static int check_own(struct trace_files *f, struct message *m)
{
	const struct request *rq = f->rq;
	uint64_t used, n = f->n ? f->n : 1;

	if (f->name[0] == '/')
		return msg_set(m, MSG_FILE_OUTSIDE, f->name);
	if (!f->create)
		return 0;
	if (!own_file_is_capture(f->name))
		return msg_set(m, MSG_FILE_NAME, f->name);
	f->size = f->size ? f->size : TRACE_SIZE;
	used = own_file_captures(rq->cp, rq->userid) + traces_room(rq->cp, rq->userid);
	if (f->size > TRACE_ROOM / n || f->size * n + used > TRACE_ROOM)
		return msg_set(m, MSG_FILE_ROOM, rq->userid, "64M");
	f->room = f->size * n;
	return 0;
}

/* A file of ours cpd opens with its own rights: never anything but a file. */
static int open_here(const struct trace_files *f)
{
	const int flags = f->create ? O_RDWR | O_CREAT : O_RDONLY;
	const struct request *rq = f->rq;
	char name[WORD_MAX + 16];
	struct stat st;
	int fd, err;

	err = ring_name(name, sizeof(name), f->name, number(f));
	if (!err && f->create && is_own(f))
		err = own_file_dir(rq->cp, rq->userid);
	if (err)
		return err;
	if (is_own(f))
		fd = own_file_open(rq->cp, rq->userid, name, flags, f->create ? 0600 : 0);
	else
		fd = open(name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd < 0)
		return is_own(f) ? fd : -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (is_taken(f, &st))
		err = -EBUSY;
	else if (f->create && ftruncate(fd, 0))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}
