/* The backend of a vhost-user socket, for tests of a frontend in the same thread: what it
 * answers is in the socket before it is asked. */
#ifndef TESTS_FAKE_VHOST_BACKEND_H
#define TESTS_FAKE_VHOST_BACKEND_H

#include "cp/lib/vhost_user.h"
#include "cp/lib/vring.h"

#define BACKEND_RINGS 4

struct vhost_backend {
	int fd;            /* -1: closed */
	uint64_t features; /* that the driver accepted */
	uint64_t protocol;
	struct gmem memory;
	struct {
		struct vring vring;
		uint32_t base;
		bool enabled;
		int kick, call;
	} ring[BACKEND_RINGS];
};

/* The frontend's end of the socket.  `protocol`: VHU_P_ bits, only with `features` that
 * have VHU_F_PROTOCOL_FEATURES; `pairs` goes with VHU_P_MQ. */
int backend_create(
	struct vhost_backend *b, uint64_t features, uint64_t protocol, uint64_t pairs);
void backend_destroy(struct vhost_backend *b);

/* Takes all messages that have arrived; rings that are enabled run. */
void backend_settle(struct vhost_backend *b);

/* Takes one frame with its header out of the ring; its length, or -1: none. */
int backend_take(struct vhost_backend *b, unsigned ring, void *frame, size_t room);

/* Puts a frame with its header into as many buffers as it takes.  False: no room. */
bool backend_put(struct vhost_backend *b, unsigned ring, const void *frame, size_t len);

bool backend_kicked(struct vhost_backend *b, unsigned ring); /* since the last look */
void backend_call(struct vhost_backend *b, unsigned ring);   /* if it is wanted */

#endif
