/* The writing half of a trace: a bounded ring of pcapng blocks, and a thread that empties
 * it into files.  Nothing here ever waits for the thread but capture_writer_destroy().
 *
 * Blocks enter the ring with monotonic times; the thread puts in the time of day. */
#ifndef VLAN_CAPTURE_WRITER_H
#define VLAN_CAPTURE_WRITER_H

#include "cp/lib/pcapng.h"

#include <stdatomic.h>

#define CAPTURE_RING       (1u << 20) /* bytes that wait to be written */
#define CAPTURE_INTERFACES 4096       /* of one trace */

/* Frames of an interface; written by the switch's thread. */
struct capture_count {
	_Atomic uint64_t kept, lost;
};

struct capture_writer;

struct capture_writer_conf {
	const int *fds; /* owned by it from here on, also on failure */
	int n_fds;
	uint64_t size;                     /* bytes of a file; 0: no limit */
	const struct capture_count *count; /* CAPTURE_INTERFACES of them */
	int news;                          /* eventfd, written when it is over */
	int (*started)(void *ctx);         /* first thing on its thread; 0 or -errno */
	void *ctx;
};

int capture_writer_create(
	const struct capture_writer_conf *conf, struct capture_writer **out);

/* Waits for the thread; it ends what it has begun where capture_writer_end() was not
 * called. */
void capture_writer_destroy(struct capture_writer *w);

/* Room for blocks of `len` bytes together, which capture_writer_push() then hands over;
 * NULL: there is none now. */
void *capture_writer_room(struct capture_writer *w, size_t len);
void capture_writer_push(struct capture_writer *w, size_t len);

/* Nothing more comes: the thread writes what there is, completes the file and is over.
 * `comment`: notes that belong to no frame, or "". */
void capture_writer_end(struct capture_writer *w, const char *comment);

/* Has the thread ended?  Then *err is 0, or why it broke off. */
bool capture_writer_over(const struct capture_writer *w, int *err);
uint64_t capture_writer_bytes(const struct capture_writer *w); /* written to files */
int capture_writer_file(const struct capture_writer *w);       /* which, from 0 */

#endif
