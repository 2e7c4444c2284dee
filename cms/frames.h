/* The stream of the cp port taken apart into frames (cp/guest_abi.h).  Pure. */
#ifndef CMS_FRAMES_H
#define CMS_FRAMES_H

#include "cp/guest_abi.h"

#include <stdbool.h>
#include <stddef.h>

struct frames {
	struct cp_frame head;
	size_t have;    /* bytes of head */
	uint32_t given; /* bytes of the data */
};

/* Some of the data of the frame whose header is in frames.head. */
struct frame_piece {
	const char *data;
	size_t len; /* 0: the frame has no data */
	bool last;
};

/* Takes bytes from data[0..len).  How many; *piece is set if `found`, else all were taken
 * and more are needed.  Where no header is, bytes are skipped. */
size_t frames_take(struct frames *f, const char *data, size_t len,
	struct frame_piece *piece, bool *found);

#endif
