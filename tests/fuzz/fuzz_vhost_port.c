/* A frontend that sends any messages in any order, and does to its memory what it likes.
 * Input: steps of one byte and its arguments. */
#include "tests/fuzz/vhost_lan.h"

#include <sys/eventfd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step { MESSAGE, RAW, WRITE_MEMORY, TRUNCATE, FRAME, BEGIN, KICK, STEPS };

struct input {
	const uint8_t *at, *end;
};

static int kick_fd;

static void take(struct input *in, void *to, size_t n)
{
	size_t left = (size_t)(in->end - in->at);

	memset(to, 0, n);
	n = n < left ? n : left;
	memcpy(to, in->at, n);
	in->at += n;
}

static uint8_t take_byte(struct input *in)
{
	uint8_t b;

	take(in, &b, 1);
	return b;
}

static void add_fds(struct vhost_user_msg *msg, unsigned n, unsigned kind)
{
	const int fds[] = { lan.mem_fd, kick_fd, lan.fd, 0 };

	for (unsigned i = 0; i < n; i++)
		msg->fds[msg->n_fds++] = fds[(kind >> 2 * i) & 3];
}

static void message(struct input *in)
{
	struct vhost_user_msg msg = { .request = take_byte(in) % 42u };
	unsigned fds = take_byte(in), kind = take_byte(in), len = take_byte(in);

	msg.flags = len & 0x80 ? VHU_NEED_REPLY : 0;
	take(in, &msg.number, len & 0x7f);
	if (msg.request == VHU_SET_MEM_TABLE)
		msg.memory.n %= VHU_MAX_REGIONS + 1;
	add_fds(&msg, fds % 4, kind);
	say(&msg);
}

static void raw(struct input *in)
{
	uint8_t bytes[64];
	size_t n = take_byte(in) % sizeof(bytes);

	take(in, bytes, n);
	if (send(lan.fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	lan_run();
}

static void write_memory(struct input *in)
{
	uint16_t where;
	uint8_t bytes[32];
	size_t n = take_byte(in) % sizeof(bytes);

	take(in, &where, sizeof(where));
	take(in, bytes, n);
	if (pwrite(lan.mem_fd, bytes, n, where % (MEM_SIZE - 32)) < 0)
		abort();
}

static void frame(struct input *in)
{
	struct frame_offload offload;
	uint16_t len;

	take(in, &len, sizeof(len));
	take(in, &offload, sizeof(offload));
	probe_sends(len < FRAME_MIN ? FRAME_MIN : len, &offload);
}

static void step(struct input *in)
{
	uint64_t features;

	switch ((enum step)(take_byte(in) % STEPS)) {
	case MESSAGE: message(in); break;
	case RAW: raw(in); break;
	case WRITE_MEMORY: write_memory(in); break;
	case TRUNCATE:
		if (ftruncate(lan.mem_fd, take_byte(in) * 0x1000))
			abort();
		break;
	case FRAME: frame(in); break;
	case BEGIN:
		take(in, &features, sizeof(features));
		begin_session(
			features & port_vhost_features(), 2 + take_byte(in) % 3u, 16);
		break;
	case KICK:
		eventfd_write(kick_fd, 1);
		lan_run();
		break;
	case STEPS: break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + (size < 4096 ? size : 4096) };

	kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lan_open(take_byte(&in) & LAN_AWARE);
	while (in.at < in.end)
		step(&in);
	lan_run();
	lan_close();
	close(kick_fd);
	return 0;
}
