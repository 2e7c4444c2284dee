/* A minidisk image: what is the same for both engines. */
#include "partitions/dev/disk.h"

#include "cp/lib/log.h"
#include "partitions/dev/disk_engine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int open_engine(struct disk *d);
static void finish(struct disk *d, struct disk_request *r);
static void completed(struct loop_fd *watch, uint32_t events);
static void advance(struct disk_request *r, uint64_t bytes);

int disk_create(struct machine *m, int fd, struct disk **out)
{
	struct disk *d = calloc(1, sizeof(*d));
	int err;

	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	d->machine = m;
	d->fd = fd;
	d->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->event_fd < 0)
		err = -errno;
	else
		err = loop_fd_add(m->loop, &d->watch, d->event_fd, EPOLLIN, completed, d);
	if (!err)
		err = open_engine(d);
	if (err) {
		disk_destroy(d);
		return err;
	}
	*out = d;
	return 0;
}

void disk_destroy(struct disk *d)
{
	if (!d)
		return;
	assert(!d->in_flight);
	if (d->engine)
		d->engine->destroy(d);
	if (d->watch.loop)
		loop_fd_del(&d->watch);
	if (d->event_fd >= 0)
		close(d->event_fd);
	close(d->fd);
	free(d);
}

void disk_submit(struct disk *d, struct disk_request *r)
{
	assert(d->in_flight < DISK_DEPTH);
	r->left = 0;
	for (int i = 0; i < r->n_iov; i++)
		r->left += r->iov[i].iov_len;
	assert((r->op == DISK_FLUSH) == (r->left == 0));
	d->in_flight++;
	d->engine->submit(d, r);
}

void disk_start(struct disk *d)
{
	d->engine->start(d);
}

void disk_drain(struct disk *d)
{
	d->engine->start(d);
	while (d->in_flight) {
		finish(d, d->engine->completed(d, true));
		d->engine->start(d);
	}
}

/* A host may forbid io_uring altogether, or give it no memory. */
static int open_engine(struct disk *d)
{
	int err = disk_uring.create(d);

	d->engine = &disk_uring;
	if (err) {
		log_debug("disk", "io_uring: %s; a thread does its work", strerror(-err));
		err = disk_thread.create(d);
		d->engine = err ? NULL : &disk_thread;
	}
	return err;
}

static void completed(struct loop_fd *watch, uint32_t events)
{
	struct disk *d = watch->ctx;
	struct disk_request *r;
	eventfd_t count;

	(void)events;
	eventfd_read(d->event_fd, &count);
	while ((r = d->engine->completed(d, false)))
		finish(d, r);
	d->engine->start(d);
}

static bool again(int64_t result)
{
	return result == -EINTR || result == -EAGAIN;
}

/* An attempt has ended: with fewer bytes than asked for, another follows.  An image that
 * ends too early gives none. */
static void finish(struct disk *d, struct disk_request *r)
{
	int err = 0;

	if (r->result > 0)
		advance(r, (uint64_t)r->result);
	else if (r->result < 0)
		err = (int)r->result;
	else if (r->left)
		err = -EIO;

	if (again(r->result) || (!err && r->left)) {
		d->engine->submit(d, r);
		return;
	}
	d->in_flight--;
	r->done(r, err);
}

static void advance(struct disk_request *r, uint64_t bytes)
{
	assert(bytes <= r->left);
	r->left -= bytes;
	r->offset += bytes;
	while (r->n_iov && bytes >= r->iov->iov_len) {
		bytes -= r->iov->iov_len;
		r->iov++;
		r->n_iov--;
	}
	if (bytes) {
		r->iov->iov_base = (char *)r->iov->iov_base + bytes;
		r->iov->iov_len -= bytes;
	}
}
