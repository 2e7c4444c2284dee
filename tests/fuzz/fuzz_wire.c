/* A packet from anybody, as a record: what is accepted is all of the packet. */
#include "cp/guest_abi.h"
#include "cp/lib/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_frame frame = { .magic = CP_FRAME_MAGIC };
	struct wire_msg msg;

	if (wire_decode(&msg, data, size))
		return 0;
	frame.len = msg.len;
	frame.id = msg.id;
	frame.type = msg.type;
	frame.flags = msg.flags;
	if (memcmp(&frame, data, sizeof(frame)) || msg.data != data + sizeof(frame))
		abort();
	if (msg.len != size - sizeof(frame) || msg.len > WIRE_MAX_DATA || msg.n_fds)
		abort();
	return 0;
}
