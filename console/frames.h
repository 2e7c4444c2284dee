/* Frames out of a byte stream: what arrives on the cp port (cp/guest_abi.h), in whatever
 * pieces it comes.
 *
 * Pure.  Bytes that are no header are skipped one by one until the next magic number: a
 * client may open the port while the rest of another's answer is still in it. */
#ifndef CONSOLE_FRAMES_H
#define CONSOLE_FRAMES_H

#include "cp/guest_abi.h"

#include <stddef.h>
#include <stdint.h>

#define FRAMES_SIZE (sizeof(struct cp_frame) + CP_FRAME_MAX)

/* The beginning of a frame that has not come whole yet; zero before first use. */
struct frames {
	size_t len;
	uint8_t buf[FRAMES_SIZE];
};

/* Takes bytes and calls fn for each frame that is complete with them, in order; `data`
 * has frame->len bytes and ends with the call.  fn returns 0 to go on; another value ends
 * the call at once, drops what is left of the bytes, and is returned. */
int frames_push(struct frames *f, const void *bytes, size_t len,
	int (*fn)(void *ctx, const struct cp_frame *frame, const void *data), void *ctx);

#endif
