/* The writing half of a trace: the ring and the thread. */
#include "vlan/capture_writer.h"

#include "vlan/capture_file.h"
#include "vlan/capture_wall.h"

#include "cp/lan_proto.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct capture_writer {
	struct capture_writer_conf conf;
	int fd[LAN_MAX_FILES];
	int wake; /* eventfd, for the thread */
	pthread_t thread;

	/* Bytes ever put in and taken out; blocks are whole and lie together: before one
	 * that would not, the rest of the ring is passed over (type 0, or no room even
	 * for a head). */
	_Atomic uint64_t head, tail;
	uint64_t skip; /* passed over by the room given out last */
	_Atomic bool sleeping, ending, over;
	int err; /* valid once over */
	char comment[4096];

	struct wall wall; /* the thread's */
	struct capture_files files;
	_Alignas(16) uint8_t ring[CAPTURE_RING];
};

static void *run(void *arg);
static int start_thread(struct capture_writer *w);
static int write_all(struct capture_writer *w);
static int drain(struct capture_writer *w);
static int take(struct capture_writer *w, uint64_t *tail);
static int sleep_until_more(struct capture_writer *w);
static void close_files(struct capture_writer *w);

int capture_writer_create(
	const struct capture_writer_conf *conf, struct capture_writer **out)
{
	struct capture_writer *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	if (!w) {
		for (int i = 0; i < conf->n_fds; i++)
			close(conf->fds[i]);
		return err;
	}
	w->conf = *conf;
	memcpy(w->fd, conf->fds, (size_t)conf->n_fds * sizeof(int));
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = w->wake < 0 ? -errno : start_thread(w);
	if (!err) {
		*out = w;
		return 0;
	}
	close_files(w);
	if (w->wake >= 0)
		close(w->wake);
	free(w);
	return err;
}

void capture_writer_destroy(struct capture_writer *w)
{
	if (!w->ending)
		capture_writer_end(w, "");
	pthread_join(w->thread, NULL);
	close(w->wake);
	free(w);
}

void *capture_writer_room(struct capture_writer *w, size_t len)
{
	uint64_t head = atomic_load_explicit(&w->head, memory_order_relaxed);
	uint64_t used = head - atomic_load_explicit(&w->tail, memory_order_acquire);
	size_t at = head % CAPTURE_RING, behind = CAPTURE_RING - at;
	struct pcapng_head pass = { .total = (uint32_t)behind };

	w->skip = len > behind ? behind : 0;
	if (len > CAPTURE_RING - used || w->skip > CAPTURE_RING - used - len)
		return NULL;
	if (!w->skip)
		return w->ring + at;
	if (behind >= sizeof(pass))
		memcpy(w->ring + at, &pass, sizeof(pass));
	return w->ring;
}

static void wake(struct capture_writer *w)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->sleeping, memory_order_relaxed) &&
		atomic_exchange(&w->sleeping, false))
		eventfd_write(w->wake, 1);
}

void capture_writer_push(struct capture_writer *w, size_t len)
{
	uint64_t head = atomic_load_explicit(&w->head, memory_order_relaxed);

	atomic_store_explicit(&w->head, head + w->skip + len, memory_order_release);
	wake(w);
}

/* It may also be waiting for whoever reads a pipe. */
void capture_writer_end(struct capture_writer *w, const char *comment)
{
	strncpy(w->comment, comment, sizeof(w->comment) - 1);
	w->ending = true;
	eventfd_write(w->wake, 1);
}

bool capture_writer_over(const struct capture_writer *w, int *err)
{
	if (!w->over)
		return false;
	*err = w->err;
	return true;
}

uint64_t capture_writer_bytes(const struct capture_writer *w)
{
	return w->files.bytes;
}

int capture_writer_file(const struct capture_writer *w)
{
	return w->files.current;
}

/* Signals are for the process's first thread; SIGPIPE blocked, write(2) says EPIPE. */
static int start_thread(struct capture_writer *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = -pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void *run(void *arg)
{
	struct capture_writer *w = arg;

	w->files.fd = w->fd;
	w->files.n_fds = w->conf.n_fds;
	w->files.wake = w->wake;
	w->files.ending = &w->ending;
	w->files.size = w->conf.size;
	w->files.count = w->conf.count;
	w->err = w->conf.started ? w->conf.started(w->conf.ctx) : 0;
	if (!w->err)
		w->err = write_all(w);
	capture_files_fini(&w->files);
	close_files(w);
	w->over = true;
	eventfd_write(w->conf.news, 1);
	return NULL;
}

static int write_all(struct capture_writer *w)
{
	int err = capture_files_begin(&w->files);
	bool last = false;

	wall_start(&w->wall);
	while (!err) {
		last = w->ending; /* before: what was pushed till then is seen */
		err = drain(w);
		if (err || last)
			break;
		err = sleep_until_more(w);
	}
	return err ? err : capture_files_end(&w->files, w->comment);
}

/* Writes what is in the ring, and gives each part of it back as soon as it is copied. */
static int drain(struct capture_writer *w)
{
	uint64_t tail = w->tail;
	int err = 0;

	wall_correct(&w->wall);
	while (!err && tail != atomic_load_explicit(&w->head, memory_order_acquire)) {
		err = take(w, &tail);
		atomic_store_explicit(&w->tail, tail, memory_order_release);
	}
	return err ? err : capture_files_flush(&w->files);
}

static int take(struct capture_writer *w, uint64_t *tail)
{
	size_t at = *tail % CAPTURE_RING;
	struct pcapng_head *block = (void *)(w->ring + at);
	struct pcapng_packet_head *packet = (void *)(block + 1);
	uint64_t time;

	if (CAPTURE_RING - at < sizeof(*block) || !block->type) {
		*tail += CAPTURE_RING - at;
		return 0;
	}
	*tail += block->total;
	if (block->type == PCAPNG_PACKET) {
		time = wall_time(&w->wall, pcapng_time(packet));
		packet->high = (uint32_t)(time >> 32);
		packet->low = (uint32_t)time;
	}
	return capture_files_add(&w->files, block);
}

/* -EPIPE: nobody reads the pipe any more. */
static int sleep_until_more(struct capture_writer *w)
{
	struct pollfd p[2] = { { .fd = w->wake, .events = POLLIN },
		{ .fd = w->fd[w->files.current] } };

	w->sleeping = true;
	if (w->tail == w->head && !w->ending && poll(p, 2, -1) < 0 && errno != EINTR)
		return -errno;
	w->sleeping = false;
	eventfd_read(w->wake, &(eventfd_t) { 0 });
	return p[1].revents ? -EPIPE : 0;
}

static void close_files(struct capture_writer *w)
{
	for (int i = 0; i < w->conf.n_fds; i++)
		close(w->fd[i]);
}
