/* The filter of a trace: a BPF program over a frame's bytes as the wire would have them.
 * Pure. */
#ifndef VLAN_CAPTURE_FILTER_H
#define VLAN_CAPTURE_FILTER_H

#include "vlan/frame.h"

#include <linux/filter.h>

struct capture_filter {
	struct sock_filter *insn; /* NULL: everything passes */
	uint32_t looks; /* bytes from the start of a frame it may look at, at most */
};

/* Copies the program.  0; -EINVAL: it is none that ends for every frame (loops, as of
 * protochain, may not); -ENOMEM. */
int capture_filter_set(
	struct capture_filter *f, const struct sock_filter *insn, uint32_t n);
void capture_filter_free(struct capture_filter *f);

/* How many bytes of the frame are to be kept; 0: it does not pass.  `scratch` has room
 * for FRAME_MAX + 4 bytes. */
uint32_t capture_filter_run(
	const struct capture_filter *f, const struct egress *e, uint8_t *scratch);

#endif
