/* A filter from anywhere over a frame from anywhere: it ends, and what it says of the
 * part of the frame it is shown is what it says of the whole. */
#include "vlan/capture_filter.h"

#include <pcap/bpf.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROGRAM_MAX 64
#define SEGMENTS    64

/* The rest of the input, in segments of a few bytes. */
static int segments(struct iovec *seg, const uint8_t *data, size_t size)
{
	int n = 0;
	size_t len;

	for (; size && n < SEGMENTS; n++) {
		len = n + 1 < SEGMENTS ? 1 + data[0] % 64u : size;
		len = len < size ? len : size;
		seg[n] = (struct iovec) { (void *)(uintptr_t)data, len };
		data += len;
		size -= len;
	}
	return n;
}

static void compare(const struct capture_filter *f, const struct egress *e)
{
	uint32_t len = egress_len(e), whole;
	uint8_t *bytes = malloc(len), *scratch = malloc(FRAME_MAX + 4);

	if (!bytes || !scratch)
		abort();
	egress_copy(e, 0, bytes, len);
	whole = bpf_filter((const struct bpf_insn *)f->insn, bytes, len, len);
	if (capture_filter_run(f, e, scratch) != whole)
		abort();
	free(scratch);
	free(bytes);
}

/* What is read there before it is written is anything. */
static bool uses_memory(const struct sock_filter *insn, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (BPF_CLASS(insn[i].code) < BPF_ST && BPF_MODE(insn[i].code) == BPF_MEM)
			return true;
	}
	return false;
}

/* The number of instructions, whether the LAN is VLAN AWARE, the instructions, the frame.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct frame_offload none = { 0 };
	struct sock_filter insn[PROGRAM_MAX];
	struct iovec seg[SEGMENTS];
	struct capture_filter filter;
	struct frame frame;
	size_t n;

	if (size < 2 + sizeof(insn[0]))
		return 0;
	n = 1 + data[0] % PROGRAM_MAX;
	if (size - 2 < n * sizeof(insn[0]))
		n = (size - 2) / sizeof(insn[0]);
	memcpy(insn, data + 2, n * sizeof(insn[0]));
	if (uses_memory(insn, n) || capture_filter_set(&filter, insn, (uint32_t)n))
		return 0;
	size -= 2 + n * sizeof(insn[0]);
	if (frame_read(&frame, seg, segments(seg, data + 2 + n * sizeof(insn[0]), size),
		    0, size, &none, data[1] & 1) == DROP_NONE)
		compare(&filter,
			&(struct egress) {
				.frame = &frame, .tagged = data[1] & 2, .tci = 10 });
	capture_filter_free(&filter);
	return 0;
}
