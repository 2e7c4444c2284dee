/* A receive queue and a transmit queue with their buffers: a stream of bytes, or of
 * messages of one buffer each.  A console port is one. */
#ifndef CMS_PIPE_H
#define CMS_PIPE_H

#include "cms/virtio.h"
#include "cms/wait.h"

struct pipe_shape {
	uint16_t n_receive, n_transmit; /* buffers, at most 16 */
	uint16_t size;                  /* of each */
};

struct pipe {
	const struct timer *timer;
	struct pipe_shape shape;
	struct virtq *receive, *transmit;
	char *buffers;          /* those to receive into, then those to transmit from */
	uint16_t free_transmit; /* bit i: transmit buffer i is ours */
	int reading;            /* the buffer being read, or -1 */
	uint32_t read_len, read_at;
	uint64_t lost; /* messages the device took too long to take */
};

/* Over two started queues.  False: no storage. */
bool pipe_start(struct pipe *p, struct mem *mem, const struct timer *timer,
	struct virtq *receive, struct virtq *transmit, const struct pipe_shape *shape);

/* Reads from what arrived, at most to the end of a buffer.  The bytes; 0: nothing. */
size_t pipe_read(struct pipe *p, void *to, size_t size);

/* Sends: a stream in as many buffers as it needs, a message if it fits one.  Waits for
 * the device where it must.  False: it did not take them for seconds. */
bool pipe_write(struct pipe *p, const void *data, size_t len);

/* Waits until the device has taken all.  False: it did not for seconds. */
bool pipe_drain(struct pipe *p);

#endif
