/* The reading half of a replay: the queue and the thread. */
#include "vlan/replay_reader.h"

#include "cp/lib/capfile.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct replay_reader {
	struct replay_reader_conf conf;
	int news; /* eventfd, for who takes */
	struct capfile *file;

	/* Under the lock, which nobody holds for longer than it takes to look. */
	pthread_mutex_t lock;
	pthread_cond_t room;
	struct replay_packet *first, **last;
	size_t ahead; /* bytes */
	bool begun, over;
	bool left; /* nobody takes any more: the thread frees all there is */
	int err;
	const char *why;
};

static int start_thread(struct replay_reader *r);
static void *run(void *arg);
static int begin(struct replay_reader *r);
static int read_on(struct replay_reader *r);
static bool put(struct replay_reader *r, struct replay_packet *p);
static void end(struct replay_reader *r, int err);
static void unmake(struct replay_reader *r);

int replay_reader_create(
	const struct replay_reader_conf *conf, struct replay_reader **out)
{
	struct replay_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		close(conf->fd);
		return -ENOMEM;
	}
	r->conf = *conf;
	r->why = "";
	r->last = &r->first;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->room, NULL);
	r->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = r->news < 0 ? -errno : start_thread(r);
	if (err)
		unmake(r);
	else
		*out = r;
	return err;
}

void replay_reader_destroy(struct replay_reader *r)
{
	bool over;

	pthread_mutex_lock(&r->lock);
	over = r->over;
	r->left = true;
	pthread_cond_signal(&r->room);
	pthread_mutex_unlock(&r->lock);
	if (over)
		unmake(r);
}

int replay_reader_fd(const struct replay_reader *r)
{
	return r->news;
}

void replay_reader_seen(struct replay_reader *r)
{
	eventfd_read(r->news, &(eventfd_t) { 0 });
}

bool replay_reader_begun(struct replay_reader *r, int *err, const char **why)
{
	bool begun;

	pthread_mutex_lock(&r->lock);
	begun = r->begun || r->over;
	*err = r->begun ? 0 : r->err;
	*why = r->begun ? "" : r->why;
	pthread_mutex_unlock(&r->lock);
	return begun;
}

struct replay_packet *replay_reader_take(
	struct replay_reader *r, bool *over, const char **why)
{
	struct replay_packet *p;

	pthread_mutex_lock(&r->lock);
	p = r->first;
	if (p) {
		r->first = p->next;
		r->last = r->first ? r->last : &r->first;
		r->ahead -= p->caplen + sizeof(*p);
		pthread_cond_signal(&r->room);
	}
	*over = !p && r->over;
	*why = *over ? r->why : "";
	pthread_mutex_unlock(&r->lock);
	return p;
}

/* Signals are for the process's first thread. */
static int start_thread(struct replay_reader *r)
{
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = -pthread_create(&thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}

static void *run(void *arg)
{
	struct replay_reader *r = arg;
	int err = r->conf.started ? r->conf.started(r->conf.ctx) : 0;

	if (!err)
		err = begin(r);
	if (!err)
		err = read_on(r);
	end(r, err);
	return NULL;
}

static bool is_left(struct replay_reader *r)
{
	bool left;

	pthread_mutex_lock(&r->lock);
	left = r->left;
	pthread_mutex_unlock(&r->lock);
	return left;
}

static ssize_t read_fd(void *ctx, void *buf, size_t len)
{
	struct replay_reader *r = ctx;
	ssize_t n;

	if (is_left(r))
		return -ECANCELED;
	do {
		n = read(r->conf.fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int begin(struct replay_reader *r)
{
	const char *why;
	int err = capfile_open(read_fd, r, &r->file, &why);

	pthread_mutex_lock(&r->lock);
	r->begun = !err;
	r->why = why;
	pthread_mutex_unlock(&r->lock);
	if (!err)
		eventfd_write(r->news, 1);
	return err;
}

/* What a NIC got is what another sent, and was written there. */
static bool to_send(const struct capfile_packet *p)
{
	return !(p->ours && p->inbound);
}

/* Until the file ends, or nobody takes any more. */
static int read_on(struct replay_reader *r)
{
	struct capfile_packet from;
	struct replay_packet *p;
	const char *why = "";
	int rc;

	while ((rc = capfile_next(r->file, &from, &why)) == 1) {
		if (!to_send(&from))
			continue;
		p = malloc(sizeof(*p) + from.caplen);
		if (!p)
			return -ENOMEM;
		*p = (struct replay_packet) {
			.time = from.time, .caplen = from.caplen, .len = from.len
		};
		memcpy(p->bytes, from.bytes, from.caplen);
		if (!put(r, p))
			return 0;
	}
	pthread_mutex_lock(&r->lock);
	r->why = why;
	pthread_mutex_unlock(&r->lock);
	return rc;
}

/* False: nobody takes it. */
static bool put(struct replay_reader *r, struct replay_packet *p)
{
	bool left, first;

	pthread_mutex_lock(&r->lock);
	while (r->ahead >= REPLAY_AHEAD && !r->left)
		pthread_cond_wait(&r->room, &r->lock);
	left = r->left;
	first = !r->first;
	if (!left) {
		*r->last = p;
		r->last = &p->next;
		r->ahead += p->caplen + sizeof(*p);
	}
	pthread_mutex_unlock(&r->lock);
	if (left)
		free(p);
	else if (first)
		eventfd_write(r->news, 1);
	return !left;
}

static void end(struct replay_reader *r, int err)
{
	bool left;

	pthread_mutex_lock(&r->lock);
	r->err = err;
	if (err && !*r->why)
		r->why = strerrordesc_np(-err);
	r->over = true;
	left = r->left;
	if (!left)
		eventfd_write(r->news, 1);
	pthread_mutex_unlock(&r->lock);
	if (left)
		unmake(r);
}

static void unmake(struct replay_reader *r)
{
	struct replay_packet *p;

	while ((p = r->first)) {
		r->first = p->next;
		free(p);
	}
	capfile_close(r->file);
	close(r->conf.fd);
	if (r->news >= 0)
		close(r->news);
	pthread_cond_destroy(&r->room);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
