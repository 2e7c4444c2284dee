/* The files of one trace, written one after the other: each complete in itself, and never
 * longer than it may be.  All on the thread that writes. */
#ifndef VLAN_CAPTURE_FILE_H
#define VLAN_CAPTURE_FILE_H

#include "vlan/capture_writer.h"

struct capture_files {
	const int *fd;              /* the caller's */
	int n_fds, wake;            /* wake: eventfd that ends waiting for a reader... */
	const _Atomic bool *ending; /* ...where this is set */
	uint64_t size;
	const struct capture_count *count;

	_Atomic int current;
	_Atomic uint64_t bytes;   /* written, of all */
	uint64_t length;          /* of the current one, what is in `out` included */
	bool regular;             /* it is a file and no pipe */
	bool any;                 /* it has a packet */
	uint64_t start;           /* time of day of the trace's begin */
	struct pcapng interfaces; /* descriptions of all there are, for the next file */
	uint32_t n_interfaces;
	struct pcapng out; /* whole blocks not yet written */
};

/* What is set: fd, n_fds, wake, ending, size, count.  Goes on behind what an earlier
 * process wrote into them: a broken block at the end is cut off.  0 or -errno. */
int capture_files_begin(struct capture_files *f);

/* Takes one block: an interface or a packet, whose time is already that of the day. */
int capture_files_add(struct capture_files *f, const struct pcapng_head *block);
int capture_files_flush(struct capture_files *f);
/* Statistics, and notes that belong to no frame (or ""). */
int capture_files_end(struct capture_files *f, const char *comment);
void capture_files_fini(struct capture_files *f); /* closes nothing */

#endif
