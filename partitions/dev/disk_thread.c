/* Disk requests by a thread, one at a time, where a host has no io_uring for us. */
#include "partitions/dev/disk_engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
	struct disk_request *first, *last;
};

struct worker {
	struct disk *disk;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* lock: */
	struct queue todo, done;
	bool started, stop;
	int start_err;
};

static void *worker_main(void *arg);
static int wait_started(struct worker *w);
static int64_t attempt(int fd, const struct disk_request *r);

static void put(struct queue *q, struct disk_request *r)
{
	r->next = NULL;
	if (q->first)
		q->last->next = r;
	else
		q->first = r;
	q->last = r;
}

static struct disk_request *take(struct queue *q)
{
	struct disk_request *r = q->first;

	if (r)
		q->first = r->next;
	return r;
}

/* Signals are for the threads that expect them. */
static int start_thread(struct worker *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static void free_worker(struct worker *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static int worker_create(struct disk *d)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->disk = d;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	err = start_thread(w);
	if (!err)
		err = wait_started(w);
	if (err) {
		free_worker(w);
		return err;
	}
	d->engine_state = w;
	return 0;
}

static void worker_destroy(struct disk *d)
{
	struct worker *w = d->engine_state;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	free_worker(w);
}

static void worker_submit(struct disk *d, struct disk_request *r)
{
	struct worker *w = d->engine_state;

	pthread_mutex_lock(&w->lock);
	put(&w->todo, r);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void worker_start(struct disk *d)
{
	(void)d; /* the thread has begun already */
}

static struct disk_request *worker_completed(struct disk *d, bool wait)
{
	struct worker *w = d->engine_state;
	struct disk_request *r;

	pthread_mutex_lock(&w->lock);
	while (wait && !w->done.first)
		pthread_cond_wait(&w->changed, &w->lock);
	r = take(&w->done);
	pthread_mutex_unlock(&w->lock);
	return r;
}

const struct disk_engine disk_thread = {
	.name = "thread",
	.create = worker_create,
	.destroy = worker_destroy,
	.submit = worker_submit,
	.start = worker_start,
	.completed = worker_completed,
};

/* A thread that could not close its sandbox has ended: only its remains are collected. */
static int wait_started(struct worker *w)
{
	int err;

	pthread_mutex_lock(&w->lock);
	while (!w->started)
		pthread_cond_wait(&w->changed, &w->lock);
	err = w->start_err;
	pthread_mutex_unlock(&w->lock);
	if (err)
		pthread_join(w->thread, NULL);
	return err;
}

static int announce(struct worker *w)
{
	struct machine *m = w->disk->machine;
	int err = m->ops->thread_started ? m->ops->thread_started(m, DEVICE_THREAD_DISK)
					 : 0;

	pthread_mutex_lock(&w->lock);
	w->started = true;
	w->start_err = err;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return err;
}

/* The next request, or NULL: the end. */
static struct disk_request *next_request(struct worker *w)
{
	struct disk_request *r;

	pthread_mutex_lock(&w->lock);
	while (!w->todo.first && !w->stop)
		pthread_cond_wait(&w->changed, &w->lock);
	r = take(&w->todo);
	pthread_mutex_unlock(&w->lock);
	return r;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct disk_request *r;

	if (announce(w))
		return NULL;
	while ((r = next_request(w))) {
		r->result = attempt(w->disk->fd, r);
		pthread_mutex_lock(&w->lock);
		put(&w->done, r);
		pthread_cond_broadcast(&w->changed);
		pthread_mutex_unlock(&w->lock);
		eventfd_write(w->disk->event_fd, 1);
	}
	return NULL;
}

static int64_t attempt(int fd, const struct disk_request *r)
{
	off_t at = (off_t)r->offset;
	ssize_t n = -1;

	switch (r->op) {
	case DISK_READ: n = preadv(fd, r->iov, r->n_iov, at); break;
	case DISK_WRITE:
		n = pwritev(fd, r->iov, r->n_iov, at);
		if (n >= 0 && r->durable && fdatasync(fd))
			n = -1;
		break;
	case DISK_FLUSH: n = fdatasync(fd); break;
	}
	return n < 0 ? -errno : n;
}
