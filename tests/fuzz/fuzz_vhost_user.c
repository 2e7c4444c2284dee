/* Bytes from the other end of a vhost-user socket: a message, or refused; never more. */
#include "cp/lib/vhost_user.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhost_user_msg msg;
	int sv[2];

	if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		return 0;
	if (write(sv[0], data, size) != (ssize_t)size)
		abort();
	shutdown(sv[0], SHUT_WR);
	while (!vhost_user_recv(sv[1], &msg, 0)) {
		int expected = vhost_user_size(
			msg.request, msg.flags & VHU_REPLY, msg.memory.n);

		if (expected < 0 || (uint32_t)expected != msg.size)
			abort();
	}
	close(sv[0]);
	close(sv[1]);
	return 0;
}
