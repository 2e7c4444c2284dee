/* The files of one trace. */
#include "vlan/capture_file.h"

#include "vlan/capture_wall.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUT_MAX     (256u << 10) /* more than any block */
#define APPLICATION PCAPNG_WRITER " " BULKHEAD_VERSION
#define PIPE_PIECE  4096 /* a pipe that poll(2) calls writable takes as much at once */
#define END_MS      1000 /* a reader has to make room, once the trace ends */
#define STATISTICS  128  /* bytes of an interface's, no comment */

static int choose(const struct capture_files *f);
static int open_current(struct capture_files *f, bool anew);
static int whole_blocks(int fd, uint64_t *end);
static int put_head(struct capture_files *f);
static int put(struct capture_files *f, const void *block, size_t len);
static int next_file(struct capture_files *f);
static int statistics(struct capture_files *f, const char *comment);
static ssize_t write_some(struct capture_files *f, const uint8_t *at, size_t len);
static void cut(struct capture_files *f, size_t done);

int capture_files_begin(struct capture_files *f)
{
	f->out = (struct pcapng) { .buf = malloc(OUT_MAX), .max = OUT_MAX };
	if (!f->out.buf)
		return -ENOMEM;
	f->start = wall_day();
	f->current = choose(f);
	return open_current(f, false);
}

void capture_files_fini(struct capture_files *f)
{
	free(f->out.buf);
	free(f->interfaces.buf);
}

static int keep_interface(struct capture_files *f, const struct pcapng_head *block)
{
	struct pcapng *kept = &f->interfaces;
	size_t max = kept->max ? kept->max * 2 : 4096;
	uint8_t *buf;

	while (max < kept->len + block->total)
		max *= 2;
	if (kept->max < kept->len + block->total) {
		buf = realloc(kept->buf, max);
		if (!buf)
			return -ENOMEM;
		kept->buf = buf;
		kept->max = max;
	}
	memcpy(kept->buf + kept->len, block, block->total);
	kept->len += block->total;
	f->n_interfaces++;
	return 0;
}

int capture_files_add(struct capture_files *f, const struct pcapng_head *block)
{
	uint64_t after = f->length + block->total + f->n_interfaces * STATISTICS;
	int err = 0;

	if (block->type == PCAPNG_INTERFACE)
		err = keep_interface(f, block);
	else if (f->size && f->any && after > f->size)
		err = next_file(f);
	if (err)
		return err;
	f->any |= block->type == PCAPNG_PACKET;
	return put(f, block, block->total);
}

int capture_files_flush(struct capture_files *f)
{
	size_t done = 0;
	ssize_t n;

	while (done < f->out.len) {
		n = write_some(f, f->out.buf + done, f->out.len - done);
		if (n < 0) {
			cut(f, done);
			return (int)n;
		}
		done += (size_t)n;
	}
	f->bytes += done;
	f->out.len = 0;
	return 0;
}

int capture_files_end(struct capture_files *f, const char *comment)
{
	int err = statistics(f, comment);

	return err ? err : capture_files_flush(f);
}

/* After a restart, the one that was written last; else the first. */
static int choose(const struct capture_files *f)
{
	struct timespec newest = { 0 };
	struct stat st;
	int chosen = 0;

	for (int i = 0; i < f->n_fds; i++) {
		if (fstat(f->fd[i], &st) || !S_ISREG(st.st_mode) || !st.st_size ||
			st.st_mtim.tv_sec < newest.tv_sec ||
			(st.st_mtim.tv_sec == newest.tv_sec &&
				st.st_mtim.tv_nsec < newest.tv_nsec))
			continue;
		newest = st.st_mtim;
		chosen = i;
	}
	return chosen;
}

/* `anew`: what is in it goes. */
static int open_current(struct capture_files *f, bool anew)
{
	int fd = f->fd[f->current], err = 0;
	struct stat st;

	f->any = false;
	f->length = 0;
	if (fstat(fd, &st))
		return -errno;
	f->regular = S_ISREG(st.st_mode);
	if (f->regular && !anew)
		err = whole_blocks(fd, &f->length);
	if (err)
		return err;
	if (f->regular && (ftruncate(fd, (off_t)f->length) ||
				  lseek(fd, (off_t)f->length, SEEK_SET) < 0))
		return -errno;
	return put_head(f);
}

/* Where the last whole block of a file ends.  One that may only be written is trusted. */
static int whole_blocks(int fd, uint64_t *end)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct pcapng_head h;
	ssize_t n;

	if (size < 0)
		return -errno;
	for (*end = 0; *end + sizeof(h) <= (uint64_t)size; *end += h.total) {
		n = pread(fd, &h, sizeof(h), (off_t)*end);
		if (n < 0 && errno == EBADF)
			*end = (uint64_t)size;
		if (n != sizeof(h) || h.total < sizeof(h) || h.total % 4 ||
			h.total > (uint64_t)size - *end)
			break;
	}
	return 0;
}

static int put_head(struct capture_files *f)
{
	uint8_t buf[256];
	struct pcapng p = { .buf = buf, .max = sizeof(buf) };
	int err;

	pcapng_section(&p, APPLICATION, NULL);
	err = put(f, buf, p.len);
	for (size_t at = 0; !err && at < f->interfaces.len;) {
		const struct pcapng_head *h = (const void *)(f->interfaces.buf + at);

		err = put(f, h, h->total);
		at += h->total;
	}
	return err;
}

static int put(struct capture_files *f, const void *block, size_t len)
{
	int err = 0;

	if (len > f->out.max - f->out.len)
		err = capture_files_flush(f);
	if (err)
		return err;
	memcpy(f->out.buf + f->out.len, block, len);
	f->out.len += len;
	f->length += len;
	return 0;
}

static int next_file(struct capture_files *f)
{
	int err = capture_files_end(f, "");

	if (err)
		return err;
	if (f->n_fds == 1)
		return -EFBIG;
	f->current = (f->current + 1) % f->n_fds;
	return open_current(f, true);
}

/* A note at the end of a trace without frames is one on the whole section. */
static int note_on_section(struct capture_files *f, const char *comment)
{
	uint8_t buf[8192];
	struct pcapng p = { .buf = buf, .max = sizeof(buf) };

	pcapng_section(&p, APPLICATION, comment);
	return put(f, buf, p.len);
}

static int statistics(struct capture_files *f, const char *comment)
{
	struct pcapng_statistics s = { .start = f->start, .end = wall_day() };
	uint8_t buf[8192];
	int err = 0;

	if (*comment && !f->n_interfaces)
		return note_on_section(f, comment);
	for (uint32_t i = 0; i < f->n_interfaces && !err; i++) {
		struct pcapng p = { .buf = buf, .max = sizeof(buf) };

		s.interface = i;
		s.lost = f->count[i].lost;
		s.received = f->count[i].kept + s.lost;
		s.comment = *comment && !i ? comment : NULL;
		pcapng_statistics(&p, &s);
		err = put(f, buf, p.len);
	}
	return err;
}

/* Waits until a pipe takes something.  0 or -errno; -EPIPE: nobody reads it. */
static int wait_for_reader(struct capture_files *f)
{
	struct pollfd p[2] = { { .fd = f->fd[f->current], .events = POLLOUT },
		{ .fd = f->wake, .events = POLLIN } };
	bool ending;
	int n;

	do {
		ending = *f->ending; /* what woke it, is there for good */
		n = poll(p, ending ? 1 : 2, ending ? END_MS : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n && ending)
			return -ETIMEDOUT;
		if (p[1].revents)
			eventfd_read(f->wake, &(eventfd_t) { 0 });
		if (n > 0 && p[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return -EPIPE;
	} while (n < 0 || !(p[0].revents & POLLOUT));
	return 0;
}

static ssize_t write_some(struct capture_files *f, const uint8_t *at, size_t len)
{
	int err = f->regular ? 0 : wait_for_reader(f);
	ssize_t n;

	if (err)
		return err;
	if (!f->regular && len > PIPE_PIECE)
		len = PIPE_PIECE;
	n = write(f->fd[f->current], at, len);
	if (n >= 0)
		return n;
	return errno == EINTR || errno == EAGAIN ? 0 : -errno;
}

/* Of what could not be written whole, the blocks that were stay: the file is good. */
static void cut(struct capture_files *f, size_t done)
{
	size_t whole = 0;
	struct pcapng_head h;

	if (!f->regular)
		return;
	while (whole < done) {
		memcpy(&h, f->out.buf + whole, sizeof(h));
		if (whole + h.total > done)
			break;
		whole += h.total;
	}
	f->bytes += whole;
	if (ftruncate(f->fd[f->current], (off_t)(f->length - f->out.len + whole)))
		return; /* no worse than it was */
}
