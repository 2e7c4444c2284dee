/* Segmentation of any bytes, with any wish: it ends, in parts that add up.
 * Input: ten bytes of offload as in a virtio header, a byte of options, then the frame.
 */
#include "vlan/segment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cut(struct segmenter *s, uint8_t *out)
{
	struct frame_offload left;
	uint32_t payload = s->len - s->header, n = 0, bytes, sum = 0;

	while ((bytes = segment_next(s, out, &left))) {
		if (bytes < s->header || bytes > FRAME_MAX || ++n > SEGMENTS_MAX)
			abort();
		sum += bytes - s->header;
		if (left.gso_type ||
			(left.flags && left.csum_start + left.csum_offset + 2u > bytes))
			abort();
	}
	if (!n || sum != payload)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *buf, *out;
	struct frame_offload wish;
	struct frame f;
	struct iovec iov;
	struct segmenter s;

	if (size < sizeof(wish) + 1)
		return 0;
	memcpy(&wish, data, sizeof(wish));
	iov = (struct iovec) { (void *)(uintptr_t)(data + sizeof(wish) + 1),
		size - sizeof(wish) - 1 };
	if (frame_read(&f, &iov, 1, 0, iov.iov_len, &wish, data[10] & 1) != DROP_NONE)
		return 0;
	/* What the frame's reader does not let pass is this one's to refuse, too. */
	if (data[10] & 2 && !f.tagged)
		f.offload = wish;
	buf = malloc(f.len + 4);
	out = malloc(FRAME_MAX);
	if (!buf || !out)
		abort();
	if (!segment_begin(
		    &s, &(struct egress) { &f, data[10] & 4, 0x123 }, buf, data[10] & 8))
		cut(&s, out);
	free(buf);
	free(out);
	return 0;
}
