/* A minidisk image: requests on a file or block device, several at a time.
 *
 * io_uring does the work where the host has it, else a thread.  All calls are made, and
 * done() is called, with the machine's lock held. */
#ifndef PARTITIONS_DEV_DISK_H
#define PARTITIONS_DEV_DISK_H

#include "partitions/dev/device.h"

#include <sys/uio.h>

#define DISK_DEPTH 128 /* requests in progress, at most */

struct disk;

enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH };

/* A request, embedded in its owner, who leaves it alone until done() is called: once,
 * from the loop or from disk_drain(), with 0 after all bytes were moved, or -errno. */
struct disk_request {
	enum disk_op op;
	bool durable;      /* a write: on stable storage before it is done */
	uint64_t offset;   /* bytes, from the start of the image */
	struct iovec *iov; /* DISK_READ and DISK_WRITE: not empty; changed on the way */
	int n_iov;
	void (*done)(struct disk_request *r, int err);

	uint64_t left;  /* disk.c: bytes still to be moved */
	int64_t result; /* the engine: bytes moved by this attempt, or -errno */
	struct disk_request *next; /* the engine */
};

/* Opens a disk on `fd`, which it owns also if this fails.  What it needs of the host that
 * a sandbox forbids later is done here.  0 or -errno. */
int disk_create(struct machine *m, int fd, struct disk **out);
void disk_destroy(struct disk *d); /* after disk_drain(); accepts NULL */

/* Takes a request; disk_start() after the last of several begins them. */
void disk_submit(struct disk *d, struct disk_request *r);
void disk_start(struct disk *d);

/* Returns once every request is done. */
void disk_drain(struct disk *d);

#endif
