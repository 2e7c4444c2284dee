/* From the bytes a guest writes to its cp port to frames (cp/guest_abi.h). */
#ifndef PARTITIONS_DEV_CP_STREAM_H
#define PARTITIONS_DEV_CP_STREAM_H

#include "cp/guest_abi.h"
#include "cp/lib/snap.h"

#include <stddef.h>
#include <stdint.h>

/* A frame that is not whole yet; starts as zeros. */
struct cp_stream {
	uint8_t head[sizeof(struct cp_frame)];
	size_t n_head;
	uint32_t left; /* bytes of data still to come, once the header is whole */
	size_t n_body;
	uint8_t body[CP_COMMAND_MAX];
};

/* Takes bytes, and calls `frame` for each frame they complete: with its data, or with
 * NULL where that was longer than CP_COMMAND_MAX.  What is no frame is skipped. */
void cp_stream_feed(struct cp_stream *s, const uint8_t *bytes, size_t len,
	void (*frame)(void *ctx, const struct cp_frame *head, const void *data),
	void *ctx);

void cp_stream_reset(struct cp_stream *s);
void cp_stream_snap(
	struct cp_stream *s, struct snap *snap); /* fields in an open section */

#endif
