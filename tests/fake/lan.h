/* A LAN's process with one NIC, for tests of the NIC: a thread that answers the NIC's
 * messages.  Frames it handles when the test says so. */
#ifndef TESTS_FAKE_LAN_H
#define TESTS_FAKE_LAN_H

#include "cp/lib/vhost_user.h"
#include "cp/lib/vring.h"

#include <pthread.h>

#define LAN_RINGS 4

/* Its fields are the test's once fake_lan_wait() has returned. */
struct fake_lan {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t offers, protocol_offers, pairs;
	bool mute;    /* answers nothing */
	bool refuses; /* the memory it is given */
	int messages, owners;
	uint64_t features, protocol;
	struct vhost_user_msg memory;
	struct {
		uint32_t num, base, enabled, enables;
		gpa_t desc, avail, used;
		int kick, call, stops;
	} ring[LAN_RINGS];
};

/* Starts the thread.  The NIC's end of the socket. */
int fake_lan_start(struct fake_lan *l, uint64_t offers);
void fake_lan_stop(struct fake_lan *l); /* accepts one that was not started */

/* Waits until `done`, for at most ten seconds; a test that waits in vain ends. */
void fake_lan_wait(struct fake_lan *l, bool (*done)(const struct fake_lan *l));
void fake_lan_mute(struct fake_lan *l);

/* The ring as it sees it, through the descriptors it was sent; and no more. */
struct vring fake_lan_ring(struct fake_lan *l, unsigned q, struct gmem *g);
void fake_lan_unmap(struct gmem *g);

/* Takes one frame with its header from the sender's ring, and says so; -1: none. */
int fake_lan_take(struct fake_lan *l, unsigned q, void *frame, size_t room);

bool fake_lan_kicked(struct fake_lan *l, unsigned q); /* since the last look */

#endif
