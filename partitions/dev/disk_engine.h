/* How a disk's requests are carried out.  Only for disk.c and the engines. */
#ifndef PARTITIONS_DEV_DISK_ENGINE_H
#define PARTITIONS_DEV_DISK_ENGINE_H

#include "partitions/dev/disk.h"

struct disk_engine {
	const char *name;

	/* Sets d->engine_state.  0 or -errno with nothing left behind. */
	int (*create)(struct disk *d);
	void (*destroy)(struct disk *d); /* nothing is in progress */

	/* Takes one attempt at a request, at most DISK_DEPTH at a time; may leave it to
	 * start() to begin it.  Completion makes d->event_fd readable. */
	void (*submit)(struct disk *d, struct disk_request *r);
	void (*start)(struct disk *d);

	/* An attempt that has ended, its result set; or NULL: there is none.  With
	 * `wait`, which needs one in progress, it waits for one. */
	struct disk_request *(*completed)(struct disk *d, bool wait);
};

extern const struct disk_engine disk_uring, disk_thread;

struct disk {
	struct machine *machine;
	int fd;       /* the image */
	int event_fd; /* requests have been completed */
	struct loop_fd watch;
	const struct disk_engine *engine; /* NULL: none yet */
	void *engine_state;
	unsigned in_flight; /* requests taken and not done */
};

#endif
