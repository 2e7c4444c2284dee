/* Streams over pairs of queues. */
#include "cms/pipe.h"

#include "cms/string.h"

#define WAIT_SECONDS 5 /* a device that takes nothing for so long is dead */

static void give_buffer(struct pipe *p, unsigned i);
static bool next_buffer(struct pipe *p);
static void reclaim(struct pipe *p);
static bool wait_free(struct pipe *p, bool (*enough)(void *pipe));
static bool one_free(void *pipe);
static bool all_free(void *pipe);
static void send_buffer(struct pipe *p, const char *data, size_t len);
static uint16_t all_transmit(const struct pipe *p);

bool pipe_start(struct pipe *p, struct mem *mem, const struct timer *timer,
	struct virtq *receive, struct virtq *transmit, const struct pipe_shape *shape)
{
	size_t n = (size_t)shape->n_receive + shape->n_transmit;

	p->timer = timer;
	p->shape = *shape;
	p->receive = receive;
	p->transmit = transmit;
	p->buffers = mem_alloc(mem, n * shape->size, 16);
	p->free_transmit = all_transmit(p);
	p->reading = -1;
	if (!p->buffers)
		return false;
	virtq_interrupts(transmit, false);
	for (unsigned i = 0; i < shape->n_receive; i++)
		give_buffer(p, i);
	virtq_kick(receive);
	return true;
}

size_t pipe_read(struct pipe *p, void *to, size_t size)
{
	size_t len;

	while (p->read_at == p->read_len) {
		if (!next_buffer(p))
			return 0;
	}
	len = p->read_len - p->read_at < size ? p->read_len - p->read_at : size;
	memcpy(to, p->buffers + p->reading * p->shape.size + p->read_at, len);
	p->read_at += (uint32_t)len;
	return len;
}

bool pipe_write(struct pipe *p, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		size_t piece = len < p->shape.size ? len : p->shape.size;

		if (!wait_free(p, one_free))
			return false;
		send_buffer(p, at, piece);
		at += piece;
		len -= piece;
	}
	return true;
}

bool pipe_drain(struct pipe *p)
{
	return wait_free(p, all_free);
}

static void give_buffer(struct pipe *p, unsigned i)
{
	virtq_fill(p->receive, i, p->buffers + i * p->shape.size, p->shape.size,
		VIRTQ_WRITE, 0);
	virtq_offer(p->receive, i);
}

/* Gives the buffer that was read back to the device, and takes the next that arrived. */
static bool next_buffer(struct pipe *p)
{
	if (p->reading >= 0) {
		give_buffer(p, (unsigned)p->reading);
		virtq_kick(p->receive);
	}
	p->read_at = p->read_len = 0;
	p->reading = virtq_take(p->receive, &p->read_len);
	if (p->read_len > p->shape.size)
		p->read_len = p->shape.size;
	return p->reading >= 0;
}

static void reclaim(struct pipe *p)
{
	uint32_t len;
	int i;

	while ((i = virtq_take(p->transmit, &len)) >= 0)
		p->free_transmit |= (uint16_t)(1u << i);
}

/* The device interrupts for what it has sent only while somebody waits for that. */
static bool wait_free(struct pipe *p, bool (*enough)(void *pipe))
{
	bool is_enough = enough(p);

	if (is_enough)
		return true;
	virtq_interrupts(p->transmit, true);
	is_enough = wait_device(p->timer, WAIT_SECONDS, enough, p);
	virtq_interrupts(p->transmit, false);
	return is_enough;
}

static bool one_free(void *pipe)
{
	struct pipe *p = pipe;

	reclaim(p);
	return p->free_transmit != 0;
}

static bool all_free(void *pipe)
{
	struct pipe *p = pipe;

	reclaim(p);
	return p->free_transmit == all_transmit(p);
}

static void send_buffer(struct pipe *p, const char *data, size_t len)
{
	unsigned i = (unsigned)__builtin_ctz(p->free_transmit);
	char *buffer = p->buffers + (p->shape.n_receive + i) * p->shape.size;

	p->free_transmit &= (uint16_t) ~(1u << i);
	memcpy(buffer, data, len);
	virtq_fill(p->transmit, i, buffer, len, 0, 0);
	virtq_offer(p->transmit, i);
	virtq_kick(p->transmit);
}

static uint16_t all_transmit(const struct pipe *p)
{
	return (uint16_t)((1u << p->shape.n_transmit) - 1);
}
