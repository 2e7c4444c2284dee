/* What a client of the CP socket may send: records of any type and content, and no
 * records.
 *
 * The input is a list of packets, each behind its length (two bytes, little endian); one
 * of length 0 lets a second pass and what waits for the engine be done. */
#include "tests/unit/cp/front_cp.h"

#include "cp/client.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void turn(struct front *f, int fd)
{
	char packet[WIRE_MAX_DATA + 64];

	while (loop_once(f->cp.loop, 0) > 0)
		;
	while (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0)
		;
}

/* What was begun by now is done, the end of a partition included. */
static void let_time_pass(struct front *f)
{
	twin_go_on();
	front_second(f);
	if (!partition_find(&f->cp, "ALPHA"))
		twin_partition(&f->cp, "ALPHA");
}

static void play(struct front *f, int fd, const uint8_t *data, size_t size)
{
	while (size >= 2) {
		size_t len = (size_t)(data[0] | data[1] << 8);

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		if (!len)
			let_time_pass(f);
		else if (send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		turn(f, fd);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *state;
	struct front *f;
	int fd[2];

	front_setup(&state);
	f = state;
	twin_partition(&f->cp, "ALPHA");
	twin.late = size & 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) || server_add(f->cp.server, fd[0]))
		abort();
	play(f, fd[1], data, size);
	close(fd[1]);
	let_time_pass(f);
	let_time_pass(f);
	front_teardown(&state);
	return 0;
}
