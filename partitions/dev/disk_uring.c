/* Disk requests by io_uring.
 *
 * The ring is made before the process closes its sandbox and can from then on do nothing
 * but read, write and synchronize the one file registered with it: a hole in the process
 * gains nothing by it. */
#include "partitions/dev/disk_engine.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
	struct disk *disk;
	struct io_uring ring;
	struct loop_call retry; /* the kernel would not take what was submitted */
};

static int restrict_ring(struct uring *u);

static int uring_create(struct disk *d)
{
	struct uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	u->disk = d;
	err = io_uring_queue_init(DISK_DEPTH, &u->ring, IORING_SETUP_R_DISABLED);
	if (err) {
		free(u);
		return err;
	}
	err = io_uring_register_files(&u->ring, &d->fd, 1);
	if (!err)
		err = io_uring_register_eventfd(&u->ring, d->event_fd);
	if (!err)
		err = restrict_ring(u);
	if (err) {
		io_uring_queue_exit(&u->ring);
		free(u);
		return err;
	}
	d->engine_state = u;
	return 0;
}

static void uring_destroy(struct disk *d)
{
	struct uring *u = d->engine_state;

	loop_undefer(&u->retry);
	io_uring_queue_exit(&u->ring);
	free(u);
}

static void prepare(struct io_uring_sqe *sqe, const struct disk_request *r)
{
	unsigned n = (unsigned)r->n_iov;

	switch (r->op) {
	case DISK_READ: io_uring_prep_readv(sqe, 0, r->iov, n, r->offset); break;
	case DISK_WRITE:
		io_uring_prep_writev2(
			sqe, 0, r->iov, n, r->offset, r->durable ? RWF_DSYNC : 0);
		break;
	case DISK_FLUSH: io_uring_prep_fsync(sqe, 0, IORING_FSYNC_DATASYNC); break;
	}
	sqe->flags |= IOSQE_FIXED_FILE;
}

/* There is always an entry: the ring has as many as there may be requests. */
static void uring_submit(struct disk *d, struct disk_request *r)
{
	struct uring *u = d->engine_state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	assert(sqe);
	prepare(sqe, r);
	io_uring_sqe_set_data(sqe, r);
}

static void uring_retry(struct loop_call *call)
{
	struct uring *u = call->ctx;

	u->disk->engine->start(u->disk);
}

static void uring_start(struct disk *d)
{
	struct uring *u = d->engine_state;

	while (io_uring_sq_ready(&u->ring)) {
		if (io_uring_submit(&u->ring) > 0)
			continue;
		loop_defer(d->machine->loop, &u->retry, uring_retry, u);
		return;
	}
}

/* While waiting, what the kernel did not take yet is submitted again. */
static int next_cqe(struct uring *u, bool wait, struct io_uring_cqe **cqe)
{
	int err = io_uring_peek_cqe(&u->ring, cqe);

	while (wait && err == -EAGAIN) {
		err = io_uring_submit_and_wait(&u->ring, 1);
		assert(err >= 0 || err == -EINTR || err == -EAGAIN || err == -EBUSY);
		err = io_uring_peek_cqe(&u->ring, cqe);
	}
	return err;
}

static struct disk_request *uring_completed(struct disk *d, bool wait)
{
	struct uring *u = d->engine_state;
	struct disk_request *r;
	struct io_uring_cqe *cqe;

	if (next_cqe(u, wait, &cqe))
		return NULL;
	r = io_uring_cqe_get_data(cqe);
	r->result = cqe->res;
	io_uring_cqe_seen(&u->ring, cqe);
	return r;
}

const struct disk_engine disk_uring = {
	.name = "io_uring",
	.create = uring_create,
	.destroy = uring_destroy,
	.submit = uring_submit,
	.start = uring_start,
	.completed = uring_completed,
};

/* The system call itself: not every liburing.so exports the functions for these two. */
static int ring_register(struct uring *u, unsigned op, void *arg, unsigned n)
{
	return syscall(SYS_io_uring_register, u->ring.ring_fd, op, arg, n) < 0 ? -errno
									       : 0;
}

static int restrict_ring(struct uring *u)
{
	struct io_uring_restriction allowed[] = {
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_READV },
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITEV },
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_FSYNC },
		{ .opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED,
			.sqe_flags = IOSQE_FIXED_FILE },
	};
	int err = ring_register(u, IORING_REGISTER_RESTRICTIONS, allowed,
		sizeof(allowed) / sizeof(*allowed));

	return err ? err : ring_register(u, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}
